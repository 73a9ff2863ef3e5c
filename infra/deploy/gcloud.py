"""Google Cloud by its command line: one project, one region, answers as JSON."""

import shutil
import subprocess
from typing import Any

import msgspec

from shared.errors import PermanentError, Problem, RetryableError


def service_name(function: str) -> str:
    """What a function's Cloud Run service and its account are called, as infra/terraform/functions.tf has it."""
    return "attune-" + function.replace("_", "-")


class Gcloud:
    """The command gcloud. Raises PermanentError where there is none."""

    def __init__(self, project: str, region: str) -> None:
        need("gcloud", "install the Google Cloud CLI (cloud.google.com/sdk/docs/install), then: gcloud auth login")
        self.project = project
        self.region = region

    def ask(self, *words: str, given: str | None = None) -> Any:
        """What the command answers to what it is given; None if nothing.

        Raises RetryableError with what it says where it fails.
        """
        said = self.read(*words, "--format=json", given=given)
        return msgspec.json.decode(said) if said.strip() else None

    def read(self, *words: str, given: str | None = None) -> str:
        """The same as text."""
        command = ["gcloud", *words, f"--project={self.project}", "--quiet"]
        done = subprocess.run(command, input=given, capture_output=True, text=True)
        if done.returncode:
            raise RetryableError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
        return done.stdout

    def show(self, *words: str) -> None:
        """A command that takes its time: what it says goes to the screen. Raises RetryableError where it fails."""
        command = ["gcloud", *words, f"--project={self.project}", "--quiet"]
        if code := subprocess.run(command).returncode:
            raise RetryableError(f"{' '.join(command)} ended with {code}; what it said is above")

    def run(self, *words: str) -> Any:
        """A command of Cloud Run, in the region."""
        return self.ask("run", *words, f"--region={self.region}")

    def services(self) -> dict[str, Any]:
        """The Cloud Run services of the region, by name."""
        return {one["metadata"]["name"]: one for one in self.run("services", "list")}

    def account(self) -> str:
        """Who is logged in. Raises PermanentError if nobody is."""
        active = self.ask("auth", "list", "--filter=status:ACTIVE")
        if not active:
            raise PermanentError("not logged in", (Problem("gcloud", "gcloud auth login", "no active account"),))
        return str(active[0]["account"])

    def token(self, audience: str) -> str:
        """An identity token of whoever is logged in, for a service of that address."""
        # A person's token has no audience of one's choice; Cloud Run takes it from those who may call.
        choice = [f"--audiences={audience}"] if self.account().endswith(".gserviceaccount.com") else []
        return self.read("auth", "print-identity-token", *choice).strip()


def need(program: str, hint: str) -> None:
    """Raises PermanentError with what to do where the program is not on the path."""
    if not shutil.which(program):
        raise PermanentError(f"no {program}", (Problem(program, hint, "nothing of that name on the path"),))
