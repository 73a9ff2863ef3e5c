"""What an operator asks of the function retrain about models, on a stack that serves."""

from pathlib import Path
from typing import Any

from rich.markdown import Markdown
from rich.table import Table

from infra.local import screens
from infra.local.operator import calling, check
from shared.errors import PermanentError, Problem

ROUTE = "/v1/models"
LEFT = ("model", "version", "status", "reason")


def list_models(url: str, key: str | None) -> int:
    """Print all versions, the newest first."""
    with calling(url, key) as client:
        cards: list[dict[str, Any]] = check(client.get(ROUTE))["models"]
    table = Table(title="Models", title_justify="left")
    for name in (*LEFT[:3], "events", "people", "s", "kept", LEFT[3]):
        table.add_column(name, justify="left" if name in LEFT else "right", overflow="fold", no_wrap=name in LEFT[:3])
    for card in cards:
        numbers = (
            f"{card['events']:,}",
            f"{card['people']:,}",
            f"{card['seconds']:.1f}",
            "yes" if card["kept"] else "",
        )
        table.add_row(card["name"], card["version"], card["status"], *numbers, card["reason"])
    screens.console().print(table if cards else "No model has been trained yet: infra/dev.py train.")
    return 0


def show_model(url: str, key: str | None, reference: str, picture: str | None) -> int:
    """Print a card; with `picture`, write its picture there. Returns 1 if it has none."""
    with calling(url, key) as client:
        told = check(client.get(f"{ROUTE}/{reference}"))
    console = screens.console()
    console.print(Markdown(told["markdown"]) if console.is_terminal else told["markdown"], markup=False, soft_wrap=True)
    if picture and not told["picture"]:
        console.print("It has no picture.")
        return 1
    if picture:
        Path(picture).write_text(told["picture"], encoding="utf-8")
        console.print(f"Picture in {picture}")
    return 0


def switch(url: str, key: str | None, action: str, reference: str) -> int:
    """Make another version live, or what was live before."""
    with calling(url, key) as client:
        told = check(client.post(f"{ROUTE}/{action}", json={"model": reference}))
    print(f"{told['model']}: {told['live']} is live, instead of {told['before'] or 'nothing'}.")
    return 0


def run(url: str, key: str | None, action: str, reference: str | None, picture: str | None) -> int:
    """One of `list`, `show`, `promote`, `rollback`."""
    if action == "list":
        return list_models(url, key)
    if not reference:
        raise PermanentError("which model?", (Problem("MODEL", "NAME or NAME@VERSION", "nothing"),))
    if action == "show":
        return show_model(url, key, reference, picture)
    return switch(url, key, action, reference)
