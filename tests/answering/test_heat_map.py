"""Which token matched which, as a picture."""

from __future__ import annotations

import pytest

from jmlr_cli.answering.heat_map import draw_heat_maps, heat_map
from jmlr_cli.contracts.values import Hit, Passage, TokenMatch
from jmlr_cli.errors import InputError

QUERY = "gout $x$ drug"
PASSAGE = Passage("p", "gout.md", "Gout", "Colchicine treats gout.", 0)
HIT = Hit(1, 2.6, PASSAGE)
WORD = {word: (PASSAGE.content.index(word), PASSAGE.content.index(word) + len(word)) for word in ("Colchicine", "gout")}
MATCHES = [
    TokenMatch((0, 0), (0, 0), 0.5),
    TokenMatch((9, 13), WORD["Colchicine"], 0.7),
    TokenMatch((0, 4), WORD["gout"], 0.9),
    TokenMatch((5, 8), (0, 0), 0.4),
    TokenMatch((0, 0), WORD["gout"], 0.1),
]


def test_rows_and_columns_follow_the_texts_and_the_sums_make_the_score():
    shown = heat_map(QUERY, HIT, MATCHES)
    assert shown.rows == ("gout", "$x$", "drug")
    assert shown.columns == ("[marker]", "Colchicine", "gout")
    assert shown.cells == {(0, 2): 0.9, (1, 0): 0.4, (2, 1): 0.7}
    assert sum(shown.cells.values()) + shown.beside == pytest.approx(HIT.score)


def test_the_picture_is_a_png_as_high_as_there_are_passages(tmp_path):
    from matplotlib.image import imread

    draw_heat_maps(QUERY, [HIT], [MATCHES], tmp_path / "one.png")
    draw_heat_maps(QUERY, [HIT, HIT, HIT], [MATCHES, None, MATCHES], tmp_path / "two.png")
    one, two = imread(tmp_path / "one.png"), imread(tmp_path / "two.png")
    assert two.shape[0] > 1.5 * one.shape[0]
    assert one.min() < 0.5  # something dark is drawn


def test_what_cannot_be_drawn_is_said(tmp_path):
    with pytest.raises(InputError, match="does not score a passage by token matches"):
        draw_heat_maps(QUERY, [HIT], [None], tmp_path / "none.png")
    with pytest.raises(InputError, match="no passage was found"):
        draw_heat_maps(QUERY, [], [], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
