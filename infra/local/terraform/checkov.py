"""What checkov, a scanner for insecure settings, finds in a Terraform configuration."""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infra.local.tools import ToolMissingError
from infra.local.venvs import CACHE, InstallError, program

REQUIREMENTS = ("checkov==3.3.30",)


class Finding(NamedTuple):
    """One check of one resource; `reason` is why the configuration makes an exception, empty where it fails."""

    check: str
    title: str
    resource: str
    where: str
    reason: str


class Report(NamedTuple):
    """How many checks passed, and those that did not."""

    passed: int
    failed: list[Finding]
    excepted: list[Finding]


def scan(folder: Path) -> Report:
    """Run every check that checkov has for Google Cloud. Raises ToolMissingError, RuntimeError."""
    try:
        command = program("checkov", CACHE / "checkov", REQUIREMENTS)
    except InstallError as error:
        raise ToolMissingError(str(error)) from error
    # Offline: without --skip-download it asks a server of its maker's for their own severities and guides.
    options = ["--directory", str(folder), "--framework", "terraform", "--output", "json", "--skip-download"]
    done = subprocess.run([command, *options, "--soft-fail"], capture_output=True, text=True, check=False)
    try:
        found = msgspec.json.decode(done.stdout)
        if found["summary"]["parsing_errors"]:
            raise RuntimeError(f"checkov cannot read {found['results']['parsing_errors']}")
    except (msgspec.DecodeError, KeyError) as error:
        raise RuntimeError(f"checkov ended with {done.returncode}:\n{done.stdout}{done.stderr}") from error
    results = found["results"]
    return Report(
        found["summary"]["passed"],
        [_finding(one) for one in results["failed_checks"]],
        [_finding(one) for one in results.get("skipped_checks") or ()],
    )


def _finding(one: dict[str, Any]) -> Finding:
    where = f"{one['file_path'].lstrip('/')}:{one['file_line_range'][0]}"
    reason = one["check_result"].get("suppress_comment") or ""
    return Finding(one["check_id"], one["check_name"], one["resource"], where, reason.strip())
