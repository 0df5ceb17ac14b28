"""`make shots`: pictures of the real program on the sandbox, for the README, as SVG and PNG.

Runs the program itself, headless, with its own gateway and the simulated upstream: asks questions, makes
pictures, lets a client call the gateway, then visits every tab at every size in every theme.
`python -m tests.shots [FOLDER]`
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from textual.pilot import Pilot

from core.config.paths import Paths
from core.domain.failure import GatewayError
from core.runtime.opening import open_services
from core.services import Services
from tests.picture_of_screen import save_png
from tui.app import AgtuiApp
from tui.panes.chat import ChatPane
from tui.panes.generate import GeneratePane
from tui.start import Options
from tui.state import UiState
from tui.terminal import Terminal

SIZES = ((80, 24), (100, 30), (160, 48))
THEMES = ("harbor", "harbor-light")
QUESTIONS = ("What is SSH?", "Write a Python function for the Fibonacci numbers.", "Compare tea and coffee.")
PROMPTS = (
    "mountains under the northern lights",
    "a city at night in the rain",
    "a lighthouse at dusk, linocut",
)
CALLS = (
    ("sandbox-chat", "Name three rivers."),
    ("gemini-3-pro-high", "What is a terminal?"),
    ("claude-sonnet-4-6", "Too many at once [[error 429 41s]]"),
    ("sandbox-thinking", "17 * 23 + 4"),
)
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


async def until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the program did not get there in time")
        await pilot.pause(0.05)


async def call_gateway(services: Services) -> None:
    """A client of the gateway, so that the log has something to tell."""
    status = await services.owner.status()
    key = await services.keys.show()
    async with httpx.AsyncClient(base_url=status.listeners[0].url, timeout=30) as client:
        for model, text in CALLS:
            body = {"model": model, "messages": [{"role": "user", "content": text}]}
            headers = {"authorization": f"Bearer {key}", "user-agent": "OpenAI/Python"}
            await client.post("/v1/chat/completions", json=body, headers=headers)


async def fill(pilot: Pilot[Any], app: AgtuiApp) -> None:
    """Use the program until every tab has something to show."""
    chat = app.query_one(ChatPane)
    await until(pilot, lambda: bool(chat.model))
    for question in QUESTIONS:
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not chat.transcript.turns)
        chat.prompt.put_text(question)
        await pilot.press("enter")
        await until(pilot, lambda: bool(chat.transcript.turns) and bool(chat.transcript.turns[-1].footer))
    assert app.services is not None
    await call_gateway(app.services)
    await pilot.press("alt+2")
    generate = app.query_one(GeneratePane)
    await until(pilot, lambda: bool(generate.model))
    generate.aspect.value = "16:9"
    for prompt in PROMPTS:
        generate.prompt.put_text(prompt)
        await pilot.press("enter")
    await until(pilot, lambda: len(generate.queue.rows) == len(PROMPTS))
    await until(pilot, lambda: all(row.cells[0].text == "●" for row in generate.queue.rows))


async def open_gateway(paths: Paths) -> Services:
    """The gateway on its usual port, or the next free one."""
    try:
        return await open_services(paths, sandbox="on", serve=True)
    except GatewayError as error:
        port = int(error.failure.params["next_port"])
        return await open_services(paths, sandbox="on", serve=True, port=port)


async def main(folder: Path, home: Path) -> None:
    paths = Paths.at(home)
    app = AgtuiApp(
        lambda: open_gateway(paths),
        Options(state_dir=paths.state, config_dir=paths.config, tab="chat"),
        terminal=Terminal.read(COLOURS),
    )
    async with app.run_test(size=SIZES[1]) as pilot:
        await until(pilot, lambda: app.shell.pane is not None and app.shell.pane.services is not None)
        await fill(pilot, app)
        for theme in THEMES:
            app.use_theme(theme)
            for size in SIZES:
                await pilot.resize_terminal(*size)
                for number, spec in enumerate(app.tabs, 1):
                    await pilot.press(f"alt+{number}")
                    await pilot.pause(0.8)
                    name = f"{spec.id}-{size[0]}x{size[1]}-{theme}"
                    picture = app.export_screenshot(title="agtui", simplify=True)
                    (folder / f"{name}.svg").write_text(picture)
                    save_png(app, folder / f"{name}.png")
                    print(name)
    if app.services is not None:
        await app.services.aclose()


def run(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        os.environ["HOME"] = kept  # so that paths on the screen are those of anybody
        home = Path(kept) / "agtui"
        home.mkdir(mode=0o700)
        UiState(onboarded=True).save(home)
        asyncio.run(main(folder, home))


if __name__ == "__main__":
    run(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
