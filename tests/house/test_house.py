"""The shape of the house: who may import whom, what importing costs, what a wheel holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "core").rglob("*.py")
    if path.name != "__main__.py"
)

IMPORT_ALL = """
import importlib, json, os, socket, sys, threading
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("textual", "tui"):
            raise ImportError(name + " is not for the core")
sys.meta_path.insert(0, Blocked())
opened = []
real = socket.socket.__init__
def spy(self, *args, **kwargs):
    opened.append("socket")
    real(self, *args, **kwargs)
socket.socket.__init__ = spy
threads = threading.active_count()
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
assert not opened, opened
assert threading.active_count() == threads
"""


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.timeout(60)
def test_the_whole_core_imports_without_textual_and_opens_nothing() -> None:
    done = python("-c", IMPORT_ALL, json.dumps(MODULES))
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(60)
def test_the_rooms_keep_their_order() -> None:
    done = python("-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(60)
def test_the_version_needs_neither_screen_nor_server() -> None:
    probe = (
        "import sys; from core.cli.main import main\n"
        "sys.argv = ['agtui', '--version']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'textual', 'starlette', 'uvicorn', 'httpx', 'sqlalchemy', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = python("-c", probe)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("agtui ")


def test_no_file_names_a_machine_or_a_registry() -> None:
    words = ["/wo" + "rk/", "/ro" + "ot/", "py" + "pi.org", "python" + "hosted", "registry.np" + "mjs"]
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=20
    ).stdout.split("\n")
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".png", ".svg", ".raw"} or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        assert not [word for word in words if word in text], name


def test_no_file_has_grown_beyond_one_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for room in ("core", "tui")
        for path in (ROOT / room).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long
