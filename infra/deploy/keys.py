"""The keys and secrets of a deployment, in Secret Manager. Terraform makes the secrets and never sees a version."""

import secrets
from collections.abc import Mapping

from infra.deploy.gcloud import Gcloud


def fill(gcloud: Gcloud, names: Mapping[str, str]) -> None:
    """Give each secret (setting → name) that has no version yet a random one of 64 characters."""
    for name in names.values():
        if not gcloud.ask("secrets", "versions", "list", name, "--filter=state=ENABLED"):
            gcloud.ask("secrets", "versions", "add", name, "--data-file=-", given=secrets.token_hex(32))
            print(f"{name}: has a first, random key; gcloud secrets versions access latest --secret={name}")


def first(gcloud: Gcloud, name: str) -> str:
    """The first key of the newest version."""
    return gcloud.read("secrets", "versions", "access", "latest", f"--secret={name}").partition(",")[0].strip()
