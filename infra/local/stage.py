"""Staging: build/<function>/ holds what one deployment uploads: the function's folder, shared/, nothing else."""

import compileall
import shutil
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.deploy.fallback import fetch
from infra.deploy.sizes import folder_size, installed
from infra.local.layout import FUNCTIONS, ROOT, Function
from shared.models.fallback import FILE

EXTRAS = {"privacy": ("infra/sql",), "profiles": ("infra/sql",), "pull": ("infra/sql",), "retrain": ("infra/sql",)}
"""Folders that a function reads besides its own and shared/."""

IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


def stage(function: Function, into: Path) -> Path:
    """Stage one function, anew, and compile it: without .pyc files a cold start takes more than three times as long."""
    folder = into / function.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(function.source.parent, folder, ignore=IGNORED)
    for name in ("shared", *EXTRAS.get(function.name, ())):
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    compileall.compile_dir(folder, quiet=1)
    return folder


def stage_all(into: Path, fallback_url: str | None = None) -> int:
    """Stage every function, and print what each has become, and what its image will install besides."""
    fallback = fetch(fallback_url) if fallback_url else None
    table = Table("function", "files", "size", "packages", "installed")
    for column in table.columns[1:]:
        column.justify = "right"
    elsewhere: set[str] = set()
    for function in FUNCTIONS:
        folder, packages = stage(function, into), installed(function)
        if fallback and function.name == "recommend":
            (folder / FILE).write_bytes(fallback)
        files = sum(1 for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
        size, installs = f"{folder_size(folder) / 1024:,.0f} KiB", f"{packages.size / 1024**2:,.1f} MiB"
        table.add_row(function.name, str(files), size, str(packages.packages), installs)
        elsewhere.update(packages.elsewhere)
    Console().print(table)
    if elsewhere:
        print(f"Not here in the version that images get, so not measured as such: {', '.join(sorted(elsewhere))}")
    return 0
