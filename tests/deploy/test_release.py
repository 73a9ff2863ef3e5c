"""A release, with Cloud Run stood in for, and the smoke tests real: against stacks that serve."""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cli import main
from infra.deploy.gcloud import service_name
from infra.local.layout import FUNCTIONS
from infra.local.process import running
from tests.deploy.real_gcloud import mistakes

NAMES = [function.name for function in FUNCTIONS]
IMAGES = {name: f"r-docker.pkg.dev/p/attune/{name}@sha256:{name.encode().hex():0<64}" for name in NAMES}
TAG = "r-c0ffee"

Cloud = dict[str, Any]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The addresses of a stack, and of another one that sees nothing of what the first collects."""
    folder = tmp_path_factory.mktemp("stacks")
    with running("embedded", folder / "good") as good, running("embedded", folder / "other") as other:
        yield good.url, other.url


class World:
    """Cloud Run as the stand-in has it, and the command on it."""

    def __init__(self, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "cloud.json"
        self.images = folder / "images.json"
        self.images.write_text(json.dumps({"images": IMAGES}))
        services = {service_name(name): self._service(service_name(name), url) for name in NAMES}
        self.write({"services": services, "jobs": {service_name("retrain"): "old"}, "fails": [], "log": []})
        script = Path(__file__).with_name("gcloud_stand_in.py")
        command = folder / "bin" / "gcloud"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {script} "$@"\n')
        command.chmod(0o755)
        monkeypatch.setenv("CLOUD", str(self.file))
        monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")

    @staticmethod
    def _service(name: str, url: str) -> Cloud:
        return {"url": url, "tag_url": url, "traffic": {f"{name}-00001": 90, f"{name}-00002": 10}, "tags": {}}

    def read(self) -> Cloud:
        found: Cloud = json.loads(self.file.read_text())
        return found

    def write(self, state: Cloud) -> None:
        self.file.write_text(json.dumps(state))

    def change(self, function: str, **values: object) -> None:
        state = self.read()
        state["services"][service_name(function)].update(values)
        self.write(state)

    def fail(self, *words: str) -> None:
        state = self.read()
        state["fails"].append(words)
        self.write(state)

    def release(self, within: float = 30) -> int:
        options = ["--project", "p-1", "--region", "r", "--tag", TAG, "--within", str(within)]
        return main(["rollout", str(self.images), *options])

    def traffic(self) -> dict[str, dict[str, int]]:
        return {
            name: {revision: share for revision, share in service["traffic"].items() if share}
            for name, service in self.read()["services"].items()
        }

    def shifts(self) -> list[str]:
        return [words[3] for words in self.read()["log"] if f"--to-tags={TAG}=100" in words]


@pytest.fixture
def world(tmp_path: Path, stacks: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, stacks[0], monkeypatch)


def test_new_images_get_the_traffic_writers_last(world: World) -> None:
    assert world.release() == 0
    assert world.traffic() == {service_name(name): {f"{service_name(name)}-00003": 100} for name in NAMES}
    state = world.read()
    assert all(service["tags"] == {} for service in state["services"].values())
    assert state["services"][service_name("collect")]["images"] == {
        f"{service_name('collect')}-00003": IMAGES["collect"]
    }
    assert state["jobs"] == {service_name("retrain"): IMAGES["retrain"]}
    assert world.shifts()[-3:] == [service_name(name) for name in ("recommend", "normalize", "collect")]
    deployed = max(number for number, words in enumerate(state["log"]) if words[:2] == ["run", "deploy"])
    assert deployed < min(number for number, words in enumerate(state["log"]) if f"--to-tags={TAG}=100" in words)


def test_a_new_revision_that_fails_gets_no_traffic(
    world: World, stacks: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = world.traffic()
    world.change("recommend", tag_url=stacks[1])
    assert world.release(within=1) == 1
    assert world.shifts() == []
    assert world.traffic() == before
    said = capsys.readouterr()
    assert "the smoke test of the new revisions failed" in said.err
    assert "Everything serves as before" in said.out


def test_what_fails_once_it_serves_is_rolled_back(world: World, stacks: tuple[str, str]) -> None:
    before = world.traffic()
    world.change("recommend", url=stacks[1])
    assert world.release(within=1) == 1
    assert len(world.shifts()) == len(NAMES)
    assert world.traffic() == before
    backs = [words[3] for words in world.read()["log"] if any(word.startswith("--to-revisions=") for word in words)]
    assert backs == world.shifts()[::-1]
    assert world.read()["jobs"] == {service_name("retrain"): "old"}


@pytest.mark.parametrize("words", [("deploy", "sweep"), ("update-traffic", service_name("recommend"), "--to-tags")])
def test_a_command_that_fails_changes_nothing(world: World, words: tuple[str, ...]) -> None:
    before = world.traffic()
    world.fail(*words)
    assert world.release() == 1
    assert world.traffic() == before


def test_what_cannot_be_rolled_back_is_named(
    world: World, stacks: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    world.change("recommend", url=stacks[1])
    world.fail("--to-revisions", service_name("sweep"))
    assert world.release(within=1) == 1
    name = service_name("sweep")
    assert f"not rolled back: {name}, which should have {name}-00001=90,{name}-00002=10" in capsys.readouterr().err
    assert [one for one, shares in world.traffic().items() if 100 in shares.values()] == [name]


def test_the_first_services_are_terraforms(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    state = world.read()
    half = {service_name("collect"): state["services"][service_name("collect")]}
    for services in ({}, half):
        world.write({**state, "services": services})
        assert world.release() == 0
        assert "Terraform makes them" in capsys.readouterr().out
    kept = {name: one for name, one in state["services"].items() if name != service_name("pull")}
    world.write({**state, "services": kept})
    world.fail("deploy")  # as far as that is enough
    assert world.release() == 1
    assert "left to Terraform: pull" in capsys.readouterr().out


def test_images_that_are_not_told_by_digest_are_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for images in ({**IMAGES, "collect": "r/attune/collect:latest"}, {"collect": IMAGES["collect"]}, {}):
        world.images.write_text(json.dumps({"images": images}))
        assert world.release() == 2
        assert "no images" in capsys.readouterr().err
    world.images.unlink()
    assert world.release() == 2
    assert world.read()["log"] == []


def test_the_real_gcloud_knows_every_command(world: World, stacks: tuple[str, str], tmp_path: Path) -> None:
    """Its names and options, that is, of all that a release says: `gcloud meta` checks them without an account."""
    assert world.release() == 0
    world.change("recommend", url=stacks[1])
    assert world.release(within=1) == 1
    said = [shlex.join(["gcloud", *words]) for words in world.read()["log"]]
    assert mistakes({_shape(one): one for one in said}.values(), tmp_path) == []
    assert len(mistakes(["gcloud run deploy x --imag=y", "gcloud run services update-trafic x"], tmp_path)) == 2


def _shape(command: str) -> str:
    """Which options it has, not what for."""
    names = {service_name(name) for name in NAMES}
    return " ".join(word.partition("=")[0] for word in command.split() if word not in names)
