"""Whatever JSON a client sends, it is understood or refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jmlr_cli.contracts.values import Turn
from jmlr_cli.serving.schemas import ChatRequest

texts = st.text(max_size=8)
contents = st.one_of(texts, st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": texts}), max_size=3), st.none())
roles = st.sampled_from(["system", "developer", "user", "assistant", "tool"])
messages = st.lists(st.fixed_dictionaries({"role": roles, "content": contents}), max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
numbers = st.integers() | anything
bodies = st.fixed_dictionaries({"messages": messages | anything}, optional={"k": numbers, "n": numbers, "stop": anything})


def said(*turns: tuple[str, str]) -> ChatRequest:
    return ChatRequest(messages=[{"role": role, "content": content} for role, content in turns])


@given(bodies)
def test_a_body_is_a_conversation_or_is_refused(body):
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError:
        return
    question, history = request.turns
    assert question.strip()
    assert all(isinstance(turn, Turn) for turn in history)
    assert len(history) <= len(request.messages)


def test_messages_of_one_speaker_are_one_and_answers_lose_their_marks():
    request = said(("system", "Be brief."), ("user", "Gout?"), ("user", "Acute."), ("assistant", "Yes. [1]"), ("user", "And?"))
    assert request.turns == ("And?", (Turn("Gout?\nAcute.", "Yes."),))
    assert request.instruction == "Be brief."


def test_what_would_change_the_answer_and_is_not_known_is_named():
    asked = [{"role": "user", "content": "a"}]
    assert ChatRequest(messages=asked, temperature=1, response_format={"type": "text"}, tools=[]).unsupported is None
    assert ChatRequest(messages=asked, response_format={"type": "json_object"}).unsupported == "response_format"
