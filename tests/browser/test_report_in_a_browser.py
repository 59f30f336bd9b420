"""The page of a report, used in a real browser from its file."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.report.content import make_report
from jmlr_cli.report.inputs import read_inputs
from jmlr_cli.report.write import write_report

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

LETTERS = "ABCD"
PAYLOADS = [
    "</script><script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "<svg onload=window.hurt=1>",
    "javascript:window.hurt=1//",
    "{{constructor.constructor('window.hurt=1')()}}",
    "--><!--<iframe srcdoc='<script>parent.hurt=1</script>'>",
    "\u2028window.hurt=1\u2029__proto__",
]


def asked(number, subset="other", passages=()):
    """A question of our format. Its right option is A, B, C, D in turn."""
    return {
        "id": f"q{number}",
        "question": f"Question number {number} about fever?",
        "options": {letter: f"option {letter} of {number}" for letter in LETTERS},
        "answer_idx": LETTERS[number % 4],
        "subset": subset,
    }


def answered(number, chosen, subset="other", nll=1.0):
    right = LETTERS[number % 4]
    return QuestionResult(f"q{number}", subset=subset, chosen=chosen, right=right, correct=chosen == right, answer_nll=nll)


def write_questions(path, questions):
    path.write_text("".join(json.dumps(each) + "\n" for each in questions), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fever(keeper_in, tmp_path_factory) -> list[Path]:
    """45 questions under two modes: of four questions, the first system has the first two right, the second the first and the
    third. Every ninth question is in the subset ``skin``."""
    folder = tmp_path_factory.mktemp("fever")
    subsets = ["skin" if number % 9 == 0 else "other" for number in range(45)]
    file = write_questions(folder / "fever.jsonl", [asked(number, subset) for number, subset in enumerate(subsets)])
    first, second = "ABAA", "AACA"
    closed = [answered(number, first[number % 4], subset, nll=1.0) for number, subset in enumerate(subsets)]
    rag = [answered(number, second[number % 4], subset, nll=number / 10) for number, subset in enumerate(subsets)]
    keeper = keeper_in(folder)
    return [keeper.keep("fever-closed", file, closed), keeper.keep("fever-rag", file, rag, "rag")]


@pytest.fixture(scope="module")
def page(fever) -> Path:
    """The report of both evaluations."""
    return reported(fever, fever[0].with_name("report.html"))


def reported(inputs, at) -> Path:
    """A report of the evaluations in these folders and the comparisons in these files, written to the page ``at``."""
    write_report(make_report(read_inputs(list(map(str, inputs)))), at)
    return at


def opened(tab, page, behind=""):
    """The page in the tab, and what it asked for beside itself."""
    requests, said = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(page.as_uri() + behind)
    return [url for url in requests if not url.startswith(page.as_uri())] + said


def shown(tab):
    """The headings of the questions that are shown."""
    return tab.locator("article h3").all_inner_texts()


def test_questions_are_shown_in_slices_without_a_request_or_a_complaint(tab, page):
    assert opened(tab, page) == []
    assert tab.inner_text("#count") == "45 of 45 questions; shown are 1 to 20"
    assert shown(tab)[0] == "Question 1 · q0 · skin"
    tab.get_by_role("button", name="Next").first.click()
    assert shown(tab)[0].startswith("Question 21 ·")
    tab.get_by_label("Page, of 3").last.fill("3")
    tab.keyboard.press("Enter")
    assert tab.inner_text("#count") == "45 of 45 questions; shown are 41 to 45"
    assert tab.get_by_role("button", name="Next").first.is_disabled()


def test_right_and_wrong_are_said_in_words(tab, page):
    opened(tab, page)
    second = tab.locator("article").nth(1)
    assert [box.split("\n\n") for box in second.locator(".answer").all_inner_texts()] == [
        ["S1 · closed", "✓ right", "B. option B of 1", "NLL of the right answer 1.000 nats a token"],
        ["S2 · rag", "✗ wrong", "A. option A of 1", "NLL of the right answer 0.100 nats a token"],
    ]
    assert second.locator(".options li").nth(1).inner_text() == "B. option B of 1 ✓ right answer chosen by S1"


@pytest.mark.parametrize(
    ("side", "count", "first"),
    [
        ("those that changed sides", 22, "Question 2 "),
        ("wrong in all", 11, "Question 4 "),
        ("wrong in some", 33, "Question 2 "),
        ("right in all", 12, "Question 1 "),
    ],
)
def test_questions_are_filtered_by_who_has_them_right(tab, page, side, count, first):
    opened(tab, page)
    tab.get_by_label("Show").select_option(side)
    assert tab.inner_text("#count").startswith(f"{count} of 45 questions")
    assert shown(tab)[0].startswith(first)


def test_subset_text_mode_and_systems_filter_and_go_together(tab, page):
    opened(tab, page)
    tab.get_by_label("Subset", exact=True).select_option("skin")
    assert tab.inner_text("#count").startswith("5 of 45 questions")
    tab.get_by_label("Text").fill("OPTION A of 18")
    expect(tab.locator("#count")).to_have_text(re.compile("^1 of 45"))
    assert shown(tab) == ["Question 19 · q18 · skin"]
    tab.get_by_label("Mode").select_option("rag")
    assert tab.locator("article .answer h4").all_inner_texts() == ["S2 · rag"]
    tab.get_by_label("Mode").select_option("all")
    tab.get_by_label("S2 fever-rag").uncheck()
    assert tab.locator("article .answer h4").all_inner_texts() == ["S1 · closed"]
    tab.get_by_label("Text").fill("no such thing")
    expect(tab.locator("#count")).to_contain_text("nothing passes")
    assert shown(tab) == []


def test_only_the_systems_that_are_shown_decide_who_is_wrong(tab, page):
    opened(tab, page)
    tab.get_by_label("S2 fever-rag").uncheck()
    tab.get_by_label("Show").select_option("wrong in all")
    assert tab.inner_text("#count").startswith("22 of 45 questions")
    tab.get_by_label("Show").select_option("those that changed sides")
    assert tab.inner_text("#count").startswith("0 of 45 questions")


def test_questions_are_ordered_by_how_far_the_likelihoods_differ(tab, page):
    opened(tab, page)
    tab.get_by_label("Order").select_option("largest difference in answer NLL first")
    assert [heading.split(" ·")[0] for heading in shown(tab)[:2]] == ["Question 45", "Question 44"]


def test_a_view_is_kept_in_the_address(tab, page):
    opened(tab, page)
    tab.get_by_label("Show").select_option("wrong in some")
    tab.get_by_label("S1 fever-closed").uncheck()
    tab.get_by_role("button", name="Next").first.click()
    kept, headings = tab.evaluate("location.hash"), shown(tab)
    tab.goto("about:blank")
    opened(tab, page, kept)
    assert shown(tab) == headings
    assert not tab.get_by_label("S1 fever-closed").is_checked()
    tab.evaluate("location.hash = 'side=wrong-all'")  # as a link to another view that is pasted
    expect(tab.locator("#count")).to_have_text(re.compile("^11 of 45"))
    assert tab.get_by_label("S1 fever-closed").is_checked()
    tab.goto("about:blank")
    opened(tab, page, "#side=constructor&subset=none&page=x")
    assert tab.inner_text("#count").startswith("45 of 45")


def test_the_pairs_of_a_comparison_filter_the_questions_that_changed_sides(tab, fever, tmp_path):
    pair = {"a": "closed", "b": "rag", "metric": "accuracy", "changed": ["q1", "q41", "unknown"]}
    comparison = {"schema": "jmlr.compare/1", "systems": [], "pairs": [pair, {"a": "x", "b": "y", "metric": "f1", "changed": []}]}
    (tmp_path / "c.json").write_text(json.dumps(comparison))
    opened(tab, reported([*fever, tmp_path / "c.json"], tmp_path / "compared.html"))
    tab.get_by_label("Show").select_option("changed sides in accuracy: closed and rag (3)")
    assert [heading.split(" ·")[1].strip() for heading in shown(tab)] == ["q1", "q41"]
    assert "f1" not in tab.get_by_label("Show").inner_text()


def test_the_keyboard_reaches_and_works_everything(tab, page):
    opened(tab, page)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "To the questions"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "side"
    tab.keyboard.type("wrong in all")
    assert tab.inner_text("#count").startswith("11 of 45 questions")
    reached = set()
    for _ in range(12):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id || document.activeElement.value || document.activeElement.type"))
    assert {"subset", "mode", "order", "text", "S1", "S2"} <= reached


def hostile_evaluation(keeper, tmp_path):
    """A report whose every text is a payload: questions, options, ids, subsets, documents, titles, passages, answers."""
    questions, results = [], []
    for number, text in enumerate(PAYLOADS):
        questions.append({"id": f"{number}{text}", "input": f"{text} ?", "output": text, "doc": [f"{text} {number}"]})
    file = write_questions(tmp_path / "hostile.jsonl", questions)
    for question, text in zip(read_questions(file).questions, PAYLOADS, strict=True):
        passages = tuple(passage.id for passage in question.passages)
        results.append(QuestionResult(question.id, text, generated=f"{text} !", answer_nll=1.0, passages=passages, error=text))
    return keeper.keep("hostile", file, results, "oracle")


def test_no_text_becomes_script_or_markup(tab, keeper, tmp_path):
    complaints = opened(tab, reported([hostile_evaluation(keeper, tmp_path)], tmp_path / "hostile.html"))
    assert len(shown(tab)) == len(PAYLOADS)
    tab.get_by_label("Text").fill(PAYLOADS[1])
    expect(tab.locator("#count")).to_have_text(re.compile("^1 of"))
    article = tab.locator("article")
    article.locator("summary").click()
    assert article.locator(".text").first.inner_text() == f"{PAYLOADS[1]} ?"
    assert f"{PAYLOADS[1]} 1" in article.locator("details").inner_text()
    tab.wait_for_timeout(200)
    assert tab.evaluate("window.hurt") is None
    assert tab.evaluate("document.querySelectorAll('#list img, #list script, #list iframe, #list svg').length") == 0
    assert tab.evaluate("document.scripts.length") == 2
    assert complaints == []


def test_the_policy_stops_a_script_that_got_in_all_the_same(tab, page):
    page.write_text(
        page.read_text().replace("<main>", "<main><script>window.hurt = 1</script><img src=x onerror='window.hurt=1'>")
    )
    complaints = opened(tab, page)
    assert tab.evaluate("window.hurt") is None
    assert any("Content Security Policy" in line for line in complaints)
    with pytest.raises(Exception, match="TrustedHTML"):
        tab.evaluate("document.body.innerHTML = '<b>x</b>'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(tab, page, scheme):
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": 360, "height": 740})
    opened(tab, page)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    style = "getComputedStyle(document.body)"
    assert contrast(tab.evaluate(f"{style}.color"), tab.evaluate(f"{style}.backgroundColor")) > 7


def contrast(ink, paper):
    """The contrast of two colours as CSS has them (WCAG 2.2, relative luminance)."""
    shares = [[int(value) / 255 for value in re.findall(r"\d+", colour)[:3]] for colour in (ink, paper)]
    linear = [[s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in colour] for colour in shares]
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (high + 0.05) / (low + 0.05)


def test_print_opens_what_is_folded_and_leaves_the_controls_out(tab, page):
    opened(tab, page)
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("figure details:not([open])").count() == 0
    assert not tab.locator("#filters").is_visible()
    assert tab.locator("figure details ul").first.is_visible()
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details[open]").count() == 0


def test_five_thousand_questions_stay_usable(tab, keeper, tmp_path):
    """Two systems, 5,000 questions: the page is there, filters and turns in well under a second each."""
    file = write_questions(tmp_path / "many.jsonl", [asked(number) for number in range(5000)])
    closed = keeper.keep("many-closed", file, [answered(number, "A") for number in range(5000)])
    rag = keeper.keep("many-rag", file, [answered(number, "B", nll=number / 5000) for number in range(5000)], "rag")
    opened(tab, reported([closed, rag], tmp_path / "many.html"))
    assert tab.inner_text("#count") == "5000 of 5000 questions; shown are 1 to 20"
    started = time.monotonic()
    tab.get_by_label("Show").select_option("those that changed sides")
    tab.get_by_role("button", name="Next").first.click()
    assert tab.inner_text("#count") == "2500 of 5000 questions; shown are 21 to 40"
    tab.get_by_label("Text").fill("number 4999 about")
    expect(tab.locator("#count")).to_have_text(re.compile("^0 of"))
    assert time.monotonic() - started < 10  # a busy machine; measured alone it takes half a second
    assert tab.locator("article").count() == 0
