"""Image requests and answers, the model list, and error bodies in OpenAI's words."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.openai import images, models
from core.dialects.openai.errors import error_body
from core.dialects.openai.images import ImageOrder, Picture, decode, pieces
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
        patch.setattr(images, "PIECE", 7)
        found = json.loads(b"".join(pieces(made, 5)))
    assert found == json.loads(msgspec.json.encode({"created": 5, "data": made}))


def test_no_piece_is_large() -> None:
    sizes = [len(piece) for piece in pieces([Picture(b64_json="QUJD" * 1024 * 1024)] * 2, 5)]
    assert max(sizes) <= images.PIECE
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
