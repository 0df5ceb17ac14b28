"""Reading Gemini requests: both spellings, every carrier, and complaints that name the member."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.gemini.contents import FAMILY
from core.dialects.gemini.reply import whole_part
from core.dialects.gemini.request import decode, decode_count
from core.domain.content import (
    Base64Text,
    Media,
    Opaque,
    Part,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from core.domain.failure import GatewayError, Kind
from core.domain.requests import (
    ChatRequest,
    ImageOptions,
    Output,
    Sampling,
    Thinking,
    Tool,
    ToolChoice,
)

HELLO: list[Any] = [{"role": "user", "parts": [{"text": "hello"}]}]
SCHEMA = {"type": "OBJECT", "properties": {"max_items": {"type": "STRING"}}}


def request(**fields: Any) -> ChatRequest:
    return decode(json.dumps({"contents": HELLO} | fields).encode(), "m1")


def turns(*contents: Any) -> tuple[Turn, ...]:
    return request(contents=list(contents)).turns


def user(*parts: Any) -> tuple[Part, ...]:
    (turn,) = turns({"role": "user", "parts": list(parts)})
    return turn.parts


def refused(**fields: Any) -> str:
    with pytest.raises(GatewayError) as caught:
        request(**fields)
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    return caught.value.failure.params["param"]


def test_a_plain_request() -> None:
    found = request()
    assert (found.model, found.turns) == ("m1", (Turn.of(Role.USER, "hello"),))
    assert (
        found.conversation
        == request(contents=[*HELLO, {"role": "model", "parts": [{"text": "hi"}]}]).conversation
    )


@pytest.mark.parametrize(
    "instruction",
    [
        "be brief",
        {"parts": [{"text": "be brief"}]},
        {"role": "user", "parts": {"text": "be brief"}},
        {"text": "be brief"},
        [{"text": "be brief"}],
    ],
)
@pytest.mark.parametrize("name", ["systemInstruction", "system_instruction"])
def test_the_system_instruction_comes_in_every_shape(name: str, instruction: Any) -> None:
    assert request(**{name: instruction}).system == ("be brief",)


@pytest.mark.parametrize(
    "contents", ["hello", ["hello"], {"parts": [{"text": "hello"}]}, [{"parts": {"text": "hello"}}]]
)
def test_contents_come_in_every_shape(contents: Any) -> None:
    assert request(contents=contents).turns == (Turn.of(Role.USER, "hello"),)


def test_nothing_said_is_a_blank() -> None:
    assert request(contents=[]).turns == (Turn.of(Role.USER, " "),)


CAMEL = {
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40.0,
        "stopSequences": ["x"],
        "seed": 7,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "maxOutputTokens": 100,
        "candidateCount": 2,
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2k"},
        "thinkingConfig": {"thinkingBudget": 512, "includeThoughts": True},
    }
}
SNAKE = {
    "generation_config": {
        "temperature": "0.5",
        "top_p": 0.9,
        "top_k": 40,
        "stop_sequences": ["x"],
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "max_output_tokens": 100,
        "candidate_count": 2,
        "response_modalities": ["text", "image"],
        "image_config": {"aspect_ratio": "16:9", "image_size": "2K"},
        "thinking_config": {"thinking_budget": 512, "include_thoughts": True},
    }
}


@pytest.mark.parametrize("config", [CAMEL, SNAKE], ids=["camel", "snake"])
def test_the_configuration_in_both_spellings(config: Any) -> None:
    found = request(**config)
    assert found.sampling == Sampling(0.5, 0.9, 40, ("x",), 7, 0.1, 0.2, 100)
    assert found.thinking == Thinking(None, 512, True)
    assert found.image == ImageOptions("16:9", "2K")
    assert (found.n, found.modalities) == (2, ("text", "image"))
    assert found.extras == {}


@pytest.mark.parametrize("level", ["HIGH", "high", "THINKING_LEVEL_HIGH"])
def test_thinking_levels(level: str) -> None:
    found = request(generationConfig={"thinkingConfig": {"thinkingLevel": level}})
    assert found.thinking == Thinking("high")


@pytest.mark.parametrize("carrier", ["responseSchema", "responseJsonSchema", "response_json_schema"])
def test_a_schema_comes_in_three_carriers_and_is_left_as_it_is(carrier: str) -> None:
    config = {"response_mime_type": "application/json", carrier: SCHEMA}
    assert request(generationConfig=config).output == Output("schema", SCHEMA)


def test_json_without_a_schema_and_other_types() -> None:
    assert request(generationConfig={"responseMimeType": "application/json"}).output == Output("json")
    assert request(generationConfig={"responseMimeType": "text/plain"}).output == Output()
    assert (
        refused(generationConfig={"responseMimeType": "text/x.enum"}) == "generationConfig.responseMimeType"
    )


@pytest.mark.parametrize("carrier", ["parameters", "parametersJsonSchema", "parameters_json_schema"])
@pytest.mark.parametrize("name", ["functionDeclarations", "function_declarations"])
def test_functions_come_in_three_carriers(name: str, carrier: str) -> None:
    found = request(tools=[{name: [{"name": "f", "description": "d", carrier: SCHEMA}]}])
    assert found.tools == (Tool("f", "d", SCHEMA),)


def test_no_functions_are_legal_and_searches_are_told() -> None:
    assert request(tools=[{"functionDeclarations": []}]).tools == ()
    for name in ("googleSearch", "google_search", "googleSearchRetrieval"):
        assert request(tools=[{name: {}}]).search
    assert request(tools=[{"url_context": {}}]).tools == (Tool("url_context", kind="builtin"),)
    found = request(tools={"codeExecution": {}})
    assert not found.search
    assert found.extras == {"tools.codeExecution": {}}


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice()),
        ({"mode": "VALIDATED"}, ToolChoice()),
        ({"mode": "none"}, ToolChoice("none")),
        ({"mode": "ANY"}, ToolChoice("any")),
        ({"mode": "ANY", "allowed_function_names": ["f"]}, ToolChoice("any", ("f",))),
    ],
)
def test_the_choice_of_tools(config: Any, choice: ToolChoice) -> None:
    assert request(toolConfig={"functionCallingConfig": config}).tool_choice == choice
    assert request(tool_config={"function_calling_config": config}).tool_choice == choice


def test_calls_and_results_find_each_other_by_name_and_order() -> None:
    def call(city: str) -> Any:
        return {"functionCall": {"name": "f", "args": {"my_city": city}}}

    def result(sky: str) -> Any:
        return {"function_response": {"name": "f", "response": {"the_sky": sky}}}

    _, called, answered = turns(
        *HELLO,
        {"role": "model", "parts": [call("Rome"), call("Oslo")]},
        {"role": "function", "parts": [result("blue"), result("grey")]},
    )
    assert called.role is Role.MODEL
    assert called.parts == (
        ToolCall("f-1", "f", '{"my_city":"Rome"}'),
        ToolCall("f-2", "f", '{"my_city":"Oslo"}'),
    )
    assert answered.role is Role.USER
    assert answered.parts == (
        ToolResult("f-1", "f", (Text('{"the_sky":"blue"}'),)),
        ToolResult("f-2", "f", (Text('{"the_sky":"grey"}'),)),
    )


def test_ids_errors_and_pictures_of_results_are_kept() -> None:
    blob = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    (found,) = user(
        {"functionResponse": {"id": "c9", "name": "f", "response": {"error": "no"}, "parts": [blob]}}
    )
    picture = Media("image/png", Base64Text("iVBORw0KGgo="))
    assert found == ToolResult("c9", "f", (Text("no"), picture), is_error=True)


def test_thoughts_signatures_media_and_native_parts() -> None:
    found = user(
        {"thought": True, "text": "hm", "thought_signature": "a-b_"},
        {"text": "", "thoughtSignature": "skip_thought_signature_validator"},
        {"inline_data": {"mime_type": "IMAGE/PNG", "data": "AA-_"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://e.test/v"}},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
    )
    assert found == (
        Thought("hm", "a+b/"),
        Text("", signature="skip_thought_signature_validator"),
        Media("image/png", Base64Text("AA+/")),
        Media("video/mp4", Url("https://e.test/v", "contents[0].parts[3].fileData.fileUri")),
        Opaque(FAMILY, '{"executableCode":{"language":"PYTHON","code":"1"}}'),
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"contents": [{"role": "robot", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"nothing": 1}]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": [{"inlineData": {}}]}]}, "contents[0].parts[0].inlineData.data"),
        ({"contents": 7}, "contents"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"generationConfig": {"candidateCount": 99}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"temperature": "warm"}}, "generationConfig.temperature"),
        ({"generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "deep"}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        ({"toolConfig": {"functionCallingConfig": {"mode": "X"}}}, "toolConfig.functionCallingConfig.mode"),
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
    ],
)
def test_what_is_wrong_is_named(fields: Any, param: str) -> None:
    assert refused(**fields) == param


def test_what_nobody_has_a_word_for_is_kept_by_name() -> None:
    found = request(generationConfig={"responseLogprobs": True, "speechConfig": {}}, store=True)
    assert found.extras == {"generationConfig.responseLogprobs": True, "store": True}


def test_tokens_of_a_whole_request_are_counted_too() -> None:
    inner = {"model": "models/m1", "contents": HELLO, "systemInstruction": "be brief"}
    body = json.dumps({"generateContentRequest": inner}).encode()
    assert decode_count(body, "m1") == request(systemInstruction="be brief")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, width=16)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
WORDS = (
    "contents parts role text thought functionCall function_response name args response inlineData data "
    "systemInstruction generationConfig thinkingConfig tools toolConfig functionDeclarations mode "
    "functionCallingConfig safetySettings imageConfig candidateCount"
)
NAMES = st.sampled_from(WORDS.split())
BODIES = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, BODIES, max_size=5))
def test_any_object_is_read_or_refused(body: Any) -> None:
    raised: list[GatewayError] = []
    try:
        decode(json.dumps(body).encode(), "m1")
    except GatewayError as error:
        raised.append(error)
    assert all(error.failure.kind is Kind.BAD_REQUEST for error in raised)


SIGNATURES = st.sampled_from(["", "c2ln"])
PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=5), signature=SIGNATURES),
    st.builds(Thought, st.text(max_size=5), SIGNATURES),
    st.builds(
        ToolCall,
        st.text("abc", min_size=1),
        st.just("f"),
        st.sampled_from(["{}", '{"a":1}']),
        signature=SIGNATURES,
    ),
    st.just(Media("image/png", Base64Text("iVBORw0KGgo="))),
    st.just(Opaque("gemini", '{"executableCode":{"code":"1"}}')),
)


@given(st.lists(PARTS, min_size=1, max_size=5))
def test_what_is_written_can_be_read_back(parts: list[Part]) -> None:
    wire = json.loads(msgspec.json.encode([one for part in parts for one in whole_part(part)]))
    assert turns({"role": "model", "parts": wire}) == (Turn(Role.MODEL, tuple(parts)),)
