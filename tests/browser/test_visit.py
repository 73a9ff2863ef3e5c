"""A visit to a shop, really clicked, scrolled, played and submitted: each fact is in the log with the right numbers."""

import json

import pytest

from tests.browser.log import Log, Row, kinds, one
from tests.browser.site import FILM_S, site
from tests.browser.window import Window

LOOK_MS = 1_500
"""A look long enough for an impression, which takes a second."""

DEPTH = "return (scrollY + innerHeight) / document.documentElement.scrollHeight"


def properties(row: Row) -> dict[str, object]:
    found: dict[str, object] = json.loads(row["properties"])
    return found


def test_a_list_of_items(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/index.html?utm_source=mail&utm_campaign=spring")
        window.pause(LOOK_MS)
        window.click("#add-p1")
        window.click("#keep-p2")
        window.click("#dismiss-p3")
        window.click("#cart-p3")
        window.click("#framework")
        top = window.run(DEPTH)
        window.wheel(5_000)
        depth = window.run(DEPTH)
        window.pause(LOOK_MS)
        window.click("#hat", times=2)
        window.delivered()
        window.leave()
    rows = log.rows(expected=12)
    assert kinds(rows) == sorted(
        ["page_view", "add_to_cart", "bookmark", "dismiss", "remove_from_cart", "click", "dwell", "scroll"]
        + 4 * ["impression"]
    )
    assert len({row["anonymous_id"] for row in rows}) == 1
    assert {row["user_id"] for row in rows} == {None}
    for row in rows:
        context = row["context"]
        assert (context["source"], context["device_type"], context["campaign"]) == ("collector", "desktop", "spring")
        assert context["page_url"] == f"{shop}/index.html?utm_source=mail&utm_campaign=spring"
        assert context["locale"].startswith("en")
        assert "Chrome" in context["user_agent"]
    assert len({row["context"]["session_id"] for row in rows}) == 1
    first, last = rows[0], rows[-1]
    apart = (last["occurred_at"] - first["occurred_at"]).total_seconds()
    assert last["context"]["session_duration_s"] == pytest.approx(apart, abs=0.05)

    home = {"decision_id": "d-7", "slot": "home-top"}
    one(rows, "impression", item_ids=["p1", "p2"], category="shoes", **home)
    one(rows, "impression", item_ids=["p3"], category="socks", **home)
    one(rows, "impression", item_ids=["p3"], category=None, decision_id=None, slot=None)
    one(rows, "impression", item_ids=["p4", "p5"], category="hats", decision_id=None, slot=None)
    one(rows, "add_to_cart", item_ids=["p1"], category="shoes", value=159.8, currency="EUR", quantity=2.0, **home)
    one(rows, "bookmark", item_ids=["p2"], category="shoes", **home)
    one(rows, "dismiss", item_ids=["p3"], category="socks", **home)
    one(rows, "remove_from_cart", item_ids=["p3"], decision_id=None)
    one(rows, "click", item_ids=["p4"], category="hats", decision_id=None)
    assert 0 < top < depth
    assert one(rows, "scroll")["scroll_depth"] == pytest.approx(depth, abs=1e-3)


def test_an_item_its_film_and_its_forms(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/index.html")
        window.type("#email", "ann@example.com")
        window.click("#subscribe")
        window.wait(
            "return performance.getEntriesByType('navigation').length && !document.querySelector('#email').value"
        )
        window.wait("return Boolean(window.attune && attune.track)")
        window.click("#open-p2")
        window.wait("return Boolean(window.attune && attune.track && window.film)")
        window.type("#review textarea", "my secret thoughts")
        window.click("#send")
        window.click("#buy")
        window.click("#share")
        window.click("#play")
        window.wait("return film.ended && film.dataset.jumped")
        again_ms = window.run("film.currentTime = 0; film.play(); return Date.now()")
        window.wait("return film.played.length === 1 && film.ended")
        window.delivered()
        window.leave()
    rows = log.rows(expected=17)
    of_item = [row for row in rows if "item.html" in row["context"]["page_url"]]
    assert kinds(of_item) == sorted(
        ["page_view", "item_view", "comment", "add_to_cart", "share", "video_play", "dwell"] + 4 * ["custom"]
    )
    assert all(
        row["item_ids"] == ["p2"] and row["category"] == "shoes" for row in of_item if row["kind"] != "page_view"
    )
    assert one(of_item, "page_view")["item_ids"] in ([], None)
    assert {row["context"]["referrer"] for row in of_item} == {f"{shop}/index.html"}
    assert properties(one(rows, "form_submit")) == {"form": "newsletter"}
    assert properties(one(rows, "comment")) == {"form": "review"}
    one(rows, "add_to_cart", value=129.0, currency="EUR", quantity=1.0)
    assert properties(one(rows, "video_play")) == {"video": "film"}
    progress = [properties(row) for row in rows if row["kind"] == "custom"]
    assert progress == [{"name": "video_progress", "video": "film", "progress": share} for share in (25, 50, 75, 100)]
    seen = [row for row in rows if row["kind"] == "custom"][-1]
    assert seen["occurred_at"].timestamp() * 1e3 >= again_ms
    assert one(of_item, "dwell")["dwell_s"] > FILM_S
    one(rows, "click", item_ids=["p2"], decision_id="d-7")
    assert "secret" not in str(rows)
    assert "ann@" not in str(rows)


def test_a_quick_exit_is_one_only_when_nothing_was_done(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/item.html")
        window.leave()
        window.open(f"{shop}/item.html")
        window.click("#share")
        window.leave()
        window.open(f"{shop}/plain.html")
        window.delivered()
        window.leave()
    rows = log.rows(expected=9)
    exits = [row for row in rows if row["kind"] == "dwell" and "item.html" in row["context"]["page_url"]]
    assert [row["item_ids"] or [] for row in exits] == [["p2"], []]
    assert all(0 < row["dwell_s"] < 5 for row in exits)


def test_an_application_of_one_page(window: Window, log: Log) -> None:
    """Each address is a page view with its own item and dwell, though what it shows is drawn later."""
    with site(log.tag()) as shop:
        window.open(f"{shop}/application.html")
        for button, item in (("#go-a", "a"), ("#go-b", "b"), ("#go-list", None)):
            window.click(button)
            window.wait(f"return (document.body.dataset.pageItem || null) === {json.dumps(item)}")
            window.pause(LOOK_MS)
        window.run("history.back()")
        window.wait("return document.body.dataset.pageItem === 'b'")
        window.pause(LOOK_MS)
        window.delivered()
        window.leave()
    rows = log.rows(expected=14)
    paths = [row["context"]["page_url"].removeprefix(f"{shop}/application.html") for row in rows]
    by_kind = [(row["kind"], path, row["item_ids"] or []) for row, path in zip(rows, paths, strict=True)]
    views = [(path, ids) for kind, path, ids in by_kind if kind == "page_view"]
    assert views == [("", []), ("?item=a", []), ("?item=b", []), ("", []), ("?item=b", [])]
    items = [(path, ids) for kind, path, ids in by_kind if kind == "item_view"]
    assert items == [("?item=a", ["a"]), ("?item=b", ["b"]), ("?item=b", ["b"])]
    dwells = [(path, ids) for kind, path, ids in by_kind if kind == "dwell"]
    assert dwells == [("", []), ("?item=a", ["a"]), ("?item=b", ["b"]), ("", []), ("?item=b", ["b"])]
    assert [(path, ids) for kind, path, ids in by_kind if kind == "impression"] == [("", ["a", "b"])]
    referrers = [row["context"]["referrer"] or "" for row in rows if row["kind"] == "page_view"]
    assert [one.removeprefix(shop) for one in referrers[1:]] == [
        "/application.html",
        "/application.html?item=a",
        "/application.html?item=b",
        "/application.html",
    ]
