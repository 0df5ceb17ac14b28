"""Tools, tool choice, search and the form of an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from core.domain.failure import GatewayError, Kind
from core.domain.requests import (
    ChatRequest,
    Output,
    Tool,
    ToolChoice,
)
from core.providers.antigravity.encode import encode
from core.providers.antigravity.models import facts_of

from .bodies import (
    CLAUDE,
    GEMINI,
    OSS,
    SENDER,
    WEATHER,
    body,
    user,
)


def fields(to: str = GEMINI, **more: Any) -> dict[str, Any]:
    request = body(user("a"), to=to, **more)["request"]
    return {key: request[key] for key in ("tools", "toolConfig") if key in request}


def test_no_tools_no_fields() -> None:
    assert fields() == {}
    assert fields(tool_choice=ToolChoice("any")) == {}


@pytest.mark.parametrize(
    ("choice", "gemini", "claude"),
    [
        (ToolChoice(), None, {"mode": "VALIDATED"}),
        (ToolChoice("any"), {"mode": "ANY"}, {"mode": "ANY"}),
        (
            ToolChoice("any", ("get_weather",)),
            {"mode": "ANY", "allowedFunctionNames": ["get_weather"]},
            {"mode": "ANY", "allowedFunctionNames": ["get_weather"]},
        ),
    ],
)
def test_a_tool_choice_has_a_mode(choice: ToolChoice, gemini: object, claude: object) -> None:
    for to, mode in ((GEMINI, gemini), (CLAUDE, claude)):
        config = fields(to, tools=(WEATHER,), tool_choice=choice).get("toolConfig")
        assert config == (None if mode is None else {"functionCallingConfig": mode})


def test_a_choice_of_a_tool_that_is_not_there_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(GatewayError) as caught:
        fields(tools=(WEATHER,), tool_choice=ToolChoice("any", ("nope",)))
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert "`nope`" in caught.value.failure.public_message


def test_no_choice_is_said_to_gemini_and_takes_the_tools_from_claude() -> None:
    none = ToolChoice("none")
    got = fields(GEMINI, tools=(WEATHER,), tool_choice=none)
    assert got["toolConfig"] == {"functionCallingConfig": {"mode": "NONE"}}
    assert fields(CLAUDE, tools=(WEATHER,), tool_choice=none) == {}


def test_search_stands_alone_and_never_beside_functions() -> None:
    search = Tool("web_search", kind="builtin")
    assert fields(tools=(search,)) == {"tools": [{"googleSearch": {}}]}
    assert fields(search=True) == {"tools": [{"googleSearch": {}}]}
    assert fields(tools=(search, Tool("url_context", kind="builtin"))) == {
        "tools": [{"googleSearch": {}}, {"urlContext": {}}]
    }
    assert "googleSearch" not in json.dumps(fields(search=True, tools=(WEATHER,)))
    assert fields(CLAUDE, search=True) == {}


def test_a_tool_is_declared_once_and_auto_may_be_narrowed() -> None:
    second = structs.replace(WEATHER, description="another")
    other = Tool("other")
    declared = fields(tools=(WEATHER, second, other))["tools"][0]["functionDeclarations"]
    assert [(one["name"], one["description"]) for one in declared] == [
        ("get_weather", "Get weather"),
        ("other", ""),
    ]
    narrowed = fields(tools=(WEATHER, other), tool_choice=ToolChoice("auto", ("other",)))
    assert [one["name"] for one in narrowed["tools"][0]["functionDeclarations"]] == ["other"]


def test_tools_that_only_share_a_name_are_told_apart_and_come_back_under_it() -> None:
    other = Tool("get_weather", "by zip", {"type": "object", "properties": {"zip": {"type": "string"}}})
    request = ChatRequest(GEMINI, (user("a"),), tools=(WEATHER, other))
    encoded = encode(request, facts_of(GEMINI), SENDER)
    declared = json.loads(encoded.body)["request"]["tools"][0]["functionDeclarations"]
    first, second = (one["name"] for one in declared)
    assert first == "get_weather"
    assert second.startswith("get_weather_")
    assert {encoded.names.original(name) for name in (first, second)} == {"get_weather"}
    assert encode(request, facts_of(GEMINI), SENDER).body == encoded.body


def test_claude_gets_a_placeholder_where_an_object_has_no_properties() -> None:
    declared = fields(CLAUDE, tools=(Tool("ping"),))["tools"][0]["functionDeclarations"][0]
    assert declared["parameters"]["required"] == ["_placeholder"]
    assert declared["description"] == "ping"


def test_the_form_of_an_answer_is_said_in_words_where_there_is_no_field() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    got = body(user("x"), to=OSS, output=Output("schema", schema))["request"]
    assert "responseSchema" not in json.dumps(got)
    assert '"properties":{"a"' in got["systemInstruction"]["parts"][0]["text"]
    assert (
        "JSON"
        in body(user("x"), to=CLAUDE, output=Output("json"))["request"]["systemInstruction"]["parts"][0][
            "text"
        ]
    )
