"""What a user installs: the wheel in a clean environment, used from another folder."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LIST_DATA = """
import importlib.resources as resources
for package, ending in (("themes", ".toml"), ("tui", ".tcss")):
    found = []
    todo = [resources.files(package)]
    while todo:
        for entry in todo.pop().iterdir():
            if entry.is_dir(): todo.append(entry)
            elif entry.name.endswith(ending): found.append(entry.name)
    print(package, *sorted(found))
"""


@pytest.mark.timeout(180)
def test_the_wheel_works_in_a_clean_environment(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    wheel = next(tmp_path.glob("*.whl"))
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"core", "tui", "themes"}

    home = tmp_path / "clean"
    venv.create(home, with_pip=False)
    site = next(home.glob("lib/python*/site-packages"))
    # The dependencies are borrowed from this environment, agtui itself comes from the wheel alone.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    listed = subprocess.run(
        [str(home / "bin/python"), "-P", "-c", LIST_DATA],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert listed.returncode == 0, listed.stderr
    themes, styles = listed.stdout.splitlines()
    assert themes.split()[1:] == sorted(path.name for path in (ROOT / "themes").glob("*.toml"))
    assert styles.split()[1:] == sorted(path.name for path in (ROOT / "tui").rglob("*.tcss"))

    version = subprocess.run(
        [str(home / "bin/python"), "-P", "-c", "from core.cli.main import main; main(['--version'])"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert version.stdout.startswith("agtui "), version.stderr
