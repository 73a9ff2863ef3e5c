"""Load: wrk against one server, and what it has measured."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shared.errors import PermanentError

SCRIPTS = Path(__file__).parent / "scripts"
INSTALL = "wrk is not installed; apt-get install -y wrk (Debian, Ubuntu) or brew install wrk (macOS) does it"


class Load(NamedTuple):
    """What one run of wrk has seen. Latencies are of answered requests, in ms; None if there was no answer.

    Attributes:
        good: requests answered with a status below 400.
        bad: requests answered with another status, or cut off.
        late: requests that were answered after more than 2 s.
    """

    requests_s: float
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    good: int
    bad: int
    late: int


def ensure_wrk() -> None:
    """Install wrk where that can be done without asking (root on Debian). Raises PermanentError where it cannot."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        for step in (["update", "-qq"], ["install", "-y", "wrk"]):
            subprocess.run(["apt-get", *step], capture_output=True, check=False)
    if not shutil.which("wrk"):
        raise PermanentError(INSTALL)


def run_wrk(port: int, script: str, arguments: Sequence[str], connections: int, seconds: float) -> Load:
    """Closed loop from one thread for whole seconds, at least one. The server is on this machine."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPTS / script)]
    command += [f"http://127.0.0.1:{port}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PermanentError(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    return read_report(done.stdout)


def read_report(output: str) -> Load:
    """The line that scripts/report.lua prints among wrk's own.

    >>> read_report('…\\n{"requests":300,"us":1000000,"p50":900,"p90":2000,"p99":4000,"status":0,"cut":0,"late":0}\\n')
    Load(requests_s=300.0, p50_ms=0.9, p90_ms=2.0, p99_ms=4.0, good=300, bad=0, late=0)
    """
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise PermanentError(f"wrk reported nothing: {output.strip()[-300:] or 'no output'}")
    told = json.loads(lines[-1])
    good = told["requests"] - told["status"]
    return Load(
        requests_s=good / (told["us"] / 1e6),
        p50_ms=told["p50"] / 1e3 if told["requests"] else None,
        p90_ms=told["p90"] / 1e3 if told["requests"] else None,
        p99_ms=told["p99"] / 1e3 if told["requests"] else None,
        good=good,
        bad=told["status"] + told["cut"],
        late=told["late"],
    )
