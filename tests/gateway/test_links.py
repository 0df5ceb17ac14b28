"""Links in requests, as the gateway fills them in: how many, how much, whose member, and when not at all."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any

import pytest

from core.config.settings import GatewaySettings
from core.domain.content import Base64Text, Media, Role, Text, ToolResult, Turn, Url
from core.domain.failure import GatewayError, Kind
from core.domain.network import Fetched
from core.domain.requests import ImageRequest
from core.gateway import links
from core.gateway.generation import GenerationService
from core.gateway.links import Links
from tests.fakes import PNG, FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, asking, caller

KITE, PLAN = "https://e.test/kite", "https://e.test/plan"


class Fetcher:
    """Knows some links and remembers which were followed."""

    def __init__(self, **pages: bytes) -> None:
        self.pages = {KITE: Fetched("image/png", b64decode(PNG)), PLAN: Fetched("application/pdf", b"%PDF-1")}
        self.asked: list[str] = []

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in self.pages:
            raise GatewayError.of(Kind.BAD_REQUEST, "It is not there.", params={"code": "unreachable_url"})
        return self.pages[url]


def link(url: str, at: str = "messages[0].content[0].image_url.url", mime: str = "image/jpeg") -> Media:
    return Media(mime, Url(url, at), name="n")


def turns(*parts: Any) -> tuple[Turn, ...]:
    return (Turn(Role.USER, (Text("look"), *parts)),)


def made(fetcher: Fetcher | None, **settings: Any) -> Links:
    return Links(fetcher, lambda: GatewaySettings(**settings))


async def test_content_stands_where_links_were_inside_tool_results_too() -> None:
    fetcher = Fetcher()
    asked = turns(link(KITE), ToolResult("c", "f", (link(PLAN), link(KITE))))
    found = await made(fetcher).filled(asked, "r")
    kite, plan = Media("image/png", Base64Text(PNG), name="n"), Base64Text("JVBERi0x")
    assert found == turns(kite, ToolResult("c", "f", (Media("application/pdf", plan, name="n"), kite)))
    assert sorted(fetcher.asked) == [KITE, PLAN]


async def test_a_request_without_links_passes_as_it_is() -> None:
    asked = turns(Media("image/png", Base64Text(PNG)))
    assert await made(None).filled(asked, "r") is asked


async def test_a_link_that_fails_is_named_by_its_member() -> None:
    with pytest.raises(GatewayError) as caught:
        await made(Fetcher()).filled(turns(link(KITE), link("https://e.test/no", "input[3].image_url")), "r")
    failure = caught.value.failure
    assert failure.kind is Kind.BAD_REQUEST
    assert failure.params == {"param": "input[3].image_url", "code": "unreachable_url"}
    assert failure.public_message == "`input[3].image_url`: It is not there."


async def test_links_can_be_switched_off() -> None:
    fetcher = Fetcher()
    with pytest.raises(GatewayError) as caught:
        await made(fetcher, fetch_links=False).filled(turns(link(KITE)), "r")
    assert "gateway.fetch_links" in caught.value.failure.public_message
    assert caught.value.failure.params["param"] == "messages[0].content[0].image_url.url"
    assert not fetcher.asked


async def test_too_many_links_are_refused_before_one_is_followed() -> None:
    fetcher = Fetcher()
    with pytest.raises(GatewayError) as caught:
        await made(fetcher).filled(turns(*(link(f"{KITE}{at}", f"m{at}") for at in range(17))), "r")
    assert (caught.value.failure.params["param"], fetcher.asked) == ("m16", [])


async def test_the_links_of_a_request_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_OF_A_REQUEST", 70)
    filling = made(Fetcher())
    await filling.filled(turns(link(KITE)), "r1")
    with pytest.raises(GatewayError) as caught:
        await filling.filled(turns(link(KITE), link(PLAN)), "r2")
    assert caught.value.failure.kind is Kind.BAD_REQUEST


async def test_what_all_requests_hold_is_bounded_until_they_are_over() -> None:
    size = len(b64decode(PNG))
    filling = Links(Fetcher(), GatewaySettings, 2 * size)
    await filling.filled(turns(link(KITE)), "r1")
    await filling.filled(turns(link(KITE)), "r2")
    with pytest.raises(GatewayError) as caught:
        await filling.filled(turns(link(KITE)), "r3")
    assert (caught.value.failure.kind, filling.held) == (Kind.UNAVAILABLE, 2 * size)
    filling.release("r1")
    await filling.filled(turns(link(KITE)), "r3")
    filling.release("r2")
    filling.release("r3")
    assert filling.held == 0


def service(provider: FakeProvider, fetcher: Fetcher) -> GenerationService:
    return GenerationService(
        FakePool(), {"fake": provider}, FakeRecorder(), FakeEvents(), FakeClock(), fetcher=fetcher
    )


async def test_providers_get_content_and_nothing_is_held_after_the_answer() -> None:
    provider, fetcher = FakeProvider(), Fetcher()
    serving = service(provider, fetcher)
    await serving.answer(asking(turns=turns(link(KITE))), caller())
    await serving.count_tokens(asking(turns=turns(link(KITE))), caller())
    async for _ in serving.pictures(ImageRequest("a hat", "p1", references=(link(KITE),)), caller()):
        pass
    chat, drawn = provider.requests
    assert chat.turns == turns(Media("image/png", Base64Text(PNG), name="n"))  # type: ignore[union-attr]
    assert drawn.references == (Media("image/png", Base64Text(PNG), name="n"),)  # type: ignore[union-attr]
    assert len(fetcher.asked) == 3
    assert serving._links.held == 0  # pyright: ignore[reportPrivateUsage]


async def test_a_link_that_fails_leaves_nothing_held() -> None:
    serving = service(FakeProvider(), Fetcher())
    for work in (serving.answer, serving.count_tokens):
        with pytest.raises(GatewayError):
            await work(asking(turns=turns(link(KITE), link("https://e.test/no"))), caller())
    assert serving._links.held == 0  # pyright: ignore[reportPrivateUsage]


async def test_a_count_that_a_link_stops_is_written_down_as_failed() -> None:
    recorder = FakeRecorder()
    serving = GenerationService(
        FakePool(), {"fake": FakeProvider()}, recorder, FakeEvents(), FakeClock(), fetcher=Fetcher()
    )
    with pytest.raises(GatewayError):
        await serving.count_tokens(asking(turns=turns(link("https://e.test/no"))), caller())
    assert [row.kind for row in recorder.rows] == [Kind.BAD_REQUEST]
