"""Reading chat completions requests in tests: only what a test is about is written down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.dialects.openai.chat import decode
from core.domain.content import Part, Turn
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Decoded
from core.domain.requests import ChatRequest

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PNG = "iVBORw0KGgo="


def read(**fields: Any) -> Decoded:
    body = {"model": "m1", "messages": HELLO} | fields
    return decode(json.dumps(body).encode(), "chatcmpl-1", 1)


def request(**fields: Any) -> ChatRequest:
    return read(**fields).request


def turns(*messages: Any) -> tuple[Turn, ...]:
    return request(messages=list(messages)).turns


def user(*content: Any) -> tuple[Part, ...]:
    (turn,) = turns({"role": "user", "content": list(content)})
    return turn.parts


def refused(**fields: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        read(**fields)
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    return caught.value


def param(error: GatewayError) -> str:
    return error.failure.params["param"]
