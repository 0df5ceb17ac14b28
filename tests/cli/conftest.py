"""The command line over fixed services, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.cli.app import App
from core.cli.root import cli
from tests.tui.fake_services import FakeServices

Run = Callable[..., Result]


@pytest.fixture
def world(tmp_path: Path) -> FakeServices:
    return FakeServices(tmp_path / "pictures")


@pytest.fixture
def run(world: FakeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("chat", "hello", stdin="...")`: the result of one command line."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)

    async def opener(paths: Any, **options: Any) -> Any:
        return world

    def invoke(*arguments: str, stdin: str = "", **env: str) -> Result:
        app = App(home=tmp_path / "home", opener=opener)
        return CliRunner(env=env).invoke(cli, arguments, obj=app, input=stdin, prog_name="agtui")

    return invoke
