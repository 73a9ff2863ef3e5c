"""What an operator asks of the function privacy, on a stack that serves."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import httpx
from rich.table import Table

from infra.local import screens
from infra.local.operator import calling, check, whom

END = b'{"place":"end"'


def export(url: str, key: str | None, user: str | None, device: str | None, out: str | None) -> int:
    """Write everything held about a person as it comes. Returns 1 if it broke off."""
    with ExitStack() as stack:
        client = stack.enter_context(calling(url, key))
        answer = stack.enter_context(client.stream("GET", "/v1/privacy/export", params=whom(user, device)))
        if answer.is_error:
            answer.read()
            check(answer)
        to = stack.enter_context(Path(out).open("wb")) if out else sys.stdout.buffer
        n, last = _copy(answer, to)
    if not last.startswith(END):
        print(f"error: the export broke off after {n:,} lines; ask again", file=sys.stderr)
        return 1
    if out:
        print(f"{n - 1:,} lines in {out}")
    return 0


def erase(url: str, key: str | None, user: str | None, device: str | None, mode: str, yes: bool) -> int:
    """Ask whether it is meant, then forget the person."""
    what = f"{'user' if user else 'device'} {user or device}"
    if not yes and not _is_meant(f"Erase everything held about {what} ({mode})? It can not be undone. Type yes: "):
        print("Nothing was erased.")
        return 1
    with calling(url, key) as client:
        answer = check(client.post("/v1/privacy/erase", json={**whom(user, device), "mode": mode}))
    print(f"Forgotten by serving; the log and the dead letters follow. Erasure {answer['erasure'][:12]}.")
    print("verify-erasures proves it.")
    return 0


def verify_erasures(url: str, key: str | None, days: int) -> int:
    """Look for what is left of those who were erased. Returns 1 unless that is nothing."""
    with calling(url, key) as client:
        report = check(client.post("/v1/privacy/verify", json={"days": days}))
    console = screens.console()
    console.print(_table(report))
    people = f"Erasures of {report['days']} days: {report['erasures']:,}, their devices: {report['devices']:,}"
    waiting = f", not carried out yet: {report['unfinished']:,}" if report["unfinished"] else ""
    verdict = "nothing is left" if report["is_zero"] else "not gone yet; run it again later"
    console.print(f"{people}{waiting}; {verdict}.")
    return int(not report["is_zero"])


def _table(report: dict[str, Any]) -> Table:
    table = Table(title="What is left", title_justify="left")
    table.add_column("place")
    table.add_column("found", justify="right")
    table.add_column("left", justify="right")
    for place, found in report["found"].items():
        table.add_row(place, f"{found:,}", f"{report['left'][place]:,}")
    return table


def _copy(answer: httpx.Response, to: IO[bytes]) -> tuple[int, bytes]:
    """The lines, as they come; how many there were, and the last."""
    n, last = 0, b""
    try:
        for line in answer.iter_lines():
            last = line.encode()
            to.write(last + b"\n")
            n += 1
    except httpx.TransportError:
        pass  # the last line tells
    return n, last


def _is_meant(question: str) -> bool:
    try:
        return input(question).strip().lower() == "yes"
    except EOFError:
        return False
