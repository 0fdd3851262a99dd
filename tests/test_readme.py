"""README's examples run as they stand."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer

from commands.app import app
from sim.scenario.file import as_yaml, load_scenario, parse_scenario
from sim.scenario.yaml_text import parse_yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return str(text)


def test_the_scenario_is_valid() -> None:
    assert parse_scenario(parse_yaml(block("yaml")), "README").stop.rounds == 60


def test_the_configurator_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "example.py").write_text(block("python"))
    clock = load_scenario(ROOT / "scenarios/paper/clock/20news.yaml", ["stop.rounds=35"])
    (tmp_path / "scenario.yaml").write_text(as_yaml(clock))
    monkeypatch.chdir(tmp_path)
    runpy.run_path("example.py", run_name="__main__")
    assert "rounds=35" in capsys.readouterr().out


@pytest.mark.parametrize("line", re.findall(r"^ {4}fedadapter (.*)$", README, flags=re.MULTILINE))
def test_commands_and_their_options_exist(line: str) -> None:
    for command in f"fedadapter {line}".split("&&"):
        known, words = typer.main.get_command(app), shlex.split(command, comments=True)[1:]
        while isinstance(known, typer.core.TyperGroup):
            known = known.commands[words.pop(0)]
        known.make_context(command, words)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
