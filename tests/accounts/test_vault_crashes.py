"""Writers that are killed or meet: the file always loads, and who was told "added" is there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.accounts.vault import Vault
from tests.accounts.world import HandClock, account
from tests.bar.figures import CRASHES, LOST

WRITER = """
import sys
from pathlib import Path
from core.accounts.vault import Vault
from tests.accounts.world import HandClock, account
vault = Vault(Path(sys.argv[1]), HandClock())
print("ready", flush=True)
for number in range(int(sys.argv[2]), 10_000):
    assert vault.put(account(f"n{number}"))
    if number % 3 == 2:
        print(f"removing n{number - 1}", flush=True)
        assert vault.remove(f"n{number - 1}")
    print(f"added n{number}", flush=True)
"""

# A process a step: each ends, as a kill does, at its n-th deed to the file system; the last one lives.
CRASH = """
import os, sys
from pathlib import Path
from core.accounts.vault import Vault
from tests.accounts.world import HandClock, account
DEEDS = ("open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "os.link", "os.truncate")

def act(vault, left):
    def count(event, args):
        nonlocal left
        left -= event in DEEDS
        if left < 0:
            os._exit(9)
    sys.addaudithook(count)
    vault.put(account("new"))
    vault.remove("old")
    os._exit(0)

for step in range(500):
    vault = Vault(Path(sys.argv[1]) / f"step-{step}" / "accounts.json", HandClock())
    vault.put(account("old"))
    vault.put(account("kept"))
    child = os.fork()
    if child == 0:
        act(vault, step)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        break
print(step)
"""


# Thousands of deaths in one process, which is what makes them affordable: from the n-th deed to the disk on
# nothing works any more, not even tidying up, and a write that is the n-th leaves half of its bytes. Every
# change of the vault and of the settings is done again and again until it lives through all its deeds.
DEATHS = """
import itertools, json, os, random, sys
from pathlib import Path
import msgspec
import tomlkit
from core.accounts.vault import Vault
from core.config.save import save_settings
from tests.accounts.world import HandClock, account
AUDITED = ("open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "os.link", "os.truncate")
left = None  # deeds until death; None: nobody dies

class Death(BaseException):
    pass

def deed(*_):
    global left
    if left is not None:
        left -= 1
        if left < 0:
            raise Death

def half(descriptor, data):
    try:
        deed()
    except Death:
        write(descriptor, bytes(data)[: len(data) // 2])
        raise
    return write(descriptor, data)

write, os.write = os.write, half
os.fsync = deed  # as fast as it can be; what a disk does without power is not at stake here
sys.addaudithook(lambda event, args: deed() if event in AUDITED else None)
home, wanted = Path(sys.argv[1]), int(sys.argv[2])
file, settings = home / "accounts.json", home / "config.toml"
chance, numbers = random.Random(7), itertools.count()
here, gone, deaths, lost, value, notices = {}, set(), 0, 0, 0, set()

def tended():
    while len(here) < 4:
        name = f"n{next(numbers)}"
        assert Vault(file, HandClock()).put(account(name))
        here[name] = 0.0
    while len(here) > 7:
        name = min(here)
        assert Vault(file, HandClock()).remove(name)
        gone.add(name)
        del here[name]

def seen():
    vault = Vault(file, HandClock())
    found = {known.id: known.added_at for known in vault.read().accounts}
    notices.update(vault.notices)
    return found

def setting():
    return tomlkit.parse(settings.read_text())["gateway"]["attempts"] if settings.exists() else 0

while deaths < wanted:
    tended()
    kind = chance.choice(["put", "change", "remove", "save"])
    for step in itertools.count():
        after, target = dict(here), chance.choice(sorted(here))
        vault = Vault(file, HandClock())
        if kind == "put":
            target = f"n{next(numbers)}"
            after[target] = 0.0
            work = lambda: vault.put(account(target))
        elif kind == "change":
            after[target] = here[target] + 1
            edit = lambda known: msgspec.structs.replace(known, added_at=known.added_at + 1)
            work = lambda: vault.change(target, edit)
        elif kind == "remove":
            del after[target]
            work = lambda: vault.remove(target)
        else:
            work = lambda: save_settings(settings, "gateway", {"attempts": value + 1})
        left = step
        try:
            work()
            lived = True
        except Death:
            lived = False
        left = None
        deaths += not lived
        found, said = seen(), setting()
        may = [after] if lived else [here, after]
        lost += found not in may or bool(gone & found.keys())
        lost += said not in ([value, value + 1] if kind == "save" else [value])
        gone |= here.keys() - found.keys()
        here, value = found, said
        tended()
        if lived:
            break
print(json.dumps([deaths, lost, sorted(notices)]))
"""


# Adds 60, changes one that both know 60 times, removes every third of its own.
MIXED = """
import sys
from pathlib import Path
import msgspec
from core.accounts.vault import Vault
from tests.accounts.world import HandClock, account
vault, me = Vault(Path(sys.argv[1]), HandClock()), sys.argv[2]
for number in range(60):
    assert vault.put(account(f"{me}{number}"))
    assert vault.change("both", lambda known: msgspec.structs.replace(known, added_at=known.added_at + 1))
    if number % 3 == 0:
        assert vault.remove(f"{me}{number}")
"""


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def read(file: Path) -> tuple[set[str], tuple[str, ...]]:
    vault = Vault(file, HandClock())
    return {known.id for known in vault.read().accounts}, vault.notices


@pytest.mark.bar
def test_nobody_is_lost_when_the_writer_is_killed_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    added: set[str] = set()
    removing: set[str] = set()
    rounds, start, ends = 0, 0, time.monotonic() + 10.0
    while rounds < 25 and time.monotonic() < ends:
        with run(WRITER, file, start) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            # A different moment each round: after so many lines, and then in the middle of the next write.
            for _ in range(rounds % 5):
                note(child.stdout.readline(), added, removing)
            child.kill()
            for line in child.stdout:
                note(line, added, removing)
        found, notices = read(file)
        assert notices == ()
        assert added - removing <= found
        start, rounds = start + 200, rounds + 1
    assert rounds >= 5
    assert added


def note(line: str, added: set[str], removing: set[str]) -> None:
    if not line.endswith("\n"):
        return
    word, name = line.split()
    (added if word == "added" else removing).add(name)


@pytest.mark.bar
def test_a_crash_at_any_step_of_a_write_loses_nobody(tmp_path: Path) -> None:
    with run(CRASH, tmp_path) as child:
        assert child.stdout is not None
        last = int(child.stdout.read())
    assert last > 15
    for step in range(last + 1):
        found, notices = read(tmp_path / f"step-{step}" / "accounts.json")
        assert notices == ()
        assert "kept" in found
        assert "old" in found or "new" in found
    assert found == {"kept", "new"}


def die(home: Path, times: int) -> tuple[int, int, list[str]]:
    """Deaths, what was lost in them, and what a person would have been told of it."""
    with run(DEATHS, home, times) as child:
        assert child.stdout is not None
        deaths, lost, notices = json.loads(child.stdout.read())
    return deaths, lost, notices


@pytest.mark.bar
@pytest.mark.timeout(120)
def test_crashes_at_every_step_of_every_write_lose_no_account_and_no_setting(tmp_path: Path) -> None:
    deaths, lost, notices = die(tmp_path, CRASHES)
    assert deaths >= CRASHES
    assert lost == LOST
    assert notices == []


@pytest.mark.bar
def test_two_processes_that_write_at_once_end_in_some_serial_order(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    Vault(file, HandClock()).put(account("both"))
    children = [run(MIXED, file, name) for name in "ab"]
    for child in children:
        with child:
            assert child.wait() == 0
    document = Vault(file, HandClock()).read()
    mine = {f"{name}{number}" for name in "ab" for number in range(60) if number % 3}
    assert {known.id for known in document.accounts} == {"both"} | mine
    both = document.get("both")
    assert both is not None
    assert both.added_at == 120
    assert document.generation == 1 + 2 * (60 + 60 + 20)
