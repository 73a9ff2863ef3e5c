"""True dwell: the time in sight and in focus, held against the shop's own record of the same page."""

import json
from itertools import pairwise

import pytest

from tests.browser.log import Log, one
from tests.browser.site import site
from tests.browser.window import Window

TOLERANCE_S = 0.1
"""The two records begin within the same load of the page, not within the same line of script."""


def engaged_s(ledger: list[tuple[float, bool]]) -> float:
    """The time between entries that began in sight and in focus."""
    spells = pairwise(ledger)
    return sum(end - start for (start, is_engaged), (end, _) in spells if is_engaged) / 1e3


def test_only_the_time_in_sight_and_in_focus_counts(window: Window, log: Log) -> None:
    with site(log.tag(attributes='onload="note()"')) as shop:
        window.open(f"{shop}/item.html?id=p2")
        window.pause(600)
        with window.another_tab():
            window.pause(1_500)
        window.pause(700)
        with window.another_tab("window"):
            window.pause(500)
        window.pause(300)
        window.driver.get(f"{shop}/shop.css")
        ledger = json.loads(window.run("return sessionStorage.getItem('ledger')"))
        window.open(f"{shop}/plain.html")
        window.delivered()
        window.leave()
    rows = log.rows(expected=5)
    expected, whole = engaged_s(ledger), (ledger[-1][0] - ledger[0][0]) / 1e3
    assert 1.5 < expected < whole - 1.4
    dwell = one([row for row in rows if "item.html" in row["context"]["page_url"]], "dwell")
    assert dwell["dwell_s"] == pytest.approx(expected, abs=TOLERANCE_S)
    assert dwell["item_ids"] == ["p2"]


def test_a_tab_opened_in_the_background_is_no_view_until_it_is_seen(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        window.run("window.open('/item.html?id=p2', 'later')")
        here, *others = window.driver.window_handles
        window.driver.switch_to.window(here)
        window.delivered()
        for other in others:
            window.driver.switch_to.window(other)
            window.wait("return Boolean(window.attune && attune.track)")
            window.wait("return document.visibilityState === 'visible'")
            window.delivered()
            window.driver.close()
        window.driver.switch_to.window(here)
        window.wait("return document.hasFocus()")
        window.leave()
    rows = log.rows(expected=5)
    dwells = [row["context"]["page_url"].removeprefix(shop) for row in rows if row["kind"] == "dwell"]
    assert sorted(dwells) == ["/item.html?id=p2", "/plain.html"]
    assert len([row for row in rows if row["kind"] == "page_view"]) == 2
    assert len({row["context"]["session_id"] for row in rows}) == 1
