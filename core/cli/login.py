"""`agtui accounts login`: sign in with a browser, here or on the machine that you sit at.

A listener on this machine and a paste race for the code; the `Accounts` service runs the race.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import aclosing, suppress
from urllib.parse import urlsplit

import click

from core.domain.accounts import Login, LoginState
from core.domain.failure import GatewayError
from core.domain.streams import closing
from core.services import Services

from .app import App, json_option, pass_app
from .exits import Exit, Stop
from .notice import ask_acknowledgement
from .output import emit_json, words
from .pasting import typed_lines

ELSEWHERE = ("SSH_CLIENT", "SSH_TTY", "SSH_CONNECTION", "CODESPACES", "REMOTE_CONTAINERS")
"""Set where the person sits at another machine (upstream notes 1.4)."""


def headless(env: Mapping[str, str], system: str = sys.platform) -> bool:
    """Whether a browser opened here would be seen by nobody."""
    if any(env.get(name) for name in ELSEWHERE):
        return True
    return system.startswith("linux") and not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


@click.command()
@click.option("--no-browser", is_flag=True, help="Only print the link.")
@click.option("--hint", default="", metavar="EMAIL", help="The account to offer, to sign in again with it.")
@click.option("--provider", default="antigravity", show_default=True)
@click.option("--acknowledge", is_flag=True, help="Say that you have read the notice on the terms.")
@json_option
@pass_app
def login(app: App, no_browser: bool, hint: str, provider: str, acknowledge: bool, as_json: bool) -> None:
    """Sign in with a browser, and add the account.

    Prints a link. Open it anywhere; then either the browser comes back to this machine by itself, or you
    paste the address that it ends at. Whichever is first counts.
    """

    async def work(services: Services) -> Login:
        begun = await _start(services, provider, hint, acknowledge)
        browser = not no_browser and not headless(os.environ)
        _explain(begun, browser, app.sandbox)
        if browser:
            await asyncio.to_thread(_open, begun.url)
        return await _race(services, begun)

    ended = app.ask(work)
    account = ended.account
    if account is None:
        raise Stop(ended.error or f"the sign-in was {ended.state}.", Exit.FAILURE)
    if as_json:
        emit_json(account)
        return
    words(f"{account.email} is {account.state}.")
    if account.state_note:
        words(account.state_note)


async def _start(services: Services, provider: str, hint: str, acknowledge: bool) -> Login:
    try:
        return await services.accounts.login_start(provider, hint)
    except GatewayError as error:
        if error.failure.params.get("code") != "ACKNOWLEDGEMENT_REQUIRED":
            raise
    ask_acknowledgement(acknowledge)
    await services.accounts.acknowledge()
    return await services.accounts.login_start(provider, hint)


def _explain(begun: Login, browser: bool, sandbox: bool) -> None:
    port = urlsplit(begun.redirect_uri).port
    words("Open this link and sign in:" if not browser else "Your browser opens this link; sign in there:")
    words()
    words(begun.url)
    words()
    if sandbox:
        words(
            "This is the sandbox: with &account=ada at its end the link agrees at once, with &play=refuse it "
            "refuses."
        )
    if not browser:
        words(
            'If the browser is on another machine, it will end at a page that says "cannot connect". That is '
            "expected: copy the address from its address bar and paste it here."
        )
        words(
            "Nothing has to be pasted with the port forwarded: "
            f"ssh -L {port}:localhost:{port} {platform.node() or 'this-machine'}"
        )
    words("Waiting for five minutes; ctrl+c ends it.")


def _open(url: str) -> None:
    """Show `url` in a browser with a window; one that would take over this terminal is left alone."""
    with suppress(webbrowser.Error):
        found = webbrowser.get()
        in_terminal = isinstance(found, webbrowser.GenericBrowser) and not isinstance(
            found, webbrowser.BackgroundBrowser
        )
        if not in_terminal:
            found.open(url)


async def _race(services: Services, begun: Login) -> Login:
    """Where the sign-in ends. Cancelled, it cancels the sign-in."""
    reading = asyncio.create_task(_paste(services, begun.id))
    now = begun
    try:
        async with closing(services.accounts.login_watch(begun.id)) as states:
            async for now in states:
                if now.state is LoginState.EXCHANGING:
                    words("A code has come. Signing in …")
                elif now.state is LoginState.WAITING and now.error:
                    words(now.error)
    except asyncio.CancelledError:
        with suppress(GatewayError):
            await services.accounts.login_cancel(begun.id)
        words()
        raise
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    return now


async def _paste(services: Services, login_id: str) -> None:
    """Hand on what is typed, line by line."""
    async with aclosing(typed_lines()) as lines:
        async for line in lines:
            if not line.strip():
                continue
            try:
                await services.accounts.login_paste(login_id, line)
            except GatewayError as error:
                words(error.failure.public_message)
