"""Whatever a file holds, it is read or refused with a sentence; nothing else happens."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jmlr_cli.errors import JmlrError
from jmlr_cli.questions.formats import parse_questions

FIELDS = (
    "id question options answer_idx answer document rationale subset meta_info opa opb opc opd cop exp subject_name QUESTION "
    "CONTEXTS LABELS final_decision LONG_ANSWER pubid context long_answer choices subject input output doc"
).split()

LABELS = [*FIELDS, "A", "B", "1"]

texts = st.sampled_from(["", "A", "B", "yes", "Aspirin", "Which? A. Iron B. Aspirin", "\ud83d", "1", "-1"]) | st.text(max_size=8)
scalars = texts | st.none() | st.booleans() | st.integers(-2, 5) | st.floats()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(LABELS) | texts, inner, max_size=5),
    max_leaves=12,
)
records = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)
complete = records.map(lambda record: {"question": "Which?", "options": ["Iron", "Aspirin"], "answer_idx": "B", **record})


def check(content: bytes) -> None:
    """Read ``content``, and hold what comes of it against what a question set promises."""
    try:
        questions = parse_questions(content, "any.jsonl")
    except JmlrError:
        return
    assert questions
    assert len({question.id for question in questions}) == len(questions)
    assert all(question.right_option if question.options else question.answer for question in questions)


@settings(max_examples=150, deadline=None)
@given(st.lists(records | complete, min_size=1, max_size=3), st.booleans())
def test_any_records_are_read_or_refused(rows: list[Any], whole: bool):
    text = json.dumps(rows) if whole else "\n".join(map(json.dumps, rows))
    check(text.encode())


@settings(max_examples=100, deadline=None)
@given(values)
def test_any_json_is_read_or_refused(value: Any):
    check(json.dumps(value).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="\"[]{}:,\n\r AB?'\x00", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes):
    check(content)
