"""Reading Anthropic Messages: every block, what clients add, and complaints that name the member."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.anthropic import local
from core.dialects.anthropic.reply import whole_blocks
from core.dialects.anthropic.request import Asked, decode
from core.domain.content import Base64Text, Media, Part, Role, Text, Thought, ToolCall, ToolResult, Turn, Url
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ChatRequest, Output, Sampling, Thinking, Tool, ToolChoice

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PNG = "iVBORw0KGgo="
PICTURE = Media("image/png", Base64Text(PNG))
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def read(**fields: Any) -> Asked:
    body = {"model": "m1", "max_tokens": 100, "messages": HELLO} | fields
    return decode(json.dumps(body).encode())


def request(**fields: Any) -> ChatRequest:
    return read(**fields).request


def turns(*messages: Any) -> tuple[Turn, ...]:
    return request(messages=list(messages)).turns


def user(*content: Any) -> tuple[Part, ...]:
    (turn,) = turns({"role": "user", "content": list(content)})
    return turn.parts


def refused(**fields: Any) -> str:
    with pytest.raises(GatewayError) as caught:
        read(**fields)
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    return caught.value.failure.params["param"]


def test_a_plain_request() -> None:
    asked = read(temperature=0.5, top_p=0.9, top_k=4, stop_sequences=["x", ""], stream=True)
    assert asked.stream
    assert asked.request.turns == (Turn.of(Role.USER, "hello"),)
    assert asked.request.sampling == Sampling(0.5, 0.9, 4, ("x",), max_output_tokens=100)
    assert asked.request.extras == {}


def test_a_name_that_asks_for_a_long_context_is_kept_for_the_answer() -> None:
    asked = read(model="claude-x[1m]")
    assert (asked.request.model, asked.name) == ("claude-x", "claude-x[1m]")


def test_system_texts_without_what_only_anthropic_reads() -> None:
    blocks = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=1"},
        {"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": " "},
    ]
    assert request(system=blocks).system == ("be brief",)
    assert request(system="be brief").system == ("be brief",)


def test_system_turns_keep_their_place() -> None:
    found = turns(*HELLO, {"role": "system", "content": "the date is today"})
    assert [turn.role for turn in found] == [Role.USER, Role.SYSTEM]


def test_pictures_and_documents() -> None:
    found = user(
        {"type": "text", "text": "look", "citations": None},
        {"type": "text", "text": "  "},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://e.test/a.webp"}},
        {
            "type": "document",
            "title": "Report",
            "context": "of 2026",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "inner"}]}},
        {
            "type": "search_result",
            "title": "Tides",
            "source": "https://e.test",
            "content": [{"type": "text", "text": "They rise."}],
        },
    )
    assert found == (
        Text("look"),
        PICTURE,
        Media("image/webp", Url("https://e.test/a.webp", "messages[0].content[3].source.url")),
        Text("Report\nof 2026"),
        Media("application/pdf", Base64Text("JVBERi0="), name="Report"),
        Text("plain"),
        Text("inner"),
        Text("Tides (https://e.test)\nThey rise."),
    )


def test_calls_and_results_find_each_other() -> None:
    called, answered = turns(
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "redacted_thinking", "data": "opaque"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"my_city": "Paris"}},
                {"type": "tool_use", "id": "t2", "name": "g", "input": None},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "blue", "is_error": True},
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "content": [
                        {"type": "text", "text": "see"},
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                        },
                        {"type": "tool_reference", "tool_name": "h"},
                    ],
                },
                {"type": "tool_result", "tool_use_id": "t3"},
                {"type": "text", "text": "<system-reminder>"},
            ],
        },
    )
    assert called.parts == (
        Thought("hm", "sig"),
        Thought("", "opaque"),
        ToolCall("t1", "f", '{"my_city":"Paris"}'),
        ToolCall("t2", "g", "{}"),
    )
    assert answered.parts == (
        ToolResult("t1", "f", (Text("blue"),), is_error=True),
        ToolResult("t2", "g", (Text("see"), PICTURE, Text("h"))),
        ToolResult("t3", "", (Text(""),)),
        Text("<system-reminder>"),
    )


def test_what_servers_of_anthropic_left_is_told_or_left_out() -> None:
    asked = request(
        messages=[
            {
                "role": "assistant",
                "content": [
                    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
                    {
                        "type": "web_search_tool_result",
                        "tool_use_id": "s1",
                        "content": [{"type": "web_search_result", "title": "T", "url": "https://e.test"}],
                    },
                    {"type": "code_execution_tool_result", "tool_use_id": "s2", "content": {}},
                    {"type": "hologram", "data": 1},
                ],
            }
        ]
    )
    (turn,) = asked.turns
    assert turn.parts == (Text("Pages that were found:\n- T: https://e.test"),)
    assert asked.extras == {"messages.hologram": True}


def test_tools_of_every_kind() -> None:
    found = request(
        tools=[
            {"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True, "cache_control": {}},
            {"type": "custom", "name": "g", "input_schema": SCHEMA},
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            {"type": "code_execution_20250825", "name": "code_execution"},
        ]
    )
    assert found.tools[:2] == (Tool("f", "d", SCHEMA), Tool("g", "", SCHEMA))
    assert [tool.name for tool in found.tools[2:]] == ["bash", "str_replace_based_edit_tool"]
    assert "command" in (found.tools[2].parameters or {})["properties"]
    assert found.search
    assert found.extras == {"tools.code_execution_20250825": "code_execution"}


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"type": "auto"}, ToolChoice()),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "any"}, ToolChoice("any")),
        ({"type": "tool", "name": "f"}, ToolChoice("any", ("f",))),
    ],
)
def test_the_choice_of_tools(choice: Any, wanted: ToolChoice) -> None:
    assert request(tool_choice=choice).tool_choice == wanted
    assert request(tool_choice=choice | {"disable_parallel_tool_use": True}).parallel_tool_calls is False


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, Thinking()),
        ({"thinking": {"type": "disabled"}}, Thinking("none", include=False)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Thinking(None, 2048, True)),
        ({"thinking": {"type": "enabled", "budgetTokens": 2048}}, Thinking(None, 2048, True)),
        ({"thinking": {"type": "adaptive"}}, Thinking("high", None, True)),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            Thinking("low", None, True),
        ),
        ({"output_config": {"effort": "max"}}, Thinking("max")),
        ({"thinkingConfig": {"thinkingBudget": 99}}, Thinking(None, 99, True)),
        ({"thinkingLevel": "HIGH"}, Thinking("high")),
    ],
)
def test_how_much_to_think(fields: Any, wanted: Thinking) -> None:
    assert request(**fields).thinking == wanted


def test_thoughts_may_be_unwanted() -> None:
    assert not read(thinking={"type": "adaptive", "display": "omitted"}).shows_thoughts
    assert read(thinking={"type": "adaptive"}).shows_thoughts


@pytest.mark.parametrize("holder", ["output_config", "output_format"])
def test_the_form_of_the_answer(holder: str) -> None:
    form = {"type": "json_schema", "schema": SCHEMA}
    fields: Any = {holder: {"format": form} if holder == "output_config" else form}
    assert request(**fields).output == Output("schema", SCHEMA)


@pytest.mark.parametrize("user_id", ['{"device_id":"d","session_id":"s-1"}', "user_1_account__session_s-1"])
def test_a_conversation_is_known_by_its_session(user_id: str) -> None:
    assert request(metadata={"user_id": user_id}).conversation == "s-1"
    assert request(metadata={"user_id": "somebody"}).conversation == request().conversation


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"text": 7, "type": "image"}]}]},
            "messages[0].content[0].source",
        ),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}]},
            "messages[0].content[0].source.type",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
            "messages[0].content[0].tool_use_id",
        ),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"thinking": {"type": "deep"}}, "thinking.type"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_format": {"type": "xml"}}, "output_config.format.type"),
        ({"thread": {"type": "create"}}, "thread"),
    ],
)
def test_what_is_wrong_is_named(fields: Any, param: str) -> None:
    assert refused(**fields) == param


def test_betas_and_members_of_tomorrow_are_no_reason_to_refuse() -> None:
    found = request(
        betas=["x-2030"], context_management={"edits": []}, mcp_servers=[{"url": "u"}], cache_control={}
    )
    assert found.extras == {"mcp_servers": [{"url": "u"}]}


# --- turns that cost nobody anything ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "warm"),
    [
        ("Warmup", True),
        ("Warmup please", True),
        ("Warmup" + "!" * 100, False),
        ("What is a Warmup?", False),
        ([{"type": "text", "text": "context"}, {"type": "text", "text": "Warmup\nnow"}], True),
        ([{"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": "Warmup failed"}], True),
        ([{"type": "tool_result", "tool_use_id": "t", "content": "Warmup done"}], False),
    ],
)
def test_only_the_last_message_makes_a_warm_up(content: Any, warm: bool) -> None:
    last = {"role": "user", "content": content}
    assert local.is_warmup(request(messages=[last])) is warm
    assert not local.is_warmup(request(messages=[last, {"role": "assistant", "content": "OK"}, *HELLO]))


def test_a_probe_asks_for_one_token_about_nothing() -> None:
    quota = [{"role": "user", "content": "quota"}]
    assert local.is_probe(request(messages=quota, max_tokens=1))
    assert not local.is_probe(request(messages=quota, max_tokens=2))
    assert not local.is_probe(request(messages=HELLO, max_tokens=1))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Please write a 5-10 word title for this", "title"),
        ("Summarize the conversation so far", "summary"),
        ("Please suggest next prompts", "suggestion"),
        ("list available tools", "probe"),
        ("<system-reminder>x", "system"),
        ("How do I fix this?", ""),
        ("Generate a title for " + "x" * 800, ""),
    ],
)
def test_background_turns_are_known_by_what_they_say(text: str, kind: str) -> None:
    found = request(messages=[{"role": "user", "content": text}], tools=[{"name": "f"}])
    assert local.background(found) == kind
    small = local.downgraded(found)
    assert (small.model, small.tools, small.thinking) == (local.BACKGROUND_MODEL, (), Thinking())


# --- properties ----------------------------------------------------------------------------------------

WORDS = (
    "messages role content type text source data url system tools name input_schema input id tool_use_id "
    "thinking budget_tokens output_config format tool_choice metadata user_id title is_error signature"
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
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "search_result", "x"]
)
BLOCKS = st.builds(
    lambda kind, rest: rest | {"type": kind}, KINDS, st.dictionaries(st.sampled_from(WORDS.split()), JSON)
)
MESSAGES = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant", "system"]),
    st.text(max_size=4) | st.lists(BLOCKS | JSON, max_size=3),
)


@given(
    st.dictionaries(st.sampled_from(WORDS.split()), JSON, max_size=5), st.lists(MESSAGES | JSON, max_size=3)
)
def test_any_object_is_read_or_refused(body: Any, messages: Any) -> None:
    raised: list[GatewayError] = []
    try:
        decode(json.dumps({"model": "m1"} | body | {"messages": messages}).encode())
    except GatewayError as error:
        raised.append(error)
    assert all(error.failure.kind is Kind.BAD_REQUEST for error in raised)


PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=5).filter(str.strip)),
    st.builds(Thought, st.text(min_size=1, max_size=5), st.text(max_size=5)),
    st.builds(ToolCall, st.text("abc", min_size=1), st.just("f"), st.sampled_from(["{}", '{"a":1}'])),
)


@given(st.lists(PARTS, min_size=1, max_size=5))
def test_what_is_written_can_be_read_back(parts: list[Part]) -> None:
    blocks = [one for part in parts for one in whole_blocks(part, 0, shows_thoughts=True)]
    wire = json.loads(msgspec.json.encode(blocks))
    assert turns({"role": "assistant", "content": wire}) == (Turn(Role.MODEL, tuple(parts)),)


@pytest.mark.parametrize(("given", "kept"), [(5, "5"), ({"a": 1}, '{"a":1}'), (True, "true"), (None, "")])
def test_a_result_that_is_no_text_is_kept_as_json(given: Any, kept: str) -> None:
    (part,) = user({"type": "tool_result", "tool_use_id": "t1", "content": given})
    assert part == ToolResult("t1", "", (Text(kept),))


def test_a_block_alone_counts_as_an_array_of_one() -> None:
    (turn,) = turns({"role": "user", "content": {"type": "text", "text": "hi"}})
    assert turn == Turn.of(Role.USER, "hi")


def test_content_of_the_wrong_kind_is_named_with_its_place() -> None:
    assert refused(messages=[HELLO[0], {"role": "user", "content": 5}]) == "messages[1].content"


def test_a_choice_of_the_server_s_search_is_no_choice_of_a_function() -> None:
    found = request(
        tools=[{"type": "web_search_20250305", "name": "web_search"}, {"name": "f", "input_schema": {}}],
        tool_choice={"type": "tool", "name": "web_search"},
    )
    assert found.search
    assert found.tool_choice == ToolChoice()


def test_a_page_that_was_fetched_is_told_by_its_link() -> None:
    page = {"type": "web_fetch_result", "url": "https://e.test/a"}
    (part,) = user({"type": "web_fetch_tool_result", "tool_use_id": "s1", "content": page})
    assert isinstance(part, Text)
    assert "https://e.test/a" in part.text


def test_a_system_text_that_only_anthropic_s_billing_reads_is_left_out() -> None:
    assert request(system="x-anthropic-billing-header: cc_version=2").system == ()
