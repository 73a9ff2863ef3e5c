"""Data that lie beside the repository, never in it: absent, their tests are skipped; in CI they must be there."""

import os
from pathlib import Path

import pytest

PLACE = Path(os.environ.get("ATTUNE_SAMPLES", Path(__file__).resolve().parents[2] / "shared" / "data"))


def sample(name: str) -> Path:
    """The path of a sample file."""
    path = PLACE / name
    if not path.exists():
        message = f"{path} is absent; put it there or say where its folder is with ATTUNE_SAMPLES"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path
