"""cloudbuild.yaml, walked: all that it names exists, gcloud's own reader takes it, and its commands are commands."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.cli import parser
from infra.deploy.locks import lock_file
from infra.deploy.terraform import FOLDER
from infra.local.layout import FUNCTIONS, ROOT
from shared.settings import PREFIX, Settings
from tests.deploy.environments import Made
from tests.deploy.real_gcloud import gcloud

TEXT = (ROOT / "cloudbuild.yaml").read_text()
BUILD: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = BUILD["steps"]
GIVEN = {"PROJECT_ID": "p-test-1", "SHORT_SHA": "c0ffee"}
"""What Cloud Build itself puts in, as far as it is used."""
USED = re.compile(r"\$\{?(_?[A-Z][A-Z0-9_]*)\}?")

READ = """
import sys
root, file = sys.argv[1:]
sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]
from googlecloudsdk.api_lib.cloudbuild import cloudbuild_util, config
print(len(config.LoadCloudbuildConfigFromPath(file, cloudbuild_util.GetMessagesModule()).steps))
"""


def filled(text: str) -> str:
    """The text with all substitutions made, those in substitutions first."""
    values = GIVEN | BUILD["substitutions"]
    for _ in range(2):
        text = USED.sub(lambda found: values[found[1]], text)
    return text


def words(step: dict[str, Any]) -> list[str]:
    return [filled(word) for word in step["args"]]


def commands() -> list[list[str]]:
    """The words after infra/dev.py of every command of every step."""
    lines: list[list[str]] = []
    for step in STEPS:
        lines.append([step["entrypoint"], *words(step)])
        if step["entrypoint"] == "bash":
            lines += [shlex.split(line) for line in step["args"][-1].splitlines()]
    return [line[2:] for line in lines if line[:2] == ["python3", "infra/dev.py"]]


def test_the_release_goes_its_way() -> None:
    assert [step["id"] for step in STEPS] == ["check", "audit", "test", "stage", "build", "scan", "rollout"]
    assert all("waitFor" not in step and "allowFailure" not in step for step in STEPS)  # one after the other


def test_gcloud_reads_it(tmp_path: Path) -> None:
    """By the code that `gcloud builds submit` reads it with: every field and choice is known."""
    root = Path(gcloud()).resolve().parents[1]
    python = root / "platform" / "bundledpythonunix" / "bin" / "python3"
    mutant = tmp_path / "cloudbuild.yaml"
    mutant.write_text(TEXT.replace("secretEnv:", "secretsEnv:"))
    for file, code in ((ROOT / "cloudbuild.yaml", 0), (mutant, 1)):
        command = [str(python) if python.exists() else sys.executable, "-c", READ, str(root), str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert code or done.stdout.strip() == str(len(STEPS))


def test_every_substitution_is_known_and_used() -> None:
    used = set(USED.findall(re.sub(r"^ *#.*$", "", TEXT, flags=re.MULTILINE)))
    assert used - GIVEN.keys() == BUILD["substitutions"].keys()


def test_every_command_is_one() -> None:
    """As the command line itself reads them, options included."""
    said = commands()
    assert [line[0] for line in said] == ["check", "audit", "test", "stage", "scan", "rollout"]
    for line in said:
        parser().parse_args(line)
    scanned, rolled = (parser().parse_args(line) for line in said[-2:])
    [written] = BUILD["artifacts"]["objects"]["paths"]
    build = next(step for step in STEPS if step["id"] == "build")
    assert scanned.images == rolled.images == written == words(build)[-1]


def test_every_path_exists_and_every_script_is_sound() -> None:
    for step in STEPS:
        text = " ".join(step["args"])
        for path in re.findall(r"\binfra/[\w./-]+", text):
            assert (ROOT / path).is_file(), path
        if step["entrypoint"] == "bash" and step["args"][0].startswith("-"):
            subprocess.run(["bash", "-n", "-c", step["args"][-1]], check=True)
    assert os.access(ROOT / "infra" / "deploy" / "images.sh", os.X_OK)


def test_every_builder_has_a_version() -> None:
    for step in STEPS:
        image, _, version = filled(step["name"]).rpartition(":")
        assert image, step
        assert re.match(r"\d+\.\d+\.\d+", version), step["name"]


def test_the_images_are_those_of_the_functions() -> None:
    registry, tag = words(next(step for step in STEPS if step["id"] == "build"))[1:3]
    assert [filled(image) for image in BUILD["images"]] == [f"{registry}/{one.name}:{tag}" for one in FUNCTIONS]


def test_the_image_starts_what_is_staged() -> None:
    """main.py has a function of the name that FUNCTION_TARGET says; tests/deploy/test_image.py starts it."""
    for function in FUNCTIONS:
        assert f"async def {function.name}(" in function.source.read_text()
        assert lock_file(function).exists()


def test_what_it_needs_terraform_makes(made: Made) -> None:
    """Secrets and who may read them, the registry, the bucket."""
    offered = {one["env"]: one["versionName"].split("/")[3] for one in BUILD["availableSecrets"]["secretManager"]}
    wanted = {name for step in STEPS for name in step.get("secretEnv", ())}
    assert offered.keys() == wanted
    secrets = made.named("secret_manager_secret", "secret_id")
    for variable, secret in offered.items():
        assert variable.removeprefix(PREFIX).lower() in Settings.__struct_fields__
        assert secret in secrets
        readers = [
            one["member"]
            for one in made.of("secret_manager_secret_iam_member")
            if secret in one["secret_id"] and one["role"] == "roles/secretmanager.secretAccessor"
        ]
        assert any("attune-build" in member for member in readers), readers
    registry = words(next(step for step in STEPS if step["id"] == "build"))[1]
    assert registry.rpartition("/")[2] in made.named("artifact_registry_repository", "repository_id")
    [bucket] = [name for name in made.named("storage_bucket") if name.endswith("-attune-build")]
    project = bucket.removesuffix("-attune-build")
    location = BUILD["artifacts"]["objects"]["location"].replace("$PROJECT_ID", project)
    assert location.startswith(f"gs://{bucket}/releases/")
    assert 'required_version = ">= 1.9"' in (FOLDER / "versions.tf").read_text()  # as infra/deploy/terraform.py says


KEPT = ("functions/collect/main.py", ".ci/run", "requirements.txt", "tests/clients/package.json")
LEFT = (
    *(".venv/bin/python", ".cache/bqemulator/x", ".attune/profiles.db", "build/collect/main.py", ".git/config"),
    *("shared/__pycache__/x.cpython-311.pyc", ".mypy_cache/x", ".ruff_cache/x", ".hypothesis/x", ".pytest_cache/x"),
    *("tests/clients/node_modules/x/index.js", "infra/terraform/.terraform/x", "infra/terraform/terraform.tfstate"),
)


def test_what_is_uploaded(tmp_path: Path) -> None:
    for name in (*KEPT, *LEFT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in (".gcloudignore", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    assert uploaded(tmp_path) == {*KEPT, ".gcloudignore", ".gitignore"}


def test_everything_of_the_repository_is_uploaded() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = {name for name in tracked.splitlines() if (ROOT / name).exists()}
    found = uploaded(ROOT)
    assert wanted - found == set()
    assert sum((ROOT / name).stat().st_size for name in found if (ROOT / name).exists()) < 30e6


def uploaded(folder: Path) -> set[str]:
    command = [gcloud(), "meta", "list-files-for-upload", str(folder)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
