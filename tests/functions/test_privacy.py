"""privacy over HTTP and by push, on both backends: all is shown, all is erased, nothing else is touched."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from forgetting.marks import mark
from infra.local import pubsub
from infra.local.layout import ROOT
from shared import wiring
from shared.errors import RetryableError
from shared.models.candidates import pack, pack_candidates
from shared.profiles.record import unpack
from shared.stores.embedded.letters import EmbeddedLetters
from shared.stores.gcp.warehouse import BigQueryWarehouse
from shared.stores.ports import Message
from tests.functions.people import ANN, ANNS, BOB, LAPTOP, NOW, OTHERS, PHONE, TABLET, TILL, Held, Shop, event
from tests.privacy import WRITE_KEY

ZEROS = dict.fromkeys(("profiles", "journals", "quarantine", "candidates", "events", "decisions", "dead_letters"), 0)
OPERATOR = "op-never-in-a-log"


@pytest.fixture(params=["embedded", "emulators"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A stack of its own on either backend, with its people."""
    if request.param == "embedded":
        monkeypatch.setenv("ATTUNE_BACKEND", "embedded")
        monkeypatch.setenv("ATTUNE_DATA", str(tmp_path))
    else:
        environment = request.getfixturevalue("emulator_environment")
        project = f"test-{uuid4().hex[:12]}"
        for name, value in {**environment, "ATTUNE_BACKEND": "gcp", "ATTUNE_PROJECT": project}.items():
            monkeypatch.setenv(name, value)
        pubsub.create_topics(project)
    monkeypatch.setenv("ATTUNE_STORE_DEADLINE_MS", "30000")
    wiring.settings.cache_clear()
    opened = Shop()
    if isinstance(opened.warehouse, BigQueryWarehouse):
        opened.warehouse.create_dataset()
    else:
        wiring.queue(opened.settings).declare("dead-letters", "dead-letters-kept")
    opened.warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
    await opened.open()
    yield opened
    await wiring.close_all()
    wiring.settings.cache_clear()


async def carry_out(shop: Shop, **order: Any) -> None:
    """What the topic's subscription does with an order."""
    data = msgspec.json.encode({"requested_at": NOW.isoformat(), "source": "segment", **order})
    assert await shop.push("privacy", data) == 204


def of_others(held: Held) -> Held:
    """What must not change: all that is neither Ann's nor an erasure's."""
    anns = {each["event_id"] for each in ANNS}
    keys = {f"u:{ANN}", f"a:{PHONE}", f"a:{LAPTOP}", f"a:{TILL}"}
    return Held(
        {place: fields for place, fields in held.documents.items() if place[1] not in keys},
        [row for row in held.events if row["event_id"] not in anns and not row["event_id"].startswith("late")],
        [row for row in held.decisions if row["decision_id"] in ("d3", "d4")],
        [letter for letter in held.letters if not any(one in letter[0] for one in (b"phone-77", b'"n":1', b"late"))],
    )


async def test_an_export_has_everything(shop: Shop) -> None:
    lines = await shop.export(user_id=ANN)
    assert Counter(line["place"] for line in lines) == {
        "person": 1,
        "profiles": 1 + len({PHONE, LAPTOP}),
        "events": len(ANNS),
        "decisions": 2,
        "dead_letters": 2,
        "models": 2,
        "end": 1,
    }
    assert lines[-1] == {"place": "end", "lines": len(lines) - 1}
    rows = {line["row"]["event_id"]: line["row"] for line in lines if line["place"] == "events"}
    assert rows.keys() == {each["event_id"] for each in ANNS}
    assert rows["p4"]["properties"] == {"order": "o-1"}
    assert rows["l2"]["context"]["page_url"] == "https://shop/l2"
    decision = next(line["row"] for line in lines if line["place"] == "decisions")
    assert (decision["features"], decision["items"][0]["probability"]) == ({"anchors": {"shoe": 1.0}}, 0.25)
    profile = next(line for line in lines if line.get("key") == f"u:{ANN}")
    assert profile["face"]["purchases"] == 1
    assert profile["state"]["counts"]["purchase"] == 1
    assert set(profile["standing"]["merged"]) == {PHONE, LAPTOP, TILL}
    assert {line["version"] for line in lines if line["place"] == "models"} == {"personas@new", "popularity@new"}


async def test_an_export_of_nobody_is_short(shop: Shop) -> None:
    assert [line["place"] for line in await shop.export(user_id="nobody-1")] == ["person", "end"]
    lines = await shop.export(anonymous_id="stranger-81")
    assert Counter(line["place"] for line in lines)["events"] == 1


async def test_an_export_comes_in_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forgetting.log.PAGE_ROWS", 2)
    many = [event(f"m{hour}", 60 * hour, ANN) for hour in range(7) for _ in range(2)]
    await shop.happen(many, folded=False)
    names = [line["row"]["event_id"] for line in await shop.export(user_id=ANN) if line["place"] == "events"]
    assert Counter(names) == Counter(each["event_id"] for each in [*ANNS, *many])


async def test_serving_forgets_at_once(shop: Shop) -> None:
    told = await shop.erase(user_id=ANN)
    assert (told["state"], told["devices"], told["erasure"]) == ("running", 3, mark(f"u:{ANN}"))
    held = await shop.held()
    assert {key for place, key in held.documents if place == "profiles"} == {
        f"u:{BOB}",
        f"a:{TABLET}",
        f"a:{TILL}",
        "a:stranger-81",
    }
    assert len(held.events) == len(ANNS) + len(OTHERS)


async def test_everything_of_theirs_is_erased_and_nothing_else(shop: Shop) -> None:
    before = await shop.held()
    await carry_out(shop, user_id=ANN)
    after = await shop.held()
    assert of_others(after) == of_others(before)
    assert {row["event_id"] for row in after.events} == {each["event_id"] for each in OTHERS}
    assert {row["decision_id"] for row in after.decisions} == {"d3", "d4"}
    assert len(after.letters) == 2
    till = await shop.documents.get("profiles", f"a:{TILL}")
    assert till
    assert dict(till.fields)["state"] == before.documents["profiles", f"a:{TILL}"]["state"]
    claims = unpack(till, shop.settings).standing.claims
    assert claims.keys() == {BOB, f"erased:{mark(f'u:{ANN}')[:16]}"}
    report = await shop.verify()
    assert report["is_zero"]
    assert (report["erasures"], report["resumed"], report["found"], report["left"]) == (1, 0, ZEROS, ZEROS)
    lines = await shop.export(user_id=ANN)
    assert [line["place"] for line in lines] == ["person", "tombstones", "erasures", "end"]
    record = lines[2]["record"]
    assert (record["state"], record["models"]) == ("done", ["personas@new", "popularity@new"])
    assert {name: record["removed"][name] for name in ("events", "decisions", "dead_letters")} == {
        "events": len(ANNS),
        "decisions": 2,
        "dead_letters": 2,
    }


async def test_nobody_is_named_afterwards(shop: Shop) -> None:
    await carry_out(shop, user_id=ANN)
    await shop.verify()
    kept = [
        (key, dict(document.fields))
        for collection in ("erasures", "erasure_reports", "erased")
        async for key, document in shop.documents.scan(collection)
    ]
    held = await shop.held()
    text = repr(kept) + repr([letter for letter in held.letters if b"note" not in letter[0]]) + repr(held[:3])
    assert not [name for name in (ANN, PHONE, LAPTOP) if name in text]


async def test_late_events_do_not_bring_them_back(shop: Shop) -> None:
    before = await shop.held()
    await carry_out(shop, user_id=ANN)
    late = [
        event("late1", 40, ANN),
        event("late2", 41, device=PHONE),
        event("late3", 42, ANN, PHONE, kind="identify"),
        event("late4", 12, device=TILL),
        event("late5", 60 * 24 * 2 + 30, ANN, received_at=(NOW - timedelta(minutes=1)).isoformat()),
    ]
    await shop.happen(late[:4])
    await shop.happen(late[4:], folded=False)
    shop.decide("d5", ANN)
    await shop.lose(msgspec.json.encode(event("late5", 40, ANN)))
    held = await shop.held()
    assert of_others(held) == of_others(before)
    assert not [key for place, key in held.documents if place == "profiles" and ANN in key]
    report = await shop.verify()
    assert report["found"] == {**ZEROS, "events": 5, "decisions": 1, "dead_letters": 1}
    assert (report["left"], report["is_zero"]) == (ZEROS, True)
    assert of_others(await shop.held()) == of_others(before)
    assert (await shop.verify())["found"] == ZEROS


async def test_a_late_login_tells_of_a_device(shop: Shop) -> None:
    """What she did there before it, while nobody knew her, is hers, too; what happens there afterwards is not."""
    await carry_out(shop, user_id=ANN)
    watch = [event("late1", 40, device="watch-90"), event("late2", 41, ANN, "watch-90", kind="identify")]
    today = {**event("new1", 0, device="watch-90"), "occurred_at": datetime.now(UTC).isoformat()}
    await shop.happen([*watch, today])
    report = await shop.verify()
    assert (report["found"]["events"], report["left"]["events"], report["devices"]) == (1, 0, 4)
    assert [row["event_id"] for row in (await shop.held()).events if row["event_id"][:4] in ("late", "new1")] == [
        "new1"
    ]
    assert (await shop.verify())["is_zero"]
    assert "watch-90" not in repr([one.fields async for _, one in shop.documents.scan("erasures")])


async def test_who_comes_back_is_somebody_new(shop: Shop) -> None:
    await carry_out(shop, user_id=ANN)
    back = {**event("new1", 0, ANN, PHONE), "occurred_at": datetime.now(UTC).isoformat()}
    await shop.happen([back])
    assert (await shop.verify())["found"] == ZEROS
    profile = await shop.documents.get("profiles", f"u:{ANN}")
    assert profile
    assert profile.fields["events"] == 1


async def test_who_is_suppressed_stays_away(shop: Shop) -> None:
    await carry_out(shop, user_id=ANN, mode="suppress")
    back = {**event("late9", 0, ANN, PHONE), "occurred_at": datetime.now(UTC).isoformat()}
    await shop.happen([back])
    assert await shop.documents.get("profiles", f"u:{ANN}") is None
    assert (await shop.verify())["found"] == {**ZEROS, "events": 1}
    await carry_out(shop, user_id=ANN, requested_at=datetime.now(UTC).isoformat())
    await shop.happen([back])
    assert await shop.documents.get("profiles", f"u:{ANN}") is None


async def test_a_profile_that_was_being_made_meanwhile_is_found(shop: Shop) -> None:
    """An instance that looked for a tombstone just before there was one."""
    ann = await shop.documents.get("profiles", f"u:{ANN}")
    assert ann
    await carry_out(shop, user_id=ANN)
    await shop.documents.put("profiles", f"u:{ANN}", ann.fields, "")
    await shop.documents.merge("journals", {f"a:{PHONE}": {"id": "j", "events": b""}})
    assert (await shop.verify())["found"] == {**ZEROS, "profiles": 1, "journals": 1}
    assert (await shop.verify())["found"] == ZEROS


async def test_candidates_go_with_their_person(shop: Shop) -> None:
    """Also those that a training was writing meanwhile."""
    fields = pack_candidates(pack([("hat", 1.0)]), "n1", NOW + timedelta(days=9))
    await shop.documents.merge("candidates", dict.fromkeys((f"u:{ANN}", f"a:{PHONE}", f"u:{BOB}"), fields))
    [line, _] = [line for line in await shop.export(user_id=ANN) if line["place"] == "candidates"]
    assert (line["key"], line["fields"]["items"], line["fields"]["version"]) == (f"u:{ANN}", [["hat", 1.0]], "n1")
    await carry_out(shop, user_id=ANN)
    assert [key async for key, _ in shop.documents.scan("candidates")] == [f"u:{BOB}"]
    await shop.documents.merge("candidates", {f"u:{ANN}": fields})
    assert (await shop.verify())["found"] == {**ZEROS, "candidates": 1}
    assert [key async for key, _ in shop.documents.scan("candidates")] == [f"u:{BOB}"]


async def test_the_same_order_again_changes_nothing(shop: Shop) -> None:
    await carry_out(shop, user_id=ANN, anonymous_id=TABLET)  # Bob's
    before = await shop.held()
    await carry_out(shop, user_id=ANN, anonymous_id=TABLET)
    assert await shop.held() == before
    assert await shop.documents.get("profiles", f"u:{BOB}")


async def test_a_device_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[tuple[str, Sequence[Message]]] = []

    async def publish(topic: str, messages: Sequence[Message]) -> None:
        published.append((topic, messages))

    monkeypatch.setattr(shop.topics, "publish", publish)
    await carry_out(shop, anonymous_id=TABLET)
    held = await shop.held()
    assert {row["event_id"] for row in held.events if row["event_id"][0] == "b"} == {"b3"}
    [(topic, [message])] = published
    assert (topic, msgspec.json.decode(message.data)["persons"]) == ("refolds", [f"a:{TABLET}", f"u:{BOB}"])


class Breaks:
    """Makes the nth call to a store fail: before it does anything, or after it has done everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shop: Shop, at: int, after: bool) -> None:
        self.calls, self._at, self._after = 0, at, after
        for store, names in (
            (shop.documents, ("put", "put_all", "merge", "delete", "get_many")),
            (shop.warehouse, ("run", "query")),
            (shop.topics, ("publish",)),
        ):
            for name in names:
                call = getattr(store, name)
                monkeypatch.setattr(store, name, self._wrap(call, store is shop.warehouse))
        for name in ("read", "ack"):
            monkeypatch.setattr(EmbeddedLetters, name, self._wrap(getattr(EmbeddedLetters, name), True))

    def _wrap(self, call: Any, blocks: bool) -> Any:
        def blocking(*arguments: Any, **more: Any) -> Any:
            self._step(False)
            result = call(*arguments, **more)
            self._step(True)
            return result

        async def awaited(*arguments: Any, **more: Any) -> Any:
            self._step(False)
            result = await call(*arguments, **more)
            self._step(True)
            return result

        return blocking if blocks else awaited

    def _step(self, after: bool) -> None:
        if after != self._after:
            return
        self.calls += 1
        if self.calls == self._at:
            raise RetryableError("the instance died here")


@pytest.mark.parametrize("shop", ["embedded"], indirect=True)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_step_is_made_good(shop: Shop, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    """One erasure after the other, each broken off one call later, until one has no call left to be broken off at."""
    at, status = 0, 500
    while status == 500:
        at += 1
        await shop.happen([*ANNS], folded=at == 1)
        await shop.lose(msgspec.json.encode({"userId": ANN}))
        order = {"user_id": ANN, "requested_at": (NOW + timedelta(seconds=at)).isoformat(), "source": "segment"}
        with monkeypatch.context() as patched:
            Breaks(patched, shop, at, after)
            status = await shop.push("privacy", msgspec.json.encode(order))
        if status == 500:
            assert await shop.push("privacy", msgspec.json.encode(order)) == 204
        held = await shop.held()
        assert {row["event_id"] for row in held.events} == {each["event_id"] for each in OTHERS}
        assert len(held.letters) == 2
    assert at > 15
    assert (await shop.verify())["found"] == ZEROS


@pytest.mark.parametrize("at", [6, 12, 20, 28])
async def test_a_verification_finishes_what_was_begun(shop: Shop, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """The message has gone to the dead letters, after its last delivery."""
    order = msgspec.json.encode({"user_id": ANN, "requested_at": NOW.isoformat()})
    with monkeypatch.context() as patched:
        Breaks(patched, shop, at, False)
        assert await shop.push("privacy", order) == 500
    await shop.lose(order, CloudPubSubDeadLetterSourceSubscription="privacy")
    report = await shop.verify()
    assert (report["resumed"], report["unfinished"], report["left"]) == (1, 0, ZEROS)
    held = await shop.held()
    assert {row["event_id"] for row in held.events} == {each["event_id"] for each in OTHERS}
    assert len(held.letters) == 2


@pytest.mark.parametrize("shop", ["embedded"], indirect=True)
async def test_what_cannot_be_deleted_yet_is_reported(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in BigQuery's streaming buffer."""

    def refuse(_: str) -> None:
        raise RetryableError("rows in the streaming buffer")

    with monkeypatch.context() as patched:
        patched.setattr(shop.warehouse, "run", refuse)
        assert await shop.push("privacy", msgspec.json.encode({"user_id": ANN})) == 500
        report = await shop.verify()
        assert (report["unfinished"], report["is_zero"]) == (1, False)
    report = await shop.verify()
    assert (report["resumed"], report["is_zero"]) == (1, True)


@pytest.mark.parametrize("shop", ["embedded"], indirect=True)
async def test_what_names_nobody_is_a_dead_letter(shop: Shop) -> None:
    for data in (b"{}", b"[1]", b"\xff", b'{"user_id": "null"}', b'{"user_id": "x", "mode": "maim"}'):
        assert await shop.push("privacy", data) == 204
    assert len((await shop.held()).letters) == 4 + 5


@pytest.mark.parametrize("shop", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/healthz", {}, 200),
        ("GET", "/v1/privacy/erase", {}, 405),
        ("POST", "/v1/privacy/export", {}, 405),
        ("GET", "/v1/privacy", {}, 404),
        ("GET", "/v1/privacy/export", {}, 400),
        ("GET", "/v1/privacy/export", {"params": {"user_id": "null"}}, 400),
        ("GET", "/v1/privacy/export", {"params": {"user_id": "a", "anonymous_id": "b"}}, 400),
        ("POST", "/v1/privacy/erase", {"content": b"{}"}, 400),
        ("POST", "/v1/privacy/erase", {"content": b"x" * 20_000}, 413),
        ("POST", "/v1/privacy/verify", {"content": b'{"days": 0}'}, 400),
        ("POST", "/v1/privacy/verify", {"content": b"[" * 5_000}, 400),
    ],
)
async def test_routes(shop: Shop, method: str, path: str, more: dict[str, Any], status: int) -> None:
    async with shop.client("privacy") as client:
        answer = await client.request(method, path, **more)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("shop", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    ("operators", "shown", "status"),
    [("", WRITE_KEY, 401), (OPERATOR, WRITE_KEY, 401), (OPERATOR, "", 401), (f"x, {OPERATOR}", OPERATOR, 200)],
)
async def test_only_operators_are_let_in(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, operators: str, shown: str, status: int
) -> None:
    """A write key stands in every page of a site."""
    monkeypatch.setenv("ATTUNE_WRITE_KEYS", WRITE_KEY)
    monkeypatch.setenv("ATTUNE_OPERATOR_KEYS", operators)
    wiring.settings.cache_clear()
    headers = {"authorization": f"Bearer {shown}"} if shown else {}
    assert (await shop.ask("GET", "export?user_id=x", headers=headers)).status_code == status
    assert (await shop.ask("POST", "verify", headers=headers)).status_code == 200, "Cloud Scheduler has no key"
    if status == 401:
        assert (await shop.ask("POST", "erase", headers=headers, json={"user_id": ANN})).status_code == 401
        assert await shop.documents.get("profiles", f"u:{ANN}")
