"""What an operator asks of the function profiles, on a stack that serves."""

from typing import Any

import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.local import screens
from infra.local.operator import calling, check, whom

ROUTE = "/v1/profiles"
PAGE = 500
COUNTS = ("people", "profiles", "events", "lacking", "later")
HIDDEN = ("person", "user_id", "anonymous_id")


def rebuild(url: str, key: str | None, user: str | None, device: str | None, force: bool) -> int:
    """Fold a person, or everybody, again from the log. Returns 1 if something was left for later."""
    with calling(url, key) as client:
        if user is not None or device is not None:
            person = f"u:{user}" if user is not None else f"a:{device}"
            return _tell_refold(_order(client, "rebuild", {"persons": [person], "force": force}))
        done = _rebuild_all(client, force)
    print(f"{done['profiles']:,} profiles of {done['people']:,} people made of {done['events']:,} events.")
    if done["lacking"]:
        print(f"The log lacked {done['lacking']:,} events that they had counted.")
    if done["later"]:
        print(f"{done['later']:,} profiles count events that the log does not have yet: they are refolded when it has.")
    return int(done["later"] > 0)


def unmerge(url: str, key: str | None, user: str, device: str) -> int:
    """Take a user's claim on a device back. Returns 1 if the profiles follow later."""
    with calling(url, key) as client:
        answer = _order(client, "unmerge", {"user_id": user, "anonymous_id": device})
    print("The claim is taken back, for good." if answer["news"] else "There was no claim to take back.")
    return _tell_refold(answer)


def decide(url: str, key: str | None, action: str, user: str | None, device: str | None, why: str) -> int:
    """Quarantine, release or purge a person."""
    with calling(url, key) as client:
        answer = _order(client, action, {**whom(user, device), "why": why})
    if action == "release":
        print("Released.")
        return _tell_refold(answer)
    print("Purged: their events count nowhere, for good." if answer["purged"] else "Their events count nowhere now.")
    return _tell_refold(answer) if answer["refolded"] or answer["later"] else 0


def show(
    url: str, key: str | None, user: str | None, device: str | None, explain: bool, about: str | None, n: int
) -> int:
    """Print a profile's face; with `explain`, which events moved its numbers."""
    console = screens.console()
    with calling(url, key) as client:
        console.print(_face(check(client.get(ROUTE, params=whom(user, device)))))
        if explain or about:
            query = {**whom(user, device), "n": str(n), "key": about or ""}
            told = check(client.get(f"{ROUTE}/explain", params=query))
            console.print(_moves(told))
            console.print(_sums(told))
            console.print(_agreement(told))
    return 0


def _rebuild_all(client: httpx.Client, force: bool) -> dict[str, int]:
    console = screens.console()
    columns = (TextColumn("rebuilding"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    totals = dict.fromkeys(COUNTS, 0)
    after: str | None = ""
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("rebuilding", total=None)
        while after is not None:
            page = _order(client, "rebuild", {"after": after, "n": PAGE, "force": force})
            totals = {name: total + page[name] for name, total in totals.items()}
            progress.update(task, total=page["of"], completed=totals["people"])
            after = page["next"]
    return totals


def _order(client: httpx.Client, action: str, order: dict[str, Any]) -> dict[str, Any]:
    return check(client.post(f"{ROUTE}/{action}", json=order))


def _tell_refold(answer: dict[str, Any]) -> int:
    if answer["later"]:
        print(f"Not refolded yet, {answer['later']}: that follows as soon as it can.")
        return 1
    refolded = answer["refolded"]
    print(f"Refolded: {', '.join(refolded['people']) or 'nobody'}, {refolded['events']:,} events.")
    if refolded["lacking"]:
        print(f"The log lacked {refolded['lacking']:,} events that they had counted.")
    return 0


def _face(profile: dict[str, Any]) -> Table:
    table = Table(title=f"Profile of {profile['person']}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in profile.items():
        if name not in HIDDEN and value not in (None, [], {}):
            table.add_row(name, _shown(value))
    return table


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(one)}" for key, one in value.items())
    return f"{value:,g}" if isinstance(value, float) else str(value)


def _moves(told: dict[str, Any]) -> Table:
    table = Table(title=f"The newest of {told['events']:,} events", title_justify="left")
    for name in ("at", "event", "kind", "number", "before", "after", "by"):
        table.add_column(name, justify="right" if name in ("before", "after", "by") else "left", overflow="fold")
    for event in told["moved_by"]:
        head = (event["occurred_at"][:19].replace("T", " "), event["event_id"], event["kind"])
        for move in event["moves"]:
            number = " ".join(filter(None, (move["what"], move["key"])))
            table.add_row(*head, number, f"{move['before']:g}", f"{move['after']:g}", f"{move['by']:+g}")
            head = ("", "", "")
        if not event["moves"]:
            table.add_row(*head, event["outcome"] if event["outcome"] != "applied" else "nothing", "", "", "")
        table.add_section()
    return table


def _sums(told: dict[str, Any]) -> Table:
    table = Table(title="What they add up to", title_justify="left")
    for name in ("number", "log", "live", ""):
        table.add_column(name, justify="right" if name in ("log", "live") else "left", overflow="fold")
    for one in told["sums"]:
        number = " ".join(filter(None, (one["what"], one["key"])))
        table.add_row(number, f"{one['log']:g}", f"{one['live']:g}", "" if one["log"] == one["live"] else "differs")
    return table


def _agreement(told: dict[str, Any]) -> str:
    if told["agrees"]:
        return "Log and live profile agree."
    lacking = f" The log lacks {told['lacking']:,} events that the profile counts." if told["lacking"] else ""
    return f"Log and live profile differ.{lacking} A rebuild makes the profile what the log says."
