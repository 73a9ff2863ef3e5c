"""The emulators keep what they are told to keep, leave nothing behind, and say how to get them."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from infra.local import emulators as module
from infra.local.children import ChildError, await_answer, child, free_port
from infra.local.emulators import EmulatorMissingError, emulators
from shared.stores.gcp.documents import FirestoreDocuments
from shared.stores.gcp.warehouse import BigQueryWarehouse

HOLD_A_CHILD = """
import sys, time
from pathlib import Path
from infra.local.children import child
with child(["sleep", "600"], Path(sys.argv[1])) as process:
    print(process.pid, flush=True)
    time.sleep(600)
"""


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


@pytest.mark.usefixtures("emulator_environment")
def test_documents_and_tables_are_kept_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patience = timedelta(seconds=5)
    for run in range(2):
        with emulators(("firestore", "bigquery"), data=tmp_path, project="kept") as environment:
            monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", environment["FIRESTORE_EMULATOR_HOST"])
            documents = FirestoreDocuments("kept", "(default)", patience)
            warehouse = BigQueryWarehouse("kept", "attune", environment["ATTUNE_BIGQUERY_ENDPOINT"], patience)
            if run == 0:
                asyncio.run(documents.merge("c", {"k": {"n": 1}}))
                warehouse.create_dataset()
                warehouse.run("CREATE TABLE t AS SELECT 1 AS n")
            else:
                found = asyncio.run(documents.get("c", "k"))
                assert found
                assert found.fields == {"n": 1}
                assert warehouse.query("SELECT n FROM t").to_pylist() == [{"n": 1}]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD_A_CHILD, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    while is_running(pid):
        time.sleep(0.01)


def test_a_child_ends_with_its_context(tmp_path: Path) -> None:
    with child(["sleep", "600"], tmp_path / "log") as process:
        assert is_running(process.pid)
    assert not is_running(process.pid)


def test_a_child_that_fails_is_reported_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with child(["sh", "-c", "echo no such flag; exit 3"], log) as process, pytest.raises(ChildError) as raised:
        await_answer(process, free_port(), log)
    assert "ended with 3" in str(raised.value)
    assert "no such flag" in str(raised.value)


@pytest.mark.parametrize("name", ["firestore", "pubsub"])
def test_a_missing_emulator_is_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SDK_PLACES", ("/nowhere",))
    monkeypatch.setattr(shutil, "which", lambda program: os.devnull if program == "java" else None)
    with pytest.raises(EmulatorMissingError, match="gcloud components install"), emulators((name,)):
        pass
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(EmulatorMissingError, match="java is not on the PATH"), emulators((name,)):
        pass
