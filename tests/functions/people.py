"""A stack with people in it, of whom one will be erased."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import msgspec
from starlette.types import ASGIApp

from infra.local.bridge import to_row
from infra.local.embedded import load
from infra.local.layout import FUNCTIONS
from shared import wiring
from shared.decision import Considered, Decision, Shown, encode_decision
from shared.stores.ports import Message

ANN, PHONE, LAPTOP, TILL = "ann@shop.example.com", "phone-77", "laptop-78", "till-79"
BOB, TABLET = "bob@shop.example.com", "tablet-80"
NOW = datetime.now(UTC)
THEN = NOW - timedelta(days=2)
COLLECTIONS = ("profiles", "journals", "items", "models", "model_cards", "quarantine")

Json = dict[str, Any]


def event(name: str, minute: int, user: str | None = None, device: str | None = None, **more: Any) -> Json:
    """What somebody did so many minutes into the day before yesterday."""
    at = THEN + timedelta(minutes=minute)
    ids = {key: value for key, value in (("user_id", user), ("anonymous_id", device)) if value}
    # All have a context: bqemulator forgets it of a batch whose first row has none.
    what = {"kind": "item_view", "item_ids": ["hat"], "context": {"page_url": f"https://shop/{name}"}}
    return {"event_id": name, "occurred_at": at.isoformat(), **what, **ids, **more}


ANNS = [
    event("p1", 0, device=PHONE),
    event("p2", 1, device=PHONE, item_ids=["shoe"]),
    event("p3", 2, ANN, PHONE, kind="identify"),
    event("p4", 3, ANN, PHONE, kind="purchase", value=20.0, currency="EUR", properties={"order": "o-1"}),
    event("l1", 10, ANN, LAPTOP),
    event("l2", 11, device=LAPTOP),
    event("t1", 20, device=TILL),
    event("t2", 21, ANN, TILL, kind="identify"),
]
OTHERS = [
    event("t3", 30, BOB, TILL, kind="identify"),
    event("t4", 31, device=TILL, item_ids=["till-roll"]),
    event("b1", 5, device=TABLET),
    event("b2", 6, BOB, TABLET, kind="identify"),
    event("b3", 7, BOB, kind="add_to_cart", item_ids=["sock"]),
    event("s1", 8, device="stranger-81"),
]


class Held(NamedTuple):
    """Everything that a stack holds, in a form that can be compared."""

    documents: dict[tuple[str, str], Json]
    events: list[Json]
    decisions: list[Json]
    letters: list[tuple[bytes, Json]]

    def text(self) -> str:
        return repr(self)


class Shop:
    """The functions of a stack in this process, and what they keep."""

    def __init__(self) -> None:
        self.settings = wiring.settings()
        self.documents = wiring.documents(self.settings)
        self.topics = wiring.topics(self.settings)
        self.warehouse = wiring.warehouse(self.settings)
        self._apps: dict[str, ASGIApp] = {}

    def client(self, name: str) -> httpx.AsyncClient:
        if name not in self._apps:
            self._apps[name] = load(next(function for function in FUNCTIONS if function.name == name))
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._apps[name]), base_url="http://attune.test")

    async def push(self, name: str, data: bytes) -> int:
        body = {"message": {"data": b64encode(data).decode(), "messageId": "1"}}
        async with self.client(name) as client:
            return (await client.post("/", json=body)).status_code

    async def happen(self, events: Iterable[Json], *, folded: bool = True) -> None:
        """Events reach the log, and unless told otherwise the profiles."""
        told = [msgspec.json.encode({"received_at": each["occurred_at"], **each}) for each in events]
        for data in told if folded else ():
            assert await self.push("update_profile", data) == 204
        self.warehouse.append("events", [to_row(data) for data in told])

    def decide(self, name: str, user: str | None = None, device: str | None = None, minute: int = 0) -> None:
        shown = Shown(item_id="hat", place=1, score=0.5, source="next", reason="", probability=0.25)
        decided = Decision(
            decision_id=name,
            decided_at=THEN + timedelta(minutes=minute),
            user_id=user,
            anonymous_id=device,
            persona="newcomer",
            context="home",
            strategy="blend",
            n=1,
            features={"anchors": {"shoe": 1.0}},
            candidates=(Considered("hat", 0.5, "next"),),
            items=(shown,),
            degraded=False,
        )
        self.warehouse.append("decisions", [to_row(encode_decision(decided))])

    async def lose(self, data: bytes, **attributes: str) -> None:
        """A dead letter."""
        await self.topics.publish("dead-letters", [Message(data, attributes=attributes)])

    async def open(self) -> None:
        """Fill the shop: Ann with phone, laptop and a share of the till; Bob; a stranger; decisions; dead letters."""
        await self.happen([*ANNS, *OTHERS])
        for name, user, device in (("d1", ANN, None), ("d2", None, PHONE), ("d3", BOB, None)):
            self.decide(name, user, device)
        self.decide("d4", device=TILL, minute=31)  # by then Bob has claimed it, too
        await self.lose(msgspec.json.encode({"userId": ANN, "type": "track", "n": 1}), function="normalize")
        await self.lose(
            b'{"anonymous_id": "phone-77", "kind": "stare", "occurred_at": "yest', function="update_profile"
        )
        await self.lose(msgspec.json.encode({"userId": BOB, "note": ANN}), function="normalize")
        await self.lose(b"\xff\xfe no json", function="normalize")
        for name, cutoff in (
            ("personas@old", THEN - timedelta(days=9)),
            ("personas@new", NOW),
            ("popularity@new", NOW),
        ):
            await self.documents.merge("model_cards", {name: {"cutoff": cutoff}})

    async def held(self) -> Held:
        documents = {
            (collection, key): dict(document.fields)
            for collection in COLLECTIONS
            async for key, document in self.documents.scan(collection)
        }
        rows = {
            table: self.warehouse.query(f"SELECT * FROM {table} ORDER BY {key}").to_pylist()
            for table, key in (("events", "event_id"), ("decisions", "decision_id"))
        }
        letters = []
        box = wiring.letters(self.settings)
        while page := box.read():
            letters += [(letter.message.data, dict(letter.message.attributes)) for letter in page]
        box.close()
        return Held(documents, rows["events"], rows["decisions"], sorted(letters, key=repr))

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with self.client("privacy") as client:
            return await client.request(method, f"/v1/privacy/{path}", timeout=60, **more)

    async def export(self, **whom: str) -> list[Json]:
        answer = await self.ask("GET", "export", params=whom)
        assert answer.status_code == 200, answer.text
        return [msgspec.json.decode(line) for line in answer.content.splitlines()]

    async def erase(self, **order: str) -> Json:
        """POST it, and carry out what it publishes."""
        answer = await self.ask("POST", "erase", json=order)
        assert answer.status_code == 202, answer.text
        told: Json = answer.json()
        return told

    async def verify(self) -> Json:
        answer = await self.ask("POST", "verify", json={})
        assert answer.status_code == 200, answer.text
        report: Json = answer.json()
        return report
