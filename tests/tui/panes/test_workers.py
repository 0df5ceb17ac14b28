"""Workers that fail: said to the person, and noticed by these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import tui.widgets.picture_strip as strip_module
import tui.widgets.pixel_view as view_module
from core.domain.failure import Failure, GatewayError, Kind
from tests.tui.fake_services import FakeLibrary, FakeServices
from tui.widgets.pixels import PictureCache

from .conftest import FAILED, Program, settled, until


async def test_settled_fails_after_a_worker_that_ended_in_an_error(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def history(self: FakeLibrary, *given: object) -> list[object]:
        raise GatewayError(Failure(Kind.UNAVAILABLE, "The gateway is gone."))

    monkeypatch.setattr(FakeLibrary, "history", history)
    async with program("history") as pilot:
        await until(pilot, lambda: bool(FAILED))
        with pytest.raises(AssertionError, match="The gateway is gone"):
            await settled(pilot)


def reports_exist(said: list[str]) -> bool:
    return all(Path(text.partition("Report: ")[2]).exists() for text in said)


async def test_a_picture_that_breaks_the_decoder_leaves_a_report(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **named: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PictureCache, "load", broken)
    monkeypatch.setattr(strip_module, "load_grid", broken)
    assert view_module.PictureCache is PictureCache
    said: list[str] = []
    async with program("chat") as pilot:
        pilot.app.flash = lambda text, *_, **__: said.append(text)  # type: ignore[attr-defined]
        await pilot.press("alt+2")
        await until(pilot, lambda: {worker.group for worker in FAILED} == {"pixels", "strip"})
        await until(pilot, lambda: len(said) >= 2)
        assert all("MemoryError" in text for text in said)
    assert reports_exist(said)
