"""Pictures are kept with the story of their making, shown small, searched, thrown away and brought back."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import core.storage.files
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ImageOptions, ImageRequest
from core.library.ids import Ids, is_id
from core.library.magic import read_header
from core.library.pictures import Sidecar, slug

from .conftest import World, picture, place


async def test_a_picture_is_kept_with_its_sidecar(world: World) -> None:
    request = ImageRequest("A red fox, in Tōkyō's snow!", image=ImageOptions("16:9", "2K"), style="ink")
    asset = await world.shelf.keep_picture(
        picture(), "image/png", request,
        model="gemini-3-pro-image", account="ada@x.test", request_id="r7", sandbox=True,
    )  # fmt: skip
    path = place(asset.path)
    assert re.fullmatch(r"20260101-000000-a-red-fox-in-tokyo-s-snow-[0-9a-z]{14}\.png", path.name)
    assert path.parent == world.root / "pictures" / "2026-01"
    assert path.read_bytes() == picture()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    side = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Sidecar)
    assert (side.prompt, side.model, side.account) == (request.prompt, "gemini-3-pro-image", "ada@x.test")
    assert (side.request_id, side.sandbox, side.style, side.image_size) == ("r7", True, "ink", "2K")
    assert (asset.width, asset.height, asset.aspect, asset.size) == (64, 36, "16:9", len(picture()))
    assert await world.library.assets() == [asset]
    assert world.events == [("asset.added", {"id": asset.id, "kind": "image", "request_id": "r7"})]


@pytest.mark.parametrize(
    ("form", "ending", "mime"),
    [
        ("PNG", "png", "image/png"),
        ("JPEG", "jpg", "image/jpeg"),
        ("WEBP", "webp", "image/webp"),
        ("GIF", "gif", "image/gif"),
    ],
)
async def test_the_bytes_say_what_a_picture_is_whatever_was_claimed(
    world: World, form: str, ending: str, mime: str
) -> None:
    asset = await world.keep(content=picture(50, 30, form))
    assert (place(asset.path).suffix, asset.mime, asset.width, asset.height) == (f".{ending}", mime, 50, 30)
    shown = await world.library.asset(asset.id)
    assert read_header(place(shown.thumbnail).read_bytes()) == ("image/webp", 50, 30)


def webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + rest + b"\0" * 20


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF89a", b"\x89PNG\r\n\x1a\n",
        picture()[:20], b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe0\xff\xff" + b"\0" * 40, b"\xff\xd8\xff" + b"\xff" * 500,
        webp(b"VP8 ", b"\0"), webp(b"VP8L", b"\0"), webp(b"OTHR", b"\0"),
        picture().replace(b"\0\0\0\x40", b"\0\0\0\0"),
    ],
)  # fmt: skip
async def test_what_is_no_picture_is_refused_and_leaves_nothing(world: World, content: bytes) -> None:
    with pytest.raises(GatewayError, match="not a PNG") as caught:
        await world.shelf.keep_picture(
            content, "image/png", ImageRequest("x"), model="", account="", request_id="", sandbox=False
        )
    assert caught.value.failure.kind is Kind.UPSTREAM
    assert world.files() == []


async def test_a_bomb_is_refused_by_its_header(world: World) -> None:
    bomb = picture().replace(b"\0\0\0\x40\0\0\0\x24", b"\0\0\x40\0\0\0\x40\0")
    with pytest.raises(GatewayError) as caught:
        await world.keep(content=bomb)
    assert (caught.value.failure.kind, caught.value.failure.params["code"]) == (
        Kind.TOO_LARGE,
        "IMAGE_TOO_LARGE",
    )
    assert world.files() == []


async def test_a_thumbnail_is_made_when_somebody_looks_and_only_once(world: World) -> None:
    asset = await world.keep(content=picture(1024, 512))
    assert asset.thumbnail == ""
    shown = await world.library.asset(asset.id)
    assert read_header(place(shown.thumbnail).read_bytes()) == ("image/webp", 256, 128)
    made_at = place(shown.thumbnail).stat().st_mtime_ns
    assert (await world.library.asset(asset.id)).thumbnail == shown.thumbnail
    assert place(shown.thumbnail).stat().st_mtime_ns == made_at
    assert (await world.library.assets())[0].thumbnail == shown.thumbnail


async def test_a_picture_that_can_not_be_decoded_is_still_there_without_a_thumbnail(world: World) -> None:
    asset = await world.keep(content=picture()[:60])
    assert (await world.library.asset(asset.id)).thumbnail == ""


async def test_pages_of_pictures_follow_each_other(world: World) -> None:
    made = [(await world.keep(f"picture {number}")).id for number in range(7)]
    first = await world.library.assets(limit=3)
    second = await world.library.assets(limit=3, before=first[-1].id)
    third = await world.library.assets(limit=3, before=second[-1].id)
    assert [asset.id for asset in (*first, *second, *third)] == made[::-1]
    assert await world.library.assets(before="00000000000000") == []


async def test_pictures_are_found_by_words_of_prompt_and_model(world: World) -> None:
    fox = await world.keep("A red fox in the snow")
    await world.keep("A castle by the sea")
    assert [asset.id for asset in await world.library.assets("FOX gemini")] == [fox.id]
    assert await world.library.assets("fox castle") == []


async def test_a_picture_goes_to_the_trash_and_comes_back_as_it_was(world: World) -> None:
    asset = await world.keep()
    await world.library.asset(asset.id)
    before = [name for name in world.files() if not name.startswith("thumbnails/")]
    await world.library.delete_asset(asset.id)
    assert await world.library.assets() == []
    assert world.files("pictures/**/*") == world.files("thumbnails/*") == []
    with pytest.raises(GatewayError, match="No picture has the id"):
        await world.library.asset(asset.id)
    restored = await world.library.restore_asset(asset.id)
    assert (restored.prompt, restored.path) == (asset.prompt, asset.path)
    assert world.files() == before
    assert world.topics() == ["asset.added", "asset.removed", "asset.added"]


async def test_the_trash_is_emptied_after_thirty_days(world: World) -> None:
    old, young = await world.keep("old"), await world.keep("young")
    await world.library.delete_asset(old.id)
    world.clock.pass_seconds(86_400 * 29)
    await world.library.delete_asset(young.id)
    world.clock.pass_seconds(86_400 * 2)
    await world.library.start()
    with pytest.raises(GatewayError, match="in the trash"):
        await world.library.restore_asset(old.id)
    assert (await world.library.restore_asset(young.id)).id == young.id


@pytest.mark.parametrize(
    "asset_id", ["../../records.db", "", "a/b", "att-../../x", "att-" + "a" * 26, "00000000000000"]
)
async def test_an_id_that_names_nothing_gives_nothing(world: World, asset_id: str) -> None:
    await world.keep()
    for call in (world.library.asset, world.library.delete_asset, world.library.restore_asset):
        with pytest.raises(GatewayError) as caught:
            await call(asset_id)
        assert caught.value.failure.kind is Kind.NOT_FOUND
    assert await world.shelf.content(asset_id) is None


async def test_a_picture_replaced_by_a_link_is_not_read(world: World, tmp_path: Path) -> None:
    asset = await world.keep()
    (tmp_path / "secret").write_bytes(picture(9, 9))
    place(asset.path).unlink()
    place(asset.path).symlink_to(tmp_path / "secret")
    with pytest.raises(GatewayError):
        await world.shelf.content(asset.id)


def break_writes(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    """The disk takes `allowed` more writes and is full then."""
    real, left = os.write, [allowed]

    def write(descriptor: int, content: bytes) -> int:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return real(descriptor, content)

    monkeypatch.setattr(core.storage.files.os, "write", write)


@pytest.mark.parametrize("allowed", [0, 1])
async def test_a_full_disk_is_said_clearly_and_leaves_nothing_half_written(
    world: World, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    with monkeypatch.context() as patch:
        break_writes(patch, allowed)
        with pytest.raises(GatewayError, match="disk is full") as caught:
            await world.keep()
    assert caught.value.failure.params["code"] == "STORAGE_FULL"
    assert world.files() == []
    assert await world.library.assets() == []
    assert (await world.keep()).prompt == "A red fox"


async def test_a_full_disk_leaves_the_chat_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await world.chat(title="Before")
    before = (world.root / "chats" / f"{chat.id}.json").read_bytes()
    with monkeypatch.context() as patch:
        break_writes(patch, 0)
        with pytest.raises(GatewayError, match="disk is full"):
            await world.shelf.save_chat(replace(chat, title="After"))
    assert (world.root / "chats" / f"{chat.id}.json").read_bytes() == before
    assert world.files("chats/*") == [f"chats/{chat.id}.json"]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A red fox", "a-red-fox"),
        ("../../etc/passwd", "etc-passwd"),
        ("Ünïcödé über alles", "unicode-uber-alles"),
        ("東京", ""),
        ("", ""),
        ("x" * 100, "x" * 40),
        ("-- $(rm) ; `a` \0\n", "rm-a"),
    ],
)
def test_a_prompt_becomes_a_name_that_every_shell_takes(prompt: str, name: str) -> None:
    assert slug(prompt) == name


def test_ids_are_sorted_by_time_and_never_the_same(world: World) -> None:
    ids: list[str] = []
    for _ in range(200):
        ids.append(world.shelf.ids.new())
        world.clock.pass_seconds(0.01)
    assert ids == sorted(set(ids))
    assert all(is_id(made) for made in ids)
    assert len({world.shelf.ids.new() for _ in range(200)}) == 200
    assert isinstance(world.shelf.ids, Ids)
