"""What keeps an image back, told by answers in the form of the Container Analysis API; gcloud is stood in for."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.gcloud import Gcloud
from infra.deploy.scan import scan
from tests.deploy.real_gcloud import mistakes

IMAGES = {"collect": "r-docker.pkg.dev/p/attune/collect@sha256:1"}
DISCOVERED = {"discovery_summary": {"discovery": [{"discovered": {"analysisStatus": "FINISHED_SUCCESS"}}]}}


def found(severity: str, fix: bool) -> dict[str, Any]:
    issue = {
        "affectedPackage": "openssl",
        "affectedVersion": {"fullName": "3.0.1"},
        "fixedVersion": {"fullName": "3.0.2", "kind": "NORMAL" if fix else "MAXIMUM"},
    }
    told = {"effectiveSeverity": severity, "shortDescription": "CVE-1", "fixAvailable": fix, "packageIssue": [issue]}
    return {"vulnerability": {name: value for name, value in told.items() if value is not False}}


def known(*occurrences: dict[str, Any]) -> dict[str, Any]:
    by_severity: dict[str, list[dict[str, Any]]] = {}
    for one in occurrences:
        by_severity.setdefault(one["vulnerability"]["effectiveSeverity"], []).append(one)
    return DISCOVERED | {"package_vulnerability_summary": {"vulnerabilities": by_severity}}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (DISCOVERED, 0, "0 of 0 must be mended"),
        (known(found("MEDIUM", True), found("CRITICAL", False)), 0, "0 of 2 must be mended"),
        (known(found("CRITICAL", True)), 1, "CRITICAL CVE-1 in openssl 3.0.1 (mended in 3.0.2)"),
        (known(found("LOW", True), found("HIGH", True)), 1, "1 of 2 must be mended"),
        ({}, 1, "not analysed"),
        ({"discovery_summary": {"discovery": [{"discovered": {"analysisStatus": "SCANNING"}}]}}, 1, "not analysed"),
        (
            {"discovery_summary": {"discovery": [{"discovered": {"analysisStatus": "FINISHED_FAILED"}}]}},
            1,
            "not analysed",
        ),
    ],
)
def test_what_keeps_an_image_back(
    answer: dict[str, Any],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = told_by_gcloud(answer, tmp_path, monkeypatch)
    assert scan(IMAGES, Gcloud("p-test-1", "r"), within_s=0) == code
    out = capsys.readouterr()
    assert said in out.out + out.err
    exported = any("sbom export" in line for line in log.read_text().splitlines())
    assert exported == ("not analysed" not in said)


def test_the_real_gcloud_knows_what_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = told_by_gcloud(DISCOVERED, tmp_path, monkeypatch)
    assert scan(IMAGES, Gcloud("p-test-1", "r"), within_s=0) == 0
    assert mistakes(log.read_text().splitlines(), tmp_path) == []


def told_by_gcloud(answer: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gcloud that always answers so; the file in which it writes what it was asked."""
    said, log, program = folder / "answer.json", folder / "log", folder / "gcloud"
    said.write_text(json.dumps(answer))
    program.write_text(f'#!/bin/sh\necho gcloud "$@" >> {log}\ncat {said}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return log
