"""What a program imports until its first answer, by `python -X importtime`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

FORBIDDEN = ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "google.cloud.bigquery")
OPTIONS = ("-X", "importtime")
NAMESPACE = "google"


class Import(NamedTuple):
    """One module and the µs that it took itself."""

    module: str
    own_us: int


def read_imports(log: str) -> list[Import]:
    """The lines that the interpreter writes among others.

    >>> read_imports("import time: self [us] | cumulative | package\\nimport time: 120 | 450 |   grpc.aio\\nok")
    [Import(module='grpc.aio', own_us=120)]
    """
    parts = [
        line.removeprefix("import time:").split("|") for line in log.splitlines() if line.startswith("import time:")
    ]
    return [Import(module.strip(), int(own)) for own, _, module in parts if own.strip().isdigit()]


def quickest(runs: Sequence[Sequence[Import]]) -> list[Import]:
    """Of several runs each module with its least time: what a busy machine adds is not the module's.

    >>> quickest([[Import("grpc", 900), Import("uuid", 7)], [Import("grpc", 500)]])
    [Import(module='grpc', own_us=500), Import(module='uuid', own_us=7)]
    """
    least: dict[str, int] = {}
    for module, own_us in (found for run in runs for found in run):
        least[module] = min(own_us, least.get(module, own_us))
    return [Import(module, own_us) for module, own_us in least.items()]


def forbidden(imports: Iterable[Import]) -> list[str]:
    """Packages among them that a hot function must not load.

    >>> forbidden([Import("numpy.core", 1), Import("numpyro", 1)])
    ['numpy']
    """
    modules = [found.module for found in imports]
    return [name for name in FORBIDDEN if any(f"{module}.".startswith(f"{name}.") for module in modules)]


def sums(imports: Iterable[Import]) -> dict[str, float]:
    """Milliseconds by package, without those of the packages that it imports.

    >>> sums([Import("grpc.aio", 1000), Import("grpc", 500)])
    {'grpc': 1.5}
    """
    found: dict[str, float] = {}
    for one in imports:
        package = _package(one.module)
        found[package] = found.get(package, 0.0) + one.own_us / 1_000
    return found


def _package(module: str) -> str:
    """
    >>> _package("google.cloud.firestore_v1.types"), _package("grpc._channel")
    ('google.cloud.firestore_v1', 'grpc')
    """
    parts = module.split(".")
    return ".".join(parts[: 3 if parts[0] == NAMESPACE else 1])
