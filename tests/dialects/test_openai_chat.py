"""A chat completions request, field by field; its messages are next door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.openai.chat import decode
from core.domain.events import Finished
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ImageOptions, Output, Sampling, Thinking, Tool, ToolChoice

from .reading import HELLO, param, read, refused, request


@pytest.mark.parametrize("model", [None, "", "   ", "[undefined]"])
def test_the_model_is_required(model: Any) -> None:
    assert param(refused(model=model)) == "model"


def test_absent_means_absent_however_it_is_said() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        [
            "temperature",
            "top_p",
            "top_k",
            "seed",
            "stop",
            "max_tokens",
            "max_completion_tokens",
            "presence_penalty",
            "tools",
            "functions",
            "frequency_penalty",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "reasoning_effort",
            "reasoning",
            "thinking",
            "modalities",
            "stream",
            "stream_options",
            "n",
            "metadata",
            "user",
            "prompt_cache_key",
            "extra_body",
            "logit_bias",
        ]
    )
    assert request(**nothing) == request()
    assert request(**dict.fromkeys(nothing, "[undefined]")) == request()
    assert request(stop=[], tools=[], metadata={}, logit_bias={}) == request()


def test_sampling_takes_numbers_as_numbers_or_text() -> None:
    found = request(
        temperature="0.7",
        top_p=1,
        top_k="40",
        seed="7",
        max_tokens="100",
        presence_penalty=0,
        frequency_penalty=0.5,
        stop="END",
    ).sampling
    assert found == Sampling(0.7, 1.0, 40, ("END",), 7, None, 0.5, 100)


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_tokens": 5, "max_completion_tokens": 9}, 9),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 5.0}, 5),
    ],
)
def test_the_limit_of_the_answer(fields: dict[str, Any], limit: int | None) -> None:
    assert request(**fields).sampling.max_output_tokens == limit


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"temperature": "inf"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"stop": [1]}, "stop"),
        ({"n": 0}, "n"),
        ({"n": 99}, "n"),
        ({"stream": "perhaps"}, "stream"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "quantum"}]}, "tools[0].type"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {}}},
            "response_format.json_schema.schema",
        ),
        ({"reasoning_effort": "heroic"}, "reasoning_effort"),
        ({"reasoning": {"effort": 7}}, "reasoning.effort"),
        ({"thinking": "yes"}, "thinking"),
        ({"model": ["m"]}, "model"),
    ],
)
def test_a_field_that_can_t_be_read_is_named(fields: dict[str, Any], name: str) -> None:
    error = refused(**fields)
    assert param(error) == name
    assert name.rpartition(".")[2].partition("[")[0] in str(error)


def test_tools_in_every_spelling() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    found = request(
        tools=[
            {"type": "function", "function": {"name": "a", "description": "d", "parameters": schema}},
            {"type": "function", "name": "b", "parameters": schema},
            {"function": {"name": "c"}},
            {"type": "custom", "custom": {"name": "d", "description": "raw"}},
            {"type": "web_search_preview"},
        ],
        functions=[{"name": "e", "parameters": schema}],
    )
    assert found.tools == (
        Tool("a", "d", schema),
        Tool("b", "", schema),
        Tool("c"),
        Tool("d", "raw", None, "custom"),
        Tool("e", "", schema),
    )
    assert found.search


def test_a_function_of_the_client_s_own_may_be_called_web_search() -> None:
    found = request(tools=[{"type": "function", "function": {"name": "web_search"}}])
    assert not found.search
    assert found.tools[0].name == "web_search"


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("any")),
        ("any", ToolChoice("any")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("any", ("f",))),
        ({"type": "function", "name": "f"}, ToolChoice("any", ("f",))),
        ({"type": "custom", "custom": {"name": "f"}}, ToolChoice("any", ("f",))),
        ({"type": "auto"}, ToolChoice()),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "function", "name": "g"},
                    ],
                },
            },
            ToolChoice("any", ("f", "g")),
        ),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"name": "f"}]}, ToolChoice("auto", ("f",))),
    ],
)
def test_tool_choice_in_every_spelling(choice: Any, wanted: ToolChoice) -> None:
    assert request(tool_choice=choice).tool_choice == wanted


def test_the_older_function_call_choice() -> None:
    assert request(function_call={"name": "f"}).tool_choice == ToolChoice("any", ("f",))
    assert request(function_call="none").tool_choice == ToolChoice("none")


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ({"type": "text"}, Output()),
        ({"type": "json_object"}, Output("json")),
        ("json_object", Output("json")),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "p", "schema": {"type": "object"}, "strict": True},
            },
            Output("schema", {"type": "object"}, "p", True),
        ),
    ],
)
def test_the_form_of_the_answer(form: Any, wanted: Output) -> None:
    assert request(response_format=form).output == wanted


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"reasoning_effort": "high"}, Thinking("high", None, True)),
        ({"reasoning_effort": "xhigh"}, Thinking("max", None, True)),
        ({"reasoning_effort": "none"}, Thinking("none", None, False)),
        ({"reasoning": {"effort": "low"}}, Thinking("low", None, True)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Thinking(None, 2000, True)),
        ({"thinking": {"type": "enabled", "budgetTokens": "2000"}}, Thinking(None, 2000, True)),
        ({"thinking": {"type": "disabled"}}, Thinking("none", None, False)),
        ({"thinking": {"type": "adaptive", "effort": "low"}}, Thinking("low", -1, True)),
        (
            {
                "extra_body": {
                    "google": {"thinking_config": {"thinking_budget": 7, "include_thoughts": False}}
                }
            },
            Thinking(None, 7, False),
        ),
        ({"google": {"thinking_config": {"thinking_level": "low"}}}, Thinking("low", None, True)),
    ],
)
def test_thinking_in_every_spelling(fields: dict[str, Any], wanted: Thinking) -> None:
    assert request(**fields).thinking == wanted


def test_pictures_out() -> None:
    found = request(modalities=["text", "image"], image_config={"aspect_ratio": "16:9", "image_size": "2K"})
    assert (found.modalities, found.image) == (("text", "image"), ImageOptions("16:9", "2K"))
    assert request(size="1792x1024", quality="hd").image == ImageOptions("16:9", "4K")


@pytest.mark.parametrize(
    "fields", [{"model": "m1-online"}, {"web_search_options": {}}, {"tools": [{"type": "google_search"}]}]
)
def test_asking_for_a_search(fields: dict[str, Any]) -> None:
    found = request(**fields)
    assert found.search
    assert found.model == "m1"


def test_choosing_the_search_leaves_the_other_tools_free() -> None:
    found = request(
        tools=[{"type": "web_search"}, {"type": "function", "function": {"name": "f"}}],
        tool_choice={"type": "web_search"},
    )
    assert (found.search, found.tool_choice) == (True, ToolChoice())


def test_what_has_no_word_is_kept_by_its_name() -> None:
    found = request(
        logit_bias={"5": 1}, verbosity="low", base_url="http://evil.test", logprobs=False, top_logprobs=0
    )
    assert found.extras == {"logit_bias": {"5": 1}, "verbosity": "low", "base_url": "http://evil.test"}


def test_conversations_are_told_apart_by_their_beginning() -> None:
    first = request().conversation
    assert first
    longer = [*HELLO, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "more"}]
    assert request(messages=longer).conversation == first
    assert request(messages=[{"role": "user", "content": "other"}]).conversation != first
    assert request(user="somebody").conversation != first
    assert request(prompt_cache_key="k").conversation == "k"
    assert request(metadata={"session_id": "s"}).conversation == "s"


def test_the_stream_s_options() -> None:
    assert not read().stream
    assert read(stream=True).stream
    assert read(stream="true").stream


def test_the_reply_speaks_of_the_model_that_was_asked_for() -> None:
    found = read(model="m1-online", stream=True)
    assert b'"model":"m1-online"' in found.reply.frames([Finished()])


WEIRD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(
        ["user", "assistant", "tool", "text", "image_url", "function", "data:,", "[undefined]"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "image_url",
                    "url",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "tools",
                    "tool_call_id",
                    "parameters",
                    "json_schema",
                    "schema",
                    "effort",
                    "file",
                    "input_audio",
                    "custom",
                    "mode",
                    "google",
                    "thinking_config",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "messages",
        "model",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "seed",
        "n",
        "tools",
        "functions",
        "tool_choice",
        "function_call",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "thinking",
        "extra_body",
        "google",
        "modalities",
        "image_config",
        "size",
        "quality",
        "web_search_options",
        "prompt_cache_key",
        "metadata",
        "user",
        "safety_settings",
        "input",
        "instructions",
        "presence_penalty",
        "unknown",
    ]
)


@given(st.dictionaries(FIELDS, WEIRD, max_size=6))
def test_any_json_is_read_or_refused_by_name(fields: dict[str, Any]) -> None:
    body = json.dumps({"model": "m1"} | fields).encode()
    try:
        found = decode(body, "chatcmpl-1", 1)
    except GatewayError as refusal:
        failure = refusal.failure
        assert failure.kind is Kind.BAD_REQUEST
        assert failure.params.keys() & {"param", "code"}
        return
    assert found.request.turns
    assert found.request.model


def test_what_nobody_can_be_told_is_kept_by_name() -> None:
    asked = {"model": "m", "messages": [], "store": True, "service_tier": "priority", "logprobs": True}
    assert set(decode(json.dumps(asked).encode(), "id", 1).request.extras) == {
        "store",
        "service_tier",
        "logprobs",
    }


def test_members_that_ask_for_nothing_are_not_lost() -> None:
    asked = {"model": "m", "messages": [], "store": False, "service_tier": "auto", "logprobs": None, "x": []}
    assert decode(json.dumps(asked).encode(), "id", 1).request.extras == {}


def test_a_tool_in_anthropic_s_shape_keeps_its_schema() -> None:
    (tool,) = request(tools=[{"name": "f", "description": "d", "input_schema": {"type": "object"}}]).tools
    assert tool.parameters == {"type": "object"}


def test_a_budget_alone_asks_for_thinking() -> None:
    found = request(thinking_budget="2048")
    assert found.thinking == Thinking(budget=2048)
    assert found.extras == {}
