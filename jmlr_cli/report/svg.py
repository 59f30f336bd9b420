"""A matplotlib figure becomes SVG that stands in a page: no style sheet, no ids that clash, the page's own text colour."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.etree import _Element
    from matplotlib.figure import Figure

INK = "#010203"
"""What axes and texts are drawn with: the colour of the page's text takes its place, in light and in dark."""

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
FONT_SIZE = 9
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # texts stay texts: they can be selected, and read aloud
    "svg.hashsalt": "jmlr",  # the same figure gives the same file
    "text.parse_math": False,  # a $ in a subset's name is a $
    "font.size": FONT_SIZE,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""The settings under which a figure for a page is made and drawn."""


def page_svg(figure: Figure, name: str, title: str) -> str:
    """``figure`` as an ``<svg>`` element. ``name`` begins its ids, ``title`` is what a screen reader calls it.

    Every ``style`` becomes attributes, for the page's policy forbids styles that are not its own; fonts are the page's.
    """
    from lxml import etree

    drawn = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the browser has the glyphs that matplotlib's font lacks
        figure.savefig(drawn, format="svg", transparent=True)
    root = etree.fromstring(drawn.getvalue(), etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    for element in [*root.iter(f"{SVG}style"), *root.iter("{*}metadata")]:
        element.getparent().remove(element)
    for element in root.iter():
        _attributes_for_style(element)
        _qualify(element, name)
    _name_root(root, name, title)
    return etree.tostring(root, encoding="unicode", with_tail=False)


def label(text: str, longest: int = 40) -> str:
    """``text`` as a figure can show it: on one line, no control characters, not too long."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _attributes_for_style(element: _Element) -> None:
    style = element.attrib.pop("style", "")
    for part in filter(None, (each.strip() for each in style.split(";"))):
        key, _, value = part.partition(":")
        if not key.startswith("font"):
            element.set(key.strip(), value.strip())
    for key, value in element.attrib.items():
        if value == INK:
            element.set(key, "currentColor")


def _qualify(element: _Element, name: str) -> None:
    """Begin the element's id, and the ids that it refers to, with ``name``."""
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.get('id')}")
    reference = element.attrib.pop(HREF, None)
    if reference is not None:
        element.set("href", reference.replace("#", f"#{name}-", 1))
    for key, value in element.attrib.items():
        if value.startswith("url(#"):
            element.set(key, value.replace("url(#", f"url(#{name}-", 1))


def _name_root(root: _Element, name: str, title: str) -> None:
    from lxml import etree

    for key in ("width", "height"):
        root.attrib.pop(key, None)
    named = etree.Element(f"{SVG}title", id=f"{name}-title")
    named.text = title
    root.insert(0, named)
    settings = {"role": "img", "aria-labelledby": f"{name}-title", "font-size": str(FONT_SIZE), "stroke-linejoin": "round"}
    for key, value in settings.items():
        root.set(key, value)
