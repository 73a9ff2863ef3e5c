"""Staging: build/<function>/ holds what one deployment uploads: the function's folder, shared/, nothing else."""

import compileall
import shutil
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.local.layout import FUNCTIONS, ROOT, Function

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


def stage_all(into: Path) -> int:
    """Stage every function, and print what each has become."""
    table = Table("function", "files", "size")
    for column in table.columns[1:]:
        column.justify = "right"
    for function in FUNCTIONS:
        files = [file for file in stage(function, into).rglob("*") if file.is_file()]
        table.add_row(function.name, str(len(files)), f"{sum(file.stat().st_size for file in files) / 1024:,.0f} KiB")
    Console().print(table)
    return 0
