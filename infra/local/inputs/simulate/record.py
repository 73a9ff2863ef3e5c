"""How a visit becomes events: who acts, where, and when."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.local.inputs.input import Fields
from infra.local.inputs.simulate.catalogue import Item
from infra.local.inputs.simulate.people import Person

Timed = tuple[int, Fields]
"""An event and its time in ms since the simulation's start, by which it is sorted."""

SITE = "https://shop.example"


class Recorder:
    """Writes down what one person does in one visit. `at_ms` is the visit's clock."""

    def __init__(self, person: Person, device: int, at_ms: int, start: datetime, ids: Iterator[str]) -> None:
        self.events: list[Timed] = []
        self.at_ms = at_ms
        self.person = person
        self.anonymous_id = person.truth.anonymous_ids[device]
        self.context: dict[str, object] = {
            "device_type": person.devices[device].type,
            "user_agent": person.devices[device].user_agent,
            "locale": person.locale,
            "session_id": f"session-{next(ids)}",
            "source": "api",
        }
        self.page_url = SITE
        self._began_ms = at_ms
        self._start = start
        self._ids = ids

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at_ms += round(seconds * 1_000)

    def act(self, kind: str, item: Item | None = None, **fields: object) -> None:
        """Note what the person does now; `fields` are the Event's."""
        event: dict[str, object] = {
            "event_id": next(self._ids),
            "kind": kind,
            "occurred_at": self._now(),
            "anonymous_id": self.anonymous_id,
        }
        person = self.person
        if self.anonymous_id in person.linked:
            event["user_id"] = person.truth.user_id
        if item is not None:
            event["item_ids"] = [item.item_id]
            event["category"] = item.category
        if person.asked:
            event["consent"] = list(person.truth.consent)
        elapsed_s = (self.at_ms - self._began_ms) // 1_000
        event["context"] = {**self.context, "page_url": self.page_url, "session_duration_s": elapsed_s}
        event.update(fields)
        self.events.append((self.at_ms, event))

    def _now(self) -> str:
        time = self._start + timedelta(milliseconds=self.at_ms)
        return time.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
