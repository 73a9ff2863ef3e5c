"""The image, as far as it can be tried without Docker: built as its Dockerfile says, started as it says, and asked."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.deploy.pythons import find_python
from infra.local.children import free_port
from infra.local.layout import FUNCTIONS, ROOT
from infra.local.stage import stage
from tests.architecture.test_stage import REQUESTS, wait
from tests.deploy.dockerfile import Image, make, stages

TRIED = (("3.12", "recommend"), ("3.13", "update_profile"))
"""On 3.11 every function runs in tests/architecture/test_stage.py; 3.13 is what images have."""


@pytest.fixture(params=TRIED, ids=" ".join)
def image(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Image]:
    """A hot function built for each Python that there is here; its name, and the image."""
    version, name = request.param
    python = find_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    [function] = [one for one in FUNCTIONS if one.name == name]
    return name, make(stage(function, tmp_path / "build"), tmp_path / "image", python, name)


@pytest.fixture
def served(image: tuple[str, Image], tmp_path: Path) -> Iterator[tuple[str, str]]:
    name, built = image
    port = free_port()
    environment = built.environment | {"PORT": str(port), "HOST": "127.0.0.1", "ATTUNE_DATA": str(tmp_path / "data")}
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            built.command, cwd=built.inside("/function"), env=environment, stdout=log, stderr=log
        )
        try:
            wait(process, f"http://127.0.0.1:{port}/healthz", tmp_path / "log")
            yield name, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def test_a_built_function_serves_and_is_compiled(
    served: tuple[str, str], image: tuple[str, Image], tmp_path: Path
) -> None:
    name, url = served
    method, path, body, status = REQUESTS[name]
    answer = httpx.request(method, url + path, json=body, timeout=60)
    assert answer.status_code == status, (answer.text, (tmp_path / "log").read_text())
    root = image[1].root
    # The lock is whole: what is installed lacks nothing that it asks for.
    check = [sys.executable, "-m", "uv", "pip", "check", "--python", str(root / "packages" / "bin" / "python")]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    python = next(root.glob("packages/lib/python3*")).name.removeprefix("python").replace(".", "")
    sources = [file for file in root.rglob("*.py") if "lib2to3" not in file.parts]
    assert len(sources) > 1_000
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-{python}.pyc"
        if compiled.exists():  # some packages carry files of other Pythons' syntax
            assert compiled.read_bytes()[4] == 1, f"{source} would be compared with its source"
        else:
            assert "site-packages" in source.parts, f"{source} is not compiled"
    assert {file.suffix for file in (root / "function").rglob("*.pyc")} == {".pyc"}
    assert {file.name.split(".")[-2] for file in (root / "function").rglob("*.pyc")} == {f"cpython-{python}"}


def test_the_container_is_locked_down() -> None:
    _, last = stages()
    said = dict(last)
    assert said["USER"] == "65532:65532"
    assert "pip uninstall" in said["RUN"]
    assert [rest for name, rest in last if name == "COPY"] == [
        "--from=build /packages /packages",
        "--from=build /function /function",
    ]


def test_linters_have_nothing_to_say() -> None:
    for command in (["hadolint", "infra/deploy/Dockerfile"], ["shellcheck", "infra/deploy/images.sh"]):
        program = Path(sys.executable).parent / command[0]
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


DOCKER = """#!/bin/bash
# In place of the Docker that is not here: knows what was built and pushed.
echo "$@" >> "$DOCKER_LOG"
case "$1" in
  inspect)
    case "${@: -1}" in
      python:*) echo "python@sha256:base" ;;
      *) echo "elsewhere.pkg.dev/x@sha256:other"; echo "${@: -1}" | sed "s/:[^:]*$/@sha256:of/" ;;
    esac ;;
  push) if [[ "$3" == *"$DOCKER_FAILS"* ]]; then echo "denied"; exit 1; fi ;;
esac
"""


def build_all(folder: Path, fails: str) -> "tuple[subprocess.CompletedProcess[str], list[str], Path]":
    """images.sh on all staged functions with a Docker that only writes down what it is told."""
    bin_, log, into = folder / "bin", folder / "docker.log", folder / "images.json"
    bin_.mkdir()
    (bin_ / "docker").write_text(DOCKER)
    (bin_ / "docker").chmod(0o755)
    project = folder / "project"
    (project / "infra" / "deploy").mkdir(parents=True)
    for name in ("images.sh", "Dockerfile"):
        shutil.copy(ROOT / "infra" / "deploy" / name, project / "infra" / "deploy")
    for function in FUNCTIONS:
        (project / "build" / function.name).mkdir(parents=True)
    environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "DOCKER_LOG": str(log), "DOCKER_FAILS": fails}
    script = project / "infra" / "deploy" / "images.sh"
    command = [str(script), "r-docker.pkg.dev/p/attune", "abc", "python:3.13-slim", str(into)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done, log.read_text().splitlines(), into


def test_all_images_of_a_release_have_one_base_and_are_told_by_digest(tmp_path: Path) -> None:
    done, log, into = build_all(tmp_path, "none")
    assert done.returncode == 0, done.stderr
    names = {function.name for function in FUNCTIONS}
    registry = "r-docker.pkg.dev/p/attune"
    assert json.loads(into.read_text()) == {"images": {name: f"{registry}/{name}@sha256:of" for name in names}}
    builds = [line for line in log if line.startswith("build")]
    assert len(builds) == len(names)
    assert all("BASE=python@sha256:base" in line for line in builds)


def test_an_image_that_is_not_pushed_fails_the_build(tmp_path: Path) -> None:
    done, _, into = build_all(tmp_path, "recommend")
    assert done.returncode == 1
    assert "recommend: denied" in done.stdout
    assert "no image of recommend" in done.stderr
    assert not into.exists()
