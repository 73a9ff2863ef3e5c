"""What an operator or a marketer does with rules, on a stack that serves: look, check, try, make live."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from infra.local import screens
from infra.local.operator import calling, check
from shared.errors import PermanentError, Problem
from shared.rules.parse import parse_rules

ROUTE = "/v1/rules"


def run(url: str, key: str | None, action: str, file: str | None, users: Sequence[str]) -> int:
    """One of `show`, `check`, `preview`, `apply`. Raises PermanentError, which names every bad line."""
    if action == "show":
        with calling(url, key) as client:
            told = check(client.get(ROUTE))
        print(told["text"], end="")
        return 0
    text = _read(file)
    rules = parse_rules(text)
    if action == "check":
        print(f"{len(rules.rules)} rules, nothing wrong with them (version {rules.version})")
        return 0
    with calling(url, key) as client:
        if action == "apply":
            told = check(client.put(ROUTE, content=text))
            print(f"{told['rules']} rules are live (version {told['version']}, before {told['before'] or 'none'})")
            return 0
        if not users:
            raise PermanentError("who?", (Problem("--user", "one user or more, to see what they would see", "nobody"),))
        people = [{"user_id": user} for user in users]
        seen = check(client.post(f"{ROUTE}/preview", json={"rules": text.decode(), "people": people}))
    _print(seen)
    return 0


def _print(seen: dict[str, Any]) -> None:
    console = screens.console()
    for person in seen["people"]:
        held = ", ".join(person["rules"]) or "none"
        console.print(f"User {person['user_id']}: {person['persona']}; rules that hold: {held}", soft_wrap=True)
        table = Table()
        table.add_column("", justify="right")
        for name in ("live rules", "these rules"):
            table.add_column(name)
        before, after = person["before"], person["after"]
        for place in range(max(len(before), len(after))):
            old, new = (ids[place] if place < len(ids) else "" for ids in (before, after))
            table.add_row(str(place + 1), old, new if new == old else f"[bold]{new}[/bold]")
        console.print(table)
    if nobody := seen["rules_for_nobody"]:
        console.print(f"Rules that hold for none of them: {', '.join(nobody)}")


def _read(file: str | None) -> bytes:
    if file is None:
        raise PermanentError("which rules?", (Problem("FILE", "a file of rules, as rules.yaml", "nothing"),))
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise PermanentError(
            "cannot read the rules", (Problem("FILE", "a file", f"{file}: {error.strerror}"),)
        ) from None
