"""Each staged folder runs alone: in an empty directory, on nothing but its own requirements."""

import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
from packaging.requirements import Requirement

from infra.local.children import free_port
from infra.local.layout import FUNCTIONS, Function
from infra.local.stage import stage

# In the child: modules of packages that are not required are as if they were not installed.
GUARD = """
import importlib.machinery, json, os
denied = set(json.load(open(os.environ["ATTUNE_TEST_DENIED"])))
find = importlib.machinery.PathFinder.find_spec
def guarded(name, path=None, target=None):
    spec = find(name, path, target)
    return None if spec is not None and spec.origin in denied else spec
importlib.machinery.PathFinder.find_spec = guarded
del os.environ["ATTUNE_TEST_DENIED"]
"""
EVENT = {"event_id": "e1", "kind": "click", "occurred_at": "2026-01-01T00:00:00Z", "user_id": "ann", "item_ids": ["a"]}
PUSH = {"message": {"data": b64encode(json.dumps(EVENT).encode()).decode(), "messageId": "1"}}
REQUESTS: dict[str, tuple[str, str, Any, int]] = {
    "collect": ("POST", "/v1/events", [EVENT], 202),
    "update_profile": ("POST", "/", PUSH, 204),
    "normalize": ("POST", "/", PUSH, 204),
    "pull": ("POST", "/v1/pull", {}, 200),
    "privacy": ("POST", "/v1/privacy/verify", {}, 200),
    "update_items": ("POST", "/", PUSH, 204),
    "profiles": ("GET", "/v1/profiles/nobody", None, 404),
    "recommend": ("GET", "/v1/recommendations?user_id=ann", None, 200),
    "retrain": ("POST", "/v1/retrain", {"models": ["personas"]}, 200),
    "sweep": ("POST", "/v1/sweep", {}, 200),
}
LOCAL_STORES = {"privacy": ("duckdb", "sqlglot"), "retrain": ("duckdb", "sqlglot")}
"""On Google Cloud the warehouse is BigQuery; here it is the embedded one, which is not the image's."""


def closure(names: list[str]) -> set[str]:
    """The installed distributions that these need."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = metadata.distribution(waiting.pop()).metadata["Name"].lower().replace("_", "-")
        if name not in found:
            found.add(name)
            wanted = [Requirement(text) for text in metadata.requires(name) or ()]
            # Extras count as needed where they are installed: what is denied must be certain.
            waiting += [r.name for r in wanted if installed(r.name) and (r.marker is None or marked(r))]
    return found


def marked(requirement: Requirement) -> bool:
    return requirement.marker is not None and any(
        requirement.marker.evaluate({"extra": extra}) for extra in ("", "grpc", "requests", "async_rest")
    )


def installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def denied_files(allowed: set[str]) -> list[str]:
    """Every Python file of the other distributions."""
    others = [d for d in metadata.distributions() if d.metadata["Name"].lower().replace("_", "-") not in allowed]
    return [str(d.locate_file(file)) for d in others for file in d.files or () if file.suffix in (".py", ".so")]


@pytest.fixture(params=FUNCTIONS, ids=lambda function: function.name)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Function, str]]:
    """A staged function, moved into an empty directory and started there."""
    function: Function = request.param
    alone = tmp_path / "alone"
    shutil.move(stage(function, tmp_path / "build"), alone)
    lines = (alone / "requirements.txt").read_text().splitlines()
    names = [Requirement(line).name for line in lines if line and not line.startswith("#")]
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)
    denied = tmp_path / "denied.json"
    denied.write_text(json.dumps(denied_files(closure([*names, *LOCAL_STORES.get(function.name, ())]))))
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(guard),
        "ATTUNE_TEST_DENIED": str(denied),
        "ATTUNE_DATA": str(tmp_path / "data"),
        "FUNCTION_TARGET": function.name,
        "FUNCTION_USE_ASGI": "true",
        "PORT": str(port),
        "HOST": "127.0.0.1",
    }
    command = [sys.executable, "-m", "functions_framework", "--source", "main.py"]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=alone, env=environment, stdout=log, stderr=log)
        try:
            wait(process, f"http://127.0.0.1:{port}/healthz", tmp_path / "log")
            yield function, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    for _ in range(600):
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


def test_a_staged_function_runs_alone(served: tuple[Function, str], tmp_path: Path) -> None:
    function, url = served
    method, path, body, status = REQUESTS[function.name]
    answer = httpx.request(method, url + path, json=body, timeout=60)
    assert answer.status_code == status, (answer.text, (tmp_path / "log").read_text())


def test_nothing_else_is_staged(tmp_path: Path) -> None:
    for function in FUNCTIONS:
        folder = stage(function, tmp_path)
        own = {path.name for path in function.source.parent.iterdir()} - {"__pycache__"}
        found = {path.name for path in folder.iterdir()} - {"__pycache__"}
        assert found - own <= {"shared", "infra"}
        assert own <= found
        assert not [path for path in folder.rglob("*") if path.name.startswith("test")]
