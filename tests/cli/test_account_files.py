"""`agtui accounts import` and `export`, over fixed services and over real ones."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.cli.app import App
from core.cli.exits import Exit
from core.cli.root import cli
from core.domain.failure import Failure, Kind
from tests.accounts.test_imports import FILES
from tests.attach.conftest import owner
from tests.tui.fake_services import FakeServices

from .conftest import Run


def test_without_a_terminal_the_preview_is_shown_and_nothing_imported(run: Run, world: FakeServices) -> None:
    result = run("accounts", "import", "x")
    assert result.exit_code == Exit.USAGE
    assert [line.split("\t")[2] for line in result.stdout.splitlines()[1:]] == [
        "add",
        "add",
        "replace token",
        "skip: unreadable",
    ]
    assert "will be switched off" in result.stdout
    assert "--yes" in result.stderr
    assert len(world.pool) == 2


def test_yes_imports_and_says_that_tokens_are_unproven(run: Run, world: FakeServices) -> None:
    result = run("accounts", "import", "x", "--yes")
    assert result.exit_code == 0
    assert "2 added, 0 replaced, 2 left alone." in result.stderr
    assert "--replace takes it" in result.stderr
    assert "not tried yet" in result.stderr
    assert len(world.pool) == 4


def test_a_person_is_asked(run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    assert run("accounts", "import", "x", stdin="n\n").exit_code == Exit.FAILURE
    assert len(world.pool) == 2
    assert run("accounts", "import", "x", stdin="y\n").exit_code == 0
    assert len(world.pool) == 4


def test_json_without_yes_is_the_preview(run: Run, world: FakeServices) -> None:
    rows = json.loads(run("accounts", "import", "x", "--json").stdout)
    assert [row["email"] for row in rows][:2] == ["grace@sandbox.test", "edsger@sandbox.test"]
    assert not [name for name in rows[0] if "token" in name]
    assert len(world.pool) == 2
    report = json.loads(run("accounts", "import", "x", "--json", "--yes", "--replace").stdout)
    assert report["replaced"] == ["barbara@sandbox.test"]


def test_only_names_accounts(run: Run, world: FakeServices) -> None:
    result = run("accounts", "import", "x", "--only", "grace@sandbox.test", "--yes")
    assert len(result.stdout.splitlines()) == 2
    assert [each.email for each in world.pool][2:] == ["grace@sandbox.test"]


def test_without_acknowledgement_nothing_is_imported(run: Run, world: FakeServices) -> None:
    needed = Failure(Kind.FORBIDDEN, "Not yet.", params={"code": "ACKNOWLEDGEMENT_REQUIRED"})
    world.fail_next = needed
    result = run("accounts", "import", "x", "--yes")
    assert result.exit_code == Exit.NOT_PERMITTED
    assert "suspended accounts" in result.stderr
    assert len(world.pool) == 2
    world.fail_next = needed
    assert run("accounts", "import", "x", "--yes", "--acknowledge").exit_code == 0
    assert len(world.pool) == 4


def test_nothing_to_import_needs_no_answer(run: Run, world: FakeServices) -> None:
    world.importable = world.importable[3:]
    result = run("accounts", "import", "x")
    assert result.exit_code == 0
    assert "Nothing to import." in result.stderr


def test_a_broken_file_is_one_sentence(run: Run) -> None:
    result = run("accounts", "import", "broken.json")
    assert result.exit_code == Exit.FAILURE
    assert result.stderr.startswith("agtui: broken.json can't be imported")


def test_an_export_has_to_be_wanted(run: Run, tmp_path: Path) -> None:
    result = run("accounts", "export", "out.json")
    assert result.exit_code == Exit.USAGE
    assert "refresh tokens" in result.stderr
    result = run("accounts", "export", "out.json", "--yes-with-secrets")
    assert result.stdout == f"{tmp_path / 'out.json'}\n"
    assert "holds secrets" in result.stderr


class Real:
    """The command line with a home of its own and no opener of a test's."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str) -> Result:
        app = App(home=self.home)
        return CliRunner().invoke(cli, arguments, obj=app, prog_name="agtui")


def test_from_another_program_to_a_file_to_another_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = Real(tmp_path / "one"), Real(tmp_path / "two")
    outputs = [
        one("accounts", "import", str(FILES / "antigravity-tools"), "--yes", "--acknowledge"),
        one("accounts", "export", "out.json", "--yes-with-secrets"),
        two("accounts", "import", "out.json", "--yes", "--acknowledge"),
        two("accounts", "list"),
    ]
    assert [output.exit_code for output in outputs] == [0, 0, 0, 0]
    assert [line.split("\t")[:3] for line in outputs[-1].stdout.splitlines()[1:]] == [
        ["ada@example.test", "antigravity", "ready"],
        ["alan@example.test", "antigravity", "off"],
    ]
    assert stat.S_IMODE((tmp_path / "out.json").stat().st_mode) == 0o600
    assert "canary" not in "".join(output.output for output in outputs)
    assert "1//canary-tools-ada" in (tmp_path / "out.json").read_text()


def test_beside_a_running_owner_the_path_is_the_one_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner has another working directory: it must get an absolute path."""
    seen: list[str] = []

    class Services(FakeServices):
        @property
        def accounts(self) -> Any:
            real = super().accounts
            look = real.import_preview

            async def preview(path: str) -> Any:
                seen.append(path)
                return await look(path)

            real.import_preview = preview  # type: ignore[method-assign]
            return real

    world = Services(tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)

    async def attached(paths: Any, **options: Any) -> Any:
        stack = owner(world, tmp_path)
        client, _ = await stack.__aenter__()
        close = client.aclose

        async def aclose() -> None:
            client.aclose = close  # type: ignore[method-assign]
            await stack.__aexit__(None, None, None)

        client.aclose = aclose  # type: ignore[method-assign]
        return client

    result = CliRunner().invoke(
        cli,
        ("accounts", "import", "theirs/../f.json", "--yes"),
        obj=App(home=tmp_path, opener=attached),
        prog_name="agtui",
    )
    assert result.exit_code == 0, result.output
    assert seen[0] == os.path.join(os.getcwd(), "f.json")
    assert len(asyncio.run(world.accounts.list())) == 4
