"""Segment's analytics.js 2 in a browser, pointed at Attune by its host name alone: every event once, whatever fails."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.browser.log import KEY, PATIENCE_S, Log
from tests.browser.site import site
from tests.browser.window import Window
from tests.clients.browser.faults import LOST, faulty

EVENTS = 150
LEFT = 7
"""Fewer than the client sends as a batch before its time."""

START = """
  const [url, key, options, done] = arguments;
  start(url, key, options).then(() => done("ready"));
"""
TRACK = """
  const [first, count, done] = arguments;
  for (let n = first; n < first + count; n++)
    analytics.track("Product Added", { product_id: "p" + n % 7, price: 2.5, quantity: 2, currency: "EUR", n });
  done();
"""
OTHERS = """
  const done = arguments[0];
  analytics.page("Home", { section: "top" });
  analytics.identify("ann", { plan: "pro" });
  analytics.group("acme", { seats: 3 });
  analytics.alias("ann-2");
  done();
"""


def load(window: Window, page: str, url: str, options: dict[str, Any]) -> None:
    window.driver.set_script_timeout(PATIENCE_S)
    window.driver.get(page)
    assert window.driver.execute_async_script(START, url, KEY, options) == "ready"


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(json.loads(row["properties"])["n"] for row in rows if row["kind"] == "add_to_cart")


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, [429, 503, 429, 503, 500]),
        ({"integrations": {"Segment.io": {"deliveryStrategy": {"strategy": "batching"}}}}, [503, 429]),
    ],
    ids=["one by one", "batching"],
)
def test_hundreds_of_events_through_faults(
    window: Window, log: Log, node_modules: Path, options: dict[str, Any], faults: list[int]
) -> None:
    umd = node_modules / "@segment/analytics-next/dist/umd"
    with faulty(log.url, faults) as network, site("", Path(__file__).parent, umd) as shop:
        load(window, f"{shop}/segment.html", network.url, options)
        window.driver.execute_async_script(OTHERS)
        window.driver.execute_async_script(TRACK, 0, EVENTS)
        log.await_taken(EVENTS)
        # Left: what is still queued goes out with the page, or waits in the browser for the next one.
        window.driver.execute_async_script(TRACK, EVENTS, LEFT)
        window.pause(100)  # the client hands an event on from plugin to plugin before it keeps it
        window.leave()
        load(window, f"{shop}/segment.html", network.url, options)
        rows = log.rows(expected=EVENTS + LEFT + 4)
        window.leave()
    assert network.met == Counter(faults)
    assert numbers(rows) == list(range(EVENTS + LEFT))
    added = [row for row in rows if row["kind"] == "add_to_cart"]
    assert {(row["currency"], row["quantity"], row["context"]["source"]) for row in added} == {("EUR", 2.0, "segment")}
    assert len([row for row in rows if row["kind"] == "page_view"]) == 1
    assert [row["user_id"] for row in rows if row["kind"] == "identify"][:1] == ["ann"]


def test_an_answer_that_is_lost_does_not_count_twice(window: Window, log: Log, node_modules: Path) -> None:
    umd = node_modules / "@segment/analytics-next/dist/umd"
    with faulty(log.url, [LOST, LOST]) as network, site("", Path(__file__).parent, umd) as shop:
        load(window, f"{shop}/segment.html", network.url, {})
        window.driver.execute_async_script(TRACK, 0, 20)
        rows = log.rows(expected=20)
        window.leave()
    assert network.met == {LOST: 2}
    assert numbers(rows) == list(range(20))
