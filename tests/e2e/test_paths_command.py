"""`infra/dev.py paths` on a whole stack: from what people did to tables and a picture."""

import asyncio
from pathlib import Path

import pytest

from infra.cli import main
from infra.local.inputs import open_input
from infra.local.process import running
from infra.local.replay import replay


def test_paths_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "paths.svg"
    with running("embedded", tmp_path / "data") as served:

        def run(*command: str, code: int = 0) -> str:
            capsys.readouterr()
            assert main([*command, "--url", served.url]) == code
            told = capsys.readouterr()
            return told.out + told.err

        assert "train the model paths first" in run("paths", code=2)
        assert not asyncio.run(replay(open_input("simulate:users=40,days=5,seed=11"), served.url)).refused
        run("train", "paths")
        told = run("paths", "--svg", str(picture), "--limit", "5")
        after = run("paths", "--over", "kinds", "--from", "begin_checkout", "--previous", "page_view")
        assert "expected one of (start), (left)" in run("paths", "--from", "/nowhere", code=2)
    for title in ("converted (purchase)", "What comes after (start)", "Most frequent moves", "removal effect"):
        assert title in told
    assert "What comes after page_view → begin_checkout" in after
    assert "begin_checkout → (converted)" in after
    assert "Paths: " in picture.read_text()
    assert picture.read_text().startswith("<svg ")
