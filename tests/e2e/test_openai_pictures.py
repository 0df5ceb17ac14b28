"""The official OpenAI package makes and edits pictures, and has recordings written down, by
`agtui serve --sandbox`."""

from __future__ import annotations

import base64
import io
import struct
import wave
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from .conftest import Served

IMAGE = "gemini-3-pro-image"


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key=served.key, max_retries=0, timeout=15) as made:
        yield made


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def pixels(text: str | None) -> tuple[int, int]:
    assert text
    return size_of(base64.b64decode(text))


@pytest.fixture(scope="module")
def kite(client: OpenAI) -> bytes:
    made: Any = client.images.generate(prompt="a red kite", model=IMAGE, size="1536x1024")
    return base64.b64decode(made.data[0].b64_json)


@pytest.fixture(scope="module")
def recording() -> bytes:
    """Two seconds at half of full volume."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(struct.pack("<hh", 16_384, -16_384) * 16_000)
    return out.getvalue()


def test_every_option_of_a_picture_is_taken_or_reported(client: OpenAI) -> None:
    raw = client.images.with_raw_response.generate(
        prompt="a lighthouse",
        model=IMAGE,
        n=2,
        size="1792x1024",
        quality="hd",
        style="natural",
        response_format="b64_json",
        background="transparent",
        moderation="low",
        output_format="webp",
        output_compression=80,
        partial_images=0,
        user="u",
        extra_body={"image_size": "1K"},
    )
    made = raw.parse()
    assert made.data
    assert [pixels(one.b64_json) for one in made.data] == [(1376, 768)] * 2
    assert made.usage
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens > 2000
    assert (made.size, made.output_format, made.quality) == ("1376x768", "png", "high")
    dropped = set(raw.headers["x-agtui-dropped"].split(", "))
    assert dropped == {"background", "moderation", "output_compression", "output_format"}


@pytest.mark.parametrize(
    ("model", "size", "wanted"),
    [
        (f"{IMAGE}-16x9-2k", openai.omit, (2752, 1536)),
        (f"{IMAGE}-9-16", openai.omit, (768, 1376)),
        (f"{IMAGE}-9x16", "1024x1024", (1024, 1024)),
        ("dall-e-3", "1792x1024", (1376, 768)),
        ("gpt-image-1-mini", "auto", (1024, 1024)),
    ],
)
def test_a_name_may_say_shape_and_size(
    client: OpenAI, model: str, size: Any, wanted: tuple[int, int]
) -> None:
    made: Any = client.images.generate(prompt="a kite", model=model, size=size)
    assert pixels(made.data[0].b64_json) == wanted


def test_a_stream_shows_previews_and_then_the_picture(client: OpenAI) -> None:
    events = list(
        client.images.generate(prompt="a harbour", model=IMAGE, stream=True, partial_images=2, size="3:2")
    )
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    *partials, last = events
    assert [getattr(one, "partial_image_index", None) for one in partials] == [0, 1]
    assert pixels(partials[0].b64_json) == (632, 424)
    assert pixels(last.b64_json) == (1264, 848)
    assert last.type == "image_generation.completed"
    assert (last.size, last.usage.total_tokens > 1000) == ("1264x848", True)


def test_a_stream_without_previews_is_the_picture_alone(client: OpenAI) -> None:
    events = list(client.images.generate(prompt="a harbour", model="sandbox-image", stream=True))
    assert [event.type for event in events] == ["image_generation.completed"]


def test_one_picture_is_edited(client: OpenAI, kite: bytes, served: Served) -> None:
    made: Any = client.images.edit(
        image=("kite.png", kite), prompt="make it blue", model=IMAGE, size="1024x1536", response_format="url"
    )
    url = made.data[0].url
    assert url.startswith(served.url)
    assert size_of(client._client.get(url).content) == (848, 1264)


def test_several_pictures_and_a_mask_are_edited(client: OpenAI, kite: bytes) -> None:
    made: Any = client.images.edit(
        image=[("a.png", kite), io.BytesIO(kite), ("c.png", kite, "image/png")],
        mask=("mask.png", kite),
        prompt="put them side by side",
        model=IMAGE,
        n=2,
        quality="medium",
        input_fidelity="high",
        extra_body={"aspect_ratio": "21:9", "image_size": "1K"},
    )
    assert [pixels(one.b64_json) for one in made.data] == [(1584, 672)] * 2
    assert made.usage.input_tokens_details.image_tokens > 1000


def test_an_edit_streams_too(client: OpenAI, kite: bytes) -> None:
    events = list(
        client.images.edit(image=kite, prompt="at night", model=IMAGE, stream=True, partial_images=1)
    )
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


def test_what_is_no_picture_is_a_bad_request(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.edit(image=("a.png", b"<svg/>"), prompt="a hat", model=IMAGE)
    assert caught.value.param == "image"


@pytest.mark.parametrize("model", ["whisper-1", "gemini-3-flash", "sandbox-chat"])
def test_a_recording_is_written_down(client: OpenAI, recording: bytes, model: str) -> None:
    found = client.audio.transcriptions.create(
        file=("a.wav", recording), model=model, language="en", prompt="agtui", temperature=0.2
    )
    assert "2.0 s" in found.text
    assert found.usage
    assert found.usage.type == "tokens"


def test_a_transcript_as_text_and_as_a_stream(client: OpenAI, recording: bytes) -> None:
    text = client.audio.transcriptions.create(
        file=("a.wav", recording), model="whisper-1", response_format="text"
    )
    assert "2.0 s" in str(text)
    events = list(
        client.audio.transcriptions.create(file=("a.wav", recording), model="whisper-1", stream=True)
    )
    assert [event.type for event in events][-1] == "transcript.text.done"
    said = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert said == getattr(events[-1], "text", None) == str(text).strip()


def test_recordings_that_are_not_taken_are_the_sdk_s_own_classes(client: OpenAI, recording: bytes) -> None:
    with pytest.raises(openai.BadRequestError):
        client.audio.transcriptions.create(file=("a.txt", recording), model="whisper-1")
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(file=("a.mp3", b"x" * (15 * 1024 * 1024 + 1)), model="whisper-1")
    assert caught.value.status_code == 413


def test_a_link_inside_is_refused_and_says_which(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="sandbox-chat",
            messages=[
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "https://localhost/kite.png"}}],
                }
            ],
        )
    assert caught.value.param == "messages[0].content[0].image_url.url"
    assert "no public address" in caught.value.message
