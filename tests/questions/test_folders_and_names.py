"""What a recipe names: a file, a folder with splits, or a task."""

from __future__ import annotations

import pytest

from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.questions.folders import read_questions_from
from jmlr_cli.questions.load import chosen_questions, load_questions

ROW = "Which?,a,b,c,d,A\n"


def line(text):
    return [{"question": text, "answer": "so"}]


def texts(source, split):
    return [question.text for question in read_questions_from(str(source), split).questions]


def test_a_folder_gives_the_file_of_the_split(write, tmp_path):
    for name, text in [
        ("train_4opt.jsonl", "a"),
        ("phrases_no_exclude_dev.jsonl", "b"),
        ("x-test500.json", "c"),
        ("notes.txt", "d"),
    ]:
        write(line(text), name)
    assert [texts(tmp_path, split) for split in ("train", "dev", "test")] == [["a"], ["b"], ["c"]]
    assert read_questions_from(str(tmp_path), "dev").name == tmp_path.name


def test_mmlus_folder_gives_every_subject_and_val_is_its_dev_split(write, tmp_path):
    for split in ("dev", "val", "test"):
        for subject in ("anatomy", "virology"):
            write(f"{split} {subject}?,a,b,c,d,A\n", f"{split}/{subject}_{split}.csv")
    found = read_questions_from(str(tmp_path), "dev").questions
    assert [(q.text, q.subset, q.id) for q in found] == [
        ("val anatomy?", "anatomy", "anatomy-1"),
        ("val virology?", "virology", "virology-1"),
    ]
    assert texts(tmp_path, "test") == ["test anatomy?", "test virology?"]


def test_a_split_word_in_the_folders_name_counts_where_the_file_has_none(write, tmp_path):
    write(line("a"), "train/part1.jsonl")
    write(line("b"), "test/part1.jsonl")
    assert texts(tmp_path, "test") == ["b"]


def test_an_outer_file_comes_before_a_deeper_one(write, tmp_path):
    write(line("five options"), "test.jsonl")
    write(line("four options"), "4_options/test.jsonl")
    assert texts(tmp_path, "test") == ["five options"]


def test_where_no_name_tells_a_split_every_file_counts(write, tmp_path):
    write(line("a"), "one.jsonl")
    write(line("b"), "two.jsonl")
    assert texts(tmp_path, "train") == ["a", "b"]


def test_an_id_of_two_files_gets_their_names_before_it(write, tmp_path):
    write(line("a"), "one_dev.jsonl")
    write([{"id": "q", "question": "b", "answer": "c"}, *line("d")], "two_dev.jsonl")
    write(line("e"), "three_dev.jsonl")
    ids = [question.id for question in read_questions_from(str(tmp_path), "dev").questions]
    assert ids == ["one_dev/1", "three_dev/1", "q", "2"]


def test_files_of_one_name_in_several_folders_are_told_apart_by_the_folders(write, tmp_path):
    for subject in ("anatomy", "virology"):
        write(line(subject), f"{subject}/test.jsonl")
    ids = [question.id for question in read_questions_from(str(tmp_path), "test").questions]
    assert ids == ["anatomy/test.jsonl/1", "virology/test.jsonl/1"]


def test_a_split_is_chosen_in_a_folder_and_refused_of_a_file(write, tmp_path):
    write(line("a"), "train.jsonl")
    write(line("b"), "dev.jsonl")
    found = chosen_questions(str(tmp_path), "dev")
    assert ([question.text for question in found.questions], found.split) == (["b"], "dev")
    assert chosen_questions(str(tmp_path / "dev.jsonl"), None).split == ""
    with pytest.raises(UsageError, match="is one file"):
        chosen_questions(str(tmp_path / "train.jsonl"), "dev")


def test_a_split_that_is_not_there_says_which_are(write, tmp_path):
    write(line("a"), "train.jsonl")
    write(line("a"), "dev.jsonl")
    with pytest.raises(InputError, match="holds no test split, only train and dev"):
        read_questions_from(str(tmp_path), "test")


def test_a_folder_without_question_files_and_a_split_nobody_knows_are_errors(tmp_path):
    with pytest.raises(InputError, match="holds no question files"):
        read_questions_from(str(tmp_path), "test")
    with pytest.raises(InputError, match="there is no split 'eval'"):
        read_questions_from(str(tmp_path), "eval")


def test_a_file_is_read_whole_whatever_the_split(write):
    path = write(line("a"), "dev.jsonl")
    loaded = load_questions(str(path), "test")
    assert (loaded.name, loaded.source, len(loaded.questions)) == ("dev", str(path), 1)


def test_a_name_that_is_neither_file_nor_task_says_both(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="'medqq' is neither a file or folder here nor a task") as caught:
        load_questions("medqq", "test")
    assert "medqa" in caught.value.hint
