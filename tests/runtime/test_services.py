from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.accounts.vault import Vault
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.accounts import Account, Device, OAuth
from core.domain.content import Role, Turn, text_of
from core.domain.failure import Cause, GatewayError
from core.domain.plan import RecordQuery, RequestRecord
from core.domain.requests import Caller, ChatRequest
from core.domain.secret import Secret
from core.domain.streams import closing
from core.runtime import local
from core.runtime.local import LocalServices
from core.runtime.opening import open_services
from core.runtime.owner import announced, holder
from core.runtime.rooms import Rooms
from core.services import Services
from core.storage.files import ensure_dir

from .conftest import ROOT, Open, listens

ASK = ChatRequest("sandbox-chat", (Turn.of(Role.USER, "what is SSH?"),))


def caller(request_id: str = "r1") -> Caller:
    return Caller(request_id, "cli", stream=True)


async def test_the_sandbox_answers_without_an_account(opened: Open) -> None:
    services = await opened(sandbox="on")
    answer = await services.generation.answer(ASK, caller())
    assert "SSH" in text_of(answer.parts)
    assert answer.started.account == "ada@sandbox.test"
    (row,) = [row for row in await services.records.requests(RecordQuery()) if row.id == "r1"]
    assert row.sandbox
    assert row.kind == "ok"


def fill(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes no more small files in `home`."""

    def full(path: Path, content: bytes) -> None:
        assert path.parent == home
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("core.runtime.owner.write_atomic", full)


async def test_on_a_full_disk_a_command_still_answers(
    opened: Open, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, monkeypatch)
    services = await opened(sandbox="on")
    assert "SSH" in text_of((await services.generation.answer(ASK, caller())).parts)


async def test_on_a_full_disk_a_gateway_says_so_and_does_not_start(
    opened: Open, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, monkeypatch)
    with pytest.raises(GatewayError, match="No space left on device") as refused:
        await opened(sandbox="on", serve=True, attach=False, port=0)
    assert str(home) in refused.value.failure.public_message
    assert holder(Paths.at(home)) is None


async def test_without_the_sandbox_nobody_answers(opened: Open) -> None:
    services = await opened(sandbox="off")
    with pytest.raises(GatewayError):
        await services.generation.answer(ASK, caller())
    assert not (await services.owner.status()).sandbox_active


async def test_a_second_one_attaches_and_means_the_same(opened: Open) -> None:
    first = await opened(sandbox="on", serve=True, port=0)
    second = await opened(serve=True)
    assert (first.attached, second.attached) == (False, True)
    answer = await second.generation.answer(ASK, caller("r2"))
    assert "SSH" in text_of(answer.parts)
    assert (await first.records.request("r2")).kind == "ok"
    assert (await second.owner.status()).pid == os.getpid()


async def test_the_state_directory_is_private_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        services = await open_services(Paths.at(home), sandbox="on", serve=True, port=0, env={})
        await services.generation.answer(ASK, caller())
        await services.chats.create(title="kept")
        assert open_to_others(home) == []
        await services.aclose()
    finally:
        os.umask(before)


async def test_server_json_says_where_the_doors_are_and_goes_with_the_owner(home: Path, opened: Open) -> None:
    services = await opened(sandbox="auto", serve=True, port=0)
    facts = json.loads((home / "server.json").read_text())
    (gateway,) = [door for door in (await services.owner.status()).listeners if door.name == "gateway"]
    assert (facts["pid"], facts["url"], facts["port"]) == (os.getpid(), gateway.url, gateway.port)
    assert (facts["door"], facts["sandbox"]) == ("terminal", "auto")
    assert "key" not in facts
    assert (await asyncio.to_thread(httpx.get, f"{gateway.url}/healthz")).status_code == 200
    await services.aclose()
    assert not (home / "server.json").exists()
    assert not (home / "owner.sock").exists()
    assert holder(Paths.at(home)) is None


async def test_closing_twice_and_at_once_is_fine(opened: Open) -> None:
    services = await opened(sandbox="on", serve=True, port=0)
    await asyncio.gather(services.aclose(), services.aclose())
    await services.aclose()


async def test_an_owner_that_fails_to_close_a_room_gives_up_its_place_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = await open_services(Paths.at(home), sandbox="on", serve=True, port=0, env={})
    assert isinstance(services, LocalServices)
    doors = [*(await services.owner.status()).listeners]
    close = services.rooms.aclose

    async def fail() -> None:
        await close()
        raise OSError("the disk is gone")

    monkeypatch.setattr(services.rooms, "aclose", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        await services.aclose()
    assert [name for name in ("server.json", "owner.sock") if (home / name).exists()] == []
    assert holder(Paths.at(home)) is None
    assert [door.name for door in doors if listens(door.port)] == []


async def test_old_rows_go_while_a_server_runs_for_days(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = 0
    tidy = Rooms.tidy

    async def counted(rooms: Rooms) -> None:
        nonlocal tidied
        await tidy(rooms)
        tidied += 1

    monkeypatch.setattr(Rooms, "tidy", counted)
    monkeypatch.setattr(local, "TIDY_EVERY_S", 0.02)
    services: Any = await opened(sandbox="on", serve=True, port=0)
    async with asyncio.timeout(10):
        while not tidied:  # noqa: ASYNC110 (what is waited for happens in the code under test)
            await asyncio.sleep(0.005)
        services.rooms.requests.record(RequestRecord("ancient", 1.0, "cli"))
        while await services.records.requests(RecordQuery()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_taken_port_names_the_next_free_one_and_leaves_nothing_behind(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(GatewayError) as caught:
            await open_services(Paths.at(home), sandbox="auto", serve=True, port=port, env={})
    params = caught.value.failure.params
    assert int(params["next_port"]) > port
    assert str(os.getpid()) in params["holder"]
    assert holder(Paths.at(home)) is None
    again = await open_services(
        Paths.at(home), sandbox="auto", serve=True, port=int(params["next_port"]), env={}
    )
    await again.aclose()


async def test_beyond_loopback_a_weak_key_is_refused(home: Path) -> None:
    env = {"AGTUI_API_KEY": "sk-test-1234"}
    with pytest.raises(GatewayError) as caught:
        await open_services(Paths.at(home), serve=True, host="0.0.0.0", port=0, env=env)
    assert caught.value.failure.cause is Cause.CONFIG
    assert "sk-test-1234" not in caught.value.failure.public_message


async def test_broken_settings_are_left_as_they_are(home: Path) -> None:
    put(home / "config.toml", "[server\nport = 1")
    with pytest.raises(GatewayError) as caught:
        await open_services(Paths.at(home), env={})
    assert "line 1" in caught.value.failure.public_message
    assert (home / "config.toml").read_text() == "[server\nport = 1"
    assert holder(Paths.at(home)) is None


async def test_an_unreadable_accounts_file_is_kept_aside_and_said(home: Path, opened: Open) -> None:
    put(home / "accounts.json", "{ not json")
    services = await opened(sandbox="auto")
    (notice,) = (await services.owner.status()).notices
    assert "accounts.json.bad-" in notice
    assert kept_aside(home) == ["{ not json"]


async def test_auto_serves_the_sandbox_only_while_there_is_no_account(home: Path, opened: Open) -> None:
    services = await opened(sandbox="auto", serve=True, port=0)
    assert (await services.owner.status()).sandbox_active
    answer = await services.generation.answer(ASK, caller())
    assert answer.started.account.endswith("@sandbox.test")


async def test_a_command_that_only_lasts_is_waited_for_by_who_wants_to_stay(home: Path) -> None:
    paths = Paths.at(home)
    command = await open_services(paths, sandbox="on", env={})
    assert announced(paths) is not None
    staying = asyncio.create_task(open_services(paths, sandbox="on", serve=True, port=0, env={}))
    beside = await open_services(paths, env={})
    assert beside.attached
    await beside.aclose()
    assert not staying.done()
    await command.aclose()
    owner = await staying
    assert not owner.attached
    await owner.aclose()


async def test_a_command_finishes_what_attached_ones_asked_of_it(home: Path) -> None:
    paths = Paths.at(home)
    command = await open_services(paths, sandbox="on", env={})
    beside = await open_services(paths, env={})
    slow = ChatRequest("sandbox-chat", (Turn.of(Role.USER, "17 × 23 + 4 [[slow]]"),))
    kinds: list[str] = []
    async with closing(beside.generation.stream(slow, caller("slow"))) as batches:
        async for batch in batches:
            kinds += [type(event).__name__ for event in batch]
            if len(kinds) == 1:
                ending = asyncio.create_task(command.aclose())
    await ending
    assert kinds[-1] == "Finished"
    await beside.aclose()


async def test_a_killed_owner_is_no_obstacle(home: Path, opened: Open) -> None:
    facts = {"pid": 1, "started_at": 1.0, "version": "0", "door": "gateway", "sandbox": "off", "socket": "x"}
    put(home / "server.json", json.dumps(facts))
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(home / "owner.sock"))
    services = await opened(sandbox="on")
    assert not services.attached


async def test_stopping_is_asked_of_who_opened_the_services(opened: Open) -> None:
    asked = asyncio.Event()
    first = await opened(sandbox="on", serve=True, port=0, on_stop=asked.set)
    second = await opened()
    await second.owner.stop()
    assert asked.is_set()
    await first.aclose()


async def test_a_stream_that_is_open_when_the_owner_ends_gets_its_ending(opened: Open) -> None:
    services = await opened(sandbox="on", serve=True, port=0)
    key, status = await services.keys.show(), await services.owner.status()
    url = next(door.url for door in status.listeners if door.name == "gateway")
    body = {
        "model": "sandbox-chat",
        "stream": True,
        "messages": [{"role": "user", "content": "what is SSH? [[slow]]"}],
    }
    async with (
        httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=15) as client,
        client.stream("POST", f"{url}/v1/chat/completions", json=body) as reply,
    ):
        lines = [line async for line in until_closed(reply, services)]
    assert reply.status_code == 200
    assert "The gateway is being stopped" in lines[-1]
    assert not any("being stopped" in line for line in lines[:-1])


async def until_closed(reply: httpx.Response, services: Services) -> AsyncIterator[str]:
    """The lines of a stream whose owner ends after the first one."""
    ending: asyncio.Task[None] | None = None
    async for line in reply.aiter_lines():
        if line:
            ending = ending or asyncio.create_task(services.aclose())
            yield line
    assert ending is not None
    await ending


def put(file: Path, text: str) -> None:
    """A private file in a private home."""
    file.parent.mkdir(mode=0o700)
    file.write_text(text)
    file.chmod(0o600)


def kept_aside(home: Path) -> list[str]:
    return [path.read_text() for path in home.glob("accounts.json.bad-*")]


def open_to_others(home: Path) -> list[Path]:
    return [path for path in (home, *home.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_httpx_comes_without_its_command_line(home: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from core.config.paths import Paths\n"
        "from core.runtime.opening import open_services\n"
        "async def main():\n"
        "    paths = Paths.at(Path(sys.argv[1]))\n"
        "    first = await open_services(paths, sandbox='on', env={})\n"
        "    second = await open_services(paths, env={})\n"
        "    assert second.attached and await second.accounts.refresh_quota()\n"
        "    await second.aclose()\n"
        "    await first.aclose()\n"
        "asyncio.run(main())\n"
        "assert 'httpx' in sys.modules and 'pygments' not in sys.modules and 'textual' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home)], cwd=ROOT, check=True, timeout=30)


async def test_auto_brings_the_sandbox_up_when_the_last_account_is_switched_off(
    home: Path, opened: Open
) -> None:
    paths = Paths.at(home)
    ensure_dir(home)
    Vault(paths.accounts_file, SystemClock()).put(
        Account("a1", "antigravity", "eve@example.org", OAuth(Secret("1//real")), Device("d", "q"))
    )
    services = await opened(sandbox="auto", serve=True, port=0)
    status = await services.owner.status()
    assert not status.sandbox_active
    assert [door.name for door in status.listeners] == ["gateway"]
    assert [view.email for view in await services.accounts.list()] == ["eve@example.org"]
    await services.accounts.enable("a1", False)
    answer = await services.generation.answer(ASK, caller())
    assert answer.started.account.endswith("@sandbox.test")


async def test_the_notice_acknowledged_in_the_settings_counts_at_once(opened: Open) -> None:
    services = await opened(sandbox="off")
    assert await services.accounts.acknowledged() == ""
    await services.settings.set("antigravity.acknowledged", "2026-01-09")
    assert await services.accounts.acknowledged() == "2026-01-09"
