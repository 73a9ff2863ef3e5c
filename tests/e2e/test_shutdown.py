"""A function that is told to end first does what it has begun."""

import signal
import sys
from datetime import timedelta
from pathlib import Path

import httpx

from infra.local.children import await_answer, child, free_port
from infra.local.layout import FUNCTIONS, ROOT
from shared.decisions import TOPIC
from shared.settings import PREFIX
from shared.stores.embedded.queue import EmbeddedTopics


def test_a_decision_outlives_its_instance(tmp_path: Path) -> None:
    data, log, port = tmp_path / "data", tmp_path / "recommend.log", free_port()
    data.mkdir()
    topics = EmbeddedTopics(data / "queue.sqlite", timedelta(seconds=5))
    topics.declare(TOPIC, "kept")
    source = next(function.source for function in FUNCTIONS if function.name == "recommend")
    command = [sys.executable, "-m", "functions_framework", "--source", str(source), "--target", "recommend", "--asgi"]
    environment = {"PYTHONPATH": str(ROOT), f"{PREFIX}BACKEND": "embedded", f"{PREFIX}DATA": str(data)}
    with child([*command, "--host", "127.0.0.1", "--port", str(port)], log, environment) as process:
        await_answer(process, port, log)
        url = f"http://127.0.0.1:{port}/v1/recommendations"
        assert httpx.get(url, params={"user_id": "ann"}).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert topics.pending("kept") == 1, log.read_text()
