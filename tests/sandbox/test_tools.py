"""Tools are called with arguments that fit, and the rules of signatures and order hold."""

from typing import Any

import pytest

from core.sandbox.sampler import sample
from tests.sandbox.world import World, parts_of, text_of

TOOLS = [
    {
        "functionDeclarations": [
            {
                "name": "get_weather",
                "description": "Weather",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                    "required": ["city"],
                },
            },
            {"name": "get_time", "description": "Time"},
        ]
    }
]
ASK = {"role": "user", "parts": [{"text": "use the tool for Lisbon, 3 days"}]}


def mode(name: str, *allowed: str) -> dict[str, Any]:
    config: dict[str, Any] = {"mode": name}
    if allowed:
        config["allowedFunctionNames"] = list(allowed)
    return {"functionCallingConfig": config}


def call_of(response: dict[str, Any]) -> dict[str, Any]:
    calls = [part["functionCall"] for part in parts_of(response) if "functionCall" in part]
    assert len(calls) == 1
    return calls[0]


def result(call: dict[str, Any], **response: Any) -> dict[str, Any]:
    answer = {"name": call["name"], "response": response} | ({"id": call["id"]} if "id" in call else {})
    return {"role": "user", "parts": [{"functionResponse": answer}]}


async def test_the_first_tool_is_called_with_arguments_from_the_question(ada: World) -> None:
    call = call_of(await ada.ask(contents=[ASK], tools=TOOLS))
    assert call["name"] == "get_weather"
    assert call["args"] == {"city": "Lisbon", "days": 3}


@pytest.mark.parametrize(
    "model",
    [
        "sandbox-chat",
        "sandbox-thinking",
        "gemini-3-pro-high",
        "gemini-2.5-flash",
        "claude-sonnet-4-6",
        "gpt-oss-120b-medium",
    ],
)
async def test_after_a_tool_result_the_answer_holds_it(ada: World, model: str) -> None:
    first = await ada.ask(model=model, contents=[ASK], tools=TOOLS)
    call = call_of(first)
    history = [ASK, first["candidates"][0]["content"], result(call, result="sunny, 24 degrees")]
    second = await ada.ask(model=model, contents=history, tools=TOOLS)
    assert "sunny, 24 degrees" in text_of(second)
    assert not any("functionCall" in part for part in parts_of(second))


async def test_a_structured_result_is_shown_as_json(ada: World) -> None:
    first = await ada.ask(contents=[ASK], tools=TOOLS)
    history = [ASK, first["candidates"][0]["content"], result(call_of(first), temperature=24, sky="clear")]
    text = text_of(await ada.ask(contents=history, tools=TOOLS))
    assert '"temperature": 24' in text
    assert "```json" in text


async def test_a_forced_call_happens_without_the_words(ada: World) -> None:
    forced = await ada.ask("hello", tools=TOOLS, toolConfig=mode("ANY"))
    assert call_of(forced)["name"] == "get_weather"
    named = await ada.ask("hello", tools=TOOLS, toolConfig=mode("ANY", "get_time"))
    assert call_of(named)["name"] == "get_time"
    assert call_of(named)["args"] == {}


async def test_tools_may_be_forbidden_and_are_not_called_unasked(ada: World) -> None:
    for response in (
        await ada.ask("use the tool", tools=TOOLS, toolConfig=mode("NONE")),
        await ada.ask("hello", tools=TOOLS),
        await ada.ask("use the tool"),
    ):
        assert text_of(response)


async def test_each_call_has_an_id_of_its_own(ada: World) -> None:
    calls = [call_of(await ada.ask(model="claude-sonnet-4-6", contents=[ASK], tools=TOOLS)) for _ in range(2)]
    assert calls[0]["id"].startswith("toolu_vrtx_")
    assert calls[0]["id"] != calls[1]["id"]


@pytest.mark.parametrize("model", ["gemini-3-pro-high", "gemini-3-pro-low", "gemini-3-flash"])
async def test_gemini_3_wants_its_signature_back_in_the_running_loop(ada: World, model: str) -> None:
    first = await ada.ask(model=model, contents=[ASK], tools=TOOLS)
    content = first["candidates"][0]["content"]
    part = next(part for part in content["parts"] if "functionCall" in part)
    bare = {"role": "model", "parts": [{"functionCall": part["functionCall"]}]}
    answer = result(part["functionCall"], result="x")
    reply = await ada.refused(model=model, contents=[ASK, bare, answer], tools=TOOLS)
    assert "missing a thought_signature" in reply.json()["error"]["message"]
    bare["parts"][0]["thoughtSignature"] = "skip_thought_signature_validator"
    assert await ada.ask(model=model, contents=[ASK, bare, answer], tools=TOOLS)
    bare["parts"][0]["thoughtSignature"] = "short"
    reply = await ada.refused(model=model, contents=[ASK, bare, answer], tools=TOOLS)
    assert "Corrupted thought signature" in reply.json()["error"]["message"]


async def test_calls_before_the_running_loop_need_no_signature(ada: World) -> None:
    call = {"name": "get_weather", "args": {}}
    history = [
        ASK,
        {"role": "model", "parts": [{"functionCall": call}]},
        result(call, result="x"),
        {"role": "model", "parts": [{"text": "It is x."}]},
        {"role": "user", "parts": [{"text": "thanks"}]},
    ]
    assert await ada.ask(model="gemini-3-pro-high", contents=history, tools=TOOLS)


def _claude(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    answer = {"functionResponse": {"name": "get_weather", "id": "c1", "response": {"result": "x"}}}
    return [ASK, {"role": "model", "parts": list(parts)}, {"role": "user", "parts": [answer]}]


CLAUDE_CALL: dict[str, Any] = {"functionCall": {"name": "get_weather", "args": {}, "id": "c1"}}
THINKING = {"generationConfig": {"maxOutputTokens": 4096, "thinkingConfig": {"thinkingBudget": 1024}}}


@pytest.mark.parametrize(
    ("contents", "options", "words"),
    [
        (_claude({"functionCall": {"name": "get_weather", "args": {}}}), {}, "tool_use.id: Field required"),
        (_claude({"functionCall": {**CLAUDE_CALL["functionCall"], "id": "a.b"}}), {}, "should match pattern"),
        (_claude(CLAUDE_CALL), THINKING, "must start with a thinking block"),
        (
            _claude({"thought": True, "text": "t", "thoughtSignature": "x" * 60}, CLAUDE_CALL),
            THINKING,
            "Invalid `signature`",
        ),
        (_claude({"thought": True, "text": "t"}, CLAUDE_CALL), {}, "thinking is disabled"),
        ([ASK, {"role": "model", "parts": [{"text": "So"}]}], {}, "must end with a user message"),
        ([{"role": "user", "parts": [{"text": " "}]}], {}, "must be non-empty"),
    ],
)
async def test_claude_insists_on_its_own_rules(
    ada: World, contents: list[Any], options: dict[str, Any], words: str
) -> None:
    reply = await ada.refused(model="claude-opus-4-6-thinking", contents=contents, tools=TOOLS, **options)
    assert words in reply.json()["error"]["message"]
    assert "invalid_request_error" in reply.json()["error"]["message"]


async def test_claude_takes_back_the_thought_it_signed(ada: World) -> None:
    options = {
        "tools": TOOLS,
        "generationConfig": {
            "maxOutputTokens": 4096,
            "thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": True},
        },
    }
    model = "claude-opus-4-6-thinking"
    first = await ada.ask(model=model, contents=[ASK], **options)
    assert first["candidates"][0]["finishReason"] == "OTHER"
    content = first["candidates"][0]["content"]
    history = [ASK, content, result(call_of(first), result="sunny")]
    assert "sunny" in text_of(await ada.ask(model=model, contents=history, **options))
    content["parts"][0]["text"] += "!"
    assert "Invalid `signature`" in (await ada.refused(model=model, contents=history, **options)).text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 10, "maximum": 12}, 10),
        ({"type": "integer", "description": "Pages (minimum: 5)"}, 5),
        ({"type": "integer", "exclusiveMinimum": 4}, 5),
        ({"type": "number", "multipleOf": 7}, 7),
        ({"type": "integer", "description": "Allowed: 2, 4"}, 2),
        ({"type": "string", "description": "format: email"}, "ada@sandbox.test"),
        ({"type": "string", "format": "date"}, "2026-03-14"),
        ({"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"}, "ABC-123"),
        ({"type": "string", "maxLength": 3}, "sam"),
        ({"type": "string", "enum": ["north", "south"]}, "south"),
        ({"const": 4}, 4),
        ({"type": "boolean"}, True),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"type": ["null", "integer"]}, 1),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 3}, [True, True, True]),
        (
            {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": 1, "b": 2},
        ),
    ],
)
def test_samples_obey_what_a_schema_and_its_hints_say(schema: dict[str, Any], value: Any) -> None:
    assert sample(schema, "go south") == value


def test_a_whole_number_is_written_without_a_point() -> None:
    assert repr(sample({"type": "number"}, "go south")) == "1"
    assert repr(sample({"type": "number"}, "wait 1.5 seconds")) == "1.5"
