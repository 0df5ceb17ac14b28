"""Whatever is asked, the sandbox's reading of the service takes the body: two readings of one seed agree."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.content import Base64Text, Media, Part, Role, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.failure import GatewayError
from core.domain.requests import (
    ChatRequest,
    ImageOptions,
    Output,
    Sampling,
    Thinking,
    Tool,
    ToolChoice,
)
from core.providers.antigravity.encode import Sender, encode, encode_count
from core.providers.antigravity.models import facts_of
from core.sandbox import strict
from core.sandbox.catalogue import MODELS
from core.sandbox.checks import check_contents, check_request, check_tools
from core.sandbox.messages import CountBody, GenerateBody
from core.sandbox.signatures import sign

from ..wire.test_schema import SCHEMAS

SENDER = Sender("ada", "p", "agent-1")
TEXTS = st.sampled_from(["", " ", "hi", '{"a":1}', "[1]", "\u2028"])
IDS = st.sampled_from(["", "c1", "c2", "c:3 x"])
NAMES = st.sampled_from(["f", "g/h", "9", "mcp:a.b", "a" * 80, "größe"])
SIGNATURES = st.sampled_from(["", "short", sign("gemini", "x")])
PNG = Media("image/png", Base64Text(base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()))


def _thought(text: str, family: str) -> Thought:
    return Thought(text, sign("claude" if family == "claude" else "gemini", text) if family else "")


PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, TEXTS, signature=SIGNATURES),
    st.builds(_thought, TEXTS, st.sampled_from(["claude", "gemini", ""])),
    st.builds(ToolCall, IDS, NAMES, TEXTS, signature=SIGNATURES),
    st.builds(ToolResult, IDS, NAMES, st.tuples(st.builds(Text, TEXTS)), st.booleans()),
    st.just(PNG),
)
TURNS = st.lists(
    st.builds(Turn, st.sampled_from(list(Role)), st.lists(PARTS, max_size=4).map(tuple)), max_size=6
)
TOOLS = st.lists(
    st.builds(Tool, NAMES, TEXTS, st.none() | SCHEMAS, st.sampled_from(["function", "custom"])), max_size=3
)
BUILTIN = st.lists(
    st.sampled_from(["web_search", "url_context"]).map(lambda n: Tool(n, kind="builtin")), max_size=1
)
SAMPLING = st.builds(
    Sampling,
    st.none() | st.floats(0, 2),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(1, 100),
    st.lists(TEXTS, max_size=7).map(tuple),
    st.none() | st.integers(0, 99),
    st.none() | st.floats(-2, 2),
    st.none() | st.floats(-2, 2),
    st.none() | st.integers(-1, 200_000),
)
THINKING = st.builds(
    Thinking,
    st.sampled_from([None, "none", "minimal", "low", "medium", "high", "max"]),
    st.none() | st.integers(-1, 100_000),
    st.sampled_from([None, True, False]),
)
OUTPUT = st.one_of(
    st.just(Output()),
    st.just(Output("json")),
    st.builds(Output, st.just("schema"), SCHEMAS.filter(lambda s: isinstance(s, dict))),
)


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    tools = tuple(draw(TOOLS) + draw(BUILTIN))
    declared = [tool.name for tool in tools if tool.kind != "builtin"]
    names = tuple(draw(st.lists(st.sampled_from(declared), max_size=2))) if declared else ()
    return ChatRequest(
        "m",
        tuple(draw(TURNS)),
        tuple(draw(st.lists(TEXTS, max_size=2))),
        tools,
        ToolChoice(draw(st.sampled_from(["auto", "none", "any"])), names),
        None,
        draw(SAMPLING),
        draw(THINKING),
        draw(OUTPUT),
        image=draw(st.sampled_from([ImageOptions(), ImageOptions("16:9", "2K")])),
        search=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(requests(), st.sampled_from(sorted(MODELS)))
def test_any_request_is_taken(request: ChatRequest, model: str) -> None:
    try:
        encoded = encode(request, facts_of(model), SENDER)
    except GatewayError:
        return
    body = strict.read(encoded.body, GenerateBody)
    assert body.request is not None
    check_request(body.request, MODELS[model])


@settings(max_examples=80, deadline=None)
@given(requests(), st.sampled_from(sorted(MODELS)))
def test_any_count_is_taken(request: ChatRequest, model: str) -> None:
    try:
        encoded = encode_count(request, facts_of(model))
    except GatewayError:
        return
    counted: Any = strict.read(encoded, CountBody).request
    check_contents(counted.contents, counted.system_instruction)
    check_tools(counted.tools, counted.tool_config, MODELS[model])
