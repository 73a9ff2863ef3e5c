"""Rules by the command line: checked, tried, made live and seen in the next answer."""

from pathlib import Path

import httpx
import pytest

from infra.cli import main
from infra.local.process import running

RULES = """rules:
- name: red first
  items: {tag: red}
  pin: 1
- name: nobody's
  when: {persona: nobody}
  items: {tag: red}
  exclude: true
"""
SETTINGS = {"ATTUNE_MODEL_REFRESH_S": "0.2", "ATTUNE_ITEM_REFRESH_S": "0.2"}


def test_rules_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "rules.yaml", tmp_path / "bad.yaml"
    good.write_text(RULES)
    bad.write_text(RULES.replace("pin: 1", "pin: first"))
    assert main(["rules", "check", str(good)]) == 0
    assert "2 rules, nothing wrong" in capsys.readouterr().out
    assert main(["rules", "check", str(bad)]) == 2
    assert "line 4, rules[0].pin" in capsys.readouterr().err
    with running("embedded", tmp_path / "data", settings=SETTINGS) as stack:
        items = [{"item_id": f"i{n}", "category": "c", "tags": ["red"] if n == 7 else []} for n in range(9)]
        httpx.put(f"{stack.url}/v1/items", json=items).raise_for_status()
        stack_options = ["--url", stack.url]
        for _ in range(100):
            if len(_shown(stack.url)) == 9:
                break
        assert main(["rules", "preview", str(good), "--user", "ann", *stack_options]) == 0
        told = capsys.readouterr().out
        assert "rules that hold: red first" in told
        assert "Rules that hold for none of them: nobody's" in told
        assert main(["rules", "apply", str(good), *stack_options]) == 0
        assert "2 rules are live" in capsys.readouterr().out
        assert _shown(stack.url)[0] == "i7"
        assert main(["rules", "apply", str(bad), *stack_options]) == 2
        capsys.readouterr()
        assert main(["rules", "show", *stack_options]) == 0
        assert capsys.readouterr().out == RULES


def _shown(url: str) -> list[str]:
    answer = httpx.get(f"{url}/v1/recommendations", params={"user_id": "ann"}).raise_for_status()
    return [item["item_id"] for item in answer.json()["items"]]
