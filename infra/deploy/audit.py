"""Known vulnerabilities of what the images install, asked of osv.dev by pip-audit. Silence is never taken for a yes."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infra.deploy.licences import is_for_images
from infra.deploy.locks import shipped

ACCEPTED: Mapping[str, str] = {}
"""Advisory → why it does not concern Attune. It is passed over; take it out when its package is renewed."""


class _Answer(msgspec.Struct):
    dependencies: list[dict[str, Any]]


class Audit(NamedTuple):
    """What is known.

    Attributes:
        asked: packages that the images install.
        answered: how many of them the advisory service has judged.
        found: a line for each advisory.
        trouble: what pip-audit said where it did not judge all.
    """

    asked: int
    answered: int
    found: list[str]
    trouble: str


def audit(service: str = "osv") -> Audit:
    """Ask about every pin of every lock."""
    pins = sorted({f"{pin.name}=={pin.version}" for pins in shipped().values() for pin in pins if is_for_images(pin)})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pins.txt")
        file.write_text("\n".join(pins) + "\n")
        command = [
            *(sys.executable, "-m", "pip_audit", f"--requirement={file}", "--no-deps", "--disable-pip"),
            *(f"--vulnerability-service={service}", "--format=json", "--progress-spinner=off", "--timeout=10"),
            *(f"--ignore-vuln={advisory}" for advisory in ACCEPTED),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
    return read_answer(len(pins), done.stdout, done.stderr)


def read_answer(asked: int, output: str, errors: str) -> Audit:
    """What pip-audit's JSON says. A package that it skipped is not judged, whatever its exit code."""
    try:
        packages = msgspec.json.decode(output, type=_Answer).dependencies
    except msgspec.DecodeError:  # ValidationError is one
        return Audit(asked, 0, [], (errors.strip().splitlines() or ["no answer"])[-1])
    judged = [package for package in packages if "vulns" in package]
    found = [
        f"{package['name']} {package['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none yet'}"
        for package in judged
        for one in package["vulns"]
    ]
    skipped = next((package["skip_reason"] for package in packages if "skip_reason" in package), "")
    return Audit(asked, len(judged), found, skipped)


def report(known: Audit, is_required: bool) -> int:
    """Tell it. 1 where something was found, or where not all was judged though that is required."""
    for line in known.found:
        print(f"error: {line}", file=sys.stderr)
    if known.answered < known.asked:
        unknown = known.asked - known.answered
        print(
            f"NOT AUDITED: {unknown} of {known.asked} packages of the images. The advisory service was not reached or "
            f"does not know them: {known.trouble}\nRun `python3 infra/dev.py audit` where osv.dev can be reached; a "
            "release does.",
            file=sys.stderr,
        )
        return int(is_required or bool(known.found))
    print(f"audited {known.asked} packages of the images, {len(known.found)} advisories")
    return int(bool(known.found))
