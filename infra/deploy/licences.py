"""Under which licences the packages of the images are, as they themselves say, and whether those may ship."""

import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from infra.deploy.locks import Pin, shipped
from infra.local.layout import ROOT

FILE = ROOT / "infra" / "deploy" / "LICENCES.md"

IMAGES = {"sys_platform": "linux", "platform_system": "Linux", "platform_python_implementation": "CPython"}

PERMISSIVE = frozenset(
    ("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD", "CC0-1.0", "MIT", "MIT-0", "PSF-2.0", "Zlib")
)
BY_FILE = frozenset({"certifi", "tqdm"})
"""May be under MPL-2.0: its copyleft holds for changes to their own files, and these ship unchanged."""

UNSTATED: Mapping[str, str] = {"crawler-user-agents": "MIT"}
"""Packages whose metadata say nothing, as their LICENSE has it."""

SPDX: Mapping[str, str] = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD",  # with two clauses or three; the package does not say
    "3-Clause BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

BUNDLED: Mapping[str, str] = {
    "libcrc32c": "BSD-3-Clause",
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libquadmath": "LGPL-2.1-or-later",
    "libscipy_openblas": "BSD-3-Clause",
    "libscipy_openblas64_": "BSD-3-Clause",
}
"""Shared libraries that wheels carry in a folder of their own: GCC's runtime and what numpy and scipy count with.

They are as the wheels' makers built them and can be exchanged, which is what LGPL asks for; only `retrain` has such.
"""


class Licensed(NamedTuple):
    """A package of the images: its licence as an SPDX expression, what it carries, and whose images have it."""

    name: str
    licence: str
    bundled: tuple[str, ...]
    functions: tuple[str, ...]

    @property
    def may_ship(self) -> bool:
        allowed = PERMISSIVE | {"MPL-2.0"} if self.name in BY_FILE else PERMISSIVE
        parts = (part.strip("() ") for part in self.licence.split(" AND "))
        is_known = all(library in BUNDLED for library in self.bundled)
        return is_known and all(any(one.strip("() ") in allowed for one in part.split(" OR ")) for part in parts)


def licensed() -> list[Licensed]:
    """Every package that any image installs, as it is installed here."""
    images: dict[str, list[str]] = {}
    for function, pins in shipped().items():
        for pin in filter(is_for_images, pins):
            images.setdefault(pin.name, []).append(function)
    return [
        Licensed(name, licence(metadata.distribution(name)), bundled(metadata.distribution(name)), tuple(functions))
        for name, functions in sorted(images.items())
    ]


def is_for_images(pin: Pin) -> bool:
    """Whether Linux images of any supported Python install it."""
    return pin.applies(IMAGES)


def licence(package: metadata.Distribution) -> str:
    """The SPDX expression of a package, from its metadata; "unknown" where they have none."""
    said = package.metadata
    if "License-Expression" in said:
        return said["License-Expression"]
    names = [name.rpartition(" :: ")[2] for name in said.get_all("Classifier", []) if name.startswith("License ::")]
    names = [name for name in names if name != "OSI Approved"] or (said.get_all("License") or [""])
    found = " OR ".join(SPDX.get(name, name) for name in names)
    return found or UNSTATED.get(said["Name"], "unknown")


def bundled(package: metadata.Distribution) -> tuple[str, ...]:
    """The shared libraries of other projects in a wheel, as auditwheel lays them down: <package>.libs/<name>-….so…"""
    files = (file for file in package.files or () if file.parts[0].endswith(".libs") and ".so" in file.name)
    return tuple(sorted({file.name.partition("-")[0].partition(".so")[0] for file in files}))


def table(found: list[Licensed]) -> str:
    """The licences as a page."""
    everywhere = len(shipped())
    lines = ["# Licences of what the images install", "", "Made by `python3 infra/dev.py licences --write`.", ""]
    lines += ["| package | licence | in the images of |", "| --- | --- | --- |"]
    for one in found:
        images = "all" if len(one.functions) == everywhere else ", ".join(one.functions)
        lines.append(f"| {one.name} | {one.licence} | {images} |")
    lines += [
        "",
        "Shared libraries that some wheels carry:",
        "",
        "| library | licence | carried by |",
        "| --- | --- | --- |",
    ]
    carried = sorted({library for one in found for library in one.bundled})
    for library in carried:
        carriers = ", ".join(one.name for one in found if library in one.bundled)
        lines.append(f"| {library} | {BUNDLED.get(library, 'unknown')} | {carriers} |")
    return "\n".join(lines) + "\n"


def show(write: bool) -> int:
    """Print the table, or write it down. 1 if anything in it may not ship."""
    found = licensed()
    if write:
        Path(FILE).write_text(table(found))
    else:
        print(table(found), end="")
    refused = [one for one in found if not one.may_ship]
    for one in refused:
        print(f"error: {one.name} ({one.licence}; {', '.join(one.bundled)}) may not ship", file=sys.stderr)
    return int(bool(refused))
