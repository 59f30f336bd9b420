"""The pictures of a report, and the SVG that they stand in the page as."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from lxml import etree

from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.report.drawing import Line
from jmlr_cli.report.figures import Bin, Calibration
from jmlr_cli.report.inputs import read_inputs
from jmlr_cli.report.pictures import draw_pictures

SVG = {"svg": "http://www.w3.org/2000/svg"}


def drawn(*names):
    return {picture.title: picture for picture in draw_pictures(read_inputs(names).evaluations)}


def texts(picture):
    return [text.text for text in etree.fromstring(picture.svg).iterfind(".//svg:text", SVG)]


def test_each_figure_has_its_picture_with_the_same_in_words(pair):
    found = drawn("questions-closed", "questions-rag")
    assert list(found) == [
        "Accuracy by subset",
        "How far confidence can be trusted",
        "How likely the right answers are",
        "Question by question, beside the first system",
        "How deep the gold document is found",
    ]
    accuracy, _, likelihood, pairs, recall = (picture.words for picture in found.values())
    assert "S1 closed, all questions: 50.0 %, from 15.0 to 85.0" in accuracy
    assert any(line.startswith("S2 rag, skin: 100.0 %") for line in accuracy)
    assert likelihood[1].startswith("S2 rag: median 1.250, the middle half from 0.875 to 1.625, mean 1.250")
    assert pairs == ("S2 rag gives the right answer a lower NLL than S1 closed on 4 of 4 questions, a higher one on 0.",)
    assert recall == ("S2 rag: R@1 25.0 %, R@5 75.0 %, R@20 75.0 %, of 4 questions.",)


def test_one_evaluation_of_free_text_shows_its_likelihoods_alone(keeper, questions, tmp_path):
    file = questions(tmp_path / "questions.jsonl")
    keeper.keep("free", file, [QuestionResult(f"q{n}", answer_nll=float(n)) for n in range(1, 5)])
    assert list(drawn("free")) == ["How likely the right answers are"]


def test_without_any_figure_there_is_no_picture(keeper, questions, tmp_path):
    file = questions(tmp_path / "questions.jsonl")
    keeper.keep("nothing", file, [QuestionResult(f"q{n}", error="too long") for n in range(1, 5)])
    assert drawn("nothing") == {}


def test_a_calibration_is_drawn_with_its_error(pair):
    (kept,) = read_inputs(["questions-rag"]).evaluations
    bins = (Bin(confidence=0.64, accuracy=0.5, ci95=(0.15, 0.85)),)
    told = replace(kept, figures=kept.figures.model_copy(update={"calibration": Calibration(ece=0.14, bins=bins)}))
    found = {picture.title: picture.words for picture in draw_pictures([told])}
    assert found["How far confidence can be trusted"] == ("S1 rag: expected calibration error 0.140. sure 64.0 %, right 50.0 %.",)


def test_sixteen_systems_look_different(pair):
    (kept,) = read_inputs(["questions-rag"]).evaluations
    assert len({tuple(Line(number, kept).style.values()) for number in range(1, 17)}) == 16


def test_the_svg_has_no_style_no_fixed_size_and_a_name(pair):
    for picture in drawn("questions-closed", "questions-rag").values():
        root = etree.fromstring(picture.svg)
        assert not root.xpath("//@style | //*[local-name()='style'] | //*[local-name()='metadata']")
        assert not {"width", "height"} & set(root.attrib)
        (name,) = root.xpath("//*[@id=$id]", id=root.get("aria-labelledby"))
        assert name.text == picture.title
        assert "#010203" not in picture.svg
        assert "currentColor" in picture.svg


def test_no_two_pictures_share_an_id_and_references_stay_within_one(pair):
    seen = set()
    for picture in drawn("questions-closed", "questions-rag").values():
        own = set(re.findall(r' id="([^"]+)"', picture.svg))
        assert not own & seen
        assert set(re.findall(r'(?:href="|url\()#([^")]+)', picture.svg)) <= own
        seen |= own


@pytest.mark.parametrize(
    ("subset", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("costs $5 & $6", "costs $5 & $6"),
        ("a\x00bell\x07 and a line\n", "a bell  and a line "),
        ("x" * 60, "x" * 39 + "…"),
        ("心臓", "心臓"),
    ],
    ids=["markup", "dollars", "control characters", "long", "Japanese"],
)
def test_a_subset_is_a_text_whatever_it_is_called(keeper, questions, tmp_path, subset, shown, recwarn):
    file = questions(tmp_path / "questions.jsonl")
    results = [QuestionResult(f"q{n}", subset=subset, chosen="A", right="A", correct=True, answer_nll=1.0) for n in range(1, 5)]
    keeper.keep("named", file, results)
    assert shown in texts(drawn("named")["Accuracy by subset"])
    assert not recwarn.list
