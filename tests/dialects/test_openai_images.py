"""Image requests and answers, the model list, and error bodies in OpenAI's words."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.form import Form, Upload
from core.dialects.openai import image_reply, models
from core.dialects.openai.errors import error_body
from core.dialects.openai.image_reply import ImageReply, Picture, pieces, verdict
from core.dialects.openai.images import ImageOrder, decode, decode_edit, decode_edit_form
from core.domain.content import Base64Text, Media, Url
from core.domain.events import Failed, Made, Partial, Phase, Usage
from core.domain.failure import HTTP_STATUS, Failure, GatewayError, Kind
from core.domain.models import ModelInfo
from core.domain.requests import ImageOptions


def order(**fields: Any) -> ImageOrder:
    return decode(json.dumps({"prompt": "a kite"} | fields).encode())


def test_a_plain_wish() -> None:
    found = order()
    assert (found.request.prompt, found.request.model, found.request.n) == ("a kite", "", 1)
    assert (found.request.image, found.form) == (ImageOptions("1:1", ""), "b64_json")


@pytest.mark.parametrize(
    ("fields", "aspect", "size"),
    [
        ({"size": "1792x1024"}, "16:9", ""),
        ({"size": "16:9", "quality": "HD"}, "16:9", "4K"),
        ({"size": "auto"}, "", ""),
        ({"aspect_ratio": "3:4"}, "3:4", ""),
        ({"quality": "medium"}, "1:1", "2K"),
        ({"quality": "standard"}, "1:1", "1K"),
        ({"quality": "high"}, "1:1", ""),
        ({"quality": "hd", "image_size": "2k"}, "1:1", "2K"),
        ({"imageSize": "4K"}, "1:1", "4K"),
        ({"model": "gemini-3-pro-image-16x9-4k"}, "16:9", "4K"),
        ({"model": "gemini-3-pro-image-4k-9-16"}, "9:16", "4K"),
        ({"model": "gemini-3-pro-image-9x16", "size": "1792x1024"}, "16:9", ""),
    ],
)
def test_shape_and_size(fields: dict[str, Any], aspect: str, size: str) -> None:
    found = order(**fields).request
    assert found.image == ImageOptions(aspect, size)
    assert found.model in ("", "gemini-3-pro-image")


def test_only_a_picture_model_s_name_ends_in_a_shape() -> None:
    assert order(model="claude-sonnet-4-5").request.model == "claude-sonnet-4-5"


def test_the_caller_s_words_are_kept() -> None:
    found = order(style="vivid", quality="hd", n="3", response_format="url", background="transparent")
    assert (found.request.style, found.request.quality, found.request.n, found.form) == (
        "vivid",
        "hd",
        3,
        "url",
    )
    assert found.request.extras == {"background": "transparent"}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": ["a"]}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"response_format": "jpeg"}, "response_format"),
    ],
)
def test_a_wish_that_can_t_be_read_is_named(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(GatewayError) as caught:
        order(**fields)
    assert (caught.value.failure.kind, caught.value.failure.params["param"]) == (Kind.BAD_REQUEST, name)


def test_wishes_without_a_word_for_them_are_kept_by_name() -> None:
    found = order(background="transparent", moderation="auto", output_compression=50, user="u", style="vivid")
    assert set(found.request.extras) == {"background", "output_compression"}


def test_the_answer_holds_what_was_made() -> None:
    found = json.loads(b"".join(pieces([Picture(b64_json="AAAA"), Picture(url="http://x/files/t")], 5)))
    assert found == {"created": 5, "data": [{"b64_json": "AAAA"}, {"url": "http://x/files/t"}]}
    with pytest.raises(GatewayError):
        pieces([], 5)


@given(
    st.lists(
        st.builds(Picture, b64_json=st.text(max_size=40), url=st.text(), revised_prompt=st.text())
    ).filter(bool)
)
def test_pieces_make_up_the_answer_whatever_they_hold(made: list[Picture]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_reply, "PIECE", 7)
        found = json.loads(b"".join(pieces(made, 5)))
    assert found == json.loads(msgspec.json.encode({"created": 5, "data": made}))


def test_no_piece_is_large() -> None:
    sizes = [len(piece) for piece in pieces([Picture(b64_json="QUJD" * 1024 * 1024)] * 2, 5)]
    assert max(sizes) <= image_reply.PIECE
    assert sum(sizes) > 8 * 1024 * 1024


def test_models_are_listed_once_each() -> None:
    known = [
        ModelInfo("a", "antigravity"),
        ModelInfo("b", "antigravity", family="claude"),
        ModelInfo("a", "x"),
    ]
    found = json.loads(models.list_body(known))
    assert found["object"] == "list"
    assert [(one["id"], one["object"], one["owned_by"]) for one in found["data"]] == [
        ("a", "model", "antigravity"),
        ("b", "model", "antigravity"),
    ]
    assert all(isinstance(one["created"], int) for one in found["data"])


@pytest.mark.parametrize("kind", list(Kind))
def test_every_failure_has_a_body_of_the_known_shape(kind: Kind) -> None:
    failure = Failure(kind, "Say why.", detail="ya29.secret", params={"email": "ada@test"})
    found = error_body(failure)
    assert found.status == HTTP_STATUS[kind]
    error = json.loads(found.body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"] == "Say why."
    assert b"secret" not in found.body
    assert b"ada@test" not in found.body


@pytest.mark.parametrize(
    ("kind", "status", "type_", "code"),
    [
        (Kind.BAD_REQUEST, 400, "invalid_request_error", None),
        (Kind.TOO_LONG, 400, "invalid_request_error", "context_length_exceeded"),
        (Kind.UNAUTHENTICATED, 401, "invalid_request_error", "invalid_api_key"),
        (Kind.FORBIDDEN, 403, "permission_error", "forbidden"),
        (Kind.RATE, 429, "rate_limit_error", "rate_limit_exceeded"),
        (Kind.QUOTA, 429, "rate_limit_error", "insufficient_quota"),
        (Kind.CAPACITY, 503, "server_error", "overloaded"),
        (Kind.TIMEOUT, 504, "server_error", "timeout"),
    ],
)
def test_the_words_that_clients_look_for(kind: Kind, status: int, type_: str, code: str | None) -> None:
    found = error_body(Failure(kind, "x"))
    error = json.loads(found.body)["error"]
    assert (found.status, error["type"], error["code"]) == (status, type_, code)


@pytest.mark.parametrize(
    ("seconds", "header", "retries"), [(0.2, "1", True), (29.4, "30", True), (432_000.0, "432000", False)]
)
def test_a_limit_says_when_to_come_back(seconds: float, header: str, retries: bool) -> None:
    headers = dict(error_body(Failure(Kind.RATE, "x", retry_after=seconds)).headers)
    assert headers["retry-after"] == header
    assert ("x-should-retry" not in headers) is retries


@given(
    st.dictionaries(
        st.sampled_from(["prompt", "model", "n", "size", "quality", "style", "response_format"]),
        st.none() | st.text(max_size=9) | st.integers() | st.lists(st.integers(), max_size=1),
    )
)
def test_any_wish_is_read_or_refused_by_name(fields: dict[str, Any]) -> None:
    try:
        found = decode(json.dumps(fields).encode())
    except GatewayError as refusal:
        failure = refusal.failure
        assert failure.kind is Kind.BAD_REQUEST
        assert failure.params["param"] in fields or failure.params["param"] == "prompt"
        return
    assert found.request.prompt.strip()


# --- edits ----------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 30
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 30
DATA = "data:image/png;base64,iVBORw0KGgo="


def edited(*files: Upload, **texts: str) -> ImageOrder:
    return decode_edit_form(Form(tuple(({"prompt": "a hat"} | texts).items()), files))


def file(field: str, content: bytes = PNG, name: str = "a.png") -> Upload:
    return Upload(field, name, "application/octet-stream", content)


def edited_json(**fields: Any) -> ImageOrder:
    return decode_edit(json.dumps({"prompt": "a hat"} | fields).encode())


@pytest.mark.parametrize(
    ("texts", "aspect", "size"),
    [
        ({}, "", ""),
        ({"size": "auto"}, "", ""),
        ({"size": "1024x1024"}, "1:1", ""),
        ({"size": "1536x1024"}, "3:2", ""),
        ({"aspect_ratio": "3:4", "size": "1536x1024"}, "3:4", ""),
        ({"model": "gemini-3-pro-image-16x9-4k"}, "16:9", "4K"),
        ({"model": "gemini-3-pro-image-16x9", "size": "1024x1024"}, "1:1", ""),
        ({"quality": "hd"}, "", "4K"),
        ({"quality": "hd", "image_size": "2k"}, "", "2K"),
        ({"image_size": "4K"}, "", "4K"),
    ],
)
def test_shape_and_size_of_an_edit(texts: dict[str, str], aspect: str, size: str) -> None:
    for found in (edited(file("image"), **texts), edited_json(image=DATA, **texts)):
        assert found.request.image == ImageOptions(aspect, size)
        assert found.edit


def test_without_a_picture_an_edit_is_a_wish_like_any_other() -> None:
    found = edited().request
    assert (found.references, found.image) == ((), ImageOptions("1:1"))
    assert edited_json().request.image == ImageOptions("1:1")


@pytest.mark.parametrize("field", ["image", "image[]", "image1", "image_2", "images[]"])
def test_a_file_whose_field_begins_with_image_is_a_reference(field: str) -> None:
    (media,) = edited(file(field, JPEG)).request.references
    assert media == Media("image/jpeg", JPEG, "reference")


def test_several_pictures_keep_their_order_and_the_mask_comes_last() -> None:
    found = edited(file("mask"), file("image[]", JPEG), file("image[]", PNG + b"2"), stream="true", n="2")
    assert [(one.role, one.data) for one in found.request.references] == [
        ("reference", JPEG),
        ("reference", PNG + b"2"),
        ("mask", PNG),
    ]
    assert (found.stream, found.request.n) == (True, 2)


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"image": DATA}, [Base64Text("iVBORw0KGgo=")]),
        ({"image": "iVBORw0KGgo="}, [Base64Text("iVBORw0KGgo=")]),
        (
            {"image": [DATA, "https://e.test/a"]},
            [Base64Text("iVBORw0KGgo="), Url("https://e.test/a", "image[1]")],
        ),
        (
            {"images": [{"image_url": "https://e.test/a"}]},
            [Url("https://e.test/a", "images[0].image_url")],
        ),
        (
            {"images": [{"image_url": {"url": "https://e.test/a"}}]},
            [Url("https://e.test/a", "images[0].image_url.url")],
        ),
        ({"image": {"b64_json": "iVBORw0KGgo="}}, [Base64Text("iVBORw0KGgo=")]),
        ({"image1": DATA, "image2": DATA, "image_size": "2K"}, [Base64Text("iVBORw0KGgo=")] * 2),
        ({"image": DATA, "mask": {"image_url": DATA}}, [Base64Text("iVBORw0KGgo=")] * 2),
    ],
)
def test_pictures_in_json(fields: dict[str, Any], data: list[Any]) -> None:
    assert [one.data for one in edited_json(**fields).request.references] == data


@pytest.mark.parametrize(
    ("files", "texts", "name"),
    [
        ([], {"prompt": ""}, "prompt"),
        ([file("image", b"<svg/>")], {}, "image"),
        ([file("image[]", b"")], {}, "image[]"),
        ([file("image")] * 15, {}, "image"),
        ([file("mask")], {}, "image"),
        ([file("image"), file("mask"), file("mask")], {}, "mask"),
        ([file("image")], {"partial_images": "4"}, "partial_images"),
        ([file("image")], {"n": "many"}, "n"),
        ([], {"image": "ftp://e.test/a"}, "image"),
    ],
)
def test_an_edit_that_can_t_be_read_is_named(files: list[Upload], texts: dict[str, str], name: str) -> None:
    with pytest.raises(GatewayError) as caught:
        edited(*files, **texts)
    assert (caught.value.failure.kind, caught.value.failure.params["param"]) == (Kind.BAD_REQUEST, name)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"image": {"file_id": "f"}}, "image.file_id"),
        ({"image": {}}, None),
        ({"image": [7]}, "image[0]"),
        ({"images": [{"x": 1}]}, "images[0]"),
        ({"image": DATA, "mask": [DATA]}, "mask"),
    ],
)
def test_pictures_that_are_none_are_named(fields: dict[str, Any], name: str | None) -> None:
    if name is None:
        assert not edited_json(**fields).request.references
        return
    with pytest.raises(GatewayError) as caught:
        edited_json(**fields)
    assert caught.value.failure.params["param"] == name


def test_wishes_of_an_edit_without_a_word_are_kept_by_name() -> None:
    found = edited(file("image"), file("markup"), input_fidelity="high", background="auto", image_size="2K")
    assert set(found.request.extras) == {"markup", "input_fidelity"}


def test_previews_are_wanted_by_streams_only() -> None:
    assert order(partial_images=2).request.partials == 0
    assert order(partial_images=2, stream=True).request.partials == 2


# --- streams --------------------------------------------------------------------------------------


def events_of(frames: bytes) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for block in frames.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@pytest.mark.parametrize(("edit", "name"), [(False, "image_generation"), (True, "image_edit")])
def test_a_stream_of_pictures_is_as_the_sdk_types_it(edit: bool, name: str) -> None:
    from openai.types import (
        ImageEditCompletedEvent,
        ImageEditPartialImageEvent,
        ImageGenCompletedEvent,
        ImageGenPartialImageEvent,
    )

    asked = order(stream=True, quality="high", size="1024x1024")
    reply = ImageReply(7, ImageOrder(asked.request, "b64_json", True, edit), "1024x1024")
    media = Media("image/jpeg", Base64Text("QUJD"))
    reply.links[1] = "http://x/files/t"
    frames = reply.frames([Phase("sent"), Partial(0, media), Partial(1, media), Partial(0, media)])
    frames += reply.frames([Made(1, media, usage=Usage(5, 9))])
    found = events_of(frames)
    partial, completed = f"{name}.partial_image", f"{name}.completed"
    assert [one for one, _ in found] == [partial, partial, partial, completed]
    assert [data.get("partial_image_index") for _, data in found] == [0, 0, 1, None]
    first, last = found[0][1], found[-1][1]
    assert last["usage"]["total_tokens"] == 14
    assert last["url"] == "http://x/files/t"
    (ImageEditPartialImageEvent if edit else ImageGenPartialImageEvent).model_validate(first, strict=True)
    (ImageEditCompletedEvent if edit else ImageGenCompletedEvent).model_validate(last, strict=True)
    assert (first["quality"], first["output_format"], first["size"]) == ("high", "jpeg", "1024x1024")


def test_a_stream_that_fails_ends_with_an_error() -> None:
    reply = ImageReply(7, order(stream=True), "auto")
    ((name, data),) = events_of(reply.frames([Failed(Failure(Kind.RATE, "Too fast."))]))
    assert (name, data["error"]["message"]) == ("error", "Too fast.")
    assert reply.heartbeat().startswith(b":")


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        ([Kind.UPSTREAM, Kind.BAD_REQUEST, Kind.CAPACITY, Kind.RATE], 429),
        ([Kind.UPSTREAM, Kind.QUOTA], 429),
        ([Kind.BAD_REQUEST, Kind.UNAVAILABLE], 503),
        ([Kind.TIMEOUT, Kind.BAD_REQUEST], 400),
        ([Kind.TIMEOUT], 502),
        ([Kind.INTERNAL], 502),
        ([Kind.UPSTREAM], 502),
        ([], 502),
    ],
)
def test_the_most_telling_failure_is_told(kinds: list[Kind], status: int) -> None:
    assert error_body(verdict([Failure(kind, "x") for kind in kinds])).status == status


@given(
    st.dictionaries(
        st.sampled_from(["prompt", "image", "images", "image1", "mask", "size", "image_size", "stream", "n"]),
        st.recursive(
            st.none() | st.text(max_size=9) | st.integers() | st.just(DATA),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["url", "x"]), inner),
            max_leaves=4,
        ),
    )
)
def test_any_edit_is_read_or_refused_by_name(fields: dict[str, Any]) -> None:
    failure = None
    try:
        decode_edit(json.dumps({"prompt": "a hat"} | fields).encode())
    except GatewayError as error:
        failure = error.failure
    assert failure is None or (failure.kind is Kind.BAD_REQUEST and failure.params["param"])
