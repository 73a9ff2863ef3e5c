"""The table of pulls."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from pulling import ga4, items
from pulling.order import Order
from pulling.report import Report
from shared.errors import PermanentError, Problem
from shared.settings import Settings


class Pull(NamedTuple):
    """Something that is pulled, and the setting without which it is not."""

    setting: str
    run: Callable[[date | None, datetime, Settings], Awaitable[Report]]


PULLS: Mapping[str, Pull] = {"ga4": Pull("ga4_dataset", ga4.pull), "items": Pull("items_table", items.pull)}


def choose(order: Order, settings: Settings) -> list[str]:
    """What to pull: what was asked for, else what is set up. Raises PermanentError for what is not."""
    ready = [name for name, pull in PULLS.items() if getattr(settings, pull.setting)]
    for name in order.what:
        if name not in ready:
            setting = f"ATTUNE_{PULLS[name].setting.upper()}"
            raise PermanentError("invalid", (Problem("what", f"{setting} to be set for {name}", "nothing"),))
    return list(order.what) or ready
