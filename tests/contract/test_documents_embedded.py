"""What only files must stand: other processes, and the sudden death of this one."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Timer

import pytest

from shared.errors import ConflictError, RetryableError
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.ports import ABSENT

COUNT_TO_FIFTY = """
import asyncio, sys
from tests.contract.test_documents_embedded import add
asyncio.run(add(sys.argv[1], 50))
"""
WRITE_AND_HANG = """
import asyncio, sys, time
from tests.contract.test_documents_embedded import opened
for n in range(20):
    asyncio.run(opened(sys.argv[1]).put("c", f"k{n}", {"n": n}, ""))
print("written", flush=True)
time.sleep(600)
"""


def opened(path: str | Path, deadline: timedelta = timedelta(seconds=30)) -> EmbeddedDocuments:
    return EmbeddedDocuments(Path(path), deadline)


async def add(path: str, times: int) -> None:
    documents = opened(path)
    for _ in range(times):
        while True:
            document = await documents.get("c", "k")
            n, version = (document.fields["n"], document.version) if document else (0, ABSENT)
            assert isinstance(n, int)
            try:
                await documents.put("c", "k", {"n": n + 1}, version)
                break
            except ConflictError:
                continue


def test_processes_share_the_file_and_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "new" / "documents.sqlite"
    command = [sys.executable, "-c", COUNT_TO_FIFTY, str(path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    document = asyncio.run(opened(path).get("c", "k"))
    assert document
    assert document.fields == {"n": 150}


def test_a_new_file_that_another_process_is_still_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    with sqlite3.connect(path, isolation_level=None, check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE other (n)")
        Timer(0.2, other.execute, ["COMMIT"]).start()
        assert asyncio.run(opened(path).get("c", "k")) is None
    with sqlite3.connect(path, isolation_level=None) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_was_written_survives_the_death_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITE_AND_HANG, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    assert len(asyncio.run(opened(path).get_many("c", [f"k{n}" for n in range(20)]))) == 20


async def test_a_file_locked_too_long_is_retryable(tmp_path: Path) -> None:
    documents = opened(tmp_path / "documents.sqlite", timedelta(milliseconds=20))
    with sqlite3.connect(tmp_path / "documents.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetryableError, match="locked"):
            await documents.put("c", "k", {}, ABSENT)
        with pytest.raises(RetryableError, match="locked"):
            await documents.merge("c", {"k": {}})
        other.execute("ROLLBACK")
    await documents.put("c", "k", {}, ABSENT)
    await documents.close()


async def test_a_place_that_cannot_be_opened_is_retryable(tmp_path: Path) -> None:
    (tmp_path / "documents.sqlite").mkdir()
    with pytest.raises(RetryableError):
        opened(tmp_path / "documents.sqlite")
