"""The sandbox's accounts while they are used, in a whole owner."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from core.domain.accounts import AccountState, AccountView
from core.domain.content import Role, Turn
from core.domain.failure import GatewayError
from core.domain.requests import Caller, ChatRequest, ImageRequest
from core.runtime import local
from core.services import Services

from .conftest import Open


async def ada(services: Services) -> AccountView:
    return next(view for view in await services.accounts.list() if view.email.startswith("ada@"))


async def become(look: Callable[[], Awaitable[object]], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not await look():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def refused(services: Services) -> None:
    """Every account of the sandbox is asked, and wants to be verified."""
    request = ChatRequest("sandbox-chat", (Turn.of(Role.USER, "[[error 403]]"),))
    with pytest.raises(GatewayError):
        await services.generation.answer(request, Caller("r", "cli"))


async def test_a_verification_of_the_sandbox_explains_itself(opened: Open) -> None:
    services = await opened(sandbox="on")
    await refused(services)

    async def explained() -> bool:
        return "comes back by itself" in (await ada(services)).state_note

    await become(explained)
    view = await ada(services)
    assert view.state is AccountState.VERIFY
    assert "agtui accounts enable ada@sandbox.test" in view.state_note
    assert "http://127.0.0.1:" in view.state_note
    assert "google" not in view.state_note.lower()
    assert (await services.accounts.enable(view.id, True)).state is AccountState.READY


async def test_a_verification_of_the_sandbox_passes(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "VERIFIED_AFTER_S", 0.05)
    services = await opened(sandbox="on")
    await refused(services)

    async def ready() -> bool:
        views = await services.accounts.list()
        return all(view.state is AccountState.READY and not view.state_note for view in views)

    await become(ready)
    assert (await services.owner.status()).accounts_ready == 2


async def test_pictures_shrink_what_is_left_at_once(opened: Open) -> None:
    services = await opened(sandbox="on")
    async for _ in services.generation.pictures(
        ImageRequest("a fox", "sandbox-image", 3), Caller("r", "cli")
    ):
        pass

    async def shrunk() -> bool:
        views = await services.accounts.list()
        left = [w.fraction for view in views for w in view.quotas if w.name == "gemini-image"]
        return sum(1 - fraction for fraction in left if fraction is not None) > 0.029

    await become(shrunk)


async def test_an_account_that_rests_is_not_counted_as_ready(opened: Open) -> None:
    services = await opened(sandbox="on")
    request = ChatRequest("sandbox-chat", (Turn.of(Role.USER, "[[error 401]]"),))
    with pytest.raises(GatewayError):
        await services.generation.answer(request, Caller("r", "cli"))
    rest = [view for view in await services.accounts.list() if any(not c.model for c in view.cooldowns)]
    assert rest
    assert (await services.owner.status()).accounts_ready == 2 - len(rest)
