"""The page: one HTML file that asks nothing of any network, and in which no text of the data can become markup or script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from jmlr_cli import __version__
from jmlr_cli.report.content import Report
from jmlr_cli.report.kept import Evaluation
from jmlr_cli.report.pictures import Picture
from jmlr_cli.report.tables import compared_table, pairs_table, systems_table

if TYPE_CHECKING:
    from jinja2 import Template

ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""What could end a ``<script>`` element or a line of script, as JSON's own escapes. Outside texts JSON has none of them."""


def render_page(report: Report, pictures: Sequence[Picture]) -> str:
    """The whole page. Tables and pictures stand in it as markup, the questions as data that its script shows in slices."""
    from markupsafe import Markup

    style, script = _own("page.css"), _own("page.js")
    return _template().render(
        report=report,
        title=title_of(report),
        counted=counted(report),
        version=__version__,
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(data_json(report.as_json())),
        systems=systems_table(report.evaluations) if report.evaluations else None,
        comparisons=[
            (compared_table(each.found, report.evaluations), pairs_table(each.found), each.found.warnings)
            for each in report.comparisons
        ],
        made=[(f"S{n} {each.name}", _spelt_out(each)) for n, each in enumerate(report.evaluations, start=1)],
        pictures=[(picture, Markup(picture.svg)) for picture in pictures],
    )


def title_of(report: Report) -> str:
    """What the report is of: its question set, or the task of its first comparison."""
    if report.evaluations:
        return report.evaluations[0].made_by.questions.name
    return report.comparisons[0].found.task or "comparison"


def counted(report: Report) -> str:
    """How much there is: ``2 evaluations of 273 questions, 1 comparison``."""
    evaluations, comparisons = len(report.evaluations), len(report.comparisons)
    parts = [f"{_several(evaluations, 'evaluation')} of {_several(len(report.questions), 'question')}"] if evaluations else []
    return ", ".join([*parts, *([_several(comparisons, "comparison")] if comparisons else [])])


def policy(style: str, script: str) -> str:
    """The page's content security policy: its own style and its own script, by their hashes, and nothing else.
    ``require-trusted-types-for`` forbids the script, too, to make markup of a text."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def data_json(value: dict[str, Any]) -> str:
    """``value`` as JSON that can stand in a ``<script>`` element, whatever its texts hold."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _spelt_out(evaluation: Evaluation) -> str:
    """What made an evaluation, every value, as YAML."""
    made = {key: evaluation.record[key] for key in ("finished", "made_by") if key in evaluation.record}
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=110)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(_own("page.html"))
