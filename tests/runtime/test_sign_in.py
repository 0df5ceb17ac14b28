"""Signing in at the sandbox, from the link to the account: whole, over real sockets and processes."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import httpx
import pytest

from core.accounts.vault import Vault
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.accounts import Account, Device, Login, LoginState, OAuth
from core.domain.content import text_of
from core.domain.failure import Cause, GatewayError
from core.domain.secret import Secret
from core.runtime.opening import open_services
from core.services import Services
from core.storage.files import ensure_dir
from tests.runtime.test_services import ASK, caller

from .conftest import AGTUI, Open, Programs, end, listens, until


async def over(services: Services, login: Login) -> Login:
    async with asyncio.timeout(10):
        return [state async for state in services.accounts.login_watch(login.id)][-1]


async def approve(login: Login, name: str, follow: bool) -> httpx.Response:
    """Be the browser of somebody who agrees as `name`; `follow` the way back to this machine or not."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=follow) as browser:
        return await browser.get(f"{login.url}&account={name}")


async def test_a_browser_signs_a_fresh_account_in(opened: Open) -> None:
    services = await opened(sandbox="on")
    login = await services.accounts.login_start(hint="grace@sandbox.test")
    page = await approve(login, "grace", follow=True)
    assert page.status_code == 200
    assert str(page.url).startswith(login.redirect_uri)
    assert "close this window" in page.text
    done = await over(services, login)
    assert done.account is not None
    assert (done.account.email, done.account.realm) == ("grace@sandbox.test", "sandbox")
    assert done.account.project
    for view in await services.accounts.list():
        await services.accounts.enable(view.id, view.email == "grace@sandbox.test")
    answer = await services.generation.answer(ASK, caller())
    assert answer.started.account == "grace@sandbox.test"
    assert "SSH" in text_of(answer.parts)


async def test_the_address_bar_of_another_machine_can_be_pasted_through_attach(opened: Open) -> None:
    await opened(sandbox="on", serve=True, port=0)
    services = await opened(serve=True)
    assert services.attached
    login = await services.accounts.login_start()
    address = (await approve(login, "grace", follow=False)).headers["location"]
    await services.accounts.login_paste(login.id, address)
    done = await over(services, login)
    assert done.account is not None
    assert done.account.email == "grace@sandbox.test"
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", urlsplit(login.redirect_uri).port)


async def test_a_code_works_once_and_another_may_be_pasted(opened: Open) -> None:
    services = await opened(sandbox="on")
    login = await services.accounts.login_start()
    await services.accounts.login_paste(login.id, "4/0sandbox-made-up-code")
    states = services.accounts.login_watch(login.id)
    async with asyncio.timeout(10):
        async for now in states:
            if now.state is LoginState.WAITING:
                assert "a code works once" in now.error
                break
    address = (await approve(login, "grace", follow=False)).headers["location"]
    await services.accounts.login_paste(login.id, address)
    assert (await over(services, login)).state is LoginState.DONE


async def test_a_real_sign_in_without_a_client_asks_nobody(opened: Open) -> None:
    services = await opened(sandbox="auto")
    await services.accounts.acknowledge()
    with pytest.raises(GatewayError) as refused:
        await services.accounts.login_start()
    assert refused.value.failure.cause is Cause.CONFIG
    assert "ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET" in refused.value.failure.public_message


async def test_an_owner_that_stops_does_not_wait_for_who_watches_a_sign_in(opened: Open) -> None:
    owner = await opened(sandbox="on", serve=True, port=0)
    services = await opened(serve=True)
    login = await services.accounts.login_start()
    states = services.accounts.login_watch(login.id)
    assert await anext(states) == login
    async with asyncio.timeout(10):
        await owner.aclose()
        with pytest.raises((GatewayError, StopAsyncIteration)):
            await anext(states)


@pytest.fixture
def log_in(programs: Programs) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `agtui accounts login` with a pipe to paste into."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*AGTUI, "accounts", "login", "--no-browser", *arguments],
            env=programs.env,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)


def link(process: subprocess.Popen[str]) -> str:
    """The link that the process has printed."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("http://"):
            return line.strip()
    raise AssertionError("no link was printed")


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser that can't reach the machine it is sent to."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def fetch(url: str, *handlers: urllib.request.BaseHandler) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)
    try:
        with opener.open(url, timeout=10) as page:
            return page.read().decode()
    except HTTPError as redirect:
        with redirect:
            return redirect.headers["Location"]


@pytest.mark.parametrize("beside", [False, True])
def test_the_command_waits_for_the_browser(
    programs: Programs, log_in: Callable[..., subprocess.Popen[str]], beside: bool
) -> None:
    if beside:
        programs.serve("--sandbox")
    process = log_in("--sandbox", "--json")
    assert "close this window" in fetch(link(process) + "&account=grace")
    out, err = process.communicate(timeout=15)
    assert process.returncode == 0, err
    assert '"grace@sandbox.test"' in out


def test_the_command_takes_what_is_pasted(log_in: Callable[..., subprocess.Popen[str]]) -> None:
    process = log_in("--sandbox")
    address = fetch(link(process) + "&account=grace", Stay())
    assert process.stdin is not None
    process.stdin.write(f"hello\n{address}\n")
    process.stdin.flush()
    assert process.wait(15) == 0
    assert process.stderr is not None
    said = process.stderr.read()
    assert "no code" in said
    assert "grace@sandbox.test is ready." in said


def test_ctrl_c_ends_the_command_and_frees_the_port(
    programs: Programs, log_in: Callable[..., subprocess.Popen[str]]
) -> None:
    programs.serve("--sandbox")
    process = log_in("--sandbox")
    port = urlsplit(dict_of(link(process))["redirect_uri"]).port
    assert port
    until(lambda: listens(port))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "Traceback" not in err
    until(lambda: not listens(port))


def dict_of(url: str) -> dict[str, str]:
    return dict(httpx.URL(url).params)


async def test_what_opens_doors_is_masked_in_every_log_line(home: Path) -> None:
    services = await opened_with_secrets(home)
    try:
        key = await services.keys.show()
        for secret in (key, "the-client-secret-of-a-test", "refresh-token-of-no-known-form"):
            logging.getLogger("agtui.test").warning("it says %s", secret.encode().hex() + " " + secret)
        lines = "\n".join(line.text for line in (await services.records.lines()).lines)
        assert lines.count("***") == 3
        assert key not in lines
        assert "of-a-test" not in lines
        assert "of-no-known-form" not in lines
    finally:
        await services.aclose()


async def opened_with_secrets(home: Path) -> Services:
    """A home with an account and a client secret that have no form that gives them away."""
    ensure_dir(home)
    vault = Vault(home / "accounts.json", SystemClock())
    credential = OAuth(Secret("refresh-token-of-no-known-form"))
    vault.put(Account("a1", "antigravity", "a@example.test", credential, Device("d", "q")))
    env = {"ANTIGRAVITY_CLIENT_SECRET": "the-client-secret-of-a-test"}
    return await open_services(Paths.at(home), env=env)
