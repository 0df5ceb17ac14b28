"""What a shell offers for an argument: settings, and the models, accounts and keys of the agtui that runs.

Nothing is started or asked upstream for a completion; without a running agtui there is no offer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

import click

from core.domain.failure import GatewayError

from .app import App

if TYPE_CHECKING:
    from core.services import Services

PATIENCE = 1.0
"""Seconds that a person who pressed tab waits at most."""


def setting_names(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    from .remarks import settings_of

    try:
        return _fitting(settings_of(_app(ctx).paths).fields, begun)
    except GatewayError:
        return []


def model_ids(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    async def ids(services: Services) -> list[str]:
        return [model.id for model in await services.generation.models()]

    return _fitting(_asked(ctx, ids), begun)


def account_names(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    async def names(services: Services) -> list[str]:
        return [account.email for account in await services.accounts.list()]

    return _fitting(_asked(ctx, names), begun)


def client_key_names(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Keys that work: the others can't be revoked any more."""

    async def names(services: Services) -> list[str]:
        return [key.name for key in await services.keys.list() if key.state == "active"]

    return _fitting(_asked(ctx, names), begun)


def _asked(ctx: click.Context, question: Callable[[Services], Awaitable[list[str]]]) -> list[str]:
    """The answer of the agtui that runs; empty when none does, or none that answers soon."""
    from core.runtime.owner import running_services

    services = running_services(_app(ctx).paths)
    if services is None:
        return []

    async def ask() -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await question(services)
        except (GatewayError, TimeoutError):
            return []
        finally:
            await services.aclose()

    return asyncio.run(ask())


def _app(ctx: click.Context) -> App:
    app = ctx.ensure_object(App)
    app.home = ctx.find_root().params.get("home") or app.home
    return app


def _fitting(names: Iterable[str], begun: str) -> list[str]:
    return [name for name in names if name.startswith(begun)]
