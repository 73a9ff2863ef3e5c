"""The Sankey picture in a real browser: every label can be read, by day and by night."""

from pathlib import Path
from typing import Any

import pytest

from shared.models.paths import CONVERTED, LEFT, OTHER, Flow
from tests.browser.window import Window
from training.paths.sankey import draw

LONG = "/a/very/long/path/that/nobody/would/like/to/read/in/full"
STATES = (
    LONG,
    "/WWWWWWWWWWWWWWWWWWWWWWWW",
    "/ünïcödé/商品/一覧/ページ/特集/全部",
    '<b>&"quoted"</b>',
    "/cart",
    "/hats/*",
    "/x",
    OTHER,
)
LAID_OUT = """
const all = [...document.querySelectorAll('text')].map(text => {
  const box = text.getBoundingClientRect();
  return {told: text.textContent, left: box.left, top: box.top, right: box.right, bottom: box.bottom};
});
const whole = document.documentElement.getBoundingClientRect();
return {all, width: whole.width, height: whole.height};
"""
COLOURS = """
const ground = getComputedStyle(document.querySelector('.ground')).fill;
return [ground, getComputedStyle(document.querySelector('text')).fill];
"""


def flows(tiny: bool) -> list[Flow]:
    """From every state of every step to every other: many visits, or so few that nodes are thinner than labels."""
    return [
        Flow(place, state, to, 1 if tiny and number else 12_345_678 // (number + 1))
        for place in range(1, 6)
        for number, state in enumerate(STATES)
        for to in (*(STATES if place < 5 else ()), LEFT, CONVERTED)
        if to != state
    ]


@pytest.mark.parametrize("tiny", [False, True])
def test_no_label_meets_another_or_leaves_the_picture(window: Window, tmp_path: Path, tiny: bool) -> None:
    picture = tmp_path / "paths.svg"
    picture.write_text(draw(flows(tiny), "Paths: 12,345,678 visits by pages, step by step"), encoding="utf-8")
    window.driver.get(picture.as_uri())
    found: dict[str, Any] = window.run(LAID_OUT)
    labels = found["all"]
    assert len(labels) == 1 + 6 + 5 * len(STATES) + 5 * 2, "title, columns, states of five steps, ends of five"
    for place, one in enumerate(labels):
        assert 0 <= one["left"] < one["right"] <= found["width"], one
        assert 0 <= one["top"] < one["bottom"] <= found["height"], one
        for other in labels[place + 1 :]:
            beside = one["right"] <= other["left"] or other["right"] <= one["left"]
            below = one["bottom"] <= other["top"] + 1 or other["bottom"] <= one["top"] + 1
            assert beside or below, (one, other)


def test_it_is_dark_where_people_want_it_dark(window: Window, tmp_path: Path) -> None:
    picture = tmp_path / "paths.svg"
    picture.write_text(draw(flows(False), "Paths"), encoding="utf-8")
    seen = {}
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        window.driver.get(picture.as_uri())
        seen[scheme] = [sum(map(int, colour[4:-1].split(","))) / 3 for colour in window.run(COLOURS)]
    window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert seen["light"][0] - seen["light"][1] > 180 < seen["dark"][1] - seen["dark"][0], seen
