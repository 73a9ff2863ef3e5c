"""What a request asks to be pulled."""

from datetime import date, datetime

import msgspec

from shared.errors import PermanentError, Problem


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pull these, or all that are set up; `since` goes back to a day, otherwise a pull goes on where it was."""

    what: tuple[str, ...] = ()
    since: date | None = None


def parse_order(body: bytes, names: list[str], now: datetime) -> Order:
    """The order of a request's body. Raises PermanentError."""
    try:
        order = msgspec.json.decode(body.strip() or b"{}", type=Order)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        expected = f'{{"what": [{", ".join(names)}], "since": "YYYY-MM-DD"}}'
        raise PermanentError("malformed", (Problem("", expected, str(error)[:200]),)) from None
    if unknown := [name for name in order.what if name not in names]:
        raise PermanentError("invalid", (Problem("what", f"one of {', '.join(names)}", unknown[0][:100]),))
    if order.since and not date(2000, 1, 1) <= order.since <= now.date():
        raise PermanentError("invalid", (Problem("since", "a day that has come", order.since.isoformat()),))
    return msgspec.structs.replace(order, what=tuple(dict.fromkeys(order.what)))
