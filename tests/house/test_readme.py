"""The README is true: its endpoints, its commands, its settings, its pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any, cast

import pytest

from core.config.clock import SystemClock
from core.server.app import build_app

from .readme import README, written

TEXT = README.read_text()


def test_the_table_of_settings_is_as_the_code_has_it() -> None:
    assert written() == TEXT, "run `python -m tests.house.readme`"


def test_every_endpoint_is_listed_and_every_listed_one_is_there() -> None:
    listed = {
        (method, path.partition("{")[0])
        for method, path in re.findall(r"`(GET|POST|DELETE) (/[^`\s]+)`", TEXT)
    }
    nothing = cast("Any", None)
    app = build_app(nothing, nothing, nothing, SystemClock())
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    assert listed == {(method, path) for method, path in served if not path.startswith("/files/")}


def test_every_command_is_listed() -> None:
    from core.cli.root import VERBS

    for name in VERBS:
        assert re.search(rf"`agtui {name}\b", TEXT), name


@pytest.mark.parametrize("target", ["run", "test", "lint", "bench", "shots", "serve", "install"])
def test_the_targets_are_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (README.parent / "Makefile").read_text(), re.MULTILINE)


def test_its_pictures_and_links_exist() -> None:
    for path in re.findall(r"\]\(([^)#]+)\)", TEXT):
        if "://" not in path:
            assert (README.parent / path).exists(), path


@pytest.mark.timeout(60)
def test_the_verbs_answer_to_help() -> None:
    from core.cli.root import VERBS

    for name in VERBS:
        done = subprocess.run(
            [sys.executable, "-m", "core", name, "--help"],
            cwd=README.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert done.returncode == 0, (name, done.stderr)
