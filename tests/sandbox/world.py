"""A client of the sandbox as a test wants it: signed in, with a project, in three lines."""

from typing import Any

import httpx
import msgspec

from core import sandbox
from core.sandbox.accounts import project_of
from core.wire.sse import SseParser

CHAT = "sandbox-chat"


class FakeClock:
    """Unix seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.time = 1_790_000_000.0

    def now(self) -> float:
        return self.time


class World:
    """One sandbox and one signed-in account on it."""

    def __init__(self, client: httpx.AsyncClient, name: str, token: str) -> None:
        self.client = client
        self.project = project_of(name)
        self.headers = {"Authorization": f"Bearer {token}"}

    async def post(self, method: str, body: Any) -> httpx.Response:
        return await self.client.post(f"/v1internal:{method}", json=body, headers=self.headers)

    def body(self, text: str = "hello", model: str = CHAT, **request: Any) -> dict[str, Any]:
        contents = [{"role": "user", "parts": [{"text": text}]}]
        return {
            "project": self.project,
            "model": model,
            "request": {"contents": contents, **request},
            "userAgent": "antigravity",
            "requestId": "agent-1",
        }

    async def ask(self, text: str = "hello", model: str = CHAT, **request: Any) -> dict[str, Any]:
        """The `response` of generateContent, which must succeed."""
        reply = await self.post("generateContent", self.body(text, model, **request))
        assert reply.status_code == 200, reply.text
        return reply.json()["response"]

    async def stream(self, text: str = "hello", model: str = CHAT, **request: Any) -> list[dict[str, Any]]:
        """Each event's `response` of streamGenerateContent, which must succeed."""
        reply = await self.post("streamGenerateContent?alt=sse", self.body(text, model, **request))
        assert reply.status_code == 200, reply.text
        return events_of(reply.content)

    async def refused(self, text: str = "hello", model: str = CHAT, **request: Any) -> httpx.Response:
        """The 400 of generateContent."""
        reply = await self.post("generateContent", self.body(text, model, **request))
        assert reply.status_code == 400, reply.text
        return reply


def events_of(stream: bytes) -> list[dict[str, Any]]:
    parser = SseParser()
    payloads = [*parser.feed(stream), *parser.finish()]
    return [msgspec.json.decode(one)["response"] for one in payloads]


def parts_of(response: dict[str, Any]) -> list[dict[str, Any]]:
    return response["candidates"][0].get("content", {}).get("parts", [])


def text_of(*responses: dict[str, Any], thought: bool = False) -> str:
    """All text of the responses, the answer's or the thoughts'."""
    parts = [part for response in responses for part in parts_of(response)]
    return "".join(part.get("text", "") for part in parts if bool(part.get("thought")) is thought)


def token_form(**fields: str) -> dict[str, str]:
    """A refresh of ada's token, with `fields` changed."""
    return {
        "client_id": sandbox.CLIENT_ID,
        "client_secret": sandbox.CLIENT_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": sandbox.READY_ACCOUNTS[0].refresh_token,
        **fields,
    }


def new_client(clock: FakeClock | None = None, **options: Any) -> httpx.AsyncClient:
    """A client of a sandbox of its own, in this process."""
    app = sandbox.create_app(pace=0, clock=clock, **options)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox")


async def sign_in(client: httpx.AsyncClient, name: str = "ada") -> World:
    reply = await client.post("/token", data=token_form(refresh_token=f"1//sandbox-{name}"))
    assert reply.status_code == 200, reply.text
    return World(client, name, reply.json()["access_token"])
