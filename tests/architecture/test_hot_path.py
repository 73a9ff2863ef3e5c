"""What the hot functions load, seen in a fresh process after a real request has been served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "duckdb", "sqlglot", "google.cloud.bigquery")

REQUEST = """
import asyncio, sys
from functions_framework.aio import create_asgi_app
from infra.local.asgi import call
from infra.local.layout import FUNCTIONS
from shared import wiring

async def main():
    name, path = sys.argv[1], sys.argv[2]
    source = next(str(function.source) for function in FUNCTIONS if function.name == name)
    app = create_asgi_app(name, source, "http")
    status, _ = await call(app, sys.argv[3], path, sys.argv[4].encode())
    settings = wiring.settings()
    wiring.documents(settings), wiring.topics(settings)
    print(status, *sys.modules)

asyncio.run(main())
"""


@pytest.mark.parametrize("backend", ["embedded", "gcp"])
@pytest.mark.parametrize(
    ("name", "method", "path", "body", "status"),
    [
        ("collect", "POST", "/v1/events", "{}", {400}),
        ("update_profile", "POST", "/", '{"message": {}}', {204, 500}),
        ("recommend", "GET", "/v1/recommendations", "", {400}),
        ("normalize", "POST", "/", '{"message": {}}', {204, 500}),
        ("update_items", "POST", "/", '{"message": {}}', {204, 500}),
        ("sweep", "GET", "/v1/sweep", "", {405}),
        ("profiles", "GET", "/v1/profiles/ann", "", {404, 503}),
    ],
)
def test_hot_functions_load_no_training_library(
    tmp_path: Path, backend: str, name: str, method: str, path: str, body: str, status: set[int]
) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "ATTUNE_BACKEND": backend,
        "ATTUNE_DATA": str(tmp_path),
        "ATTUNE_PROJECT": "none",
        "ATTUNE_STORE_DEADLINE_MS": "200",
        "FIRESTORE_EMULATOR_HOST": "127.0.0.1:9",
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:9",
    }
    command = [sys.executable, "-c", REQUEST, name, path, method, body]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answered, *modules = done.stdout.split()
    assert int(answered) in status
    assert sorted(m for m in modules if m in FORBIDDEN) == []
