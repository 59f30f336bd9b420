"""What fuzzers throw bytes at: each either reads them or refuses them with a sentence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from jmlr_cli.contracts.reader import UnreadableFile
from jmlr_cli.corpus.folder import _clean
from jmlr_cli.corpus.passages import split_document
from jmlr_cli.corpus.readers import load_readers
from jmlr_cli.errors import InputError, JmlrError
from jmlr_cli.plugins import registry
from jmlr_cli.questions.formats import parse_questions
from jmlr_cli.recipe.load import load_recipe, recipe_yaml

Target = Callable[[bytes], None]


def told(error: Exception) -> None:
    """A refusal says why."""
    assert str(error)


def read_document(suffix: str, content: bytes) -> None:
    """Read a file of this ending, and cut it into passages."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"x{suffix}")
        path.write_bytes(content)
        try:
            documents = list(load_readers(registry()).by_suffix[suffix].read(path, path.name))
        except UnreadableFile as error:
            told(error)
            return
    for document in map(_clean, documents):
        for passage in split_document(document, 50):
            assert passage.text.strip()
            "".join((passage.title, passage.text, passage.document, *passage.metadata, *passage.metadata.values())).encode()


def read_recipe(content: bytes) -> None:
    """Load a recipe, and write it out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.yaml")
        path.write_bytes(content)
        try:
            recipe_yaml(load_recipe(str(path)))
        except InputError as error:
            told(error)


def override_recipe(content: bytes) -> None:
    """Set a key of a recipe from the command line."""
    try:
        recipe_yaml(load_recipe("tiny", [content.decode(errors="replace")]))
    except InputError as error:
        told(error)


def read_questions(content: bytes) -> None:
    """Read a question file."""
    try:
        questions = parse_questions(content, "x.jsonl")
    except JmlrError as error:
        told(error)
        return
    assert len({question.id for question in questions}) == len(questions)
    for each in questions:
        own = (each.id, each.text, each.subset, each.answer or "", each.document or "", each.rationale or "")
        options = (text for option in each.options for text in (option.label, option.text))
        read = (text for passage in each.passages for text in (passage.document, passage.title, passage.text))
        "".join((*own, *options, *read)).encode()


def ask_server(content: bytes) -> None:
    """Post a body to each path of the server."""
    from tests.safety.served import post

    post(content)


def targets() -> dict[str, Target]:
    """Every target, by its name."""
    readers = {suffix: partial(read_document, suffix) for suffix in load_readers(registry()).by_suffix}
    return {**readers, "recipe": read_recipe, "set": override_recipe, "questions": read_questions, "server": ask_server}


SEEDS: dict[str, tuple[bytes, ...]] = {
    ".md": (b"---\ntitle: a\ndate: 2020-01-01\nauthors: [a, b]\n---\n# A\n\nSource: WHO https://a.b\n\ntext\n\n## B\n- x\n",),
    ".html": (b"<title>t</title><meta name=author content=a><body><h1>A</h1><table><tr><td>1</table><ul><li>x",),
    ".txt": ("TITLE\n\nHEADING\nsome text here.\n\u00e9".encode("utf-16"), b"TITLE\n\nHEADING ONE\ntext\n"),
    ".jsonl": (b'{"_id": "1", "title": "t", "text": "x", "metadata": {"a": 1, "b": ["c", 2.5]}}\n',),
    ".tsv": (b"id\ttext\ttitle\n1\tabc\tt\n",),
    ".pdf": (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\n"
             b"endobj\nxref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \ntrailer << /Size 3 "
             b"/Root 1 0 R >>\nstartxref\n107\n%%EOF\n",),
    "recipe": (b"extends: tiny\nretriever: {plugin: bm25, train: false}\ndata: &a {index: x, where: ['a=b']}\n",),
    "set": (b"training.seed=1", b"data.where=[a=b, c>=2020]", b"candidates={pool: 3, refresh: {every: 2}}"),
    "questions": (b'{"id": "1", "question": "q", "options": {"A": "a", "B": "b"}, "answer_idx": "A"}\n',
                  b'"Which?",a,b,c,d,A\n', b'{"1": {"QUESTION": "q", "CONTEXTS": ["c"], "final_decision": "yes"}}'),
    "server": (b'{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "k": 1, "stream": true}',
               b'{"query": "gout", "k": 3, "passage": "x"}',
               b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "\\u00e9"}]}], "max_tokens": 1}'),
}  # fmt: skip
"""Inputs from which a fuzzer starts."""
