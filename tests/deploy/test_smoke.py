"""The smoke test, where everything is well, where the loop is broken, and where it is not Attune that answers."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from infra.cli import main
from infra.local.process import running

KEYS = {"ATTUNE_WRITE_KEYS": "sender", "ATTUNE_API_KEYS": "server, older", "ATTUNE_MODEL_REFRESH_S": "0.2"}


def test_an_event_is_seen_in_the_recommendation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the emulators, tests/e2e/test_stacks.py does the same."""
    with running("embedded", tmp_path, settings=KEYS) as served:
        smoke = ["smoke", "--url", served.url, "--write-key", "sender", "--key", "server"]
        assert main(smoke) == 0
        assert "is shown nothing yet, and dismisses attune-smoke" in capsys.readouterr().out
        items = [{"item_id": f"i{n}", "category": "c"} for n in range(3)]
        sender = {"authorization": "Bearer sender"}
        httpx.put(f"{served.url}/v1/items", json=items, headers=sender).raise_for_status()
        out = ""
        while "is shown i" not in out:  # until the catalogue has them; an item that is shown is the one dismissed
            assert main(smoke) == 0
            out = capsys.readouterr().out
        assert "is left out, because dismissed" in out


def test_a_broken_loop_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two stacks: what one collects, the other one's recommend never sees."""
    with running("embedded", tmp_path / "one") as one, running("embedded", tmp_path / "other") as other:
        assert main(["smoke", "--url", one.url, "--recommend-url", other.url, "--within", "2"]) == 1
        assert "after 2 s no recommendation shows it" in capsys.readouterr().err


def test_wrong_keys_and_wrong_addresses_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running("embedded", tmp_path, settings=KEYS) as served:
        assert main(["smoke", "--url", served.url, "--write-key", "sender"]) == 2
        assert "ATTUNE_API_KEYS" in capsys.readouterr().err
        monkeypatch.setenv("ATTUNE_API_KEYS", "server")
        assert main(["smoke", "--url", served.url, "--write-key", "none"]) == 2
        assert "the event was not taken" in capsys.readouterr().err
        monkeypatch.setenv("ATTUNE_WRITE_KEYS", "sender")
        assert main(["smoke", "--url", served.url]) == 0
    assert main(["smoke", "--url", served.url]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_another_server_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert main(["smoke", "--url", f"http://127.0.0.1:{server.server_port}"]) == 2
        server.shutdown()
    assert "does not answer as Attune" in capsys.readouterr().err


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<html>not here</html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
