"""Google Cloud by its command line: one project, one region, answers as JSON."""

import shutil
import subprocess
from typing import Any

import msgspec

from shared.errors import PermanentError, Problem, RetryableError

PREFIX = "attune-"


def service_name(function: str) -> str:
    """What a function's Cloud Run service is called: Terraform calls it the same."""
    return PREFIX + function.replace("_", "-")


class Gcloud:
    """The command gcloud. Raises PermanentError where there is none."""

    def __init__(self, project: str, region: str) -> None:
        if not shutil.which("gcloud"):
            hint = "install the Google Cloud CLI (cloud.google.com/sdk/docs/install), then: gcloud auth login"
            raise PermanentError("no gcloud", (Problem("gcloud", hint, "nothing of that name"),))
        self.project = project
        self.region = region

    def ask(self, *words: str) -> Any:
        """What the command answers; None if nothing. Raises RetryableError with what it says where it fails."""
        said = self._output(["gcloud", *words, f"--project={self.project}", "--format=json", "--quiet"])
        return msgspec.json.decode(said) if said.strip() else None

    def run(self, *words: str) -> Any:
        """A command of Cloud Run, in the region."""
        return self.ask("run", *words, f"--region={self.region}")

    def token(self, audience: str) -> str:
        """An identity token of whoever is logged in, for a service of that address."""
        # A person's token has no audience of its own choice; Cloud Run takes it from those who may call.
        account = self.ask("auth", "list", "--filter=status:ACTIVE")[0]["account"]
        choice = [f"--audiences={audience}"] if account.endswith(".gserviceaccount.com") else []
        command = ["gcloud", "auth", "print-identity-token", *choice]
        return self._output(command).strip()

    def _output(self, command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RetryableError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
        return done.stdout
