"""Every tab at every size in both themes, as pictures that are compared cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.fake_services import FakeServices
from tests.tui.panes.conftest import (  # noqa: F401
    app_over,
    failures_are_seen,
    services,
    settled,
    still_time,
    until,
)
from tui.answering import Answering
from tui.tabs import TABS
from tui.widgets.log_view import LogView
from tui.widgets.pixel_view import PixelView


@pytest.fixture(autouse=True)
def answers_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long an answer took stands below it, and differs from run to run."""
    monkeypatch.setattr(Answering, "seconds", property(lambda _: 0.0))


SIZES = ((80, 24), (100, 30), (160, 48))
THEMES = ("harbor", "harbor-light")


async def ready(pilot: Pilot[Any]) -> None:
    """The tab is filled and its picture, if it shows one, is there in full."""
    app: Any = pilot.app
    await until(pilot, lambda: bool(app.shell.query("#tabs")))
    await until(pilot, lambda: app.shell.pane is not None and app.shell.pane.services is not None)
    await settled(pilot)
    for view in app.query(PixelView):
        if view.display and view.path is not None and view.size.area:
            await until(pilot, lambda view=view: view._shown is not None and view._shown == view._wanted)
    for log in app.query(LogView):
        await until(pilot, lambda log=log: log.source.last == 40 and "40 of 40" in str(log.border_subtitle))
    await settled(pilot)
    await pilot.pause(0.2)
    await settled(pilot)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("tab", [tab.id for tab in TABS])
def test_the_tab_looks_as_designed(
    snap_compare: Any,
    services: FakeServices,  # noqa: F811
    tmp_path: Path,
    tab: str,
    size: tuple[int, int],
    theme: str,
) -> None:
    app = app_over(services, tmp_path / "home", tab, theme)
    if tab == "chat":
        app.kept.panes["chat"] = {"chat": "chat0", "model": "", "prompt": ""}
    assert snap_compare(app, terminal_size=size, run_before=ready)


def test_a_failure_stands_in_the_chat_with_what_to_do(
    snap_compare: Any,
    services: FakeServices,  # noqa: F811
    tmp_path: Path,
) -> None:
    from tests.tui.fake_services import QUOTA_FAILURE

    services.fail_next = QUOTA_FAILURE
    app = app_over(services, tmp_path / "home", "chat")

    async def ask(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press(*"what now", "enter")
        await ready(pilot)

    assert snap_compare(app, terminal_size=(80, 24), run_before=ask)


def test_a_searched_answer_ends_with_its_sources(
    snap_compare: Any,
    services: FakeServices,  # noqa: F811
    tmp_path: Path,
) -> None:
    services.answer_text = "Spain won Euro 2024, defeating England 2-1 in the final in Berlin."
    app = app_over(services, tmp_path / "home", "chat")

    async def ask(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("f4", *"who won euro 2024", "enter")
        await ready(pilot)

    assert snap_compare(app, terminal_size=(100, 30), run_before=ask)


def test_the_first_page_explains_the_sandbox(
    snap_compare: Any,
    services: FakeServices,  # noqa: F811
    tmp_path: Path,
) -> None:
    app = app_over(services, tmp_path / "home", "chat")
    app.kept.onboarded = False
    assert snap_compare(app, terminal_size=(80, 24), run_before=ready)


def test_nothing_made_yet_says_what_to_do(
    snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_over(FakeServices(Path("library"), filled=False), tmp_path / "home", "accounts")
    assert snap_compare(app, terminal_size=(80, 24), run_before=ready)
