"""rules.yaml → rules. What is wrong is named by its line, all of it at once; hostile files are not expanded."""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from shared.errors import PermanentError, Problem
from shared.rules.rule import Rule, RuleSet

MOST_BYTES = 200_000
MOST_RULES = 500
MOST_DEPTH = 12

Lines = dict[str, int]
"""Path of a value, as `$.rules[2].boost` → the line that it begins on, counted from 1."""


def parse_rules(text: bytes) -> RuleSet:
    """The rules of a YAML (or JSON) text, with a version of their content. Raises PermanentError naming every line."""
    if len(text) > MOST_BYTES:
        raise PermanentError("too large", (Problem("", f"at most {MOST_BYTES:,} bytes", f"{len(text):,} bytes"),))
    document, lines = _read(text)
    found = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(found, list) or (isinstance(document, dict) and set(document) != {"rules"}):
        raise PermanentError(
            "invalid", (Problem("line 1", "a list called rules, and nothing beside it", _kind(document)),)
        )
    if len(found) > MOST_RULES:
        problem = Problem(_at(lines, "$.rules"), f"at most {MOST_RULES} rules", f"{len(found):,}")
        raise PermanentError("invalid", (problem,))
    rules: list[Rule] = []
    problems: list[Problem] = []
    for number, one in enumerate(found):
        try:
            rules.append(msgspec.convert(one, Rule))
        except msgspec.ValidationError as error:
            problems.append(_problem(str(error), f"$.rules[{number}]", one, lines))
    problems += _contradictions(found, lines)
    if problems:
        raise PermanentError("invalid", tuple(problems))
    digest = blake2b(msgspec.msgpack.encode(rules), digest_size=6).hexdigest()
    return RuleSet(digest, rules)


def _read(text: bytes) -> tuple[Any, Lines]:
    import yaml  # only where rules are written; serving reads them as data

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_shape(yaml.parse(text, loader))
        node = yaml.compose(text, loader)
        lines: Lines = {}
        twice = list(_walk(node, "$", lines)) if node is not None else []
        document = yaml.load(text, loader)  # noqa: S506 - it is the safe loader
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise PermanentError("malformed", (Problem(line, "YAML", str(error.problem)),)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PermanentError("malformed", (Problem("", "YAML in UTF-8", str(error)[:200]),)) from None
    if twice:
        raise PermanentError("invalid", tuple(twice))
    return document, lines


def _check_shape(events: Iterator[Any]) -> None:
    """Nothing is built yet: a few letters could ask for more than there is memory, or stack."""
    depth = 0
    for event in events:
        kind, line = type(event).__name__, f"line {event.start_mark.line + 1}"
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if kind == "AliasEvent":
            raise PermanentError("invalid", (Problem(line, "no aliases (*name)", "one"),))
        if depth > MOST_DEPTH:
            raise PermanentError("invalid", (Problem(line, f"at most {MOST_DEPTH} levels", "more"),))


def _walk(node: Any, path: str, lines: Lines) -> Iterator[Problem]:
    """Note where everything is; yields names that are given twice, of which YAML would keep the last."""
    lines[path] = node.start_mark.line + 1
    if node.id == "mapping":
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in names:
                yield Problem(f"line {key.start_mark.line + 1}", "each name once", f"{name[:60]} again")
            names.add(name)
            yield from _walk(value, f"{path}.{name}", lines)
    elif node.id == "sequence":
        for number, value in enumerate(node.value):
            yield from _walk(value, f"{path}[{number}]", lines)


def _problem(told: str, path: str, rule: Any, lines: Lines) -> Problem:
    """msgspec's words with the line; what it can not place is the rule's own."""
    expected, _, inner = told.partition(" - at `$")
    inner = re.sub(r"\[\.\.\.\]", "", inner.rstrip("`"))
    whole = path + inner
    while whole not in lines:
        whole = whole[: max(whole.rfind("."), whole.rfind("["))]
    name = rule.get("name") if isinstance(rule, dict) else None
    found = f"rule {name[:60]}" if isinstance(name, str) else "a rule without a name"
    return Problem(f"{_at(lines, whole)}, {path.removeprefix('$.')}{inner}", expected.removeprefix("Expected "), found)


def _contradictions(found: list[Any], lines: Lines) -> Iterator[Problem]:
    """What no single field shows: names given twice, time zones that are none, an end before the beginning."""
    names: dict[str, int] = {}
    for number, one in enumerate(found):
        if not isinstance(one, dict):
            continue
        path = f"$.rules[{number}]"
        name, when = one.get("name"), one.get("when")
        if isinstance(name, str) and names.setdefault(name, number) != number:
            first = _at(lines, f"$.rules[{names[name]}]")
            yield Problem(f"{_at(lines, f'{path}.name')}", "a name of its own", f"{name[:60]}, as in {first}")
        if not isinstance(when, dict):
            continue
        zone, since, until = when.get("timezone", "UTC"), when.get("since"), when.get("until")
        if isinstance(zone, str) and not _is_zone(zone):
            yield Problem(_at(lines, f"{path}.when.timezone"), "a time zone, as Europe/Berlin", zone[:60])
        if _is_over(since, until):
            yield Problem(_at(lines, f"{path}.when.until"), "a time after since", str(until)[:60])


def _is_over(since: Any, until: Any) -> bool:
    try:
        return since is not None and until is not None and not since < until
    except TypeError:
        return False  # they are not both times, which has been said


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _at(lines: Lines, path: str) -> str:
    return f"line {lines.get(path, 1)}"


def _kind(document: object) -> str:
    if isinstance(document, dict):
        return ", ".join(str(name)[:40] for name in list(document)[:5]) or "nothing"
    return "nothing" if document is None else type(document).__name__
