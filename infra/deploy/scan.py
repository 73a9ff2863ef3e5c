"""What Artifact Analysis knows of the images that were pushed: vulnerabilities, and a bill of materials for each."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from infra.deploy.gcloud import Gcloud
from shared.errors import RetryableError

REFUSED = ("CRITICAL", "HIGH")
"""Such a vulnerability keeps an image back where a version without it exists. Where none does, waiting helps nobody."""

PAUSE_S = 10.0
DONE = ("FINISHED_SUCCESS", "COMPLETE")


def scan(images: Mapping[str, str], gcloud: Gcloud, within_s: float) -> int:
    """Wait until each pushed image has been analysed, export its bill of materials (SPDX, to Cloud Storage), and tell.

    1 if one must not be released, or has not been analysed in time.
    """
    until = time.monotonic() + within_s
    failed = False
    for function, image in images.items():
        known = _analysis(image, gcloud, until)
        if known is None:
            print(f"error: {function}: not analysed within {within_s:g} s", file=sys.stderr)
            failed = True
            continue
        refused = refused_in(known)
        for line in refused:
            print(f"error: {function}: {line}", file=sys.stderr)
        failed = failed or bool(refused)
        print(f"{function}: {len(refused)} of {len(vulnerabilities(known))} must be mended; {_export(image, gcloud)}")
    return int(failed)


def _export(image: str, gcloud: Gcloud) -> str:
    """Export the bill of materials, and say so. Where the build may not make Artifact Analysis's bucket, nobody has to
    wait for a release: the analysis holds the same."""
    try:
        gcloud.ask("artifacts", "sbom", "export", f"--uri={image}")
    except RetryableError as error:
        return f"bill of materials not exported: {error}"
    return "bill of materials exported"


def _analysis(image: str, gcloud: Gcloud, until: float) -> dict[str, Any] | None:
    """What is known of the image once its analysis has ended; None if that is not in time."""
    while True:
        known: dict[str, Any] = gcloud.ask("artifacts", "docker", "images", "describe", image, "--show-all-metadata")
        if is_analysed(known):
            return known
        if time.monotonic() > until:
            return None
        time.sleep(PAUSE_S)


def is_analysed(known: Mapping[str, Any]) -> bool:
    """Whether the analysis has ended. One that failed has looked at nothing: it counts as not ended."""
    found = known.get("discovery_summary", {}).get("discovery", [])
    status = [one["discovered"]["analysisStatus"] for one in found if "analysisStatus" in one.get("discovered", {})]
    return bool(status) and all(one in DONE for one in status)


def vulnerabilities(known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All occurrences, as the Container Analysis API has them."""
    by_severity: dict[str, list[dict[str, Any]]] = known.get("package_vulnerability_summary", {}).get(
        "vulnerabilities", {}
    )
    return [one for found in by_severity.values() for one in found]


def refused_in(known: Mapping[str, Any]) -> list[str]:
    """A line for each vulnerability that must be mended first."""
    found = [one["vulnerability"] for one in vulnerabilities(known)]
    return [
        f"{one['effectiveSeverity']} {one['shortDescription']} in {_where(one)}"
        for one in found
        if one["effectiveSeverity"] in REFUSED and one.get("fixAvailable")
    ]


def _where(vulnerability: Mapping[str, Any]) -> str:
    issues = vulnerability.get("packageIssue", [])
    return ", ".join(
        f"{one['affectedPackage']} {one['affectedVersion']['fullName']} (mended in {one['fixedVersion']['fullName']})"
        for one in issues
    )
