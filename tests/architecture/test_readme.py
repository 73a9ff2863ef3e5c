"""What the README lists is what the code has."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from infra.cli import parser
from infra.local.layout import FUNCTIONS, TOPICS
from infra.local.router import owner
from shared.events.event import Event
from shared.events.kinds import KINDS
from shared.models.facts import ItemFacts
from shared.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def described(struct: type[msgspec.Struct]) -> Iterator[tuple[msgspec.inspect.Field, str]]:
    """Each field with the description of its type."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        yield field, description(field.type)


def description(kind: msgspec.inspect.Type) -> str:
    if isinstance(kind, msgspec.inspect.Metadata) and kind.extra_json_schema:
        return str(kind.extra_json_schema.get("description", "")) or description(kind.type)
    inner = kind.types if isinstance(kind, msgspec.inspect.UnionType) else ()
    return next((text for text in map(description, inner) if text), "")


def default(field: msgspec.inspect.Field) -> str:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value or "–")


def table(*rows: tuple[str, ...]) -> str:
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *body))


def settings() -> str:
    rows = [(f"`{PREFIX}{f.name.upper()}`", f"`{default(f)}`", text) for f, text in described(Settings)]
    return table(("variable", "default", "meaning"), *rows)


def kinds() -> str:
    rows = [(f"`{kind}`", f"{spec.weight:g}", spec.engagement, spec.meaning) for kind, spec in KINDS.items()]
    return table(("kind", "weight", "engagement", "meaning"), *rows)


def fields() -> str:
    rows = [(f"`{f.name}`", "yes" if f.required else "", text) for f, text in described(Event)]
    return table(("field", "required", "meaning"), *rows)


def items() -> str:
    rows = [(f"`{f.name}`", "yes" if f.required else "", text) for f, text in described(ItemFacts)]
    return table(("field", "required", "meaning"), *rows)


def commands() -> str:
    [subparsers] = [action for action in parser()._actions if hasattr(action, "_choices_actions")]
    rows = [(f"`{choice.dest}`", choice.help) for choice in subparsers._choices_actions]
    return table(("command", "what it does"), *rows)


@pytest.mark.parametrize("listed", [settings, kinds, fields, items, commands], ids=lambda listed: listed.__name__)
def test_the_readme_lists_what_the_code_has(listed: object) -> None:
    expected = listed()  # type: ignore[operator]
    assert expected in README, f"README.md should have this table:\n{expected}"


def test_every_endpoint_is_listed() -> None:
    [section] = re.findall(r"^## Endpoints$(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`.*?`) \| `(\w+)` \|", section, re.MULTILINE)
    listed = [(path, name) for paths, name in rows for path in re.findall(r"`\w+ (/[^`?]*)", paths)]
    assert [(path, name) for path, name in listed if owner(path) != name] == []
    routes = {route for function in FUNCTIONS for route in function.routes}
    assert sorted(route for route in routes if not any(path.startswith(route) for path, _ in listed)) == []


def test_every_topic_and_function_is_named() -> None:
    for name in (*TOPICS, *(function.name for function in FUNCTIONS)):
        assert f"`{name}`" in README


def test_every_place_exists() -> None:
    for path in re.findall(r"^\| `((?:functions|shared|infra|tests)/[^`*]*)`", README, re.MULTILINE):
        assert (ROOT / path).exists(), path


def test_every_decision_is_complete() -> None:
    records = sorted((ROOT / "infra" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        for part in ("## Context", "## Options", "## Decision", "## Revisit when"):
            assert part in record.read_text(), f"{record.name} lacks {part}"
