"""Gateways beside each other: nothing at all, nginx, and agtui, all in front of the same C upstream.

The gateway runs on core 0, the upstream and the load on core 1. Other gateways are in `others`.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import threading
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tests.bench import tools as peers
from tests.bench.homes import sign_in, upstream_settings, with_account
from tests.bench.processes import (
    OTHERS,
    UNDER_TEST,
    agtui,
    cpu_of,
    environment,
    free_port,
    listens,
    memory_of,
    pinned,
    running,
)

KEY = "sk-bench-0123456789abcdef0123456789abcdef"
PATH = "/v1/chat/completions"
ROUNDS = 3
NGINX = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 1m;
  client_max_body_size 100m;
  keepalive_requests 10000000;
  upstream fake {{ server 127.0.0.1:{upstream}; keepalive 2048; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://fake;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


class Load(Struct, frozen=True):
    """What the load generator says. Times in microseconds; `cpu` is what the gateway spent, in seconds."""

    done: int
    err: int
    rps: float
    p50: float
    p99: float
    events: int
    evps: float
    unfinished: int
    secs: float
    cpu: float = 0.0


class Gateway(Struct, frozen=True):
    """Something that answers chats in one dialect (`oai` or `ant`, as the bodies are named) at one path.

    pid 0: the upstream itself. `headers` are lines that it needs besides the key.
    """

    name: str
    port: int
    pid: int
    path: str = PATH
    dialect: str = "oai"
    headers: tuple[str, ...] = ()

    @property
    def rss(self) -> float:
        return memory_of(self.pid)[0]

    def load(self, tools: peers.Tools, body: str, connections: int, seconds: float, most: int = 0) -> Load:
        """Ask in a closed loop over so many connections; `most` limits the requests.

        `body` is a body's name without its dialect, like `f_2k`.
        """
        before = cpu_of(self.pid) if self.pid else 0.0
        asked = tools.bodies / f"{self.dialect}{body}.json"
        argv: list[Any] = [tools.load, self.port, "POST", self.path, asked, connections]
        argv += [seconds, most, f"Authorization: Bearer {KEY}", *self.headers]
        done = subprocess.run(
            pinned([str(word) for word in argv], OTHERS), capture_output=True, check=True, timeout=120
        )
        after = cpu_of(self.pid) if self.pid else 0.0
        facts = msgspec.json.decode(done.stdout, type=dict[str, Any])
        if facts["err"] or not facts["done"]:
            told = done.stderr.decode()
            raise AssertionError(f"{self.name} answered {body} with {facts['err']} errors: {told}")
        return msgspec.convert(facts | {"cpu": after - before}, Load)


def rounds(
    gateways: Iterable[Gateway], ask: Callable[[Gateway], Load], times: int = ROUNDS
) -> dict[str, list[Load]]:
    """Every gateway in turn, several times: what else the machine does hits all alike."""
    found: dict[str, list[Load]] = {}
    for _ in range(times):
        for one in gateways:
            found.setdefault(one.name, []).append(ask(one))
    return found


def middle(loads: list[Load], what: Callable[[Load], float]) -> float:
    return statistics.median(what(one) for one in loads)


@contextlib.contextmanager
def peak_of(gateway: Gateway, every: float = 0.1) -> Generator[list[float]]:
    """What it keeps resident meanwhile, in MB, sampled in a thread."""
    over = threading.Event()
    samples: list[float] = []

    def watch() -> None:
        while not over.wait(every):
            samples.append(gateway.rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def side_by_side(tools: peers.Tools, folder: Path, chunks: int) -> Generator[list[Gateway]]:
    """The upstream, nginx where it is installed, and agtui. An answer of the upstream has `chunks` chunks."""
    with contextlib.ExitStack() as stack:
        upstream = free_port()
        stack.enter_context(
            running([tools.upstream, str(upstream), "0", "0", str(chunks)], OTHERS, lambda: listens(upstream))
        )
        found = [Gateway("direct", upstream, 0)]
        if (program := peers.peer("nginx")) is not None:
            found.append(stack.enter_context(run_nginx(program, folder, upstream)))
        found.append(stack.enter_context(run_agtui(folder, upstream)))
        yield found


@contextlib.contextmanager
def run_nginx(program: Path, folder: Path, upstream: int) -> Generator[Gateway]:
    place, port = folder / "nginx", free_port()
    place.mkdir()
    # Workers of a root-started nginx run as somebody else.
    owner = "user root;\n" if os.geteuid() == 0 else ""
    config = place / "nginx.conf"
    config.write_text(owner + NGINX.format(folder=place, upstream=upstream, port=port))
    with running([program, "-p", str(place), "-c", config], UNDER_TEST, lambda: listens(port)) as process:
        yield Gateway("nginx", port, process.pid)


@contextlib.contextmanager
def run_agtui(folder: Path, upstream: int) -> Generator[Gateway]:
    home = folder / "home"
    home.mkdir(mode=0o700)
    with_account(home)
    with sign_in() as google:
        env = environment(
            home, **upstream_settings(f"http://127.0.0.1:{upstream}", google), AGTUI_API_KEY=KEY
        )
        port = int(env["AGTUI_SERVER__PORT"])
        with running([*agtui(), "serve", "--quiet"], UNDER_TEST, lambda: listens(port), env) as process:
            yield Gateway("agtui", port, process.pid)
