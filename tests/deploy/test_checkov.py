"""checkov finds nothing insecure in infra/terraform/ but what stands there as an exception, with its reason."""

import re
import shutil
from pathlib import Path

import pytest

from infra.local.terraform.checkov import Finding, scan
from infra.local.terraform.rehearsal import TERRAFORM

EXCEPTION = re.compile(r"checkov:skip=(\w+):?[ ]*(.*)")
INSECURE = """
resource "google_storage_bucket" "open" {
  #checkov:skip=CKV_GCP_62: here nobody asks who has read it
  #checkov:skip=CKV_GCP_78
  name     = "open"
  location = "EU"
}
resource "google_storage_bucket_iam_member" "everybody" {
  bucket = google_storage_bucket.open.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}
"""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """infra/terraform/ beside what is insecure."""
    folder = tmp_path_factory.mktemp("scanned")
    shutil.copytree(TERRAFORM, folder / "attune")
    (folder / "insecure").mkdir()
    (folder / "insecure" / "main.tf").write_text(INSECURE)
    return folder


def below(name: str, findings: list[Finding]) -> list[Finding]:
    """Those in one of the two folders."""
    return [one for one in findings if one.where.startswith(f"{name}/")]


def exceptions(folder: Path) -> set[tuple[str, str, str]]:
    """(file, check, reason) of every exception that stands in the folder."""
    return {
        (f"{folder.name}/{file.relative_to(folder)}", check, reason)
        for file in folder.rglob("*.tf")
        for check, reason in EXCEPTION.findall(file.read_text())
    }


def test_every_exception_says_why(scanned: Path) -> None:
    assert [one for one in exceptions(scanned / "attune") if len(one[2].split()) < 3] == []
    assert [one[1] for one in exceptions(scanned / "insecure") if not one[2]] == ["CKV_GCP_78"]


def test_nothing_is_insecure_but_exceptions_of_which_each_is_one(scanned: Path) -> None:
    """One test, for checkov takes seconds to start."""
    report = scan(scanned)
    assert report.passed > 30
    assert below("attune", report.failed) == []
    # A check that is not made of that resource, or passes without it, needs no exception.
    used = {(one.where.rpartition(":")[0], one.check) for one in below("attune", report.excepted)}
    assert {(file, check) for file, check, _ in exceptions(scanned / "attune")} == used

    assert {"CKV_GCP_28", "CKV_GCP_29"} <= {one.check for one in below("insecure", report.failed)}
    assert {(one.check, one.reason) for one in below("insecure", report.excepted)} >= {
        ("CKV_GCP_62", "here nobody asks who has read it"),
        ("CKV_GCP_78", "No comment provided"),
    }
