"""Bytes → Events. What is wrong is named field by field; what is right in the same batch is kept."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec.structs import force_setattr

from shared.errors import PermanentError, Problem
from shared.events.event import Event
from shared.settings import Settings

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MAX_PROPERTIES_BYTES = 8_192
MAX_DEPTH = 8

POISONED = frozenset(
    (
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "anonymous",
        "guest",
        "unknown",
        "false",
        "true",
        "[object object]",
        "n/a",
        "-",
    )
)
"""Ids that many people share because a template was left empty (compared in lower case)."""

ZEROS = re.compile(r"[0\-]+")
# Written escaped or raw: C0 and C1 controls, zero-width and direction marks, byte order mark.
SUSPICIOUS = re.compile(
    rb"\\u|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf|\\[bf]|\x7f"
)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
TEXT_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_decode = msgspec.json.Decoder(Event).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_types: dict[str, Any] = get_type_hints(Event, include_extras=True)
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Received(msgspec.Struct):
    received_at: datetime | None = None


_received = msgspec.json.Decoder(_Received).decode


class Refusal(NamedTuple):
    """An event that was not taken: its place in the batch, its id where readable, and all that is wrong with it."""

    position: int
    event_id: str | None
    problems: tuple[Problem, ...]


class Batch(NamedTuple):
    """A request's events in their order: those taken and those refused."""

    events: tuple[Event, ...]
    refusals: tuple[Refusal, ...]


NO_SKEW = timedelta(0)


def parse_batch(body: bytes, received_at: datetime, settings: Settings, skew: timedelta = NO_SKEW) -> Batch:
    """One event or a list of them, as sent to `POST /v1/events`; `skew` is added to their times.

    Raises:
        PermanentError: the body is not JSON, neither an object nor a list, or has too many events.
    """
    events: list[Event] = []
    refusals: list[Refusal] = []
    plain = _is_plain(body)
    for index, raw in enumerate(_split(body, settings.max_batch_events)):
        try:
            events.append(parse_event(raw, received_at, settings, skew, plain))
        except PermanentError as error:
            refusals.append(Refusal(index, _readable_id(raw), error.problems))
    return Batch(tuple(events), tuple(refusals))


def parse_event(
    raw: bytes | msgspec.Raw,
    received_at: datetime,
    settings: Settings,
    skew: timedelta = NO_SKEW,
    plain: bool = False,
) -> Event:
    """One event, checked, with `received_at` set; `plain` when the text is known to have no suspicious character.

    Raises PermanentError naming every bad field.
    """
    if len(memoryview(raw)) > settings.max_event_bytes:
        found = f"{len(memoryview(raw)):,} bytes"
        raise PermanentError("too large", (Problem("", f"at most {settings.max_event_bytes:,} bytes", found),))
    try:
        event = _decode(raw)
    except UNREADABLE:
        raise PermanentError("malformed", tuple(_explain(raw, received_at, settings))) from None
    if skew:
        event = _moved(event, skew)
    return _checked(event, received_at, settings, not plain and SUSPICIOUS.search(raw) is not None)


def received_at(raw: bytes) -> datetime | None:
    """When collect took a published event; `parse_event` says when it was read."""
    return _received(raw).received_at


def _is_plain(body: bytes) -> bool:
    """Whether no search for suspicious characters is needed; four times as fast as one, and most batches pass."""
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


def make_event(fields: Mapping[str, Any], raw: bytes, received_at: datetime, settings: Settings) -> Event:
    """An event of canonical fields that a reader took from a forwarder's payload `raw`, checked as by `parse_event`."""
    try:
        event = msgspec.convert(fields, Event)
    except msgspec.ValidationError:
        return parse_event(msgspec.json.encode(fields), received_at, settings)  # which names every bad field
    return _checked(event, received_at, settings, SUSPICIOUS.search(raw) is not None)


def _moved(event: Event, skew: timedelta) -> Event:
    try:
        return msgspec.structs.replace(event, occurred_at=event.occurred_at + skew)
    except OverflowError:
        found = event.occurred_at.isoformat()
        raise PermanentError("invalid", (Problem("occurred_at", "a time near sent_at", found),)) from None


def _checked(event: Event, received_at: datetime, settings: Settings, suspicious: bool) -> Event:
    if problems := tuple(_check(event, received_at, settings, suspicious)):
        raise PermanentError("invalid", problems)
    # In place, though events are frozen: nobody else has seen this one yet, and a copy costs as much as all checks.
    force_setattr(event, "received_at", received_at)
    if event.consent == ():
        # The log has no empty lists: BigQuery would read «refuses everything» as «not stated».
        force_setattr(event, "consent", ("none",))
    return event


def _split(body: bytes, most: int) -> Sequence[bytes | msgspec.Raw]:
    start = body.lstrip()[:1]
    try:
        raws: Sequence[bytes | msgspec.Raw] = _raws(body) if start == b"[" else [body]
        if start not in (b"[", b"{"):
            _any(body)
            raise PermanentError("malformed", (Problem("", "a JSON object or a list of objects", f"{body[:20]!r}"),))
        if start == b"{":
            _fields(body)
    except UNREADABLE as error:
        raise PermanentError("malformed", (Problem("", "JSON", _cause(error)),)) from None
    if len(raws) > most:
        raise PermanentError("too many events", (Problem("", f"at most {most:,} events", f"{len(raws):,}"),))
    return raws


def _explain(raw: bytes | msgspec.Raw, received_at: datetime, settings: Settings) -> Iterator[Problem]:
    """Every field that keeps `raw` from being an Event; the decoder itself stops at the first."""
    try:
        fields = _fields(raw)
    except UNREADABLE as error:
        yield Problem("", "a JSON object", _cause(error))
        return
    for name in sorted(fields.keys() - _types.keys()):
        yield Problem(shown(name), "a field of the Event", "an unknown field")
    sound: dict[str, Any] = {"event_id": "-", "kind": "custom", "occurred_at": received_at}
    for name in sound.keys() - fields.keys():
        yield Problem(name, "a value", "nothing")
    for name, value in fields.items():
        if name in _types:
            try:
                sound[name] = msgspec.json.decode(value, type=_types[name])
            except UNREADABLE as error:
                yield to_problem(name, value, error)
    if fields.keys().isdisjoint(("user_id", "anonymous_id")) or sound.get("user_id") or sound.get("anonymous_id"):
        yield from _check(Event(**sound), received_at, settings, suspicious=True)


def _check(event: Event, received_at: datetime, settings: Settings, suspicious: bool) -> Iterator[Problem]:
    """What types cannot say."""
    if event.user_id is None and event.anonymous_id is None:
        yield Problem("user_id", "user_id or anonymous_id", "neither")
    for name, value in (("user_id", event.user_id), ("anonymous_id", event.anonymous_id)):
        if value is not None and is_poisoned(value):
            yield Problem(name, "an id of one person", f"{shown(value)}, which many share")
    if not EARLIEST <= event.occurred_at <= received_at:  # the usual case without the tolerance's arithmetic
        yield from _check_time(event, received_at + timedelta(minutes=settings.future_tolerance_minutes))
    if event.properties:
        yield from _check_properties(event.properties)
    if suspicious:
        yield from _check_controls(event)


def _check_time(event: Event, latest: datetime) -> Iterator[Problem]:
    if not EARLIEST <= event.occurred_at <= latest:
        expected = f"a time between {EARLIEST:%Y-%m-%d} and {latest:%Y-%m-%dT%H:%M:%SZ}"
        yield Problem("occurred_at", expected, event.occurred_at.isoformat())


def _check_properties(properties: dict[str, Any]) -> Iterator[Problem]:
    if _is_deeper(properties, MAX_DEPTH):
        yield Problem("properties", f"at most {MAX_DEPTH} levels", "more")
    elif (size := len(msgspec.json.encode(properties))) > MAX_PROPERTIES_BYTES:
        yield Problem("properties", f"at most {MAX_PROPERTIES_BYTES:,} bytes", f"{size:,} bytes")


def _check_controls(event: Event) -> Iterator[Problem]:
    plain = msgspec.to_builtins(event)
    properties = plain.pop("properties", {})
    for path, text in _texts("", plain):
        if CONTROLS.search(text):
            yield Problem(path, "text without control characters", shown(text))
    for path, text in _texts("properties", properties):
        if TEXT_CONTROLS.search(text):
            yield Problem(path, "text without control characters", shown(text))


def is_poisoned(identifier: str) -> bool:
    """Whether an id stands for nobody: `null`, `guest`, zeros, only spaces, …

    >>> is_poisoned("00000000-0000-0000-0000-000000000000"), is_poisoned("ann")
    (True, False)
    """
    bare = identifier.strip().lower()
    return not bare or bare in POISONED or (bare[0] in "0-" and ZEROS.fullmatch(bare) is not None)


def _texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{shown(name)}".lstrip("."), name
            yield from _texts(f"{path}.{shown(name)}".lstrip("."), inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(f"{path}[{index}]", inner)


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (levels == 0 or any(_is_deeper(one, levels - 1) for one in inner))


def to_problem(name: str, raw: msgspec.Raw, error: Exception) -> Problem:
    """msgspec says «Expected `str`, got `int` - at `$.path`»: split into what was expected and found."""
    text, _, path = str(error).partition(" - at `$")
    field = name + path.rstrip("`")
    expected, _, found = text.removeprefix("Expected ").partition(", got ")
    if expected == text:
        return Problem(field, "a kind of the table" if name == "kind" else "a valid value", _cause(error))
    return Problem(
        field, expected.replace("`", ""), found.replace("`", "") or shown(bytes(raw).decode(errors="replace"))
    )


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nesting too deep"
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8"
    return str(error)


def shown(text: str) -> str:
    short = text if len(text) <= 60 else f"{text[:57]}…"
    return ascii(short)[1:-1] if CONTROLS.search(short) else short


def _readable_id(raw: bytes | msgspec.Raw) -> str | None:
    try:
        event_id = msgspec.json.decode(_fields(raw)["event_id"], type=str)
    except (*UNREADABLE, KeyError):
        return None
    return shown(event_id)
