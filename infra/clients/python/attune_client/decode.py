"""JSON as the dataclasses of this package."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from attune_client.answers import Problem
from attune_client.errors import UnexpectedAnswerError

T = TypeVar("T")


def decode(kind: type[T], value: object) -> T:
    """The value as this type. Raises UnexpectedAnswerError naming the field that is something else."""
    return cast(T, _decode(kind, value, "answer"))


def _decode(kind: Any, value: Any, path: str) -> Any:
    if is_dataclass(kind):
        return _object(kind, _checked(dict, value, path), path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):  # T | None is the only one
        return None if value is None else _decode(next(one for one in arguments if one is not NoneType), value, path)
    if origin is list:
        return [_decode(arguments[0], one, f"{path}[{at}]") for at, one in enumerate(_checked(list, value, path))]
    if origin is Mapping:
        return {name: _decode(arguments[1], one, f"{path}.{name}") for name, one in _checked(dict, value, path).items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _checked(kind, value, path)


def _object(kind: Any, value: Mapping[str, Any], path: str) -> Any:
    found = {}
    for name, (hint, is_required) in _hints(kind).items():
        if name in value:
            found[name] = _decode(hint, value[name], f"{path}.{name}")
        elif is_required:
            raise _unexpected(f"{path}.{name}", "a value", "nothing")
    return kind(**found)


@cache
def _hints(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Field → its type, and whether it has no default."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING) for one in fields(kind)
    }


def _checked(kind: Any, value: Any, path: str) -> Any:
    is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not is_right:
        raise _unexpected(path, kind.__name__, repr(value)[:60])
    return value


def _unexpected(path: str, expected: str, found: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError("not what this client knows", None, (Problem(path, expected, found),))
