"""Text to words, for BM25."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

WORD = re.compile(r"\w+")
ENGLISH = """
a about above after again against all also am an and any are as at be because been before being below between
both but by can cannot could did do does doing down during each few for from further had has have having he her
here hers herself him himself his how i if in into is it its itself just may me might more most must my myself
no nor not of off on once only or other our ours ourselves out over own same shall she should so some such than
that the their theirs them themselves then there these they this those through to too under until up very was
we were what when where which while who whom whose why will with would you your yours yourself yourselves
"""
StopWords = Literal["none", "english"]
Stemmer = Literal["none", "s"]


def singular(word: str) -> str:
    """The word without its plural ending: the S stemmer of Harman (1991), "How effective is suffixing?".

    The first rule whose ending fits decides: -ies becomes -y (but not after a or e), -es becomes -e
    (but not after a, e or o), -s goes (but not after u or s). Words of up to three letters stay.
    """
    if len(word) <= 3:
        return word
    if word.endswith("ies"):
        return word if word.endswith(("aies", "eies")) else f"{word[:-3]}y"
    if word.endswith("es"):
        return word if word.endswith(("aes", "ees", "oes")) else word[:-1]
    if word.endswith("s"):
        return word if word.endswith(("us", "ss")) else word[:-1]
    return word


def tokenizer(stopwords: StopWords, stemmer: Stemmer) -> Callable[[str], list[str]]:
    """A function from text to its words: runs of Unicode letters, digits and underscores in lower case."""
    stop = frozenset(ENGLISH.split() if stopwords == "english" else ())
    stem: Callable[[str], str] = singular if stemmer == "s" else str

    def words(text: str) -> list[str]:
        return [stem(word) for word in WORD.findall(text.lower()) if word not in stop]

    return words
