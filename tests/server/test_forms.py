"""Forms over HTTP: pictures to edit, recordings to write down, and what is no form at all."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from base64 import b64decode
from typing import Any, cast

import pytest

from core.domain.content import Base64Text, Media, Text
from core.domain.events import Finished
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.requests import ChatRequest, ImageOptions, ImageRequest
from core.server.exchange import MIB, BodyBudget, Exchange
from core.server.multipart import read_form
from tests.fakes import PNG, FakeClock, FakePool, FakeProvider, entry, failing, rate, saying

from .conftest import KEY, Start, World
from .raw import wire

EDITS, AUDIO = "/v1/images/edits", "/v1/audio/transcriptions"
CONTENT = b64decode(PNG)
MADE: Any = [[Finished()]]
B = "--frontier\r\n"
FORM = {"content-type": "multipart/form-data; boundary=frontier"}


def drawn(world: World) -> ImageRequest:
    (asked,) = world.provider.requests
    assert isinstance(asked, ImageRequest)
    return asked


async def test_a_picture_is_edited(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(
        EDITS,
        data={
            "prompt": "add a hat",
            "model": "p1",
            "aspect_ratio": "3:4",
            "size": "1024x1024",
            "style": "natural",
        },
        files=[("image[]", ("kätzchen.png", CONTENT, "image/png")), ("image[]", ("b.png", CONTENT))],
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"b64_json": PNG}]
    assert answer.json()["usage"]["total_tokens"] == 105
    asked = drawn(world)
    assert asked.references == (Media("image/png", Base64Text(PNG), "reference"),) * 2
    assert asked.image == ImageOptions("3:4")
    assert asked.prompt.startswith("add a hat")
    assert "natural" in asked.prompt
    assert world.recorder.last.path == EDITS


async def test_an_edit_may_come_as_json(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    body = {"prompt": "add a hat", "model": "p1", "images": [{"image_url": f"data:image/png;base64,{PNG}"}]}
    answer = await world.client.post(EDITS, json=body | {"response_format": "url"})
    assert answer.json()["data"][0]["url"].startswith(world.url + "/files/")
    assert drawn(world).references == (Media("image/png", Base64Text(PNG), "reference"),)


async def test_an_edit_without_a_picture_makes_one(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(EDITS, files={"prompt": (None, "a hat"), "model": (None, "p1")})
    assert (answer.status_code, drawn(world).references) == (200, ())


async def test_an_edit_streams_its_events(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(
        EDITS, data={"prompt": "a hat", "model": "p1", "stream": "true"}, files={"image": ("a.png", CONTENT)}
    )
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-account-email"] == "a@test"
    assert "event: image_edit.completed\n" in answer.text
    payload = json.loads(answer.text.split("data: ")[1])
    assert (payload["b64_json"], payload["size"]) == (PNG, "1x1")


async def test_a_stream_without_a_picture_is_a_plain_error(start: Start) -> None:
    world = await start(FakeProvider([rate(30)]))
    body = {"prompt": "a kite", "model": "p1", "n": 2, "stream": True}
    answer = await world.client.post("/v1/images/generations", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")


async def test_some_pictures_of_a_stream_are_better_than_none(start: Start) -> None:
    bad = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400)
    world = await start(FakeProvider([bad], MADE))
    body = {"prompt": "a kite", "model": "p1", "n": 3, "stream": True, "response_format": "url"}
    answer = await world.client.post("/v1/images/generations", json=body)
    assert answer.text.count("event: image_generation.completed") == 2
    assert answer.text.count('"url":"http') == 2
    assert "event: error" not in answer.text


async def test_a_large_upload_arrives_whole_and_holds_nobody_up(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    content = CONTENT + b"\r\n--frontie\r" * 500_000
    files = {"image": ("a.png", content), "mask": ("m.png", CONTENT)}
    answer = await world.client.post(EDITS, data={"prompt": "a hat", "model": "p1"}, files=files)
    assert answer.status_code == 200, answer.text
    first = drawn(world).references[0]
    assert isinstance(first.data, Base64Text)
    assert b64decode(first.data.text) == content


# --- recordings -----------------------------------------------------------------------------------


def recording(name: str = "a.mp3", content: bytes = b"ID3") -> dict[str, Any]:
    return {"file": (name, content, "audio/mpeg")}


async def test_a_recording_is_written_down(start: Start) -> None:
    world = await start(FakeProvider(saying("Good ", "morning.")))
    answer = await world.client.post(AUDIO, data={"model": "m1", "language": "en"}, files=recording())
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == "Good morning."
    assert answer.headers["x-account-email"] == "a@test"
    (asked,) = world.provider.requests
    assert isinstance(asked, ChatRequest)
    text, sound = asked.turns[0].parts
    assert isinstance(text, Text)
    assert sound == Media("audio/mpeg", Base64Text("SUQz"), name="a.mp3")


async def test_a_transcript_may_be_plain_text_or_a_stream(start: Start) -> None:
    world = await start(FakeProvider(saying("Good ", "morning.")))
    plain = await world.client.post(AUDIO, data={"model": "m1", "response_format": "text"}, files=recording())
    assert (plain.text, plain.headers["content-type"]) == ("Good morning.\n", "text/plain; charset=utf-8")
    streamed = await world.client.post(AUDIO, data={"model": "m1", "stream": "true"}, files=recording())
    assert streamed.text.count("transcript.text.delta") == 4
    assert "transcript.text.done" in streamed.text


async def test_the_model_is_the_setting_s_where_none_is_named(start: Start) -> None:
    world = await start(FakeProvider(), transcription_model="m1")
    assert (await world.client.post(AUDIO, files=recording())).status_code == 200
    (asked,) = world.provider.requests
    assert asked.model == "m1"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        (recording("a.txt"), 400),
        (recording(""), 400),
        ({"other": ("a.mp3", b"ID3")}, 400),
        ({"model": (None, "x")}, 400),
        (recording("a.mp3", b"x" * (15 * MIB)), 200),
        (recording("a.mp3", b"x" * (15 * MIB + 1)), 413),
    ],
)
async def test_recordings_are_checked(start: Start, files: Any, status: int) -> None:
    world = await start(FakeProvider(), transcription_model="m1")
    answer = await world.client.post(AUDIO, files=files)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["error"]["message"]
        assert not world.provider.requests


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (failing(), 502),
        (failing(Kind.TIMEOUT, cause=Cause.SILENT), 502),
        (failing(Kind.CAPACITY, Scope.MODEL, Cause.CAPACITY, 503), 502),
        (failing(Kind.UNAVAILABLE, cause=Cause.CONNECT, status=None), 502),
        (failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400), 400),
        (rate(30), 429),
    ],
)
async def test_what_fails_upstream_is_told(start: Start, failure: GatewayError, status: int) -> None:
    world = await start(FakeProvider([failure]), transcription_model="m1")
    for stream in ("false", "true"):
        answer = await world.client.post(AUDIO, data={"stream": stream}, files=recording())
        assert answer.status_code == status, answer.text


async def test_no_account_is_503(start: Start) -> None:
    pool = FakePool(entry("a", usable="disabled"), clock=FakeClock())
    world = await start(FakeProvider(), pool, transcription_model="m1")
    assert (await world.client.post(AUDIO, files=recording())).status_code == 503


# --- forms ----------------------------------------------------------------------------------------


def text_part(name: str, value: str) -> str:
    return f'{B}Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("", FORM, 400),
        ("no form", FORM, 400),
        (text_part("prompt", "x"), FORM, 400),
        (B + "Content-Disposition: form-data\r\n\r\nx\r\n--frontier--\r\n", FORM, 400),
        (B + "X: y\r\n\r\nx\r\n--frontier--\r\n", FORM, 400),
        (B + "X" * 9000 + ": y\r\n\r\nx\r\n--frontier--\r\n", FORM, 400),
        ("".join(text_part(f"f{at}", "x") for at in range(201)) + "--frontier--\r\n", FORM, 400),
        (text_part("prompt", "x" * (MIB + 1)) + "--frontier--\r\n", FORM, 413),
        (text_part("prompt", "x") + "--frontier--\r\n", {"content-type": "multipart/form-data"}, 400),
        (
            text_part("prompt", "x") + "--frontier--\r\n",
            {"content-type": "multipart/form-data; boundary=" + "x" * 3000},
            400,
        ),
        ("prompt=x", {"content-type": "application/x-www-form-urlencoded"}, 415),
        ("{}", {"content-type": "text/plain"}, 415),
        (text_part("p", "x") + "--frontier--\r\n", FORM | {"content-encoding": "gzip"}, 415),
        (
            f'{B}Content-Disposition: form-data; name="prompt"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            "eA==\r\n--frontier--\r\n",
            FORM,
            400,
        ),
    ],
)
async def test_what_is_no_form_is_said(start: Start, body: str, headers: dict[str, str], status: int) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(EDITS, content=body.encode(), headers=headers)
    assert (answer.status_code, world.provider.requests) == (status, []), answer.text
    assert answer.json()["error"]["message"]


async def test_a_form_that_is_cut_anywhere_is_refused(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    whole = (text_part("prompt", "x") + text_part("model", "p1") + "--frontier--\r\n").encode()
    for end in range(0, len(whole) - 4, 7):
        answer = await world.client.post(EDITS, content=whole[:end], headers=FORM)
        assert answer.status_code == 400, whole[:end]
    assert (await world.client.post(EDITS, content=whole, headers=FORM)).status_code == 200


async def test_a_form_that_comes_byte_by_byte_is_the_same(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    whole = (text_part("prompt", "x") + text_part("model", "p1") + "--frontier--\r\n").encode()

    async def bytes_of() -> Any:
        for at in range(len(whole)):
            yield whole[at : at + 1]
            await asyncio.sleep(0)

    assert (await world.client.post(EDITS, content=bytes_of(), headers=FORM)).status_code == 200


async def test_an_upload_beyond_the_cap_is_refused_before_it_has_come(start: Start) -> None:
    world = await start(FakeProvider(MADE), max_body_mb=1)
    head = f"POST {EDITS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
    head += "Content-Type: multipart/form-data; boundary=frontier\r\n"
    async with wire(world.listener.port) as line:
        await line.send(f"{head}Content-Length: {5 * MIB}\r\n\r\n".encode())
        assert b" 413 " in await line.until(b"\r\n\r\n")
    async with wire(world.listener.port) as line:
        await line.send(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        opening = B + 'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        await line.send(b"%x\r\n%b\r\n" % (len(opening), opening.encode()))
        for _ in range(17):
            await line.send(b"%x\r\n%b\r\n" % (64 * 1024, b"x" * 64 * 1024))
        assert b" 413 " in await line.until(b"\r\n\r\n")


async def test_an_upload_leaves_no_bytes_behind() -> None:
    opening = f'{B}Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'.encode()

    async def read() -> int:
        pieces = [opening, *[bytes(64 * 1024)] * 64, b"\r\n--frontier--\r\n"]
        messages = [{"type": "http.request", "body": one, "more_body": True} for one in pieces]
        messages.append({"type": "http.request", "body": b""})

        async def receive() -> Any:
            return messages.pop(0)

        headers = [(name.encode(), value.encode()) for name, value in FORM.items()]
        scope = {"type": "http", "method": "POST", "path": EDITS, "headers": headers}
        form = await read_form(Exchange(scope, receive, cast("Any", None), "r", BodyBudget(64 * MIB)))
        return len(form.files[0].content)

    gc.collect()
    gc.disable()  # what only the collector would find counts as held
    tracemalloc.start()
    try:
        for _ in range(4):
            assert await read() == 4 * MIB
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert held < MIB


async def test_a_form_needs_the_key_before_it_is_read(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    answer = await world.client.post(AUDIO, files=recording(), headers={"authorization": "Bearer wrong"})
    assert answer.status_code == 401


async def test_other_audio_routes_are_not_there(start: Start) -> None:
    world = await start(FakeProvider(MADE))
    assert (await world.client.post("/v1/audio/speech", json={})).status_code == 404
