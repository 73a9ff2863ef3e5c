"""Consent: nothing sent and nothing stored before it where it is asked for, and nothing kept after a refusal."""

from tests.browser.log import Log, kinds, one
from tests.browser.site import site
from tests.browser.window import Window

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
"""What a browser with Global Privacy Control shows to pages."""


def do_things(window: Window) -> None:
    window.click("#add-p1")
    window.wheel(400)
    window.run("attune.identify('ann'); attune.track('search', { category: 'shoes' })")
    window.pause(1_300)


def test_where_consent_is_required_nothing_happens_before_it(window: Window, log: Log) -> None:
    with site(log.tag('data-consent="required"')) as shop:
        window.open(f"{shop}/index.html")
        do_things(window)
        assert (window.stored(), window.sent(), window.run("return attune.ids()")) == ([], 0, {})
        window.open(f"{shop}/plain.html")
        assert window.stored() == []
        window.run("attune.consent(['personalization', 'analytics'])")
        window.click("#keep")
        window.delivered()
        window.leave()
    rows = log.rows(expected=4)
    assert kinds(rows) == ["bookmark", "consent", "dwell", "page_view"]
    assert {tuple(row["consent"]) for row in rows} == {("personalization", "analytics")}
    assert {row["user_id"] for row in rows} == {None}


def test_a_refusal_ends_everything_and_is_the_last_thing_told(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        window.click("#share")
        window.delivered()
        window.run("attune.consent([])")
        window.click("#share")
        window.pause(500)
        assert window.stored() == ["attune.consent"]
        window.open(f"{shop}/index.html")
        do_things(window)
        assert (window.stored(), window.sent()) == (["attune.consent"], 0)
        window.leave()
    rows = log.rows(expected=3)
    assert kinds(rows) == ["consent", "page_view", "share"]
    assert one(rows, "consent")["consent"] == ["none"]
    assert one(rows, "share")["consent"] in (None, [])


def test_global_privacy_control_is_a_no_until_consent_is_given_under_it(window: Window, log: Log) -> None:
    with site(log.tag()) as shop:
        window.open(f"{shop}/plain.html")
        window.run("attune.consent(['personalization'])")
        window.delivered()
        with window.on_every_page(GPC):
            window.open(f"{shop}/index.html")
            before = window.stored()
            do_things(window)
            assert (window.stored(), window.sent()) == (before, 0)
            window.open(f"{shop}/plain.html")
            window.run("attune.consent(['personalization'])")
            window.click("#keep")
            window.delivered()
            window.leave()
    rows = log.rows(expected=7)
    assert kinds(rows) == ["bookmark", "consent", "consent", "dwell", "dwell", "page_view", "page_view"]
