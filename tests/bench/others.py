"""Other gateways in front of the C upstream, each as its own documentation starts it, one process.

None of them may reach anything but that upstream.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from tests.bench import tools
from tests.bench.gateways import KEY, Gateway
from tests.bench.processes import UNDER_TEST, free_port, listens, running

MODEL = "gemini-2.5-flash"
BOOT_S = 120.0
NAMES = ("LiteLLM", "antigravity-claude-proxy", "Portkey")

REDIRECT = """\
const real = globalThis.fetch;
globalThis.fetch = (to, how) => {
  const asked = new URL(to instanceof Request ? to.url : to);
  return real(new URL(asked.pathname + asked.search, process.env.BENCH_UPSTREAM), how);
};
"""
"""Sends whatever a Node program fetches to the upstream: it has no setting for where that is."""


@contextlib.contextmanager
def beside(folder: Path, upstream: int) -> Generator[list[Gateway]]:
    """Those that are installed, ready to be asked."""
    with contextlib.ExitStack() as stack:
        found: list[Gateway] = []
        for name, start in _START.items():
            if (program := tools.peer(name)) is not None:
                place = folder / name
                place.mkdir(parents=True)
                found.append(stack.enter_context(start(program, place, upstream)))
        yield found


@contextlib.contextmanager
def _litellm(program: Path, place: Path, upstream: int) -> Generator[Gateway]:
    """Its Gemini provider, which translates as much as we do."""
    port = free_port()
    asked = {"model": f"gemini/{MODEL}", "api_base": f"http://127.0.0.1:{upstream}", "api_key": "none"}
    config = {
        "model_list": [{"model_name": MODEL, "litellm_params": asked}],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"drop_params": True, "telemetry": False},
    }
    file = place / "config.yaml"
    file.write_text(json.dumps(config))  # JSON is YAML
    argv = [program, "--config", file, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    env = _own(place, LITELLM_LOCAL_MODEL_COST_MAP="True")
    with running(argv, UNDER_TEST, lambda: listens(port), env, BOOT_S, place) as process:
        yield Gateway("LiteLLM", port, process.pid)


@contextlib.contextmanager
def _acp(program: Path, place: Path, upstream: int) -> Generator[Gateway]:
    """Speaks Anthropic's protocol to its clients and ours to the upstream."""
    port = free_port()
    accounts = place / ".config" / "antigravity-proxy" / "accounts.json"
    accounts.parent.mkdir(parents=True)
    account = {"email": "bench@example.test", "source": "manual", "apiKey": "none", "projectId": "bench"}
    accounts.write_text(json.dumps({"accounts": [account], "settings": {}, "activeIndex": 0}))
    redirect = place / "redirect.mjs"
    redirect.write_text(REDIRECT)
    env = _own(
        place,
        PORT=str(port),
        NODE_OPTIONS=f"--import={redirect}",
        BENCH_UPSTREAM=f"http://127.0.0.1:{upstream}",
    )
    argv = ["node", program, "start"]
    with running(argv, UNDER_TEST, lambda: listens(port), env, BOOT_S, place) as process:
        yield Gateway("antigravity-claude-proxy", port, process.pid, "/v1/messages", "ant")


@contextlib.contextmanager
def _portkey(program: Path, place: Path, upstream: int) -> Generator[Gateway]:
    port = free_port()
    argv = ["node", program, "--headless", f"--port={port}"]
    env = _own(place, NODE_ENV="production")
    headers = (
        "x-portkey-provider: google",
        f"x-portkey-custom-host: http://127.0.0.1:{upstream}/v1beta",
    )
    with running(argv, UNDER_TEST, lambda: listens(port), env, BOOT_S, place) as process:
        yield Gateway("Portkey", port, process.pid, headers=headers)


def _own(place: Path, **more: str) -> Mapping[str, str]:
    """An environment with a home of its own, and nothing of ours or of a proxy in it."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(place), **more}


_START: Mapping[str, Callable[[Path, Path, int], contextlib.AbstractContextManager[Gateway]]] = {
    "LiteLLM": _litellm,
    "antigravity-claude-proxy": _acp,
    "Portkey": _portkey,
}
