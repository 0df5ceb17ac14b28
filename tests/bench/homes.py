"""State directories to measure with: a long conversation, a full log, an account of the fake upstream."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from core.accounts.vault import Vault
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.accounts import Account, Device, OAuth
from core.domain.content import Role, Text
from core.domain.secret import Secret
from core.domain.works import Chat, ChatTurn, Note
from core.library.attachments import Attachments
from core.library.chats import ChatStore

CHAT = "0000000000000000000000600"
PROJECT = "bench-project"
MODELS = ("gemini-2.5-flash", "gemini-3-pro")
ANSWER = """\
Each cell of a terminal shows **two** pixels: the upper half is the `foreground`, the lower the *background*.

1. resize to columns x rows*2
2. emit one half-block per cell, and never a cell that is the same as before

```python
def cell(top: str, bottom: str) -> Segment:
    return Segment("x", Style(color=top, bgcolor=bottom))  # 42 bytes
```

| method | ms | bytes |
| --- | ---: | ---: |
| by the library | 98 | 260 KiB |
| direct | 28 | 260 KiB |

> Over a slow line it is the bytes that count.
"""


def with_long_chat(home: Path, messages: int = 600) -> None:
    """Put a conversation into the library, and make it the one that is opened."""
    clock = SystemClock()
    turns: list[ChatTurn] = []
    for number in range(messages):
        role = Role.MODEL if number % 2 else Role.USER
        text = f"Answer {number}. {ANSWER}" if number % 2 else f"Question {number}: how does that work?"
        parent = turns[-1].id if turns else ""
        turns.append(
            ChatTurn(f"t{number}", parent, role, (Text(text),), clock.now(), note=Note("gemini-3-pro"))
        )
    chat = Chat(CHAT, "Half-blocks", "gemini-2.5-flash", clock.now(), clock.now(), turns[-1].id, tuple(turns))
    library = Paths.at(home).library
    ChatStore(library, Attachments(library), clock).save(chat)
    kept = {"onboarded": True, "panes": {"chat": {"chat": CHAT, "model": "gemini-2.5-flash"}}}
    (home / "ui.json").write_text(json.dumps(kept))


def with_account(home: Path) -> None:
    """Put one signed-in account with a project of its own into the vault."""
    account = Account(
        id="bench",
        provider="antigravity",
        email="bench@example.test",
        credential=OAuth(Secret("1//not-a-real-token")),
        device=Device("6f0e8c1a-2b7d-4a53-9b1e-0d7f3c5a9e21", "device-1a2b3c4d5e6f7081"),
        project=PROJECT,
    )
    Vault(Paths.at(home).accounts_file, SystemClock()).put(account)


class _Google(BaseHTTPRequestHandler):
    """Gives an access token for any refresh token, and a list of models."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        said: dict[str, object]
        if self.path == "/token":
            said = {"access_token": "not-a-real-token", "expires_in": 3599, "token_type": "Bearer"}
        else:
            said = {
                "models": {
                    name: {"displayName": name, "quotaInfo": {"remainingFraction": 1}} for name in MODELS
                }
            }
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the output is the table's."""


@contextmanager
def sign_in() -> Generator[str]:
    """A stand-in for the upstream's sign-in and model list; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Google)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def upstream_settings(upstream: str, sign_in: str) -> dict[str, str]:
    """The environment that points the Antigravity provider at stand-ins."""
    return {
        "ANTIGRAVITY_CLIENT_ID": "not-a-real-client",
        "ANTIGRAVITY_CLIENT_SECRET": "not-a-real-secret",
        "AGTUI_ANTIGRAVITY__ACKNOWLEDGED": "2026-01-01",
        "AGTUI_ANTIGRAVITY__ENDPOINTS": upstream,
        "AGTUI_ANTIGRAVITY__METADATA_ENDPOINTS": sign_in,
        "AGTUI_ANTIGRAVITY__TOKEN_URL": f"{sign_in}/token",
        "AGTUI_GATEWAY__PER_ACCOUNT": "5000",
    }


def fill_log(port: int, key: str, lines: int) -> None:
    """Make the gateway write so many lines: questions for a model that nobody offers."""
    body = json.dumps({"model": "nobody-offers-this", "messages": [{"role": "user", "content": "?"}]})
    head = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for _ in range(lines):
            line.request("POST", "/v1/chat/completions", body, head)
            line.getresponse().read()
    finally:
        line.close()
