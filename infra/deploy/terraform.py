"""The program terraform on infra/terraform/, for one project and one of its environments."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from infra.deploy.gcloud import Gcloud, need
from infra.local.layout import ROOT
from shared.errors import PermanentError, Problem, RetryableError

NEEDED_APIS = ("cloudresourcemanager", "serviceusage", "storage")
"""By which Terraform looks at the project and keeps its state."""

FOLDER = ROOT / "infra" / "terraform"


class Terraform:
    """Terraform with the state of one project. Raises PermanentError without the program, or such an environment."""

    def __init__(self, gcloud: Gcloud, environment: str, folder: Path = FOLDER, backend: str = "") -> None:
        """`backend`: an argument of init that says where the state is, if not in the project's bucket."""
        need("terraform", "install Terraform 1.9 or later (developer.hashicorp.com/terraform/install)")
        self._gcloud = gcloud
        self._folder = folder
        self._backend = backend or f"bucket={self.bucket}"
        self._outputs: dict[str, Any] = {}
        self._values = folder / "environments" / f"{environment}.tfvars"
        if not self._values.exists():
            known = " or ".join(sorted(one.stem for one in self._values.parent.glob("*.tfvars")))
            raise PermanentError("unknown environment", (Problem("environment", known, environment),))

    @property
    def bucket(self) -> str:
        """Where the state is."""
        return f"{self._gcloud.project}-terraform"

    def prepare(self) -> None:
        """Make what Terraform needs before it can do anything: APIs, and a bucket for its state."""
        self._gcloud.ask("services", "enable", *(f"{api}.googleapis.com" for api in NEEDED_APIS))
        bucket = f"gs://{self.bucket}"
        if not self._has_state():
            private = ("--uniform-bucket-level-access", "--public-access-prevention")
            self._gcloud.ask("storage", "buckets", "create", bucket, f"--location={self._gcloud.region}", *private)
        self._gcloud.ask("storage", "buckets", "update", bucket, "--versioning")
        self._init()

    def find(self) -> None:
        """Find the state of what was deployed before. Raises PermanentError if nothing was."""
        self._gcloud.account()
        if not self._has_state():
            found = f"no bucket gs://{self.bucket} with Terraform's state"
            raise PermanentError("nothing is deployed there", (Problem("project", "make deploy first", found),))
        self._init()

    def plan(self, images: Mapping[str, str]) -> None:
        self._run("plan", *self._variables(images))

    def apply(self, images: Mapping[str, str], ask: bool, **variables: str) -> None:
        """Make it so; `ask` shows the plan and waits for yes."""
        self._run("apply", *([] if ask else ["-auto-approve"]), *self._variables(images, **variables))

    def destroy(self, ask: bool, **variables: str) -> None:
        """Take everything away."""
        self._run("destroy", *([] if ask else ["-auto-approve"]), *self._variables({}, **variables))

    def outputs(self) -> dict[str, Any]:
        """What outputs.tf says; empty before anything has been applied."""
        if not self._outputs:
            said = self._start("output", "-json", capture=True).stdout
            self._outputs = {name: one["value"] for name, one in msgspec.json.decode(said).items()}
        return self._outputs

    def _init(self) -> None:
        self._run("init", "-reconfigure", f"-backend-config={self._backend}")

    def _has_state(self) -> bool:
        return bool(self._gcloud.ask("storage", "buckets", "list", f"--filter=name={self.bucket}"))

    def _variables(self, images: Mapping[str, str], **more: str) -> list[str]:
        given = {"project": self._gcloud.project, "region": self._gcloud.region, "images": json.dumps(images), **more}
        return [f"-var-file={self._values}", *(f"-var={name}={value}" for name, value in given.items())]

    def _run(self, *words: str) -> None:
        self._outputs = {}
        if code := self._start(*words).returncode:
            raise RetryableError(f"terraform {words[0]} ended with {code}; what it said is above")

    def _start(self, *words: str, capture: bool = False) -> "subprocess.CompletedProcess[str]":
        # As whoever gcloud is logged in as: no second log-in for Terraform.
        token = {"GOOGLE_OAUTH_ACCESS_TOKEN": self._gcloud.read("auth", "print-access-token").strip()}
        command = ["terraform", f"-chdir={self._folder}", *words]
        return subprocess.run(command, env=os.environ | token, stdout=subprocess.PIPE if capture else None, text=True)
