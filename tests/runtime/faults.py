"""The real program with a script that its sandbox plays: what fault tests ask, and what they look at."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from core.config.paths import Paths
from core.domain.accounts import AccountView
from core.domain.plan import RecordQuery, RequestRecord
from core.runtime.opening import open_services
from core.services import Services


class Told(msgspec.Struct, frozen=True):
    """What a client is told. `code` and `message` are the error's; `text` is the body."""

    status: int
    code: str | None
    message: str
    retry_after: str | None
    text: str

    @property
    def short(self) -> tuple[int, str | None]:
        return self.status, self.code

    @property
    def events(self) -> list[str]:
        """The payloads of a streamed answer."""
        frames = self.text.split("\n\n")
        return [one.removeprefix("data: ") for one in frames if one.startswith("data: ")]


class Faults:
    """One running agtui. Ask it as a client, then look at its accounts and at its log."""

    def __init__(self, services: Services, client: httpx.AsyncClient) -> None:
        self.services = services
        self.client = client

    async def ask(self, text: str = "what is SSH?", model: str = "sandbox-chat", **more: Any) -> Told:
        """One chat completion, read to its end."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        return await self._post("/v1/chat/completions", body)

    async def stream(self, text: str = "what is SSH?", model: str = "sandbox-chat") -> Told:
        return await self.ask(text, model, stream=True)

    async def draw(self, prompt: str = "a hill") -> Told:
        body = {"model": "sandbox-image", "prompt": prompt, "size": "256x256", "response_format": "b64_json"}
        return await self._post("/v1/images/generations", body)

    async def account(self, name: str) -> AccountView:
        email = f"{name}@sandbox.test"
        return next(one for one in await self.services.accounts.list() if one.email == email)

    async def rests(self, name: str) -> dict[str, tuple[str, int]]:
        """For which models the account rests ("" means all), why, and for how many seconds from now."""
        now = time.time()
        cooldowns = (await self.account(name)).cooldowns
        return {one.model: (one.cause, round(one.until - now)) for one in cooldowns}

    async def row(self) -> RequestRecord:
        """The newest row of the log."""
        return (await self.services.records.requests(RecordQuery(limit=1)))[0]

    async def attempts(self) -> list[str]:
        """What came of each call that the newest request made."""
        return [one.outcome for one in (await self.row()).attempts]

    async def asked(self) -> list[str]:
        """Whom the newest request called, in order."""
        return [one.email.partition("@")[0] for one in (await self.row()).attempts]

    async def _post(self, path: str, body: dict[str, Any]) -> Told:
        reply = await self.client.post(path, json=body)
        error = reply.json()["error"] if reply.status_code >= 400 else {"code": None, "message": ""}
        return Told(
            reply.status_code, error["code"], error["message"], reply.headers.get("retry-after"), reply.text
        )

    async def aclose(self) -> None:
        await self.client.aclose()
        await self.services.aclose()


Play = Callable[..., Awaitable[Faults]]
"""`await play(script)`; settings by their environment names after it."""


async def start(home: Path, script: str, **env: str) -> Faults:
    """agtui with a sandbox that plays `script` and answers at once."""
    file = written(home, script)
    services = await open_services(Paths.at(home), env=env, sandbox="on", serve=True, port=0, script=file)
    doors = (await services.owner.status()).listeners
    (url,) = [door.url for door in doors if door.name == "gateway"]
    key = {"Authorization": f"Bearer {await services.keys.show()}"}
    return Faults(services, httpx.AsyncClient(base_url=url, headers=key, timeout=15, trust_env=False))


def written(home: Path, script: str) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    file = home / "play.toml"
    file.write_text(f"pace = 0\n{script}")
    return file
