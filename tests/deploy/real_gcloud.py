"""The real gcloud, as far as it works without an account: `gcloud meta` knows every command and option."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

_FOUND = shutil.which("gcloud")  # before any test puts another one on the path


def is_here() -> bool:
    return _FOUND is not None


def gcloud() -> str:
    """Where it is. Skips the test where it is not installed."""
    if _FOUND is None:
        pytest.skip("the Google Cloud CLI is not installed here")
    return _FOUND


def mistakes(commands: Iterable[str], folder: Path) -> list[str]:
    """What gcloud says against the names, options and choices of these commands."""
    text = folder / "commands.txt"
    wanted = sorted(set(commands))
    text.write_text("\n".join(["```", *wanted, "```"]) + "\n")
    lint = [gcloud(), "meta", "lint-gcloud-commands", f"--commands-text-file={text}"]
    # Its own settings must not matter, nor be changed.
    environment = os.environ | {"CLOUDSDK_CONFIG": str(folder / "cloudsdk")}
    done = subprocess.run(lint, capture_output=True, text=True, check=True, env=environment)
    judged = json.loads(done.stdout)
    assert len(judged) == len(wanted), done.stdout[:1_000]
    return [f"{one['command_string']}: {one['error_message']}" for one in judged if one["error_message"]]
