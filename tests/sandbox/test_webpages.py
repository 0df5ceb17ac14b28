"""Searches of the sandbox: grounding where the search is a tool, calls where it is a function."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import World, parts_of, text_of

SEARCH = {
    "name": "google_search",
    "description": "Search the web",
    "parameters": {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "urls": {"type": "array", "items": {"type": "string"}},
            "thinking": {"type": "boolean"},
        },
        "required": ["query"],
    },
}
WEATHER = {
    "name": "get_weather",
    "description": "Weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BOTH = [{"functionDeclarations": [WEATHER, SEARCH]}]


def calls(response: dict[str, Any]) -> list[dict[str, Any]]:
    return [part["functionCall"] for part in parts_of(response) if "functionCall" in part]


async def test_grounding_names_queries_and_pages_of_the_question(ada: World) -> None:
    found = await ada.ask("Look up the history of lighthouses", tools=[{"googleSearch": {}}])
    grounding = found["candidates"][0]["groundingMetadata"]
    assert grounding["webSearchQueries"] == ["history of lighthouses", "history of lighthouses overview"]
    pages = [chunk["web"] for chunk in grounding["groundingChunks"]]
    assert [page["domain"] for page in pages] == ["en.example.org", "news.example.net", "example.com"]
    assert all("history-of-lighthouses" in page["uri"] for page in pages)
    (support,) = grounding["groundingSupports"]
    assert support["segment"]["endIndex"] == len(support["segment"]["text"].encode())


async def test_pages_that_are_named_are_read_and_some_are_gone(ada: World) -> None:
    text = "What do they say?\n\nURLs to read:\nhttps://a.test/x\nhttps://a.test/gone"
    found = await ada.ask(text, tools=[{"googleSearch": {}}, {"urlContext": {}}])
    assert found["candidates"][0]["urlContextMetadata"]["urlMetadata"] == [
        {"retrievedUrl": "https://a.test/x", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
        {"retrievedUrl": "https://a.test/gone", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
    ]
    plain = await ada.ask(text, tools=[{"googleSearch": {}}])
    assert "urlContextMetadata" not in plain["candidates"][0]


@pytest.mark.parametrize(
    "model", ["sandbox-chat", "gemini-3-pro-high", "claude-sonnet-4-6", "gpt-oss-120b-medium"]
)
@pytest.mark.parametrize(
    ("question", "args"),
    [
        ("Please look up the tides of Lisbon.", {"query": "the tides of Lisbon"}),
        ("[[search]] tides", {"query": "tides"}),
        ("who won the regatta?", {"query": "who won the regatta?"}),
        (
            "What does https://a.test/x say?",
            {"query": "What does say?", "urls": ["https://a.test/x"]},
        ),
    ],
)
async def test_the_function_is_called_for_what_has_to_be_looked_up(
    ada: World, model: str, question: str, args: dict[str, Any]
) -> None:
    (call,) = calls(await ada.ask(question, model, tools=BOTH))
    assert (call["name"], call["args"]) == ("google_search", args)


async def test_nothing_is_looked_up_that_needs_no_search(ada: World) -> None:
    assert not calls(await ada.ask("What is a half-block?", tools=BOTH))
    config = {"functionCallingConfig": {"mode": "NONE"}}
    assert not calls(await ada.ask("[[search]] tides", tools=BOTH, toolConfig=config))


async def test_a_search_and_another_function_can_be_called_together(ada: World) -> None:
    found = await ada.ask("Look up Lisbon, and use the tool", "gemini-3-pro-high", tools=BOTH)
    assert [call["name"] for call in calls(found)] == ["google_search", "get_weather"]
    assert len({call["id"] for call in calls(found)}) == 2
    signed = [part for part in parts_of(found) if "functionCall" in part and "thoughtSignature" in part]
    assert len(signed) == 1


async def test_what_a_search_brought_is_passed_on_without_its_lists(ada: World) -> None:
    question = {"role": "user", "parts": [{"text": "[[search]] tides"}]}
    (call,) = calls(await ada.ask("[[search]] tides", tools=BOTH))
    result = "## Search Results\n\nHigh at noon.\n\n### Sources\n- [Tides](https://tides.test)\n"
    response = {"functionResponse": {"name": call["name"], "id": call["id"], "response": {"result": result}}}
    contents = [
        question,
        {"role": "model", "parts": [{"functionCall": call}]},
        {"role": "user", "parts": [response]},
    ]
    said = text_of(await ada.ask(contents=contents, tools=BOTH))
    assert "High at noon." in said
    assert "Sources" not in said


async def test_search_beside_functions_is_refused_as_the_service_does(ada: World) -> None:
    refused = await ada.refused(tools=[{"googleSearch": {}}, *BOTH])
    assert "Multiple tools" in refused.json()["error"]["message"]
