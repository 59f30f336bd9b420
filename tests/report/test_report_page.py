"""The page as a file: what stands in it as markup, and what can never become any."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from lxml import html

from jmlr_cli.report.content import make_report
from jmlr_cli.report.figures import Comparison
from jmlr_cli.report.inputs import Compared, read_inputs
from jmlr_cli.report.page import data_json, render_page
from jmlr_cli.report.pictures import draw_pictures

PAYLOAD = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u2028&lt;<!--"
COMPARISON = {
    "schema": "jmlr.compare/1",
    "task": "questions",
    "n": 4,
    "warnings": [f"a warning {PAYLOAD}"],
    "systems": [
        {"name": "closed", "mode": "closed", "recipe": "r", "seeds": [1, 2], "evaluations": ["questions-rag"],
         "accuracy": 0.5, "ci95": [0.15, 0.85]},
        {"name": PAYLOAD, "mode": "rag", "recipe": None, "accuracy": None, "metrics": {"answer_nll": {"value": 2.5}}},
    ],
    "pairs": [
        {
            "a": "closed", "b": PAYLOAD, "metric": "accuracy", "n": 4, "both": 1, "only_a": 1, "only_b": 1, "neither": 1,
            "difference": -0.25, "ci95": [-0.5, 0.1], "p": 0.0001, "p_holm": 0.04, "effect": -0.5,
            "effect_name": "Cohen's h", "changed": ["q1", "q4"],
        },
        {"a": "closed", "b": PAYLOAD, "metric": "answer_nll", "n": 4, "difference": 0.1234, "ci95": [0, 1], "p": None},
    ],
}  # fmt: skip


def page_of(*names, comparisons=()):
    """The page of what is named, and of further comparisons."""
    inputs = read_inputs(names)
    compared = [Compared(each, Comparison.model_validate(each)) for each in comparisons]
    report = make_report(replace(inputs, comparisons=(*inputs.comparisons, *compared)))
    return render_page(report, draw_pictures(report.evaluations))


def rows(page, number):
    table = html.document_fromstring(page).findall(".//table")[number]
    return [[" ".join(cell.text_content().split()) for cell in row] for row in table.iter("tr")]


@pytest.fixture
def hostile(pair):
    """The two evaluations, every text of theirs and of their questions and passages a payload."""
    for kept in (pair.closed, pair.rag):
        lines = [json.loads(line) for line in (kept / "results.jsonl").read_text().splitlines()]
        hurt = [{**line, "subset": PAYLOAD, "generated": PAYLOAD, "error": PAYLOAD} for line in lines]
        (kept / "results.jsonl").write_text("".join(json.dumps(line) + "\n" for line in hurt))
        record = json.loads((kept / "evaluation.json").read_text())
        record["made_by"]["recipe"]["description"] = record["made_by"]["questions"]["name"] = PAYLOAD
        record["subsets"] = {PAYLOAD: record["subsets"]["skin"]}
        record["mode"] = PAYLOAD
        (kept / "evaluation.json").write_text(json.dumps(record))
    return page_of("questions-closed", "questions-rag", comparisons=[COMPARISON])


def test_the_tables_have_each_system_and_each_pair_with_its_figures(pair):
    page = page_of("questions-closed", "questions-rag", comparisons=[COMPARISON])
    head, closed, rag = rows(page, 0)
    assert head[:5] == ["", "evaluation", "mode", "questions", "accuracy, %"]
    assert closed[:5] == ["S1", "questions-closed", "closed", "4", "50.0 [15.0, 85.0]"]
    assert dict(zip(head, rag, strict=True))["R@5"] == "0.750"
    assert "answers without an option" not in head
    assert rows(page, 1)[1:] == [
        ["closed", "closed", "r", "1, 2", "S2", "50.0 [15.0, 85.0]", ""],
        [PAYLOAD.replace("\u2028", " "), "rag", "", "", "", "", "2.500"],
    ]
    assert "Note: a warning" in html.document_fromstring(page).find(".//main//p[@class='note']").text_content()
    assert rows(page, 2)[1][2:] == [
        "accuracy, %",
        "4",
        "1",
        "1",
        "1",
        "1",
        "-25.0 [-50.0, 10.0]",
        "< 0.001",
        "0.040",
        "-0.500 Cohen's h",
    ]
    assert rows(page, 2)[2][2:] == ["answer NLL", "4", "", "", "", "", "0.123 [0.000, 1.000]", "", "", ""]


def test_what_made_an_evaluation_is_spelt_out(pair):
    made = html.document_fromstring(page_of("questions-rag")).find(".//details/pre").text_content()
    assert "seed: 7" in made
    assert "name: guidelines" in made


def test_no_text_becomes_markup(hostile):
    page = html.document_fromstring(hostile)
    assert len(page.findall(".//script")) == 2
    assert not page.findall(".//img")
    assert not [attribute for element in page.iter() for attribute in element.attrib if attribute.startswith("on")]
    assert PAYLOAD.replace("\u2028", " ") in " ".join(page.find(".//h1").text_content().split("\u2028"))


def test_the_data_is_whole_and_holds_no_markup(hostile, pair):
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', hostile, re.S)
    assert not re.search("[<>&\u2028\u2029]", data)
    report = make_report(read_inputs(["questions-closed", "questions-rag"])).as_json()
    found = json.loads(data)
    assert found["questions"] == report["questions"]
    assert found["questions"][0]["answers"][0]["generated"] == PAYLOAD


def test_the_policy_allows_its_own_style_and_script_and_nothing_else(hostile):
    page = html.document_fromstring(hostile)
    policy = page.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for name, rule in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", hostile, re.S)
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert rules["require-trusted-types-for"] == "'script'"


def test_nothing_is_fetched_from_anywhere(hostile):
    page = html.document_fromstring(hostile)
    links = [value for element in page.iter() for key, value in element.attrib.items() if key in ("src", "href")]
    assert links
    assert all(link.startswith("#") for link in links)
    (style,) = re.findall(r"<style>(.*?)</style>", hostile, re.S)
    assert "url(" not in style
    assert "@import" not in style


def test_a_comparison_alone_has_tables_and_no_questions(pair):
    systems = [{**each, "evaluations": []} for each in COMPARISON["systems"]]
    (pair.folder / "c.json").write_text(json.dumps({**COMPARISON, "systems": systems}))
    page = html.document_fromstring(page_of("c.json"))
    assert page.find(".//h1").text_content() == "questions"
    assert page.find(".//form") is None
    assert len(page.findall(".//table")) == 2


def test_data_keeps_what_json_keeps():
    value = {"a": ["<b>", "&", "\u2028", "é", 1.5, None, True]}
    assert json.loads(data_json(value)) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        data_json({"a": float("nan")})
