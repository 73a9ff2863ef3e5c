"""profiles over HTTP: shows, explains, unmerges, quarantines, rebuilds; and takes what is asked on topic `refolds`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

import refolding.deliver
import refolding.refold
from infra.local.bridge import to_row
from infra.local.layout import ROOT
from shared import wiring
from shared.access import make_token
from shared.events.event import Event, encode_event
from shared.models.artifact import pack_model
from shared.models.propensity_features import WORDS
from shared.profiles import refolds, tombstones
from shared.profiles.record import COLLECTION, unpack
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Warehouse
from tests.functions.conftest import Serve
from tests.functions.test_update_profile import push
from tests.privacy import WRITE_KEY
from training.propensity.arrays import Rows
from training.propensity.calibration import fit_calibration
from training.propensity.learn import Fit
from training.propensity.learners import LogisticLearner
from training.propensity.publishing import to_model

NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=3)
URL = "/v1/profiles"


def make(number: int, user_id: str | None = "ann", anonymous_id: str | None = None, **more: Any) -> Event:
    fields: dict[str, Any] = {
        "event_id": f"e{number}",
        "kind": "item_view",
        "occurred_at": START + timedelta(minutes=number),
        "received_at": NOW,
        "item_ids": (f"i{number % 3}",),
        "category": "shoes" if number % 2 else "hats",
    }
    return Event(user_id=user_id, anonymous_id=anonymous_id, **(fields | more))


@pytest.fixture
def log(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The log's tables. A refold asks it once: in these tests nothing is on its way there."""
    monkeypatch.setattr(refolding.refold.Refolder.__init__, "__defaults__", ((0.0,),))
    monkeypatch.setattr(refolding.deliver, "SETTLE_S", 0.0)
    warehouse = wiring.warehouse(wiring.settings())
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
    return warehouse


async def live(serve: Serve, log: Warehouse | None, events: Sequence[Event]) -> None:
    """Deliver the events, and write them to the log, if that is given."""
    async with serve("update_profile") as client:
        for event in events:
            assert (await client.post("/", json=push(encode_event(event)))).status_code == 204
    if log:
        log.append("events", [to_row(encode_event(event)) for event in events])


async def ask(serve: Serve, path: str, status: int = 200, **query: Any) -> Any:
    async with serve("profiles") as client:
        answer = await client.get(URL + path, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


async def order(serve: Serve, action: str, status: int = 200, **body: Any) -> Any:
    async with serve("profiles") as client:
        answer = await client.post(f"{URL}/{action}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def state(documents: EmbeddedDocuments, person: str) -> bytes:
    document = await documents.get(COLLECTION, person)
    assert document
    found = document.fields["state"]
    assert isinstance(found, bytes)
    return found


async def test_a_profile_is_shown_to_whoever_may(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    await live(
        serve, None, [*(make(number) for number in range(4)), make(4, kind="purchase", value=9.5, currency="EUR")]
    )
    shown = await ask(serve, "/ann")
    assert (shown["person"], shown["user_id"], shown["persona"]) == ("u:ann", "ann", "newcomer")
    assert (shown["events"], shown["purchases"], shown["devices"], shown["quarantine"]) == (5, 1, 0, None)
    assert shown["last_seen"].startswith(f"{START + timedelta(minutes=4):%Y-%m-%dT%H:%M}")
    assert shown == await ask(serve, "", user_id="ann")
    assert (await ask(serve, "/bob", 404))["error"]
    monkeypatch.setenv("ATTUNE_WRITE_KEYS", "public")
    monkeypatch.setenv("ATTUNE_OPERATOR_KEYS", WRITE_KEY)
    wiring.settings.cache_clear()
    await ask(serve, "/ann", 401)
    await order(serve, "rebuild", 401)
    async with serve("profiles") as client:
        allowed = await client.get(f"{URL}/ann", headers={"authorization": f"Bearer {WRITE_KEY}"})
    assert allowed.status_code == 200


async def test_a_page_reads_the_profile_of_its_own_person(
    serve: Serve, log: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(serve, log, [make(1), make(2, "bob"), make(3, None, "phone"), make(4, None, "tablet")])
    await live(serve, log, [make(5, "bob", "tablet", kind="identify")])
    secret = "signs-the-tokens-of-pages" * 2
    monkeypatch.setenv("ATTUNE_API_KEYS", WRITE_KEY)
    monkeypatch.setenv("ATTUNE_TOKEN_SECRETS", secret)
    monkeypatch.setenv("ATTUNE_TOKEN_QUOTA", "7")
    wiring.settings.cache_clear()

    key = {"authorization": f"Bearer {WRITE_KEY}"}
    async with serve("profiles") as client:

        async def read(path: str, user_id: str | None = None, anonymous_id: str | None = None) -> httpx.Response:
            token = make_token(secret, user_id, anonymous_id, datetime.now(UTC), timedelta(minutes=5))
            headers = {"authorization": f"Bearer {token}", "origin": "https://shop.example"}
            return await client.get(URL + path, headers=headers)

        own = await read("", "ann")
        assert (own.status_code, own.json()["person"], "quarantine" in own.json()) == (200, "u:ann", False)
        assert own.headers["access-control-allow-origin"] == "https://shop.example"
        assert (await read("/ann", "ann", "phone")).json() == own.json()
        assert (await read("", None, "phone")).json()["person"] == "a:phone"
        assert (await read("", None, "tablet")).status_code == 404, "it is bob's, who may not be sitting at it"
        for other in ("/bob", "?user_id=bob", "?anonymous_id=tablet", "/nobody"):
            assert (await read(other, "ann")).status_code == 403
        assert (await read("/ann/explain", "ann")).status_code == 401
        assert (await client.options(URL, headers={"origin": "https://shop.example"})).status_code == 204
        assert (await client.get(f"{URL}/bob", headers=key)).json()["quarantine"] is None
        assert (await client.get(URL, headers=key)).status_code == 400
        assert (await client.post(f"{URL}/rebuild", json={}, headers=key)).status_code == 401
        assert (await client.get(f"{URL}/ann")).status_code == 401
        assert [(await read("", "bob")).status_code for _ in range(8)] == [200] * 7 + [429]


async def test_a_profile_shows_what_its_person_is_likely_to_do(serve: Serve, documents: EmbeddedDocuments) -> None:
    features = np.random.default_rng(1).lognormal(size=(400, len(WORDS)))
    rows = Rows(list(WORDS), features, (np.arange(400) % 2).astype(np.float64), np.arange(400))
    learned = LogisticLearner().fit(rows)
    fit = Fit(learned, fit_calibration(learned.log_odds(rows.features), rows.labels, "platt"))
    model = to_model(fit, rows, "a purchase", 7.0, 30.0)
    for name, version in (("conversion", "v1"), ("churn", "v2")):
        key, fields = pack_model(name, version, model)
        await documents.merge("models", {key: fields, "current": {name: version}})
    await live(serve, None, [make(number) for number in range(4)])
    await live(serve, None, [make(9, "old", occurred_at=NOW - timedelta(days=40))])
    told = (await ask(serve, "/ann"))["propensities"]
    assert list(told) == ["conversion", "churn"]
    assert 0 < told["conversion"]["probability"] < 1
    assert 0 <= told["conversion"]["percentile"] <= 99
    assert told["conversion"]["goal"] == "a purchase within 7 days"
    assert len(told["conversion"]["drivers"]) == 3
    assert (await ask(serve, "/old"))["propensities"] == {}, "whoever is away for long was not learned from"
    await order(serve, "quarantine", user_id="ann", why="a test")
    assert (await ask(serve, "/ann"))["propensities"] == {}


async def test_a_device_answers_as_its_user_unless_several_share_it(serve: Serve, log: Warehouse) -> None:
    anonymous = [make(number, None, "phone") for number in range(3)]
    await live(serve, log, anonymous)
    assert (await ask(serve, "", anonymous_id="phone"))["person"] == "a:phone"
    await live(serve, log, [make(10, "ann", "phone", kind="identify")])
    shown = await ask(serve, "", anonymous_id="phone")
    assert (shown["person"], shown["events"], shown["devices"]) == ("u:ann", 4, 1)
    await live(serve, log, [make(20, "bob", "phone", kind="identify"), make(30, None, "phone")])
    shared = await ask(serve, "", anonymous_id="phone")
    assert (shared["person"], shared["events"]) == ("a:phone", 1)


async def test_the_answer_loads_no_warehouse(serve: Serve) -> None:
    await live(serve, None, [make(1)])
    before = set(wiring._warehouses)
    await ask(serve, "/ann")
    assert set(wiring._warehouses) == before


async def test_moves_add_up_to_the_live_numbers(serve: Serve, log: Warehouse) -> None:
    events = [make(number, kind="click" if number % 2 else "item_view") for number in range(12)]
    await live(serve, log, [*events, make(20, kind="purchase", value=5, currency="EUR", quantity=2)])
    told = await ask(serve, "/ann/explain", n=500)
    assert told["agrees"] is True
    assert (told["events"], told["lacking"], told["next"]) == (13, 0, None)
    assert [event["event_id"] for event in told["moved_by"]] == ["e20", *(f"e{n}" for n in reversed(range(12)))]
    sums = {(one["what"], one["key"]): one["live"] for one in told["sums"]}
    added: dict[tuple[str, str], float] = {}
    for event in told["moved_by"]:
        for move in event["moves"]:
            added[move["what"], move["key"]] = added.get((move["what"], move["key"]), 0) + move["by"]
    assert sums.keys() == {name for name, total in added.items() if round(total, 6)}
    assert all(added[name] == pytest.approx(total, abs=1e-5) for name, total in sums.items())
    shown = await ask(serve, "/ann")
    assert (sums["revenue", "EUR"], sums["sessions", ""]) == (5, shown["sessions"])


async def test_explanations_come_in_pages_and_by_key(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [make(number) for number in range(9)])
    pages, after = [], ""
    while after is not None:
        page = await ask(serve, "/ann/explain", n=4, after=after)
        pages.append([event["event_id"] for event in page["moved_by"]])
        after = page["next"]
    assert pages == [["e8", "e7", "e6", "e5"], ["e4", "e3", "e2", "e1"], ["e0"]]
    about = await ask(serve, "/ann/explain", key="i1")
    assert [event["event_id"] for event in about["moved_by"]] == ["e7", "e4", "e1"]
    assert {one["key"] for one in about["sums"]} == {"i1"}
    await ask(serve, "/ann/explain", 400, n=0)
    await ask(serve, "/ann/explain", 400, of="i1")
    await ask(serve, "/nobody/explain", 404)


async def test_where_log_and_profile_differ_it_says_so(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [make(number) for number in range(5)])
    await live(serve, None, [make(7)])
    told = await ask(serve, "/ann/explain", key="item_view")
    assert (told["agrees"], told["lacking"]) == (False, 1)
    assert told["sums"] == [{"what": "events", "key": "item_view", "log": 5.0, "live": 6.0}]


async def test_an_unmerge_is_carried_out_at_once_and_for_good(
    serve: Serve, log: Warehouse, documents: EmbeddedDocuments
) -> None:
    await live(serve, log, [make(number) for number in range(4)])
    device = [make(10 + number, None, "phone") for number in range(3)]
    await live(serve, log, device)
    apart = await state(documents, "a:phone")
    claim = make(20, "ann", "phone", kind="identify")
    await live(serve, log, [claim])
    assert (await ask(serve, "/ann"))["events"] == 8
    answer = await order(serve, "unmerge", user_id="ann", anonymous_id="phone")
    assert (answer["news"], answer["later"]) == (True, None)
    assert sorted(answer["refolded"]["people"]) == ["a:phone", "u:ann"]
    assert await state(documents, "a:phone") == apart
    assert (await ask(serve, "/ann"))["events"] == 5
    again = await order(serve, "unmerge", user_id="ann", anonymous_id="phone")
    assert again["news"] is False
    await live(serve, log, [msgspec.structs.replace(claim, event_id="e21")])
    assert (await ask(serve, "", anonymous_id="phone"))["events"] == 3
    assert (await ask(serve, "/ann"))["events"] == 6  # their own, and what claimed the device


async def test_what_the_log_does_not_have_yet_is_refolded_later(
    serve: Serve, log: Warehouse, queue: EmbeddedTopics, documents: EmbeddedDocuments
) -> None:
    queue.declare(refolds.TOPIC, "kept")
    await live(serve, None, [make(number) for number in range(3)])
    answer = await order(serve, "rebuild", 202, persons=["u:ann"])
    assert answer["refolded"] is None
    assert "lacks 3 events" in answer["later"]
    assert queue.pending("kept") == 1
    body = push(refolds.ask(["u:ann"], "rebuild", 0).data)
    async with serve("profiles") as client:
        assert (await client.post("/", json=body)).status_code == 500
        log.append("events", [to_row(encode_event(make(number))) for number in range(4)])
        assert (await client.post("/", json=body)).status_code == 204
        assert (await client.get("/")).json()["outcomes"] == {"refolded": 1}
    assert (await ask(serve, "/ann"))["events"] == 4
    document = await documents.get(COLLECTION, "u:ann")
    assert unpack(document, wiring.settings()).standing.journal == ""


async def test_force_believes_the_log(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [make(1)])
    await live(serve, None, [make(2)])
    answer = await order(serve, "rebuild", persons=["u:ann"], force=True)
    assert (answer["refolded"]["lacking"], answer["refolded"]["events"]) == (1, 1)


async def test_quarantine_and_release_act_backwards(
    serve: Serve, log: Warehouse, documents: EmbeddedDocuments, queue: EmbeddedTopics
) -> None:
    await live(serve, log, [make(number) for number in range(5)])
    whole = await state(documents, "u:ann")
    await order(serve, "quarantine", user_id="ann", why="opens everything")
    shown = await ask(serve, "/ann")
    assert (shown["events"], shown["quarantine"]["by"]) == (0, "operator")
    assert shown["quarantine"]["signals"] == ["opens everything"]
    await live(serve, log, [make(5)])
    assert (await ask(serve, "/ann"))["events"] == 0
    queue.declare(refolds.TOPIC, "kept")
    released = await order(serve, "release", user_id="ann", why="a person after all")
    assert released["refolded"]["events"] == 6
    assert queue.pending("kept") == 1
    assert (await ask(serve, "/ann"))["quarantine"] is None
    await live(serve, log, [make(6)])
    assert (await ask(serve, "/ann"))["events"] == 7
    assert whole != await state(documents, "u:ann")
    await order(serve, "release", 409, user_id="ann", why="again")


async def test_a_purge_is_for_good(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [make(number) for number in range(3)])
    assert (await order(serve, "purge", user_id="ann", why="a load test"))["purged"] is True
    await order(serve, "release", 409, user_id="ann", why="please")
    await order(serve, "quarantine", user_id="ann", why="once more")
    await order(serve, "rebuild", persons=["u:ann"])
    shown = await ask(serve, "/ann")
    assert (shown["events"], shown["quarantine"]["purged"]) == (0, True)


async def test_a_device_in_quarantine_counts_for_nobody(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [make(1), make(2, None, "phone"), make(3, "ann", "phone", kind="identify")])
    await order(serve, "quarantine", anonymous_id="phone", why="a shop's till")
    assert (await ask(serve, "/ann"))["events"] == 2
    await order(serve, "release", anonymous_id="phone", why="no till")
    assert (await ask(serve, "/ann"))["events"] == 3


async def test_who_was_erased_stays_erased(serve: Serve, log: Warehouse, documents: EmbeddedDocuments) -> None:
    await live(serve, log, [make(number) for number in range(5)])
    await tombstones.bury(documents, "u:ann", START + timedelta(minutes=2))
    await documents.delete(COLLECTION, ["u:ann"])
    await order(serve, "rebuild", persons=["u:ann"])
    assert (await ask(serve, "/ann"))["events"] == 2


async def test_all_are_rebuilt_page_by_page(serve: Serve, log: Warehouse, documents: EmbeddedDocuments) -> None:
    names = [f"user{number}" for number in range(7)]
    events = [make(10 * place + number, name) for place, name in enumerate(names) for number in range(3)]
    events += [make(500 + place, None, f"device-of-{name}") for place, name in enumerate(names[:4])]
    events += [make(600 + place, name, f"device-of-{name}", kind="identify") for place, name in enumerate(names[:3])]
    await live(serve, log, events)
    before = {key: document.fields["state"] async for key, document in documents.scan(COLLECTION)}
    await documents.delete(COLLECTION, ["u:user5", "u:user6"])
    totals, after, pages = {"people": 0, "profiles": 0, "events": 0, "lacking": 0, "later": 0}, "", 0
    while after is not None:
        page = await order(serve, "rebuild", after=after, n=4)
        totals = {name: total + page[name] for name, total in totals.items()}
        pages, after = pages + 1, page["next"]
        assert page["of"] == 11
    assert (pages, totals["people"], totals["profiles"]) == (3, 11, 11)
    assert totals["events"] == len(events)
    assert {key: document.fields["state"] async for key, document in documents.scan(COLLECTION)} == before


async def test_of_who_withdraws_their_consent_nothing_is_shown(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [*(make(number) for number in range(3)), make(5, kind="consent", consent=("none",))])
    shown = await ask(serve, "/ann")
    assert (shown["events"], shown["consent"], shown["top_items"]) == (0, [], [])
    await ask(serve, "/ann/explain", 403)
    await live(serve, log, [make(6, kind="consent", consent=("personalization",))])
    assert (await ask(serve, "/ann"))["events"] == 4
    assert (await ask(serve, "/ann/explain"))["agrees"] is True


async def test_rows_that_are_no_events_stay_out(serve: Serve, log: Warehouse) -> None:
    await live(serve, log, [make(1), make(2)])
    rows = [to_row(encode_event(make(3, "null"))), to_row(encode_event(make(4))) | {"kind": "stare"}]
    log.append("events", [*rows, to_row(encode_event(make(5)))])
    assert (await order(serve, "rebuild", persons=["u:ann"]))["refolded"]["events"] == 3


async def test_what_is_no_request_for_a_refold_is_kept_as_a_dead_letter(serve: Serve, queue: EmbeddedTopics) -> None:
    queue.declare("dead-letters", "kept")
    async with serve("profiles") as client:
        assert (await client.post("/", json=push(b"{}"))).status_code == 204
    assert queue.pending("kept") == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/healthz", b"", 200),
        ("GET", URL, b"", 400),
        ("GET", f"{URL}/explain", b"", 400),
        ("GET", f"{URL}/ann?anonymous_id=phone", b"", 400),
        ("GET", f"{URL}/{'x' * 300}", b"", 400),
        ("PUT", f"{URL}/ann", b"", 404),
        ("PUT", f"{URL}/unmerge", b"", 405),
        ("POST", f"{URL}/forget", b"{}", 404),
        ("POST", f"{URL}/unmerge", b"{}", 400),
        ("POST", f"{URL}/unmerge", b"[]", 400),
        ("POST", f"{URL}/unmerge", b"\xff", 400),
        ("POST", f"{URL}/unmerge", b"[" * 5_000, 400),
        ("POST", f"{URL}/unmerge", b"x" * 60_000, 413),
        ("POST", f"{URL}/quarantine", b'{"why": "x"}', 400),
        ("POST", f"{URL}/quarantine", b'{"why": "x", "user_id": "a", "anonymous_id": "b"}', 400),
        ("POST", f"{URL}/quarantine", b'{"user_id": "a"}', 400),
        ("POST", f"{URL}/rebuild", b'{"persons": ["ann"]}', 400),
        ("POST", f"{URL}/rebuild", b'{"persons": []}', 400),
        ("POST", f"{URL}/rebuild", b'{"n": 0}', 400),
    ],
)
async def test_routes_and_orders(serve: Serve, method: str, path: str, body: bytes, status: int) -> None:
    async with serve("profiles") as client:
        answer: httpx.Response = await client.request(method, path, content=body)
    assert answer.status_code == status, answer.text
    assert status == 200 or answer.json()["error"]
