"""Delivery: offline, refused, faulty, abandoned. Each event is in the log, and counts once."""

import json

from tests.browser.log import Log, kinds, one
from tests.browser.site import site
from tests.browser.window import Window
from tests.clients.browser.faults import LOST, faulty

PLAY = """
  for (let level = arguments[0]; level < arguments[0] + 100; level++)
    attune.track("Level Done", { level, value: "2.5", item_id: "p1" });
"""


def test_what_happens_offline_survives_a_reload(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        page = f"{shop}/plain.html"
        window.open(page)
        window.delivered()
        with window.offline():
            window.click("#share")
            window.click("#keep")
            window.pause(800)
            assert window.queued() == 2
            window.leave()  # the page is gone; what it could not send is still there
        window.open(page)
        window.delivered()
        window.leave()
    rows = log.rows(expected=6)
    assert kinds(rows) == ["bookmark", "dwell", "dwell", "page_view", "page_view", "share"]
    assert one(rows, "share")["occurred_at"] < one(rows, "share")["received_at"]


def test_the_connection_coming_back_is_noticed(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        window.delivered()
        with window.offline():
            window.run(
                "for (let n = 0; n < 250; n++) attune.track('custom', { n, properties: { text: 'é'.repeat(90) } })"
            )
            assert window.queued() == 200  # the oldest give way
        window.delivered()
        window.leave()
    rows = log.rows(expected=202)
    assert kinds(rows) == ["custom"] * 200 + ["dwell", "page_view"]


def test_faults_are_waited_out_and_nothing_counts_twice(window: Window, log: Log) -> None:
    with faulty(log.url, [503, LOST, 429]) as faults, site(log.tag(endpoint=faults.url)) as shop:
        window.open(f"{shop}/plain.html")
        for start in (0, 100, 200):
            window.run(PLAY, start)
            window.delivered()
        assert faults.met == {503: 1, 429: 1, LOST: 1}
        window.leave()
    rows = log.rows(expected=302)
    assert kinds(rows) == ["custom"] * 300 + ["dwell", "page_view"]
    sent = [row for row in rows if row["kind"] == "custom"]
    assert {row["value"] for row in sent} == {2.5}
    levels = [json.loads(row["properties"]) for row in sent]
    assert sorted(level["level"] for level in levels) == list(range(300))
    assert {level["name"] for level in levels} == {"Level Done"}


def test_what_collect_refuses_is_not_sent_for_ever(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        window.run("attune.track('click', { currency: 'euro' })")
        window.run("attune.track('click', { item_id: 'p1', currency: 'EUR', value: 3 })")
        window.delivered()
        window.leave()
    rows = log.rows(expected=3)
    assert kinds(rows) == ["click", "dwell", "page_view"]


def test_who_logs_in_and_who_comes_after(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        first = window.run("return attune.ids()")
        for nobody in ("null", " Guest ", "000-0", "undefined"):
            window.run("attune.identify(arguments[0])", nobody)
        window.run("attune.identify('ann', { plan: 'pro' }); attune.track('click', { item_id: 'p1' })")
        ann = window.run("return attune.ids()")
        window.run("attune.identify('bob')")
        bob = window.run("return attune.ids()")
        window.run("attune.reset(); attune.track('click', { item_id: 'p2' })")
        last = window.run("return attune.ids()")
        window.delivered()
        window.leave()
    assert ann == {**first, "user_id": "ann"}
    assert len({first["anonymous_id"], bob["anonymous_id"], last["anonymous_id"]}) == 3
    rows = log.rows(expected=6)
    assert one(rows, "identify", user_id="ann")["anonymous_id"] == first["anonymous_id"]
    assert one(rows, "click", user_id="ann")["item_ids"] == ["p1"]
    assert one(rows, "identify", user_id="bob")["anonymous_id"] == bob["anonymous_id"]
    assert one(rows, "click", user_id=None)["anonymous_id"] == last["anonymous_id"]


def test_calls_made_before_the_script_has_come_are_not_lost(window: Window, log: Log) -> None:
    early = "<script>window.attune = window.attune || []; attune.push(['track', 'sign_up', { value: 1 }])</script>"
    with site(early + log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        window.run("attune.push(['track', 'comment', { item_id: 'p1' }])")
        window.delivered()
        window.leave()
    assert kinds(log.rows(expected=4)) == ["comment", "dwell", "page_view", "sign_up"]
