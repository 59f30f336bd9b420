"""Text to words, for BM25."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Literal, TypeVar
from unicodedata import category, normalize

import Stemmer as snowball
from pydantic import AfterValidator

Value = TypeVar("Value")
PLAIN = re.compile(r"\w+")
ASCII = bytes(at if at > 127 else ord(chr(at).lower() if PLAIN.match(chr(at)) else " ") for at in range(256))
"""What becomes of each byte of UTF-8: words in ASCII are in lower case and spaces between them, the rest stays."""
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana and Han: scripts that leave no space between words."""
INVISIBLE = re.compile("[\u00ad\u200c\u200d\u2060\ufeff]")
CODE = re.compile(r"\b\d++(?:[.,]\d++)+|\b\w++(?:[-\u2010\u2011]\w++)+")
KEPT = 1 << 16
ENGLISH = """
a about above after again against all also am an and any are as at be because been before being below between
both but by can cannot could did do does doing down during each few for from further had has have having he her
here hers herself him himself his how i if in into is it its itself just may me might more most must my myself
no nor not of off on once only or other our ours ourselves out over own same shall she should so some such than
that the their theirs them themselves then there these they this those through to too under until up very was
we were what when where which while who whom whose why will with would you your yours yourself yourselves
"""


def _known(name: str) -> str:
    if name not in ("none", "s", *snowball.algorithms()):
        raise ValueError(f"no stemmer is called {name!r}; there are none, s, {', '.join(snowball.algorithms())}")
    return name


StopWords = Literal["none", "english"] | tuple[str, ...]
Stemmer = Annotated[str, AfterValidator(_known)]


def tokenizer(stopwords: StopWords, stemmer: Stemmer, codes: bool = False) -> Words:
    """A function from text to its words: runs of letters, digits, underscores and the marks on them, without
    differences of case and of compatible characters (NFKC). A run of a script that is written without spaces
    becomes its pairs of neighbouring characters. With ``codes``, decimals and compounds that hold a digit come whole
    as well: "IL-2" is il, 2 and il2, and "0.5" is 0, 5 and 0.5."""
    return Words(_with_codes if codes else _split, _stopwords(stopwords), _stem(stemmer))


class Words:
    """From text to words in two steps: ``split`` takes a text to its words as they stand there, ``stem`` each of those to what
    it becomes, the empty text where it is left out."""

    def __init__(self, split: Callable[[str], list[str]], left_out: Set[str], stem: Callable[[str], str]) -> None:
        self.split = split
        self._left_out, self._stem = left_out, stem
        self._stems = Latest(self.stem)

    def stem(self, word: str) -> str:
        """What a word becomes."""
        return "" if word in self._left_out else self._stem(word)

    def __call__(self, text: str) -> list[str]:
        """The words of a text."""
        return list(filter(None, map(self._stems.__getitem__, self.split(text))))


class Latest(dict[str, Value]):
    """What ``find`` says of each word; the latest answers are kept."""

    def __init__(self, find: Callable[[str], Value]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> Value:
        if len(self) >= KEPT:
            self.clear()
        self[word] = found = self._find(word)
        return found


def identity(stopwords: StopWords, stemmer: Stemmer, codes: bool) -> str:
    """What tells one tokenizer from another: a Snowball stemmer changes with its version."""
    version = "" if stemmer in ("none", "s") else f"-{snowball.version()}"
    left_out = stopwords if isinstance(stopwords, str) else _digest(sorted(_stopwords(stopwords)))
    return f"stopwords={left_out} stemmer={stemmer}{version} codes={codes}"


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


def _stopwords(named: StopWords) -> frozenset[str]:
    if isinstance(named, str):
        return frozenset(ENGLISH.split() if named == "english" else ())
    return frozenset(word for text in named for word in _split(text))


def _digest(words: list[str]) -> str:
    return blake2b(" ".join(words).encode(), digest_size=8).hexdigest()


def _stem(name: str) -> Callable[[str], str]:
    if name in ("none", "s"):
        return singular if name == "s" else str
    return snowball.Stemmer(name, 0).stemWord


def _split(text: str) -> list[str]:
    parts = text.encode(errors="surrogatepass").translate(ASCII).decode(errors="surrogatepass").split()
    if text.isascii():
        return parts
    return [word for part in parts for word in ((part,) if part.isascii() else _beyond_ascii(part))]


def _with_codes(text: str) -> list[str]:
    codes = [code for code in CODE.findall(_folded(text)) if any(map(str.isdigit, code))]
    return _split(text) + [code if "." in code or "," in code else "".join(_split(code)) for code in codes]


def _folded(text: str) -> str:
    return INVISIBLE.sub("", normalize("NFKC", text).casefold())


@lru_cache(maxsize=KEPT)
def _beyond_ascii(part: str) -> tuple[str, ...]:
    folded = _folded(part)
    if not _beyond_plain().search(folded):
        return tuple(PLAIN.findall(folded))
    return tuple(word for spaceless, run in _runs().findall(folded) for word in ([run] if run else _pairs(spaceless)))


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(max(1, len(run) - 1))]


@lru_cache(maxsize=1)
def _marks() -> str:
    """The marks that Python's ``\\w`` leaves out though they belong to a letter: accents, vowel signs."""
    return "".join(chr(at) for at in range(0x300, 0x10000) if category(chr(at)) in ("Mn", "Mc"))


@lru_cache(maxsize=1)
def _beyond_plain() -> re.Pattern[str]:
    return re.compile(f"[{_marks()}{SPACELESS}]")


@lru_cache(maxsize=1)
def _runs() -> re.Pattern[str]:
    return re.compile(rf"([{SPACELESS}]+)|([^\W{SPACELESS}](?:[^\W{SPACELESS}]|[{_marks()}])*)")
