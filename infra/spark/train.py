"""A training whose ALS is Spark's: retrain leaves interactions, Spark learns factors, retrain judges and publishes."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.evaluation.progress import progress
from infra.local.children import tail
from infra.local.operator import calling, check
from infra.local.schedules import train
from shared.errors import RetryableError

SCRIPT = Path(__file__).with_name("als.py")
MASTER = "local[*]"
CONFIGURED = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
}
"""For what one machine holds: planning and compiling would take longer than the work."""

Places = Sequence[dict[str, str]]
"""Pairs of folders: interactions, factors."""

Job = Callable[[Places, Sequence[str]], None]


def train_on_spark(url: str, models: Sequence[str], force: bool, job: Job, options: str) -> int:
    """Retrain all models, or those named; `options` are those of infra/spark/als.py."""
    with calling(url, None) as client:
        told = check(client.post("/v1/retrain", json={"export": True}))
    try:
        job(told["exported"], shlex.split(options))
    finally:
        # They name people; those in Cloud Storage are the bucket's to delete.
        for one in told["exported"]:
            shutil.rmtree(one["interactions"], ignore_errors=True)
    return train(url, models, force, {"engine": "spark", "cutoff": told["cutoff"]})


def here(places: Places, options: Sequence[str]) -> None:
    """Spark in a child process, on all cores. Raises RetryableError with its last words if it fails."""
    settings = [f"--conf {name}={value}" for name, value in CONFIGURED.items()]
    submitted = f"--master {MASTER} {' '.join(settings)} pyspark-shell"
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_SUBMIT_ARGS": submitted}
    command = [sys.executable, str(SCRIPT), *arguments(places, options)]
    with tempfile.TemporaryDirectory() as folder, progress() as shown:
        log = Path(folder, "spark.log")
        task = shown.add_task("Spark", total=len(places))
        with (
            log.open("wb") as output,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, env=environment) as child,
        ):
            for _ in child.stdout or ():
                shown.advance(task)
        if child.returncode:
            raise RetryableError(f"Spark ended with {child.returncode}:\n{tail(log)}")


def dataproc(region: str | None) -> Job:
    """Dataproc Serverless, by gcloud, which waits and prints the batch's output."""

    def submit(places: Places, options: Sequence[str]) -> None:
        command = batch(places, options, region)
        print(shlex.join(command), file=sys.stderr)
        if code := subprocess.run(command).returncode:
            raise RetryableError(f"gcloud ended with {code}; what it printed is above")

    return submit


def batch(places: Places, options: Sequence[str], region: str | None) -> list[str]:
    """The command that submits the batch.

    https://cloud.google.com/sdk/gcloud/reference/dataproc/batches/submit/pyspark
    """
    bucket = "/".join(places[0]["interactions"].split("/")[:3])
    where = [f"--region={region}"] if region else []
    submit = ["gcloud", "dataproc", "batches", "submit", "pyspark", str(SCRIPT), f"--deps-bucket={bucket}", *where]
    return [*submit, "--", *arguments(places, options)]


def arguments(places: Places, options: Sequence[str]) -> list[str]:
    """Of infra/spark/als.py."""
    sources, outs = ([one[name] for one in places] for name in ("interactions", "factors"))
    return ["--interactions", *sources, "--out", *outs, *options]
