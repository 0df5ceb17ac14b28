"""The sandbox refuses what the real service refuses, in its words."""

from typing import Any

import httpx
import pytest

from tests.sandbox.world import World

TOOL: dict[str, Any] = {
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALL = {"functionCall": {"name": "get_weather", "args": {"city": "Lisbon"}, "id": "c1"}}
RESULT = {"functionResponse": {"name": "get_weather", "id": "c1", "response": {"result": "sunny"}}}


def tool(**change: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{**TOOL, **change}]}]}


def message(reply: httpx.Response) -> str:
    assert reply.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert reply.json()["error"]["code"] == 400
    return reply.json()["error"]["message"]


async def test_an_unknown_root_key_is_named(ada: World) -> None:
    reply = await ada.post("generateContent", {**ada.body(), "stream": True, "max_tokens": 5})
    assert 'Unknown name "stream": Cannot find field.' in message(reply)
    violations = reply.json()["error"]["details"][0]["fieldViolations"]
    assert len(violations) == 2


@pytest.mark.parametrize("key", ["messages", "system_instruction", "anthropic_version", "stream"])
async def test_an_unknown_request_key_is_named_with_its_place(ada: World, key: str) -> None:
    reply = await ada.refused(**{key: "x"})
    assert message(reply) == (
        f"Invalid JSON payload received. Unknown name \"{key}\" at 'request': Cannot find field."
    )


async def test_an_unknown_part_key_is_named_with_its_index(ada: World) -> None:
    parts = [{"text": "a"}, {"text": "b", "cache_control": {"type": "ephemeral"}}]
    reply = await ada.refused(contents=[{"role": "user", "parts": parts}])
    assert "Unknown name \"cache_control\" at 'request.contents[0].parts[1]'" in message(reply)


async def test_a_plain_string_as_system_instruction_is_refused(ada: World) -> None:
    reply = await ada.refused(systemInstruction="Be brief.")
    assert "Invalid value at 'request.system_instruction'" in message(reply)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ([], "contents is not specified"),
        ([{"role": "assistant", "parts": [{"text": "a"}]}], "valid role: user, model"),
        ([{"role": "user", "parts": []}], "must not be empty"),
        ([{"role": "user", "parts": [{}]}], "must have one initialized field"),
        (
            [{"role": "user", "parts": [{"text": "a", "inlineData": {"mimeType": "x", "data": "AAAA"}}]}],
            "already set",
        ),
        (
            [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "!"}}]}],
            "Base64 decoding failed",
        ),
        ([{"role": "user", "parts": [{"text": 5}]}], "(TYPE_STRING), 5"),
        ([{"role": "user", "parts": {"text": "a"}}], "Invalid value at 'request.contents[0].parts'"),
        (
            [{"role": "user", "parts": [{"text": "a"}]}, {"role": "user", "parts": [RESULT]}],
            "immediately after a function call",
        ),
        (
            [
                {"role": "user", "parts": [{"text": "a"}]},
                {"role": "model", "parts": [CALL]},
                {"role": "user", "parts": [{"text": "b"}]},
            ],
            "number of function response parts",
        ),
    ],
)
async def test_contents_that_make_no_conversation_are_refused(
    ada: World, contents: list[Any], words: str
) -> None:
    assert words in message(await ada.refused(contents=contents))


@pytest.mark.parametrize("name", ["mcp/query", "123_tool", "with space", "a" * 65, "größe", ""])
async def test_a_function_name_outside_the_rules_is_refused(ada: World, name: str) -> None:
    assert "Invalid function name" in message(await ada.refused(**tool(name=name)))


@pytest.mark.parametrize("name", ["get_weather", "mcp:mongodb.query", "read-file", "_x", "a" * 64])
async def test_a_function_name_within_the_rules_is_taken(ada: World, name: str) -> None:
    assert await ada.ask(**tool(name=name))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (
            {"const": "email"},
            "\"const\" at 'request.tools[0].function_declarations[0].parameters.properties[0].value'",
        ),
        ({"$ref": "#/$defs/a"}, 'Unknown name "$ref"'),
        ({"type": "string", "default": "a"}, 'Unknown name "default"'),
        ({"type": "string", "examples": ["a"]}, 'Unknown name "examples"'),
        ({"type": ["string", "null"]}, "Proto field is not repeating, cannot start list"),
        ({"type": "integer", "enum": [1, 2]}, "(TYPE_STRING), 1"),
        ({"type": "array"}, "items: missing field"),
        ({"type": "text"}, "(TYPE_ENUM)"),
        ({"type": "array", "items": {"type": "string", "$id": "x"}}, 'Unknown name "$id"'),
        ({"anyOf": [{"type": "string"}, {"const": 1}]}, "any_of[1]"),
        (True, "Invalid value at"),
    ],
)
async def test_a_schema_outside_the_table_is_refused(ada: World, schema: Any, words: str) -> None:
    parameters = {"type": "object", "properties": {"kind": schema}}
    assert words in message(await ada.refused(**tool(parameters=parameters)))


@pytest.mark.parametrize("key", ["$schema", "$defs", "definitions", "$id", "x-note", "strict"])
async def test_metadata_of_a_schema_is_refused(ada: World, key: str) -> None:
    parameters = {**TOOL["parameters"], key: {}}
    assert f'Unknown name "{key}"' in message(await ada.refused(**tool(parameters=parameters)))


async def test_a_property_may_be_called_like_a_keyword(ada: World) -> None:
    names = ["type", "const", "$ref", "default", "properties", "enum", "title"]
    parameters = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    assert await ada.ask(**tool(parameters=parameters))


async def test_the_supported_keywords_are_taken(ada: World) -> None:
    inner = {
        "type": "STRING",
        "description": "d",
        "enum": ["a"],
        "anyOf": [{"type": "string"}],
        "allOf": [{"type": "string"}],
        "oneOf": [{"type": "string"}],
        "nullable": True,
    }
    parameters = {
        "type": "object",
        "properties": {"a": inner, "b": {"type": "array", "items": {"type": "number"}}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert await ada.ask(**tool(parameters=parameters))


async def test_a_required_name_needs_its_property(ada: World) -> None:
    parameters = {"type": "object", "properties": {}, "required": ["x"]}
    assert await ada.ask(**tool(parameters=parameters))
    parameters = {"type": "object", "properties": {"y": {"type": "string"}}, "required": ["x"]}
    assert "required[0]: property is not defined" in message(await ada.refused(**tool(parameters=parameters)))


async def test_search_stands_alone(ada: World) -> None:
    tools = [{"functionDeclarations": [TOOL]}, {"googleSearch": {}}]
    assert "Multiple tools" in message(await ada.refused(tools=tools))
    tools = [{"functionDeclarations": [TOOL], "urlContext": {}}]
    assert "Multiple tools" in message(await ada.refused(tools=tools))
    assert await ada.ask(tools=[{"googleSearch": {}}, {"urlContext": {}}])


@pytest.mark.parametrize("most", [1024, 500])
@pytest.mark.parametrize("model", ["sandbox-thinking", "gemini-2.5-flash", "claude-opus-4-6-thinking"])
async def test_output_must_have_room_beside_the_thinking_budget(ada: World, model: str, most: int) -> None:
    config = {"maxOutputTokens": most, "thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": True}}
    assert "must be greater than" in message(await ada.refused(model=model, generationConfig=config))
    config["maxOutputTokens"] = 2048
    assert await ada.ask(model=model, generationConfig=config)


@pytest.mark.parametrize(
    ("model", "config", "words"),
    [
        ("sandbox-chat", {"maxOutputTokens": 100_000}, "maxOutputTokens value of 100000"),
        ("sandbox-chat", {"temperature": 2.5}, "temperature value of 2.5"),
        ("sandbox-chat", {"candidateCount": 2}, "Multiple candidates"),
        ("sandbox-chat", {"thinkingConfig": {"thinkingBudget": 100}}, "Thinking is not enabled"),
        (
            "gemini-3-pro-high",
            {"thinkingConfig": {"thinkingBudget": 100, "thinkingLevel": "low"}},
            "only set only one",
        ),
        ("gemini-2.5-flash", {"thinkingConfig": {"thinkingLevel": "low"}}, "Thinking level is not supported"),
        ("sandbox-chat", {"responseModalities": ["IMAGE"]}, "response modalities: image"),
        ("sandbox-image", {"imageConfig": {"aspectRatio": "5:3"}}, "aspect_ratio"),
        ("sandbox-image", {"imageConfig": {"imageSize": "1k"}}, "image_size"),
        ("sandbox-chat", {"responseSchema": {"type": "object"}}, "requires response_mime_type"),
        ("sandbox-chat", {"responseMimeType": "text/html"}, "allowed mimetypes"),
        ("sandbox-chat", {"maxOutputTokens": "9"}, "(TYPE_INT32)"),
        ("sandbox-chat", {"topA": 1}, "Unknown name \"topA\" at 'request.generation_config'"),
    ],
)
async def test_a_generation_config_that_cannot_be_is_refused(
    ada: World, model: str, config: dict[str, Any], words: str
) -> None:
    assert words in message(await ada.refused(model=model, generationConfig=config))


async def test_allowed_names_need_any_and_must_exist(ada: World) -> None:
    for config in (
        {"allowedFunctionNames": ["get_weather"]},
        {"mode": "ANY", "allowedFunctionNames": ["nope"]},
    ):
        body = {**tool(), "toolConfig": {"functionCallingConfig": config}}
        assert "allowed_function_names" in message(await ada.refused(**body))


async def test_an_unknown_model_is_not_found(ada: World) -> None:
    reply = await ada.post("generateContent", ada.body(model="gemini-9-ultra"))
    assert reply.status_code == 404
    assert reply.json()["error"] == {
        "code": 404,
        "message": "Requested entity was not found.",
        "status": "NOT_FOUND",
    }


async def test_image_models_take_no_tools_and_no_system_text(ada: World) -> None:
    assert "Function calling" in message(await ada.refused("x", "sandbox-image", **tool()))
    system = {"systemInstruction": {"parts": [{"text": "s"}]}}
    assert "Developer instruction" in message(await ada.refused("x", "sandbox-image", **system))


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"model": 1}', b"\xff", b'{"a":' * 3000, b'{"request":{"contents":' + b"[" * 5000],
    ids=["open", "list", "number", "not-utf8", "deep", "deep-contents"],
)
async def test_what_is_no_request_at_all_is_a_400(ada: World, body: bytes) -> None:
    reply = await ada.client.post("/v1internal:generateContent", content=body, headers=ada.headers)
    assert reply.status_code == 400


async def test_counting_takes_the_request_and_nothing_else(ada: World) -> None:
    contents = [{"role": "user", "parts": [{"text": "x" * 400}]}]
    assert (await ada.post("countTokens", {"request": {"contents": contents}})).json() == {"totalTokens": 100}
    reply = await ada.post("countTokens", {"model": "sandbox-chat", "request": {"contents": contents}})
    assert 'Unknown name "model"' in message(reply)
    reply = await ada.post("countTokens", {"request": {"contents": contents, "safetySettings": []}})
    assert 'Unknown name "safetySettings"' in message(reply)


async def test_too_long_a_prompt_is_told_with_both_figures(ada: World) -> None:
    reply = await ada.refused("word " * 120_000)
    assert (
        message(reply)
        == "The input token count (150000) exceeds the maximum number of tokens allowed (131072)."
    )
