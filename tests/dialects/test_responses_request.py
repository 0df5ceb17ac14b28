"""Reading Responses requests: items, tools, what is refused and what is repeated."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.responses.output import whole_items
from core.dialects.responses.request import Asked, continued, decode
from core.domain.content import Base64Text, Media, Part, Role, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ChatRequest, Output, Sampling, Thinking, Tool, ToolChoice

PNG = "iVBORw0KGgo="
PICTURE = Media("image/png", Base64Text(PNG))
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def read(**fields: Any) -> Asked:
    return decode(json.dumps({"model": "m1", "input": "hello"} | fields).encode())


def request(**fields: Any) -> ChatRequest:
    return read(**fields).request


def turns(*items: Any) -> tuple[Turn, ...]:
    return request(input=list(items)).turns


def refused(**fields: Any) -> str:
    with pytest.raises(GatewayError) as caught:
        read(**fields)
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    return caught.value.failure.params["param"]


def test_a_plain_request() -> None:
    asked = read(instructions="be brief", temperature=0.5, top_p=0.9, max_output_tokens=9, stream=True)
    assert asked.request.turns == (Turn.of(Role.USER, "hello"),)
    assert asked.request.system == ("be brief",)
    assert asked.request.sampling == Sampling(0.5, 0.9, max_output_tokens=9)
    assert asked.request.extras == {}
    assert asked.stream
    assert asked.stored
    assert asked.echo["instructions"] == "be brief"
    assert asked.echo["tool_choice"] == "auto"


def test_messages_with_every_kind_of_content() -> None:
    found = turns(
        {"role": "developer", "content": "rules"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "JVBERi0="},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            ],
        },
        {"role": "assistant", "content": [{"type": "output_text", "text": "seen", "annotations": []}]},
    )
    assert [turn.role for turn in found] == [Role.SYSTEM, Role.USER, Role.MODEL]
    assert found[1].parts == (
        Text("look"),
        PICTURE,
        Media("application/pdf", Base64Text("JVBERi0="), name="a.pdf"),
        Media("audio/wav", Base64Text("AAAA")),
    )


def test_what_the_model_thought_said_and_called_is_one_turn() -> None:
    asked, answered, results = turns(
        {"role": "user", "content": "go"},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "sig",
        },
        {"role": "assistant", "content": "I look"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** Begin"},
        {"type": "function_call", "call_id": "c3", "name": "g", "namespace": "ns", "arguments": "{}"},
        {"type": "local_shell_call", "call_id": "c4", "action": {"command": ["ls"]}},
        {"type": "function_call_output", "call_id": "c1", "output": "blue"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [
                {"type": "input_text", "text": "done"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
            ],
        },
    )
    assert asked.role is Role.USER
    assert answered.parts == (
        Thought("hm", "sig"),
        Text("I look"),
        ToolCall("c1", "f", '{"a":1}'),
        ToolCall("c2", "patch", "*** Begin", "custom"),
        ToolCall("c3", "ns__g", "{}"),
        ToolCall("c4", "shell", '{"command":["ls"]}'),
    )
    assert results.parts == (
        ToolResult("c1", "f", (Text("blue"),)),
        ToolResult("c2", "patch", (Text("done"), PICTURE)),
    )


def test_unfinished_items_and_those_of_servers_are_left_out_and_named() -> None:
    found = request(
        input=[
            {"role": "user", "content": "go"},
            {"role": "assistant", "status": "incomplete", "content": "half"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"type": "item_reference", "id": "x"},
        ]
    )
    assert found.turns == (Turn.of(Role.USER, "go"),)
    assert found.extras == {"input.item_reference": True, "input.web_search_call": True}


def test_tools_of_every_kind() -> None:
    asked = read(
        tools=[
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True},
            {"type": "function", "function": {"name": "g", "parameters": SCHEMA}},
            {
                "type": "custom",
                "name": "patch",
                "description": "p",
                "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
            },
            {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "h"}]},
            {"type": "web_search"},
            {"type": "image_generation"},
        ]
    )
    f, g, patch, h = asked.request.tools
    assert (f, g, h) == (Tool("f", "d", SCHEMA), Tool("g", "", SCHEMA), Tool("ns__h"))
    assert patch.kind == "custom"
    assert "start: x" in patch.description
    assert asked.spaces == {"ns__h": ("ns", "h")}
    assert asked.request.search
    assert asked.request.extras == {"tools.image_generation": True}


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("any")),
        ({"type": "function", "name": "f"}, ToolChoice("any", ("f",))),
        ({"type": "custom", "name": "f"}, ToolChoice("any", ("f",))),
        ({"type": "web_search"}, ToolChoice()),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice("any", ("f",)),
        ),
    ],
)
def test_the_choice_of_tools(choice: Any, wanted: ToolChoice) -> None:
    assert request(tool_choice=choice).tool_choice == wanted


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, Thinking()),
        ({"reasoning": {"effort": "low"}}, Thinking("low", include=True)),
        ({"reasoning": {"effort": "none"}}, Thinking("none", include=False)),
        ({"reasoning": {"summary": "auto"}}, Thinking(include=True)),
        ({"include": ["reasoning.encrypted_content"]}, Thinking(include=True)),
    ],
)
def test_how_much_to_think(fields: Any, wanted: Thinking) -> None:
    assert request(**fields).thinking == wanted


def test_the_form_of_the_answer() -> None:
    form = {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}
    assert request(text={"format": form, "verbosity": "low"}).output == Output("schema", SCHEMA, "n", True)
    assert request(text={"format": {"type": "json_object"}}).output == Output("json")
    assert request(text={"format": {"type": "text"}}).output == Output()


def test_going_on_keeps_what_is_left_unsaid() -> None:
    before = request(instructions="be brief", input="one")
    asked = read(model=None, previous_response_id="resp_1", input="two")
    found = continued(asked.request, before, Turn.of(Role.MODEL, "answer"))
    assert asked.previous == "resp_1"
    assert (found.model, found.system) == ("m1", ("be brief",))
    assert [part.text for turn in found.turns for part in turn.parts if isinstance(part, Text)] == [
        "one",
        "answer",
        "two",
    ]
    assert found.conversation == before.conversation


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
    ],
)
def test_what_is_wrong_is_named(fields: Any, param: str) -> None:
    assert refused(**fields) == param


WORDS = (
    "input role content type text image_url tools name parameters call_id output arguments reasoning summary "
    "format tool_choice instructions encrypted_content status file_data filename namespace"
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, width=16)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "shell_call", "x"]
)
ITEMS = st.builds(
    lambda kind, rest: rest | {"type": kind},
    KINDS,
    st.dictionaries(st.sampled_from(WORDS.split()), JSON),
)


@given(st.dictionaries(st.sampled_from(WORDS.split()), JSON, max_size=5), st.lists(ITEMS | JSON, max_size=3))
def test_any_object_is_read_or_refused(body: Any, items: Any) -> None:
    raised: list[GatewayError] = []
    try:
        decode(json.dumps({"model": "m1"} | body | {"input": items}).encode())
    except GatewayError as error:
        raised.append(error)
    assert all(error.failure.kind is Kind.BAD_REQUEST for error in raised)


PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=5)),
    st.builds(Thought, st.text(max_size=5), st.text(min_size=1, max_size=5)),
    st.builds(ToolCall, st.text("abc", min_size=1), st.just("f"), st.sampled_from(["{}", '{"a":1}'])),
    st.builds(ToolCall, st.text("abc", min_size=1), st.just("g"), st.text(max_size=5), st.just("custom")),
)


@given(st.lists(PARTS, min_size=1, max_size=5))
def test_what_is_written_can_be_read_back(parts: list[Part]) -> None:
    items = [item for part in parts for item in whole_items(part, "resp_1", 0, {}, sources=True)]
    wire = json.loads(msgspec.json.encode(items))
    assert turns(*wire) == (Turn(Role.MODEL, tuple(parts)),)


@pytest.mark.parametrize(("given", "kept"), [(5, "5"), ({"a": 1}, '{"a":1}'), (None, "")])
def test_an_output_that_is_no_text_is_kept_as_json(given: Any, kept: str) -> None:
    (turn,) = turns({"type": "function_call_output", "call_id": "c1", "output": given})
    assert turn.parts == (ToolResult("c1", "", (Text(kept),)),)


def test_content_of_the_wrong_kind_is_named_with_its_place() -> None:
    assert refused(input=[{"role": "user", "content": 5}]) == "input[0].content"


def test_a_choice_whose_type_is_no_text_is_refused() -> None:
    assert refused(tool_choice={"type": ["function"]}) == "tool_choice.type"
