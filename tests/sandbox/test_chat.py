"""Chat models answer usefully, the same way each time, within the limits they are given."""

import base64
import time

import msgspec
import pytest

from core.sandbox import brain
from core.sandbox.signatures import is_signature, signs_thought
from core.sandbox.usage import text_tokens
from tests.sandbox.world import World, parts_of, text_of


async def test_the_same_question_gets_the_same_answer_streamed_or_whole(ada: World) -> None:
    whole = text_of(await ada.ask("what is SSH?"))
    assert whole == text_of(*await ada.stream("what is SSH?")) == text_of(await ada.ask("what is SSH?"))
    assert "encrypted" in whole
    assert whole.startswith("## SSH")


async def test_a_stream_comes_in_small_pieces_and_ends_once(ada: World) -> None:
    events = await ada.stream("what is a rainbow?")
    assert len(events) > 10
    assert all(len(text_of(event)) <= 30 for event in events)
    reasons = [event["candidates"][0].get("finishReason") for event in events]
    assert reasons[-1] == "STOP"
    assert not any(reasons[:-1])


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("hello!", "sandbox"),
        ("what is 17 * 23 + 4?", "395"),
        ("what's 15% of 80", "= 12"),
        ("12 divided by 0", "no value"),
        ("write a python function for fibonacci", "def fibonacci"),
        ("translate good morning to French", "bonjour"),
        ("translate to German: the dog", "der/die/das Hund"),
        ("what is the capital of Japan?", "Tokyo"),
        ("list 4 planets", "4. **Mars**"),
        ("compare tea and coffee", "| caffeine a cup |"),
        ("apples vs oranges", "Apples or oranges"),
        ("Write a haiku about autumn rain", "Autumn rain"),
        ("write an email to my landlord about the heating", "Subject:"),
        ("Summarize: One thing happened. Another thing followed it closely. The end.", "One thing happened."),
        ("Tell me about the history of Lisbon", "History of Lisbon"),
        ("what can you do", "[[slow]]"),
    ],
)
def test_the_answer_fits_the_question(question: str, holds: str) -> None:
    assert holds in brain.answer(question)


def test_answers_are_markdown_of_a_sensible_length() -> None:
    for question in ("what is DNS?", "compare a and b", "plan a trip to Lisbon", "why do birds sing"):
        answer = brain.answer(question)
        assert answer.startswith("## ")
        assert "| --- |" in answer
        assert "```" in answer
        assert 100 < text_tokens(answer) < 350


def test_a_sum_that_would_take_for_ever_is_left_alone() -> None:
    assert "9 ** 9" not in brain.answer("what is 9**9**9**9?")
    assert brain.answer("2 ^ 64 + 1").startswith("## 18,446,744,073,709,551,617")


async def test_an_answer_cut_by_its_limit_says_so(ada: World) -> None:
    response = await ada.ask("what is SSH?", generationConfig={"maxOutputTokens": 10})
    assert response["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert response["usageMetadata"]["candidatesTokenCount"] == 10
    assert len(text_of(response)) == 40


async def test_a_stop_sequence_ends_the_answer_before_it(ada: World) -> None:
    response = await ada.ask("what is SSH?", generationConfig={"stopSequences": ["encrypted"]})
    assert text_of(response).endswith("is an ")
    assert response["candidates"][0]["finishReason"] == "STOP"


async def test_usage_adds_up_and_grows_along_the_stream(ada: World) -> None:
    events = await ada.stream("what is SSH?", "sandbox-thinking")
    counts = [event["usageMetadata"] for event in events]
    assert all(
        one["totalTokenCount"]
        == one["promptTokenCount"] + one["candidatesTokenCount"] + one["thoughtsTokenCount"]
        for one in counts
    )
    answered = [one["candidatesTokenCount"] for one in counts]
    assert answered == sorted(answered)
    assert answered[-1] == text_tokens(text_of(*events))


async def test_a_prefix_seen_before_is_counted_as_cached(ada: World) -> None:
    turns = [
        {"role": "user", "parts": [{"text": "a" * 400}]},
        {"role": "model", "parts": [{"text": "b" * 400}]},
        {"role": "user", "parts": [{"text": "c" * 400}]},
    ]
    first = await ada.ask(contents=turns)
    assert "cachedContentTokenCount" not in first["usageMetadata"]
    more = [*turns, {"role": "model", "parts": [{"text": "d"}]}, {"role": "user", "parts": [{"text": "e"}]}]
    usage = (await ada.ask(contents=more))["usageMetadata"]
    assert usage["cachedContentTokenCount"] == 200
    assert usage["promptTokenCount"] == 302
    other = await ada.ask(model="gemini-2.5-flash", contents=more)
    assert "cachedContentTokenCount" not in other["usageMetadata"]


async def test_the_sandbox_thinks_aloud_and_signs(ada: World) -> None:
    events = await ada.stream("what is SSH?", "sandbox-thinking")
    thoughts = [part for event in events for part in parts_of(event) if part.get("thought")]
    assert len(thoughts) > 3
    assert is_signature(thoughts[-1]["thoughtSignature"], "gemini")
    assert len(thoughts[-1]["thoughtSignature"]) >= 50
    assert text_of(*events).startswith("## SSH")
    hidden = await ada.ask(
        "hi", "sandbox-thinking", generationConfig={"thinkingConfig": {"includeThoughts": False}}
    )
    assert text_of(hidden, thought=True) == ""
    assert hidden["usageMetadata"]["thoughtsTokenCount"] > 0


async def test_gemini_thinks_when_asked_and_signs_its_last_part(ada: World) -> None:
    config = {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "high"}}
    response = await ada.ask("what is SSH?", "gemini-3-pro-high", generationConfig=config)
    assert text_of(response, thought=True)
    last = parts_of(response)[-1]
    assert is_signature(last["thoughtSignature"], "gemini")
    silent = await ada.ask("what is SSH?", "gemini-3-pro-high")
    assert text_of(silent, thought=True) == ""


async def test_claude_signs_exactly_what_it_thought(ada: World) -> None:
    config = {"maxOutputTokens": 4096, "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 1024}}
    response = await ada.ask("what is SSH?", "claude-opus-4-6-thinking", generationConfig=config)
    thought = parts_of(response)[0]
    assert signs_thought(thought["thoughtSignature"], thought["text"])
    assert thought["thoughtSignature"].startswith("R")
    assert response["responseId"].startswith("msg_vrtx_")


async def test_a_thinking_budget_bounds_the_thoughts(ada: World) -> None:
    config = {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 16}}
    response = await ada.ask("what is SSH?", "gemini-2.5-flash", generationConfig=config)
    assert response["usageMetadata"]["thoughtsTokenCount"] == 16


async def test_json_answers_fit_the_schema(ada: World) -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        },
        "required": ["city", "days", "unit", "tags"],
    }
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    text = text_of(await ada.ask("Forecast for Oslo, 3 days, in fahrenheit", generationConfig=config))
    value = msgspec.json.decode(text)
    assert value["city"] == "Oslo"
    assert value["days"] == 3
    assert value["unit"] == "fahrenheit"
    assert len(value["tags"]) == 2


async def test_json_without_a_schema_is_json_all_the_same(ada: World) -> None:
    text = text_of(await ada.ask("what is SSH?", generationConfig={"responseMimeType": "application/json"}))
    assert "encrypted" in msgspec.json.decode(text)["answer"]


async def test_pictures_are_described_by_size_and_colour(ada: World) -> None:
    from core.sandbox import art

    picture = art.draw("a red kite", "16:9", "1K", 0, [])
    blob = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(picture).decode()}}
    text = text_of(await ada.ask(contents=[{"role": "user", "parts": [{"text": "what is this?"}, blob]}]))
    assert "1376 × 768" in text
    assert "landscape" in text
    broken = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    reply = await ada.refused(contents=[{"role": "user", "parts": [broken]}])
    assert "Unable to process input image" in reply.json()["error"]["message"]


async def test_every_model_answers(ada: World) -> None:
    models = (await ada.post("fetchAvailableModels", {})).json()["models"]
    for model in models:
        events = await ada.stream("hello", model)
        assert any(parts_of(event) for event in events), model
        assert {event["modelVersion"] for event in events} == {model}


@pytest.mark.parametrize(
    "text",
    ["1" * 200_000, "translate " * 40_000, "( " * 100_000, "a vs " * 50_000, "list 3 " * 50_000],
    ids=["digits", "translate", "brackets", "versus", "list"],
)
def test_a_huge_question_is_answered_at_once(text: str) -> None:
    before = time.perf_counter()
    assert brain.answer(text)
    assert brain.thoughts(text)
    assert time.perf_counter() - before < 2


def test_what_only_a_network_knows_is_not_made_up() -> None:
    assert "no network" in brain.answer("what's the weather in Oslo?")
    assert "simulated" in brain.answer("what's the weather in Oslo?", searched=True)


@pytest.mark.parametrize(
    "question", ["tell me a joke", "what makes a good leader", "Describe the water cycle"]
)
def test_the_same_question_twice_is_the_same_answer(question: str) -> None:
    assert brain.answer(question) == brain.answer(question)
    assert brain.answer(question).strip()
