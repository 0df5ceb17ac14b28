"""Canaries: secrets in every place that can hold one, and none of them anywhere else afterwards."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path
from typing import Any

from tests.runtime.conftest import Programs

from .asking import chat, get, post, whole
from .conftest import keep_accounts, settings_of
from .figures import LEAKS, SECRETS
from .upstream import Upstream

CLOSE = "Connection: close"
KEEPERS = {"accounts.json", "api.key", "config.toml", "access-"}
"""Files whose business it is to hold secrets; their copies begin with the same name."""


COMMANDS = (
    "logs --lines",
    "logs --lines --json",
    "logs --json",
    "accounts list --json",
    "config show",
    "config show --json",
    "doctor --json",
    "keys list --json",
    "status --json",
    "models --json",
    "explain gemini-3-flash --json",
)


class Canaries:
    """Secrets in many forms, each with a word of its own that nothing else contains."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def __call__(self, place: str, form: str = "{}") -> str:
        word = f"Canary{len(self.words):02}{place.encode().hex()[-8:]}qXz{len(self.words) * 7919:06}"
        self.words[place] = form.format(word)
        return self.words[place]

    def found(self, where: str, content: bytes) -> list[str]:
        """The places whose secret stands in `content`: plain, in hexadecimal, or in base64."""
        return [
            f"{place} in {where}"
            for place, secret in self.words.items()
            if any(form in content for form in _forms(re.findall(r"Canary\w+", secret)[0].encode()))
        ]


def _forms(word: bytes) -> list[bytes]:
    # Base64 of a part depends on where it begins; without its ends it is the same in any surroundings.
    inside = [base64.b64encode(b"." * shift + word)[4 * bool(shift) + 4 : -4] for shift in range(3)]
    return [word, word.hex().encode(), *inside]


def requests_with(canaries: Canaries, key: str) -> list[bytes]:
    """Requests that hold a secret where clients put one by mistake, good ones and bad ones."""
    headers = {
        "X-Api-Key": "{}", "X-Goog-Api-Key": "AIza{}0000", "X-Admin-Token": "{}", "Cookie": "session={}",
        "Proxy-Authorization": "Basic {}", "User-Agent": "curl sk-{}", "Referer": "https://x.test/?token=ya29.{}",
        "Openai-Organization": "sk-{}",
    }  # fmt: skip
    asked = [
        get("/v1/models", f"{name}: {canaries(name, form)}", CLOSE, key=good)
        for name, form in headers.items()
        for good in (key, "")
        if good or name not in canaries.words
    ]
    asked += [get("/v1/models", CLOSE, key=canaries("wrong key", "sk-{}"))]
    asked += [
        get(f"/v1/models?{name}={canaries(name, '{}')}", CLOSE) for name in ("key", "access_token", "code")
    ]
    asked += [get(f"/v1/{canaries('path', 'sk-{}')}", CLOSE, key=key)]
    odd: list[dict[str, Any]] = [
        {"model": canaries("model", "sk-{}")},
        {"user": canaries("user", "ya29.{}")},
        {"metadata": {"password": canaries("metadata")}},
        {"api_base": f"https://u:{canaries('base url')}@x.test", "api_key": canaries("api_key in the body")},
        {"tools": [{"type": "function", "function": {"name": canaries("tool", "gho_{}")}}]},
        {"temperature": canaries("wrong type", "sk-{}")},
    ]
    asked += [chat(key, "hello", CLOSE, **more) for more in odd]
    prompt = canaries("prompt", "my key is sk-{}")
    for status in (400, 401, 403, 404, 429, 500, 503):
        asked.append(chat(key, f"{prompt} fail {status}", CLOSE))
        asked.append(chat(key, f"{prompt} fail {status}", CLOSE, stream=True))
    asked.append(chat(key, f"{prompt} fine", CLOSE, stream=True))
    asked.append(post(key, "/v1/images/generations", {"prompt": f"{prompt} fail 500"}, CLOSE))
    asked.append(
        post(key, "/v1/chat/completions", f"not an object {canaries('broken body', 'sk-{}')}", CLOSE)
    )
    return asked


async def test_no_secret_is_found_where_it_does_not_belong(programs: Programs) -> None:
    canaries = Canaries()
    said = [
        canaries("upstream's token", "Bearer {}"), canaries("upstream's access", "ya29.{}"),
        canaries("upstream's refresh", "1//{}"), canaries("upstream's key", "AIza{}0000000"),
        canaries("upstream's secret", "GOCSPX-{}"), canaries("upstream's field", '"client_secret": "{}"'),
    ]  # fmt: skip
    upstream = Upstream(token=canaries("access token", "ya29.{}"), errors=" ".join(said))
    keep_accounts(programs.home, 2, canaries("refresh token", "1//{}"))
    env = settings_of(await upstream.start())
    env["ANTIGRAVITY_CLIENT_SECRET"] = canaries("client secret")
    env["OPENAI_API_KEY"] = canaries("environment", "sk-{}")
    env["AGTUI_RECORDS__BODIES"] = "true"  # what is said is recorded, and no secret with it
    env["AGTUI_API_KEY"] = key = canaries("our key", "sk-agtui-{}-0123456789abcdef0123456789abcdef")
    config = programs.home / "config.toml"
    config.write_text(f'[antigravity]\nclient_secret = "{canaries("settings file", "GOCSPX-{}")}"\n')
    config.chmod(0o600)
    process, port = await asyncio.to_thread(lambda: programs.serve(**env))
    leaks: list[str] = []
    answers = [(asked, await whole(port, asked)) for asked in requests_with(canaries, key)]
    await upstream.stop()
    assert len(canaries.words) >= SECRETS
    for asked, answer in answers:
        leaks += canaries.found(f"the answer to {asked.split(b'?')[0][:40]!r}", answer)
    for command in COMMANDS:
        shown = await asyncio.to_thread(programs.run, *command.split(), **env)
        assert shown.stdout, (command, shown.stderr)
        leaks += canaries.found(f"agtui {command}", (shown.stdout + shown.stderr).encode())
    process.terminate()
    out, err = await asyncio.to_thread(process.communicate)
    leaks += canaries.found("what it printed", (out + err).encode())
    for file in files(programs.home):
        leaks += canaries.found(file.name, await asyncio.to_thread(file.read_bytes))
    assert len(leaks) == LEAKS, "\n".join(leaks)


def files(home: Path) -> list[Path]:
    """Every file of the state directory that has no business with secrets."""
    found = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "records.db" for path in found)
    return [path for path in found if not path.name.startswith(tuple(KEEPERS))]
