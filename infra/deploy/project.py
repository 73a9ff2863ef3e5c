"""A whole deployment: from an empty Google Cloud project to a loop that turns, and back."""

import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from infra.deploy import keys
from infra.deploy.fallback import fetch
from infra.deploy.gcloud import Gcloud, service_name
from infra.deploy.release import Images
from infra.deploy.smoke import Door, smoke
from infra.deploy.terraform import Terraform
from infra.local.layout import FUNCTIONS, ROOT
from shared.errors import PermanentError, Problem, RetryableError

FIRST_SMOKE_S = 300.0
"""Rights that are new take minutes to be known everywhere."""


class Deployment:
    """One project, one environment."""

    def __init__(self, gcloud: Gcloud, terraform: Terraform) -> None:
        self._gcloud = gcloud
        self._terraform = terraform

    def deploy(self, ask: bool) -> int:
        """Bring the project to what this folder says: resources, then keys, then images, then services.

        `ask` shows each plan of Terraform and waits for yes. 0 once the loop turns.
        """
        print(f"Deploying to {self._gcloud.project} in {self._gcloud.region} as {self._gcloud.account()}")
        self._terraform.prepare()
        images = self._serving()
        is_new = images.keys() != {function.name for function in FUNCTIONS}
        if not images or not is_new:  # else a function is new, and Terraform waits for its image
            self._terraform.apply(images, ask)
        keys.fill(self._gcloud, self._terraform.outputs()["secrets"])
        release = _name_release()
        self._build(release)
        if not is_new:
            return self._tell()  # tried and shifted by the build
        self._terraform.apply(self._built(release), ask)
        self._tell()
        return self._smoke()

    def plan(self) -> int:
        """What Terraform would change now, with the images that serve."""
        self._terraform.find()
        self._terraform.plan(self._serving())
        return 0

    def destroy(self, drop_data: bool, ask: bool) -> int:
        """Take away what runs; with `drop_data` everything, profiles and log included."""
        self._terraform.find()
        if not drop_data:
            print("Taking away what runs. Profiles, the log, models and keys stay; --drop-data drops them, too.")
            self._terraform.apply({}, ask)
            print("What is left costs only its storage. `make deploy` brings the rest back.")
            return 0
        if ask:
            self._confirm()
        # What runs goes first; a database and tables that refuse to be deleted must be told not to.
        self._terraform.apply({}, ask, keep_data="false")
        self._terraform.destroy(ask, keep_data="false")
        print(f"Left, because they are not Terraform's: gs://{self._terraform.bucket}, its state; the APIs stay on.")
        return 0

    def _serving(self) -> dict[str, str]:
        """Function → the image that Cloud Run has for it, by digest."""
        if "run.googleapis.com" not in self._enabled():
            return {}
        listed = self._gcloud.services()
        names = {function.name: service_name(function.name) for function in FUNCTIONS}
        return {
            function: listed[name]["spec"]["template"]["spec"]["containers"][0]["image"]
            for function, name in names.items()
            if name in listed
        }

    def _enabled(self) -> set[str]:
        return {one["config"]["name"] for one in self._gcloud.ask("services", "list", "--enabled")}

    def _build(self, release: str) -> None:
        """Check, test, build, scan and, where services are there, release: cloudbuild.yaml."""
        outputs = self._terraform.outputs()
        account = f"projects/{self._gcloud.project}/serviceAccounts/{outputs['build_account']}"
        self._gcloud.show(
            *("builds", "submit", str(ROOT), f"--config={ROOT / 'cloudbuild.yaml'}", f"--service-account={account}"),
            f"--gcs-source-staging-dir={outputs['build_bucket']}/source",
            f"--substitutions=_REGION={self._gcloud.region},_RELEASE={release},_FALLBACK={self._fallback()}",
        )

    def _fallback(self) -> str:
        """Where recommend tells what its next image shall show while it reaches no store; empty if it cannot yet."""
        outputs = self._terraform.outputs()
        if "recommend" not in outputs["urls"]:
            return ""
        url = str(outputs["urls"]["recommend"])
        try:
            fetch(url, keys.first(self._gcloud, outputs["secrets"]["api_keys"]))
        except (PermanentError, RetryableError) as error:
            print(f"recommend's image gets no list for when it reaches no store: {error}")
            return ""
        return url

    def _built(self, release: str) -> Mapping[str, str]:
        bucket = self._terraform.outputs()["build_bucket"]
        said = self._gcloud.read("storage", "cat", f"{bucket}/releases/{release}/images.json")
        return msgspec.json.decode(said, type=Images).images

    def _tell(self) -> int:
        for name, url in self._terraform.outputs()["urls"].items():
            print(f"{name}: {url}")
        return 0

    def _smoke(self) -> int:
        """The first one, until the new rights are known everywhere."""
        urls, secrets = self._terraform.outputs()["urls"], self._terraform.outputs()["secrets"]
        collect, recommend = (
            Door(urls[name], keys.first(self._gcloud, secrets[setting]), self._gcloud.token(urls[name]))
            for name, setting in (("collect", "write_keys"), ("recommend", "api_keys"))
        )
        until = time.monotonic() + FIRST_SMOKE_S
        while True:
            try:
                return smoke(collect, recommend, FIRST_SMOKE_S)
            except (PermanentError, RetryableError) as error:
                if time.monotonic() > until:
                    raise
                print(f"Not yet: {error}")
                time.sleep(10)

    def _confirm(self) -> None:
        project = self._gcloud.project
        print(f"This deletes every profile, event, decision and model of {project}. Nobody can bring them back.")
        said = input("The project's id, to go on: ")
        if said != project:
            raise PermanentError("nothing was destroyed", (Problem("answer", project, said),))


def _name_release() -> str:
    """Which commit, and when: a name for images, revisions and folders."""
    said = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    commit = said.stdout.strip() or "unknown"
    return f"r-{commit}-{datetime.now(UTC):%Y%m%d%H%M%S}"
