"""Google's emulators of Firestore and Pub/Sub, and bqemulator for BigQuery, on free ports."""

import http.client
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from infra.local import bqemulator
from infra.local.children import await_answer, child, free_port
from infra.local.venvs import CACHE, InstallError

SDK_PLACES = ("/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/opt/google-cloud-sdk", "~/google-cloud-sdk")
FIRESTORE_JAR = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
FIRESTORE_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
PUBSUB_JAR = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
EXPORT = "firestore"
HOW_TO_GET = """install Java 17 or later and the Google Cloud CLI (https://cloud.google.com/sdk/docs/install), then
  gcloud components install cloud-firestore-emulator pubsub-emulator
or on Debian and Ubuntu, from Google's package source,
  apt-get install google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator default-jre-headless"""


class EmulatorMissingError(Exception):
    """An emulator cannot be found or installed; the message says how to get it."""


class _Kind(NamedTuple):
    command: Callable[[int, Path | None], list[str]]
    variable: str
    address: str


@contextmanager
def emulators(
    names: Sequence[str] = ("firestore", "pubsub", "bigquery"), data: Path | None = None, project: str = "attune"
) -> Iterator[dict[str, str]]:
    """Run emulators; gives the environment variables that point the client libraries and Attune to them.

    With a `data` folder BigQuery's tables are kept there as they are written, and the project's Firestore documents
    when the context ends in good order. Pub/Sub's emulator keeps nothing. Raises EmulatorMissingError, ChildError.
    """
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-emulators-")))
        environment, started = {}, []
        for name in names:
            kind, port, log = KINDS[name], free_port(), logs / f"{name}.log"
            started.append((stack.enter_context(child(kind.command(port, data), log)), port, log))
            environment[kind.variable] = kind.address.format(port=port)
        for process, port, log in started:
            await_answer(process, port, log)
        yield environment
        if data and (host := environment.get("FIRESTORE_EMULATOR_HOST")):
            export_firestore(host, data, project)


def export_firestore(host: str, data: Path, project: str) -> None:
    """Write the project's documents to where the next start reads them.

    The emulator's own --export-on-exit writes nothing when it is stopped by a signal.
    """
    shutil.rmtree(data / EXPORT, ignore_errors=True)
    connection = http.client.HTTPConnection(host, timeout=60)
    database = f"projects/{project}/databases/(default)"
    body = {"database": database, "export_directory": str(data.resolve()), "export_name": EXPORT}
    headers = {"Authorization": "Bearer owner", "Content-Type": "application/json"}
    connection.request("POST", f"/emulator/v1/projects/{project}:export", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"Firestore's emulator was to export to {data}, but answered {answer.status}: {text}")


def _firestore(port: int, data: Path | None) -> list[str]:
    start = [_java(), "-cp", _jar(FIRESTORE_JAR), FIRESTORE_MAIN, "start", "--host=127.0.0.1", f"--port={port}"]
    metadata = data / EXPORT / f"{EXPORT}.overall_export_metadata" if data else None
    if metadata and metadata.exists():
        start.append(f"--import-data={metadata.resolve()}")
    return start


def _pubsub(port: int, _data: Path | None) -> list[str]:
    return [_java(), "-jar", _jar(PUBSUB_JAR), "--host=127.0.0.1", f"--port={port}"]


def _bigquery(port: int, data: Path | None) -> list[str]:
    try:
        command = str(bqemulator.executable(CACHE / "bqemulator"))
    except InstallError as error:
        raise EmulatorMissingError(f"bqemulator, from the Python package index: {error}") from error
    keep = ["--persistent", f"--data-dir={data.resolve() / 'bigquery'}"] if data else ["--ephemeral"]
    return [command, "start", f"--rest-port={port}", f"--grpc-port={free_port()}", "--log-level=warning", *keep]


def _java() -> str:
    if found := shutil.which("java"):
        return found
    raise EmulatorMissingError(f"java is not on the PATH; {HOW_TO_GET}")


def _jar(pattern: str) -> str:
    for root in _sdk_roots():
        if found := sorted(root.glob(pattern)):
            return str(found[-1])
    raise EmulatorMissingError(f"{pattern} is in no Google Cloud SDK; {HOW_TO_GET}")


def _sdk_roots() -> Iterator[Path]:
    for place in SDK_PLACES:
        yield Path(place).expanduser()
    if gcloud := shutil.which("gcloud"):  # last, for it takes a second
        ask = [gcloud, "info", "--format=value(installation.sdk_root)"]
        answer = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
        if answer:
            yield Path(answer)


KINDS = {
    "firestore": _Kind(_firestore, "FIRESTORE_EMULATOR_HOST", "127.0.0.1:{port}"),
    "pubsub": _Kind(_pubsub, "PUBSUB_EMULATOR_HOST", "127.0.0.1:{port}"),
    "bigquery": _Kind(_bigquery, "ATTUNE_BIGQUERY_ENDPOINT", "http://127.0.0.1:{port}"),
}
