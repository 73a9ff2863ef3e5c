"""What a person sees: tables that line up, in the order in which questions come."""

from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 110


def console() -> Console:
    """Standard output; in a pipe, wide enough for the tables."""
    found = Console()
    return found if found.is_terminal else Console(width=WIDTH)


def personas(trained: dict[str, Any]) -> list[dict[str, Any]]:
    """The personas of a training's answer, largest first."""
    sizes: dict[str, int] = trained["models"]["personas"].get("personas", {})
    return [{"name": name, "size": size} for name, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0]))]


def versions(trained: dict[str, Any]) -> dict[str, str]:
    """The versions that a training has published, by model."""
    return {name: model["version"] for name, model in trained["models"].items() if model["status"] == "published"}


def show(figures: dict[str, Any], console: Console) -> None:
    """The demo's figures."""
    console.print(_events(figures["events"]))
    console.print(_personas(figures["personas"]))
    for name, model in figures["models"]["models"].items():
        if model["status"] != "published":
            console.print(f"{name}: not trained, {model['reason']}")
    who, before, after = (figures["recommendations"][key] for key in ("user_id", "before", "after"))
    console.print(f"\nUser {who}, before training: {before['persona']}; {_summary(before)}")
    console.print(_recommendations(f"User {who}, after training: {after['persona']}", after))
    console.print(f"{figures['seconds']:.1f} s on the {figures['stack']} stack.")


def _events(events: dict[str, int]) -> Table:
    table = Table(title="Events", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, number in events.items():
        if number or name != "late":
            table.add_row(name, f"{number:,}")
    return table


def _personas(found: list[dict[str, Any]]) -> Table:
    table = Table(title="Personas", title_justify="left")
    table.add_column("persona")
    table.add_column("people", justify="right")
    for persona in found:
        table.add_row(persona["name"], f"{persona['size']:,}")
    return table


def _summary(answer: dict[str, Any]) -> str:
    return ", ".join(item["item_id"] for item in answer["items"]) or "nothing to recommend yet"


def _recommendations(title: str, answer: dict[str, Any]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("", "item", "category", "score", "source", "reason"):
        table.add_column(name, justify="right" if name in ("", "score") else "left")
    for place, item in enumerate(answer["items"], start=1):
        called = item["name"] or item["item_id"]
        table.add_row(str(place), called, item["category"], f"{item['score']:.4f}", item["source"], item["reason"])
    return table
