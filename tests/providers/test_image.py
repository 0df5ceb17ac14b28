"""Picture requests and answers, by the seed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from core.domain.content import Base64Text, Media
from core.domain.events import Made, Partial, Usage
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.requests import ImageOptions, ImageRequest
from core.providers.antigravity.encode import Sender
from core.providers.antigravity.image import Drawing, encode_image
from core.providers.antigravity.models import facts_of

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 30).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + b"0" * 30).decode()
SENDER = Sender("ada", "vivid-river", "0d0f6b1e")


def sent(request: ImageRequest) -> Any:
    return json.loads(encode_image(request, facts_of("gemini-3-pro-image"), SENDER))


def test_the_seeds_request_is_written() -> None:
    assert sent(ImageRequest("A red kite", image=ImageOptions("1:1"))) == {
        "project": "vivid-river",
        "model": "gemini-3-pro-image",
        "request": {
            "contents": [{"role": "user", "parts": [{"text": "A red kite"}]}],
            "generationConfig": {"candidateCount": 1, "imageConfig": {"aspectRatio": "1:1"}},
        },
        "userAgent": "antigravity",
        "requestId": "0d0f6b1e",
    }


def test_no_shape_is_forced_and_a_name_may_say_one() -> None:
    assert sent(ImageRequest("x"))["request"]["generationConfig"] == {"candidateCount": 1}
    named = sent(ImageRequest("x", "gemini-3-pro-image-16x9-4k"))["request"]["generationConfig"]
    assert named["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "4K"}


def test_references_follow_the_text_and_are_mended() -> None:
    request = ImageRequest(
        "Blue, please",
        references=(
            Media("image/png", Base64Text(PNG), "mask"),
            Media(
                "image/png", Base64Text("data:image/png;base64," + JPEG[:8] + "\n" + JPEG[8:]), "reference"
            ),
            Media("image/webp", b"\x89PNG\r\n\x1a\n" + b"0" * 30, "reference"),
        ),
    )
    text, *pictures = sent(request)["request"]["contents"][0]["parts"]
    assert text["text"].startswith("Blue, please\n\n")
    assert "mask" in text["text"]
    assert [one["inlineData"] for one in pictures] == [
        {"mimeType": "image/jpeg", "data": JPEG},
        {"mimeType": "image/png", "data": PNG},
        {"mimeType": "image/png", "data": PNG},
    ]


def test_too_many_references_are_refused_here() -> None:
    with pytest.raises(GatewayError) as caught:
        sent(ImageRequest("x", references=(Media("image/png", Base64Text(PNG)),) * 15))
    assert caught.value.failure.kind is Kind.BAD_REQUEST


def decode_image(body: bytes, model: str, index: int, now: float) -> Made:
    drawing = Drawing(model, index, now)
    assert not drawing.take(body)
    return drawing.made()


def reply(*parts: dict[str, Any], finish: str = "STOP", **more: Any) -> bytes:
    candidate = {"content": {"parts": list(parts)}, "finishReason": finish}
    return json.dumps({"response": {"candidates": [candidate], **more}}).encode()


def picture(data: str, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": data}, **more}


def test_the_seeds_answer_is_read() -> None:
    counts = {"promptTokenCount": 20, "candidatesTokenCount": 1000}
    got = decode_image(reply({"text": "Here."}, picture(PNG), usageMetadata=counts), "m", 3, 0.0)
    assert (got.index, got.text, got.usage) == (3, "Here.", Usage(20, 1000))
    assert got.media == Media("image/png", Base64Text(PNG))


def test_a_draft_gives_way_and_the_type_is_what_the_bytes_are() -> None:
    assert decode_image(reply(picture(PNG, thought=True), picture(JPEG)), "m", 0, 0.0).media == Media(
        "image/jpeg", Base64Text(JPEG)
    )
    assert decode_image(reply(picture(PNG, thought=True)), "m", 0, 0.0).media.mime == "image/png"


@pytest.mark.parametrize(
    ("body", "kind", "cause", "words"),
    [
        (reply({"text": "I'd rather not."}), Kind.UPSTREAM, Cause.EMPTY, "I'd rather not."),
        (reply(finish="IMAGE_SAFETY"), Kind.BAD_REQUEST, Cause.NONE, "IMAGE_SAFETY"),
        (reply(finish="NO_IMAGE"), Kind.UPSTREAM, Cause.EMPTY, "no picture"),
        (b'{"response":{"promptFeedback":{"blockReason":"OTHER"}}}', Kind.BAD_REQUEST, Cause.NONE, "filter"),
        (b'{"error":{"code":503,"message":"overloaded"}}', Kind.CAPACITY, Cause.CAPACITY, "overloaded"),
        (b"<html>", Kind.UPSTREAM, Cause.SERVER, "can't be read"),
    ],
)
def test_no_picture_says_why(body: bytes, kind: Kind, cause: Cause, words: str) -> None:
    with pytest.raises(GatewayError) as caught:
        decode_image(body, "m", 0, 0.0)
    failure = caught.value.failure
    assert (failure.kind, failure.cause) == (kind, cause)
    assert words in failure.public_message


def test_drafts_are_previews_as_they_come_and_no_more_than_are_wanted() -> None:
    drawing = Drawing("m", 2, 0.0, partials=1)
    assert drawing.take(reply({"text": "hm", "thought": True}, finish="")) == []
    assert drawing.take(reply(picture(PNG, thought=True), finish="")) == [
        Partial(2, Media("image/png", Base64Text(PNG)))
    ]
    assert drawing.take(reply(picture(PNG, thought=True), finish="")) == []
    assert drawing.take(reply(picture(JPEG), usageMetadata={"promptTokenCount": 4})) == []
    made = drawing.made()
    assert (made.index, made.media.mime, made.text, made.usage.input) == (2, "image/jpeg", "", 4)


def test_the_mask_comes_last_and_is_said_to_be_one() -> None:
    request = ImageRequest(
        "x",
        references=(
            Media("image/png", Base64Text(PNG), "mask"),
            Media("image/jpeg", Base64Text(JPEG), "reference"),
        ),
    )
    text, *pictures = sent(request)["request"]["contents"][0]["parts"]
    assert [one["inlineData"]["mimeType"] for one in pictures] == ["image/jpeg", "image/png"]
    assert "white" in text["text"]
