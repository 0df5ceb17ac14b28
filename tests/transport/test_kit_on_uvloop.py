"""The transport kit again for the pool, on uvloop: what it does must not depend on the loop."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from core.transport.pool import PoolTransport

from . import test_framing, test_kit
from .torture import Torture

uvloop = pytest.importorskip("uvloop")
Test = Callable[..., Awaitable[None]]
PYTESTS = {"monkeypatch", "caplog"}
"""Fixtures that only pytest itself can give."""


def cases() -> Iterator[Any]:
    """Every test of the kit that asks for nothing but its fixtures and its own parameters."""
    for name, test in (*members(test_kit), *members(test_framing)):
        if not name.startswith("test_") or not PYTESTS.isdisjoint(inspect.signature(test).parameters):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
        if not marks:
            yield pytest.param(test, {}, id=name)
        for mark in marks:
            for value in mark.args[1]:
                yield pytest.param(test, {mark.args[0]: value}, id=f"{name}-{value}")


def members(module: ModuleType) -> list[tuple[str, Test]]:
    return inspect.getmembers(module, inspect.iscoroutinefunction)


@pytest.mark.parametrize(("test", "values"), cases())
def test_the_kit_holds_on_uvloop(test: Test, values: dict[str, str]) -> None:
    async def run() -> None:
        server, transport = Torture(), PoolTransport()
        have = {"server": server, "transport": transport, "at": await server.start()} | values
        try:
            await test(**{name: have[name] for name in inspect.signature(test).parameters})
        finally:
            await transport.aclose()
            await server.stop()

    uvloop.run(run())
