"""The page of `jmlr serve`, in a real browser.

The language model is a plugin of the test's own that answers with the first sentence of the best passage, so that what it
says is cited.
"""

from __future__ import annotations

import re
import shutil

import pytest

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = api.expect

PLUGIN = """
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Part, Prompt
from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_generators(register):
    register("first-sentence", Copies)


class Copies(Generator):
    name = "first-sentence"

    def render(self, question, passages, answer=None, *, list_options=True, instruction="", history=()):
        return Prompt((Part(passages[-1].text),), history=tuple(history))

    def generate(self, prompts, max_new_tokens):
        return ["".join(self.stream(prompt, max_new_tokens)) for prompt in prompts]

    def stream(self, prompt, max_new_tokens):
        words = prompt.text.partition(". ")[0].split(" ")
        yield words[0]
        yield from (f" {word}" for word in words[1:])
"""
PAYLOAD = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
EVIL = f"LICE {PAYLOAD}\n\nPermethrin lotion {PAYLOAD} treats head lice. It is put on wet hair.\n"
SCABIES = "What is put on the skin in scabies?"


@pytest.fixture(scope="session")
def reading(tmp_path_factory, clinic, serve):
    """Starts a server, in a folder of its own, of a system whose answers are copied from the best passage."""
    folder = tmp_path_factory.mktemp("reading")
    site = folder / "site"
    info = site / "jmlr_copies-1.dist-info"
    info.mkdir(parents=True)
    (site / "jmlr_copies.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jmlr-copies\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[jmlr]\ncopies = jmlr_copies\n")
    for name in ("copies", "again"):
        (folder / f"{name}.yaml").write_text("extends: tiny\ngenerator: {plugin: first-sentence, model: copies}\n")
    (shutil.copytree(clinic.pages, folder / "pages") / "lice.txt").write_text(EVIL)
    indexed = clinic.jmlr("index", str(folder / "pages"), "--retriever", "bm25", JMLR_HOME=str(folder / ".jmlr"))
    assert indexed.code == 0, indexed.err
    late = clinic.jmlr("index", str(folder / "pages"), "--recipe", "tiny", "--name", "late", JMLR_HOME=str(folder / ".jmlr"))
    assert late.code == 0, late.err

    def start(*arguments, **environment):
        return serve("--recipe", "copies.yaml", *arguments, folder=folder, PYTHONPATH=str(site), **environment)

    return start


@pytest.fixture(scope="session")
def page_server(reading):
    with reading("--index", "pages", "--compare", "again.yaml") as server:
        yield server


def ask(tab, question: str, answers: int = 2) -> None:
    """Type a question, and wait until it is answered."""
    before = tab.locator(".answer").count()
    tab.locator("#question").fill(question)
    tab.keyboard.press("Enter")
    expect(tab.locator(".answer ol")).to_have_count(before + answers, timeout=60_000)


def open_page(tab, server) -> list[str]:
    """Open the page; the addresses that it asks for come to be in the list."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(server.url)
    tab.wait_for_selector("#ask:not([hidden])")
    return asked


def test_an_answer_is_read_and_its_passage_opened_with_the_keyboard_alone(tab, page_server):
    asked = open_page(tab, page_server)
    expect(tab.locator("#question")).to_be_focused()
    tab.keyboard.type(SCABIES)
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".mark")
    tab.wait_for_selector("#stop", state="hidden")
    assert tab.locator("#status").inner_text().startswith("copies: answered, passages cited: 1.")
    assert tab.locator(".text").first.inner_text().startswith("Permethrin cream is applied")
    assert tab.locator(".text").first.get_attribute("aria-busy") == "false"
    for _ in range(20):
        tab.keyboard.press("Shift+Tab")
        if tab.evaluate("document.activeElement.className") == "mark":
            break
    label = tab.evaluate("document.activeElement.ariaLabel")
    assert re.fullmatch(r"Passage 1: .+", label)
    tab.keyboard.press("Enter")
    assert "washed off after eight hours" in tab.locator("#content").inner_text()
    expect(tab.locator("#unmatched")).to_contain_text("does not compare")
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.className") == "mark"
    assert all(url.startswith((page_server.url, "data:")) for url in asked)


def test_two_systems_answer_side_by_side_or_one_alone(tab, page_server):
    open_page(tab, page_server)
    assert tab.locator("#systems").inner_text() == "copies and again"
    ask(tab, SCABIES)
    assert tab.locator("h3").all_inner_texts() == ["copies", "again"]
    boxes = [each.bounding_box() for each in tab.locator(".answer").all()]
    assert boxes[0]["y"] == boxes[1]["y"]
    tab.locator("#both").uncheck()
    ask(tab, "And its dose?", answers=1)
    assert tab.locator("article").count() == 2
    tab.locator("#new").click()
    assert tab.locator("article").count() == 0


def test_what_a_document_or_a_question_says_is_never_markup(tab, page_server):
    open_page(tab, page_server)
    ask(tab, f"What treats head lice? {PAYLOAD}")
    assert PAYLOAD in tab.locator("h2").first.inner_text()
    assert PAYLOAD in tab.locator(".text").first.inner_text()
    tab.locator(".open").first.click()
    expect(tab.locator("#unmatched")).to_contain_text("does not compare")
    assert tab.locator("#content").inner_text().count("<script>document.title=1</script>") >= 1
    assert tab.locator("img, main script, dialog script").count() == 0
    assert tab.title() == "jmlr: answers with citations"


def test_late_interaction_shows_what_matched_token_by_token(tab, reading):
    with reading("--index", "late") as server:
        open_page(tab, server)
        ask(tab, "permethrin scabies", answers=1)
        tab.locator(".open").first.click()
        tab.wait_for_selector("#content mark")
        assert "".join(tab.locator(".token").all_inner_texts()) == "permethrinscabies"
        marks = tab.locator("#content mark").all_inner_texts()
        rows = tab.locator("#matches tr").evaluate_all("rows => rows.map((row) => row.children[1].textContent)")
        assert set(marks) == set(rows)
        tab.locator(".token").first.press("Enter")
        assert tab.locator("#content .chosen").all_inner_texts() == [rows[0]]
        assert tab.locator(".token").first.get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read_in_light_and_dark(tab, page_server, scheme):
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.emulate_media(color_scheme=scheme)
    open_page(tab, page_server)
    ask(tab, f"{SCABIES} {'x' * 120}")
    assert tab.evaluate("document.documentElement.scrollWidth") == 320
    tab.locator(".mark").first.click()
    dialog = tab.locator("#passage").bounding_box()
    assert dialog["x"] >= 0
    assert dialog["width"] <= 320
    for selector in ("body", "#send", ".text", ".caution", ".open", "#content"):
        assert tab.evaluate(CONTRAST, selector) >= 4.5, selector


CONTRAST = """
(selector) => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  let behind = element;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const both = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light).sort((a, b) => b - a);
  return (both[0] + 0.05) / (both[1] + 0.05);
}
"""


def test_every_control_has_a_name_and_what_changes_is_announced(tab, page_server):
    open_page(tab, page_server)
    ask(tab, SCABIES)
    tab.locator(".mark").first.click()
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll("button, input, textarea")].filter((each) =>
             !each.ariaLabel && !each.textContent.trim() && !each.labels?.length).map((each) => each.outerHTML)"""
    )
    assert unnamed == []
    assert tab.locator("[role=alert]").count() == 1
    assert tab.locator(".text[aria-live=polite]").count() == 2
    assert tab.locator("html").get_attribute("lang") == "en"


def test_a_refusal_is_told_and_the_question_comes_back(tab, page_server):
    open_page(tab, page_server)
    told = '{"error": {"message": "too many questions wait: try again in a moment"}}'
    tab.route("**/v1/chat/completions", lambda route: route.fulfill(status=429, body=told, content_type="application/json"))
    tab.locator("#question").fill(SCABIES)
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".failed")
    assert tab.locator(".failed").first.inner_text() == "too many questions wait: try again in a moment"
    assert tab.locator("#question").input_value() == SCABIES


def test_the_token_is_asked_for_or_comes_in_the_address_and_leaves_it(tab, reading):
    token = "a-token-of-some-length"
    with reading("--index", "pages", "--token-env", "SERVE_TOKEN", SERVE_TOKEN=token) as server:
        tab.goto(server.url)
        tab.wait_for_selector("#access:not([hidden])")
        for typed in ("not-the-token-at-all", token):
            tab.locator("#token").fill(typed)
            tab.keyboard.press("Enter")
            if typed != token:
                expect(tab.locator("#error")).to_contain_text("token")
        tab.wait_for_selector("#ask:not([hidden])")
        assert tab.locator("#error").inner_text() == ""
        ask(tab, SCABIES, answers=1)
        tab.goto("about:blank")
        tab.goto(f"{server.url}#token={token}")
        tab.wait_for_selector("#ask:not([hidden])")
        assert tab.url == server.url
