"""Whose an event is, from all events at once: a device's belong to the user who was named together with it."""

from collections.abc import Sequence

from shared.events.event import Event, decode_event, person_key


def by_person(events: Sequence[bytes]) -> dict[str, list[int]]:
    """Person → places of their events. Raises ValueError for a device of two users: there, times would decide."""
    users: dict[str, str] = {}
    for event in map(decode_event, events):
        if event.user_id is not None and event.anonymous_id is not None:
            first = users.setdefault(event.anonymous_id, event.user_id)
            if first != event.user_id:
                raise ValueError(f"{event.anonymous_id}: expected a device of one user, found {first}, {event.user_id}")
    people: dict[str, list[int]] = {}
    for place, event in enumerate(map(decode_event, events)):
        people.setdefault(_person(event, users), []).append(place)
    return people


def _person(event: Event, users: dict[str, str]) -> str:
    user_id = event.user_id if event.user_id is not None else users.get(event.anonymous_id or "")
    return person_key(user_id, event.anonymous_id)
