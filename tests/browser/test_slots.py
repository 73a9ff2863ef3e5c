"""recommend.js in a real browser: slots filled safely and told once, and the page's own content where nothing comes."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.process import running
from shared.access import make_token
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Fields
from tests.browser.log import KEY, Log, Row
from tests.browser.site import site
from tests.browser.test_visit import LOOK_MS
from tests.browser.window import Window
from tests.privacy import SECRET

SIGNS = f"{SECRET}-signs-the-tokens-of-pages"
HOSTILE = """<img src=x onerror="hacked=1"></template><script>hacked=1</script>"&{name}"""
CARDS = "return document.querySelectorAll('[data-decision] > [data-item]').length"
FALLBACKS = "return document.querySelectorAll('.fallback').length"
ASKED = "return performance.getEntriesByType('resource').filter(one => one.name.endsWith('/recommendations')).length"
LINKS = "return [...document.querySelectorAll('#top [data-fact$=url]')].map(part => part.href || part.src || null)"
SCRIPTED = "return document.querySelectorAll('#top :is(script, [onerror], [onmouseover])').length"


def item(number: int, **facts: str | float) -> Fields:
    """Facts as the catalogue has them; the newest is shown first."""
    told = {"name": f"Item {number}", "category": "shoes", "price": 79.9, "currency": "EUR", **facts}
    return {"item_id": f"i{number}", "published_at": datetime.now(UTC) - timedelta(days=number), **told}


async def write(data: Path, *items: Fields) -> None:
    """Straight into the store, past every check of facts."""
    documents = EmbeddedDocuments(data / "documents.sqlite", timedelta(seconds=5))
    await documents.merge("items", {str(one["item_id"]): one for one in items})
    await documents.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Log]:
    """A stack whose senders need keys and whose pages need tokens."""
    settings = {"ATTUNE_WRITE_KEYS": KEY, "ATTUNE_TOKEN_SECRETS": SIGNS}
    with running("embedded", tmp_path / "data", settings=settings) as stack:
        yield Log(stack, tmp_path / "data")


def tags(log: Log, **attributes: str) -> str:
    """The script tags of the README."""
    given = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    who = '<script>window.attune = [["identify", "ann"]]</script>' if "token" in attributes else ""
    return f'{who}{log.tag().replace("async", "defer")}<script src="{log.url}/recommend.js" {given} defer></script>'


def token(user_id: str = "ann", age: timedelta = timedelta()) -> str:
    return make_token(SIGNS, user_id, None, datetime.now(UTC) - age, timedelta(minutes=15))


def test_slots_are_filled_and_told_once(window: Window, shop: Log, tmp_path: Path) -> None:
    with site(tags(shop, token=token(), context="home")) as origin:
        asyncio.run(
            write(
                tmp_path / "data",
                item(0, url=f"{origin}/item.html?id=i0", image_url=f"{origin}/film.wav"),
                *(item(number) for number in range(1, 5)),
            )
        )
        window.open(f"{origin}/slots.html")
        window.wait(f"{CARDS} === 5")
        assert window.run(FALLBACKS) == 0
        assert window.run(ASKED) == 1
        window.pause(LOOK_MS)
        assert window.driver.save_screenshot(str(tmp_path / "slots.png"))
        for _ in range(2):
            window.click("[data-item=i1]")
            window.pause(600)
        window.click("[data-item=i2] .add")
        window.run("history.pushState({}, '', '?again')")
        window.pause(LOOK_MS)
        window.wheel(5_000)
        window.pause(LOOK_MS)
        window.wheel(-5_000)
        window.click("[data-item=i0] a")
        window.wait("return location.pathname === '/item.html' && Boolean(window.attune && attune.track)")
        window.delivered()
        window.leave()
    rows = shop.rows(expected=13)
    answers = [row for row in rows if row["decision_id"]]
    [decision] = {row["decision_id"] for row in answers}
    assert shown(answers, "impression") == [("home-more", "i3"), ("home-more", "i4"), *top("i0", "i1", "i2")]
    assert shown(answers, "click") == top("i0", "i1")
    assert shown(answers, "add_to_cart") == top("i2")
    assert {row["category"] for row in answers} == {"shoes"}
    assert {row["user_id"] for row in answers} == {"ann"}
    warehouse = EmbeddedWarehouse(tmp_path / "data" / "warehouse.duckdb")
    [logged] = warehouse.query("SELECT decision_id, user_id, context FROM decisions").to_pylist()
    warehouse.close()
    assert (logged["decision_id"], logged["user_id"], logged["context"]) == (decision, "ann", "home")


def top(*item_ids: str) -> list[tuple[str, str]]:
    return [("home-top", one) for one in item_ids]


def shown(rows: list[Row], kind: str) -> list[tuple[str, str]]:
    return sorted((row["slot"], one) for row in rows if row["kind"] == kind for one in row["item_ids"])


def test_hostile_facts_are_text(window: Window, shop: Log, tmp_path: Path) -> None:
    """What collect would have refused as well: an address that is a script."""
    script = "javascript:hacked=1"
    with site(tags(shop, token=token())) as origin:
        asyncio.run(
            write(
                tmp_path / "data",
                item(0, name=HOSTILE, category=HOSTILE, url=script, image_url=script),
                item(
                    1,
                    url=f'{origin}/plain.html?"onmouseover="hacked=1',
                    image_url="data:text/html,<script>hacked=1</script>",
                ),
            )
        )
        window.open(f"{origin}/slots.html")
        window.wait(f"{CARDS} === 2")
        window.pause(300)
        assert window.run("return window.hacked") is None
        assert window.run("return document.querySelector('[data-item=i0] b').textContent") == HOSTILE
        assert window.run(SCRIPTED) == 0
        assert window.run(LINKS) == [None, None, None, f"{origin}/plain.html?%22onmouseover=%22hacked=1"]
        window.click("[data-item=i0] a")
        window.pause(300)
        assert window.run("return window.hacked") is None
        assert window.run(FALLBACKS) == 1  # there was nothing left for the other slot
        window.delivered()
        window.leave()


def test_where_no_answer_comes_the_page_keeps_its_own(window: Window, shop: Log, tmp_path: Path) -> None:
    asyncio.run(write(tmp_path / "data", item(0)))
    for bad in (token("bob")[:-2], token(age=timedelta(hours=1)), ""):
        with site(tags(shop, token=bad)) as origin:
            window.open(f"{origin}/slots.html")
            window.wait(ASKED)
            assert_untouched(window)
    with site(tags(shop, token=token())) as origin, window.unreachable("*/v1/recommendations"):
        window.open(f"{origin}/slots.html")
        assert_untouched(window)


def assert_untouched(window: Window) -> None:
    window.pause(300)
    assert window.run(FALLBACKS) == 2
    assert window.run(CARDS) == 0
    assert window.run("return document.querySelectorAll('[data-decision]').length") == 0
    window.leave()


def test_without_a_token_it_asks_about_whom_the_collector_knows(window: Window, tmp_path: Path) -> None:
    with running("embedded", tmp_path / "data") as stack:
        log = Log(stack, tmp_path / "data")
        asyncio.run(write(tmp_path / "data", *(item(number) for number in range(5))))
        with site(tags(log, item_ids="i1,i2", context="item")) as origin:
            window.open(f"{origin}/slots.html")
            window.wait(f"{CARDS} === 3")
            device = window.run("return attune.ids().anonymous_id")
            window.delivered()
            window.leave()
        log.rows(expected=1)
    warehouse = EmbeddedWarehouse(tmp_path / "data" / "warehouse.duckdb")
    [logged] = warehouse.query("SELECT anonymous_id, looking_at FROM decisions").to_pylist()
    warehouse.close()
    assert (logged["anonymous_id"], logged["looking_at"]) == (device, ["i1", "i2"])
