"""A chat template's frame: the text that it puts before the user's turn, and from there to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import TemplateError

from jmlr_cli.errors import InputError
from jmlr_plugins.generators.template import Frame

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

QUESTION = "QuestionStandsHere"
ANSWER = "AnswerStandsHere"
NEXT = "NextQuestionStandsHere"
HINT = "Set generator.options.chat to off for the plain prompt."


def chat_frame(tokenizer: PreTrainedTokenizerBase, system: str = "") -> Frame:
    """The frame of the tokenizer's chat template, with ``system`` as the system turn if it is not "".

    The template is rendered with stand-ins, so no question or passage ever passes through it.
    Raises :class:`InputError` when the tokenizer has no template or it cannot be used so.
    """
    if not tokenizer.chat_template:
        raise InputError(f"the tokenizer in {tokenizer.name_or_path} has no chat template", HINT)
    asked = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]
    text = _rendered(tokenizer, [*([{"role": "system", "content": system}] if system else []), *asked])
    if text.count(QUESTION) != 1 or text.count(ANSWER) != 1 or text.index(QUESTION) > text.index(ANSWER):
        raise InputError(f"the chat template in {tokenizer.name_or_path} does not show the turns once, in order", HINT)
    before, _, rest = text.partition(QUESTION)
    middle, _, closing = rest.partition(ANSWER)
    after = middle.rstrip(" ")
    # without the system turn, which some templates put into the last question
    again = _rendered(tokenizer, [*asked, {"role": "user", "content": NEXT}])
    between = again.partition(ANSWER)[2].partition(NEXT)[0]
    return Frame(before, after, lead=middle[len(after) :], end=_first_special(tokenizer, closing), between=between)


def _rendered(tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, str]]) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False))
    except (TemplateError, ValueError, TypeError) as error:
        raise InputError(f"the chat template in {tokenizer.name_or_path} cannot be rendered: {error}", HINT) from error


def _first_special(tokenizer: PreTrainedTokenizerBase, closing: str) -> str:
    """The first added token in the text that closes an assistant turn, or ""."""
    tokens = [str(token) for token in tokenizer.added_tokens_decoder.values()]
    places = [(closing.index(token), -len(token), token) for token in tokens if token in closing]
    return min(places)[2] if places else ""
