"""Question sets that are not public are read from the user's own copy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.questions.load import load_questions

MIRAGE = Path(__file__).resolve().parents[3] / "shared" / "data" / "formats" / "mirage_benchmark.json"
SNIPPET = {"text": "Colchicine relieves gout.", "document": "http://www.ncbi.nlm.nih.gov/pubmed/123", "beginSection": "abstract"}
YES_NO = {
    "id": "5a",
    "type": "yesno",
    "body": "Does colchicine relieve gout?",
    "exact_answer": "Yes",
    "ideal_answer": ["It does."],
}
FACTOID = {"id": "5b", "type": "factoid", "body": "Which drug?", "exact_answer": [["colchicine"]], "ideal_answer": "Colchicine."}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the workspace keeps the user's copies."""
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "questions").mkdir(parents=True)
    return tmp_path / "home" / "questions"


def bioasq(path: Path, *questions: dict) -> Path:
    path.write_text(json.dumps({"questions": list(questions)}))
    return path


def test_bioasqs_own_file_is_read_whole(tmp_path):
    snippets = [SNIPPET, SNIPPET, {"text": "", "document": "http://www.ncbi.nlm.nih.gov/pubmed/9"}]
    yes, drug = read_questions(bioasq(tmp_path / "x.json", {**YES_NO, "snippets": snippets}, FACTOID)).questions
    assert (yes.id, yes.right_option.text, yes.rationale, yes.subset) == ("5a", "yes", "It does.", "yesno")
    assert [(passage.document, passage.text) for passage in yes.passages] == [("123", "Colchicine relieves gout.")]
    assert (drug.options, drug.answer, drug.subset) == ((), "Colchicine.", "factoid")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"exact_answer": "perhaps"}, "record 1: 'exact_answer' is 'perhaps'"),
        ({"type": "list", "ideal_answer": None}, "record 1: it has no 'ideal_answer'"),
        ({"snippets": ["text"]}, "record 1: 'snippets' must be a list of objects"),
        ({"body": ""}, "record 1: 'body' is missing or empty"),
    ],
)
def test_what_is_wrong_in_bioasqs_file_is_named(tmp_path, change, sentence):
    with pytest.raises(InputError, match=sentence):
        read_questions(bioasq(tmp_path / "x.json", {**YES_NO, **change}))


def test_the_task_bioasq_is_the_yes_no_questions_of_the_users_file(home):
    bioasq(home / "bioasq.json", YES_NO, FACTOID)
    found = load_questions("bioasq", "test")
    assert (found.name, [question.id for question in found.questions]) == ("bioasq", ["5a"])


@pytest.mark.shared
@pytest.mark.skipif(not MIRAGE.is_file(), reason="the development data is not beside the checkout")
def test_the_task_bioasq_takes_its_own_out_of_mirages_file(home):
    shutil.copy(MIRAGE, home / "bioasq.json")
    found = load_questions("bioasq", "test").questions
    assert len(found) == 5
    assert {question.subset for question in found} == {"bioasq"}


def test_amboss_is_a_file_or_a_folder_of_splits(home, questions):
    questions(home / "amboss.jsonl")
    assert len(load_questions("amboss", "test").questions) == 4
    with pytest.raises(MissingError, match="there is no train split"):  # what is trained on would be measured
        load_questions("amboss", "train")
    (home / "amboss.jsonl").unlink()
    (home / "amboss").mkdir()
    questions(home / "amboss" / "test.jsonl")
    found = load_questions("amboss", "test")
    assert (found.name, len(found.questions)) == ("amboss", 4)
    with pytest.raises(InputError, match="holds no train split"):
        load_questions("amboss", "train")


@pytest.mark.parametrize(("file", "why"), [("amboss.jsonl", "are not public"), ("bioasq.json", "registered users only")])
def test_without_a_copy_the_user_is_told_why_and_where_to_put_one(home, file, why):
    with pytest.raises(MissingError, match=why) as caught:
        load_questions(file.partition(".")[0], "test")
    assert f"{home / file}:" in caught.value.hint
