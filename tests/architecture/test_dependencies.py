"""Who may import what: the rule of infra/decisions/0002."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = sorted((ROOT / "shared").rglob("*.py"))
STORES = ROOT / "shared" / "stores"
PARSER = "msgspec"
LISTS = {
    "shared/profiles/bots.py": {"crawleruseragents"},
    "shared/access.py": {"jwt"},
    "shared/scripts.py": {"rjsmin"},
    "shared/rules/parse.py": {"yaml"},
}
"""What one module may import: maintained data (decision record 0026), tokens' signatures (0038), what pages load
(0049), rules as written."""

FUNCTIONS = sorted(path.parent for path in (ROOT / "functions").glob("*/main.py"))
TRAINING_LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "pyarrow",
    "implicit",
    "sparse-dot-topn",
    "duckdb",
    "google-cloud-bigquery",
)


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, also inside functions and for type checking."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", [p for p in SHARED if STORES not in p.parents], ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_imports_the_standard_library_and_one_parser(path: Path) -> None:
    foreign = {top(module) for module in imports(path)} - sys.stdlib_module_names - {"shared", PARSER}
    assert foreign == LISTS.get(str(path.relative_to(ROOT)), set())


def test_stores_are_chosen_in_one_place() -> None:
    for path in SHARED:
        chosen = [m for m in imports(path) if m.startswith(("shared.stores.gcp", "shared.stores.embedded"))]
        inside = STORES in path.parents and path.parent != STORES
        assert not chosen or inside or path.name == "wiring.py", f"{path} chooses a backend"


def test_google_is_spoken_in_one_folder() -> None:
    for path in [*SHARED, *(main / "main.py" for main in FUNCTIONS)]:
        google = [module for module in imports(path) if top(module) in ("google", "grpc")]
        assert not google or path.parent == STORES / "gcp", f"{path} imports {google}"


def test_duckdb_and_sqlite_stay_in_one_folder() -> None:
    for path in SHARED:
        local = [module for module in imports(path) if top(module) in ("duckdb", "sqlite3", "sqlglot")]
        assert not local or path.parent == STORES / "embedded", f"{path} imports {local}"


def test_functions_do_not_import_each_other_or_the_local_stack() -> None:
    for folder in FUNCTIONS:
        for path in folder.rglob("*.py"):
            assert not {top(module) for module in imports(path)} & {"functions", "infra", "tests"}, path


def test_no_two_functions_have_modules_of_one_name() -> None:
    names = [path.stem for folder in FUNCTIONS for path in folder.glob("*.py") if path.name != "main.py"]
    names += [path.parent.name for folder in FUNCTIONS for path in folder.glob("*/__init__.py")]
    assert len(names) == len(set(names))


def pins(path: Path) -> dict[str, str]:
    """Requirement → its range, of one file and those it includes."""
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found |= pins(ROOT / text.removeprefix("-r "))
        elif text:
            match = re.fullmatch(r"([A-Za-z0-9._-]+)(\[[a-z,]+\])?((?:[<>=!~]=?[0-9][^,]*,?)+)", text)
            assert match, f"{path}: {text!r} is not a package with a range"
            found[match[1].lower()] = match[3]
    return found


def test_no_two_pins_of_one_package_are_apart() -> None:
    everything = pins(ROOT / "requirements.txt")
    for folder in FUNCTIONS:
        for package, pinned in pins(folder / "requirements.txt").items():
            assert everything[package] == pinned, f"{folder.name}: {package}{pinned}, elsewhere {everything[package]}"


def test_every_pin_has_an_upper_bound() -> None:
    for package, pinned in pins(ROOT / "requirements.txt").items():
        assert "<" in pinned or "==" in pinned, f"{package}{pinned} may become anything"


@pytest.mark.parametrize(
    "folder", [f for f in FUNCTIONS if f.name not in ("privacy", "profiles", "pull", "retrain")], ids=lambda f: f.name
)
def test_hot_functions_do_not_ask_for_training_libraries(folder: Path) -> None:
    assert not pins(folder / "requirements.txt").keys() & set(TRAINING_LIBRARIES)
