"""A real browser for tests of pages: Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "JMLR_TEST_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium(own: str) -> str | None:
    """The Chromium that the variable names, that is on the path, or that Playwright itself brought (``own``)."""
    found = [os.environ.get(VARIABLE), *map(shutil.which, NAMES), own if Path(own).exists() else None]
    return next(filter(None, found), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium. Skips where Playwright or every Chromium is missing.

    Not kept for the whole session: Playwright keeps an event loop running, and no other test could start its own.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        if path is None:
            pytest.skip(f"no Chromium here: install one (apt-get install chromium), or name it in {VARIABLE}")
        # as root, which continuous integration often is, Chromium does not start its sandbox
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A new tab with nothing kept from any other; the test fails when a script in it did."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(error))  # Playwright takes no bound method of a list
    yield page
    context.close()
    assert not errors, errors
