"""Pictures over HTTP: made, kept, linked."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from core.config.settings import LibrarySettings
from core.domain.content import Base64Text, Media
from core.domain.events import Finished, JobEvent, Made
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import Grant
from core.domain.requests import ImageOptions, ImageRequest
from core.server.files import PictureLinks
from tests.fakes import PNG, FakeClock, FakeProvider, failing, rate

from .conftest import Start, World

IMAGES = "/v1/images/generations"
KITE: dict[str, Any] = {"prompt": "a kite", "model": "p1"}
LARGE = "QUJD" * 700_001
MADE: Any = [[Finished()]]


async def test_a_picture_is_made_and_kept(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(
        IMAGES, json=KITE | {"size": "1792x1024", "quality": "hd", "style": "vivid"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"b64_json": PNG}]
    assert isinstance(answer.json()["created"], int)
    (asked,) = world.provider.requests
    assert isinstance(asked, ImageRequest)
    assert asked.image == ImageOptions("16:9", "4K")
    assert asked.prompt.startswith("a kite")
    assert "vivid" in asked.prompt
    assert answer.headers["x-account-email"] == "a@test"
    ((asset, data),) = world.shelf.assets.values()
    assert (asset.prompt, data) == ("a kite", b64decode(PNG))
    row = world.recorder.last
    assert (row.pictures, row.kind, row.path) == (1, "ok", IMAGES)


class LargePictures(FakeProvider):
    async def image(
        self, request: ImageRequest, model: str, grant: Grant, endpoint: str, index: int
    ) -> AsyncIterator[JobEvent]:
        yield Made(0, Media("image/png", Base64Text(LARGE)))


async def test_large_pictures_arrive_whole(start: Start) -> None:
    world = await start(LargePictures(MADE))
    answer = await world.client.post(IMAGES, json=KITE | {"n": 3})
    assert answer.status_code == 200
    assert [one["b64_json"] == LARGE for one in answer.json()["data"]] == [True] * 3
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-account-email"] == "a@test"


async def test_wishes_that_are_left_out_are_named(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(IMAGES, json=KITE | {"background": "transparent", "moderation": "low"})
    assert answer.headers["x-agtui-dropped"] == "background, moderation"
    plan = world.recorder.last.plan
    assert plan is not None
    assert plan.dropped == ("background", "moderation")


async def test_several_pictures_come_as_several(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(IMAGES, json=KITE | {"n": 3})
    assert len(answer.json()["data"]) == 3
    assert len(world.recorder.rows) == 1
    assert len(world.recorder.last.attempts) == 3


async def test_some_pictures_are_better_than_none(start: Start) -> None:
    bad = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400)
    world = await start(FakeProvider([bad], MADE))
    answer = await world.client.post(IMAGES, json=KITE | {"n": 3})
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 2
    assert world.recorder.last.kind == "ok"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (rate(30), 429),
        (failing(Kind.CAPACITY, Scope.ENDPOINT, Cause.CAPACITY, 503), 503),
        (failing(), 502),
        (failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400), 400),
    ],
)
async def test_no_picture_at_all_is_an_error(start: Start, failure: GatewayError, status: int) -> None:
    world = await start(FakeProvider([failure]))
    answer = await world.client.post(IMAGES, json=KITE | {"n": 2})
    assert answer.status_code == status
    assert world.recorder.last.status == status


@pytest.mark.parametrize("body", [{"model": "p1"}, {"prompt": ""}, KITE | {"n": 0}])
async def test_a_wish_that_can_t_be_read_is_400(start: Start, body: Any) -> None:
    world = await start(FakeProvider(MADE))
    assert (await world.client.post(IMAGES, json=body)).status_code == 400


async def test_a_chat_model_makes_no_pictures(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(IMAGES, json=KITE | {"model": "m1"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
    assert "p1" in answer.json()["error"]["message"]


async def linked(world: World) -> str:
    answer = await world.client.post(IMAGES, json=KITE | {"response_format": "url"})
    return answer.json()["data"][0]["url"]


async def test_a_link_is_served_without_a_key_and_as_a_picture_only(start: Start, tmp_path: Path) -> None:
    world = await start(FakeProvider(MADE))
    store(world, tmp_path / "kite.png", b64decode(PNG))
    url = await linked(world)
    assert url.startswith(world.url + "/files/")
    async with httpx.AsyncClient(trust_env=False) as anybody:
        answer = await anybody.get(url)
    assert (answer.status_code, answer.content) == (200, b64decode(PNG))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


def store(world: World, path: Path, content: bytes) -> None:
    """Let the fake shelf keep pictures at `path`."""
    path.write_bytes(content)
    keep = world.shelf.keep_picture

    async def kept(*args: Any, **more: Any) -> Any:
        return structs.replace(await keep(*args, **more), path=str(path))

    world.shelf.keep_picture = kept


async def test_a_picture_that_is_not_kept_has_a_link_too(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    world.library = LibrarySettings(keep_api_pictures=False)
    url = await linked(world)
    assert (await world.client.get(url)).content == b64decode(PNG)
    assert not world.shelf.assets


async def test_links_end_after_an_hour(start: Start, tmp_path: Path) -> None:
    world = await start(FakeProvider(MADE))
    store(world, tmp_path / "kite.png", b64decode(PNG))
    url = await linked(world)
    world.clock.move(3599)
    assert (await world.client.get(url)).status_code == 200
    world.clock.move(2)
    assert (await world.client.get(url)).status_code == 404


@pytest.mark.parametrize("content", [b"<html><script>1</script>", b"<svg/>", b"", b'{"a":1}'])
async def test_what_is_no_picture_is_not_served(start: Start, tmp_path: Path, content: bytes) -> None:
    world = await start(FakeProvider(MADE))
    store(world, tmp_path / "kite.png", content)
    assert (await world.client.get(await linked(world))).status_code == 404


async def test_a_link_in_the_library_s_place_is_not_followed(start: Start, tmp_path: Path) -> None:
    world = await start(FakeProvider(MADE))
    path, secret = tmp_path / "kite.png", tmp_path / "secret.png"
    store(world, path, b64decode(PNG))
    url = await linked(world)
    swap(path, secret)
    assert (await world.client.get(url)).status_code == 404


def swap(path: Path, secret: Path) -> None:
    secret.write_bytes(b64decode(PNG))
    path.unlink()
    path.symlink_to(secret)


@pytest.mark.parametrize("token", ["x", "../../etc/passwd", "%2e%2e%2fapi.key", "a/b", "\u2603"])
async def test_guessed_links_lead_nowhere(start: Start, token: str) -> None:
    world = await start(FakeProvider(MADE))
    assert (await world.client.get(f"/files/{token}")).status_code in (404, 400)


def test_memory_for_links_is_bounded() -> None:
    links = PictureLinks(FakeClock())
    for _ in range(40):
        links.to_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 8_000_000)
    assert links._held <= 128 * 1024 * 1024  # pyright: ignore[reportPrivateUsage]
    for _ in range(2000):
        links.to_file("/x")
    assert len(links._links) <= 1000  # pyright: ignore[reportPrivateUsage]
