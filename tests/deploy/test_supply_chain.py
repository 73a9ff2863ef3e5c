"""What the images install: locked to what is asked for, small, audited, and under licences that may ship."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.cli import main
from infra.deploy import audit, licences
from infra.deploy.audit import read_answer, report
from infra.deploy.locks import lock_file, read_lock, requirements, requirements_file, shipped
from infra.local.layout import FUNCTIONS, ROOT, Function
from infra.local.stage import stage
from tests.architecture.test_dependencies import TRAINING_LIBRARIES

NOT_IN_HOT = {*TRAINING_LIBRARIES, "google-cloud-bigquery", "duckdb", "sqlglot", "pytest", "hypothesis"}
HOT = ("collect", "normalize", "update_profile", "update_items", "recommend", "sweep")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_lock_is_that_of_its_requirements(function: Function) -> None:
    """Where this fails: python3 infra/dev.py lock."""
    pins = {pin.name: pin for pin in read_lock(lock_file(function).read_text())}
    asked = {canonicalize_name(one.name): one for one in requirements(requirements_file(function))}
    file = str(requirements_file(function).relative_to(ROOT))
    assert {name for name, pin in pins.items() if file in pin.wanted_by} == asked.keys()
    for name, requirement in asked.items():
        assert pins[name].version in requirement.specifier, f"{name} is locked to {pins[name].version}"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_lock_is_whole(function: Function) -> None:
    """Each pin has its hashes, and is there because something that is there wants it."""
    text = lock_file(function).read_text()
    pins = read_lock(text)
    lines = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
    assert len(lines) == len(pins) == len({pin.name for pin in pins}) > 30
    names = {pin.name for pin in pins}
    for pin in pins:
        assert pin.hashes, pin.name
        assert pin.wanted_by, pin.name
        assert all(who in names or who.endswith("requirements.txt") for who in pin.wanted_by), pin


def test_all_images_have_one_version_of_a_package() -> None:
    versions: dict[str, set[str]] = {}
    for pins in shipped().values():
        for pin in pins:
            versions.setdefault(pin.name, set()).add(str(pin.version))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", HOT)
def test_hot_images_install_no_training_library_and_hold_no_test(name: str, tmp_path: Path) -> None:
    assert {pin.name for pin in shipped()[name]} & NOT_IN_HOT == set()
    [function] = [one for one in FUNCTIONS if one.name == name]
    files = [file.relative_to(tmp_path / name) for file in stage(function, tmp_path).rglob("*")]
    assert [file for file in files if file.name.startswith(("test_", "conftest")) or "training" in file.parts] == []


def test_stage_prints_what_images_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stage", "--into", str(tmp_path)]) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    sizes = {row[0].strip(): float(row[4].split()[0]) for row in rows}
    assert sizes.keys() == {function.name for function in FUNCTIONS}
    for name in HOT:
        assert 20 < sizes[name] < 80 < sizes["retrain"], f"{name} installs {sizes[name]} MiB"


def test_every_licence_may_ship_and_is_listed() -> None:
    found = licences.licensed()
    assert [one for one in found if not one.may_ship] == []
    assert licences.FILE.read_text() == licences.table(found), "python3 infra/dev.py licences --write"
    assert {one.name for one in found} == {
        pin.name for pins in shipped().values() for pin in pins if licences.is_for_images(pin)
    }


@pytest.mark.parametrize(
    ("name", "licence", "bundled", "may_ship"),
    [
        ("a", "MIT", (), True),
        ("a", "Apache-2.0 OR GPL-3.0-only", (), True),
        ("a", "Apache-2.0 AND GPL-3.0-only", (), False),
        ("a", "AGPL-3.0-or-later", (), False),
        ("a", "GNU Lesser General Public License v3 (LGPLv3)", (), False),
        ("a", "unknown", (), False),
        ("a", "MPL-2.0", (), False),
        ("certifi", "MPL-2.0", (), True),
        ("a", "(MIT OR GPL-2.0-only) AND BSD-3-Clause", (), True),
        ("a", "MIT", ("libgomp",), True),
        ("a", "MIT", ("libreadline",), False),
    ],
)
def test_which_licences_may_ship(name: str, licence: str, bundled: tuple[str, ...], may_ship: bool) -> None:
    assert licences.Licensed(name, licence, bundled, ()).may_ship is may_ship


def answer(**packages: Mapping[str, object]) -> str:
    return msgspec.json.encode({"dependencies": [{"name": name, **one} for name, one in packages.items()]}).decode()


JUDGED = {"version": "1", "vulns": []}
BAD = {"version": "1", "vulns": [{"id": "GHSA-1", "fix_versions": ["2"]}]}
SKIPPED = {"skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("output", "tolerant", "required", "told"),
    [
        (answer(a=JUDGED, b=JUDGED), 0, 0, "audited 2 packages"),
        (answer(a=JUDGED, b=BAD), 1, 1, "b 1: GHSA-1, mended in 2"),
        (answer(a=BAD, b=SKIPPED), 1, 1, "NOT AUDITED: 1 of 2"),
        # pip-audit itself exits 0 and says "No known vulnerabilities found" where an index answers 404 for each:
        (answer(a=SKIPPED, b=SKIPPED), 0, 1, "NOT AUDITED: 2 of 2"),
        ("", 0, 1, "NOT AUDITED: 2 of 2"),
        ("[]", 0, 1, "NOT AUDITED: 2 of 2"),
    ],
)
def test_silence_of_the_advisory_service_is_told(
    output: str, tolerant: int, required: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = read_answer(2, output, "Traceback\nConnectionError: no such host")
    assert report(known, is_required=False) == tolerant
    assert report(known, is_required=True) == required
    said = capsys.readouterr()
    assert told in said.out + said.err


def test_the_audit_asks_about_every_pin() -> None:
    """Of the real service where it is reached; else it says that it was not."""
    known = audit.audit()
    assert known.asked == len({(pin.name, pin.version) for pins in shipped().values() for pin in pins}) - 1  # colorama
    assert known.answered in (0, known.asked)
    assert bool(known.trouble) == (known.answered == 0)


def test_markers_are_those_of_the_images() -> None:
    """A package for other systems is in the lock, which holds anywhere, and in no image."""
    by_name = {pin.name: pin for pin in shipped()["retrain"]}
    assert not licences.is_for_images(by_name["colorama"])
    assert licences.is_for_images(by_name["cffi"])
    assert Requirement(f"cffi; {by_name['cffi'].marker}").marker is not None
