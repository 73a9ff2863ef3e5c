"""Where visits go and what ends in conversion, as the function retrain tells it, on a stack that serves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from infra.local import screens
from infra.local.operator import calling, check

ROUTE = "/v1/paths"
ARROW = " → "


def show(url: str, key: str | None, query: Mapping[str, str | int], svg: str | None) -> int:
    """Print what the query asks for; with `svg`, write the picture there."""
    with calling(url, key) as client:
        told = check(client.get(ROUTE, params=query))
        picture = client.get(ROUTE, params={**query, "format": "svg"}).text if svg else ""
    console = screens.console()
    goal = " or ".join(told["conversion"])
    share = told["converted"] / max(1, told["visits"])
    console.print(
        f"Paths over {told['over']}: {told['visits']:,} visits, of which {told['converted']:,} ({share:.1%}) converted "
        f"({goal}). Left out: what fewer than {told['fewest_people']} people did. {told['version']}",
        highlight=False,
    )
    after = ARROW.join(filter(None, (told["previous"], told["from"])))
    tables = {
        "Paths that end in conversion most often": _paths(told),
        f"What comes after {after}": _next(told),
        "Most frequent moves": _moves(told),
        "States that conversions go through": _states(told),
    }
    for title, table in tables.items():
        if table.row_count:
            console.print(f"\n{title}", style="bold", highlight=False)
            console.print(table)
    if svg:
        Path(svg).write_text(picture, encoding="utf-8")
        console.print(f"Picture in {svg}")
    return 0


def _paths(told: Mapping[str, Any]) -> Table:
    table = _table("path", "ended", "visits", "converted", "95 %", "lift", "median")
    for path in told["paths"]:
        table.add_row(
            ARROW.join(path["states"]),
            f"{path['ended']:,}",
            f"{path['visits']:,}",
            f"{path['rate']:.0%}",
            f"{path['low']:.0%}–{path['high']:.0%}",
            f"{path['lift']:.1f}",
            _time(path["median_s"]),
        )
    return table


def _next(told: Mapping[str, Any]) -> Table:
    table = _table("state", "probability", "median")
    for each in told["next"]:
        table.add_row(each["state"], f"{each['probability']:.1%}", _time(each["median_s"]))
    return table


def _moves(told: Mapping[str, Any]) -> Table:
    table = _table("move", "times", "people", "share", "median", "p90")
    for each in told["moves"]:
        numbers = f"{each['moves']:,}", f"{each['people']:,}", f"{each['share']:.1%}"
        table.add_row(f"{each['from']}{ARROW}{each['to']}", *numbers, _time(each["median_s"]), _time(each["p90_s"]))
    return table


def _states(told: Mapping[str, Any]) -> Table:
    table = _table("state", "arrivals", "chance", "removal effect")
    for each in told["states"]:
        table.add_row(each["state"], f"{each['arrivals']:,}", f"{each['chance']:.1%}", f"{each['removal']:.1%}")
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _time(seconds: float | None) -> str:
    """As people say it.

    >>> _time(48.4), _time(200.0), _time(9_000.0), _time(None)
    ('48 s', '3.3 min', '2.5 h', '–')
    """
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"
