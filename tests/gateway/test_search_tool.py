"""The function that stands for a search: when it is offered, what its calls ask. Pure."""

from __future__ import annotations

import json

import pytest

from core.domain.content import Text, ToolCall
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.requests import ChatRequest, Tool, ToolChoice
from core.gateway.search_tool import (
    MOST_URLS,
    NAME,
    Query,
    offered,
    read_query,
    result_of,
    search_request,
    without_search,
)
from tests.fakes import asking

MINE = Tool("get_weather", "The weather")


def lacking(*lost: str):
    """A model that can't be told `search`, as long as it is asked for."""

    def dropped(request: ChatRequest) -> tuple[str, ...]:
        return tuple(one for one in lost if one != "search" or request.search)

    return dropped


def names(request: ChatRequest) -> list[str]:
    return [tool.name for tool in request.tools]


def test_it_stands_beside_the_clients_functions_where_the_search_itself_can_not() -> None:
    said = offered(asking(tools=(MINE,), search=True), lacking("search"))
    assert names(said) == ["get_weather", NAME]
    assert not said.search
    declared = said.tools[-1].parameters or {}
    assert set(declared["properties"]) == {"query", "urls", "thinking"}
    assert declared["required"] == ["query"]


def test_it_is_not_offered_where_nobody_asks_for_a_search_or_the_model_has_its_own() -> None:
    for request, lost in ((asking(tools=(MINE,)), "search"), (asking(search=True), "seed")):
        assert offered(request, lacking(lost)) is request


def test_a_model_that_takes_no_functions_is_not_offered_one() -> None:
    request = asking(search=True)
    assert offered(request, lacking("search", "tools")) is request


def test_a_builtin_search_tool_of_a_client_is_one_too() -> None:
    request = asking(tools=(MINE, Tool(NAME, kind="builtin")))
    said = offered(request, lambda one: ("search",) if names(one) == ["get_weather", NAME] else ())
    assert [(tool.name, tool.kind) for tool in said.tools] == [
        ("get_weather", "function"),
        (NAME, "function"),
    ]


def test_a_client_keeps_its_own_function_of_the_same_name() -> None:
    said = offered(asking(tools=(Tool(NAME, "mine"),), search=True), lacking("search"))
    assert [(tool.name, tool.description == "mine") for tool in said.tools] == [
        (NAME, True),
        (f"{NAME}_2", False),
    ]


@pytest.mark.parametrize(
    ("choice", "tools", "said"),
    [
        (ToolChoice(), (MINE,), ToolChoice()),
        (ToolChoice("any"), (MINE,), ToolChoice("any")),
        (ToolChoice("any"), (), ToolChoice()),
        (ToolChoice("none"), (MINE,), ToolChoice("auto", (NAME,))),
        (ToolChoice("auto", ("get_weather",)), (MINE,), ToolChoice("auto", ("get_weather", NAME))),
    ],
)
def test_the_clients_choice_of_tools_is_about_its_own(
    choice: ToolChoice, tools: tuple[Tool, ...], said: ToolChoice
) -> None:
    request = asking(tools=tools, search=True, tool_choice=choice)
    assert offered(request, lacking("search")).tool_choice == said


def test_a_function_that_the_client_insists_on_is_called_without_a_search() -> None:
    request = asking(tools=(MINE,), search=True, tool_choice=ToolChoice("any", ("get_weather",)))
    assert offered(request, lacking("search")) is request


def test_after_enough_searches_only_the_clients_functions_are_left() -> None:
    said = without_search(asking(tools=(MINE,), search=True, tool_choice=ToolChoice("any")))
    assert (names(said), said.search, said.tool_choice) == (["get_weather"], False, ToolChoice("any"))
    assert without_search(asking(search=True)).tool_choice == ToolChoice("none")


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ('{"query":" tides "}', Query("tides")),
        ('{"query":"tides","urls":null,"thinking":null}', Query("tides")),
        (
            '{"query":"tides","urls":"https://a.test/x","thinking":false}',
            Query("tides", ("https://a.test/x",), False),
        ),
        ('{"urls":["https://a.test"," https://a.test ",""]}', Query("", ("https://a.test",))),
        ('{"query":"tides","more":1,"thinking":"false"}', Query("tides", (), False)),
    ],
)
def test_a_call_is_read_as_it_was_meant(arguments: str, query: Query) -> None:
    assert read_query(arguments) == query


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "can't be read"),
        ("[1]", "can't be read"),
        ("[" * 5000, "can't be read"),
        ('{"query":["a"]}', "can't be read"),
        ('{"query":"  "}', "nothing to search for"),
        ('{"query":"x","urls":["file:///etc/passwd"]}', "http"),
        ('{"query":"x","urls":["https://a.test\\nhttps://b.test"]}', "http"),
        (json.dumps({"urls": [f"https://a.test/{n}" for n in range(MOST_URLS + 1)]}), str(MOST_URLS)),
    ],
)
def test_a_call_that_makes_no_sense_is_told_so(arguments: str, says: str) -> None:
    with pytest.raises(GatewayError, match=says) as caught:
        read_query(arguments)
    assert caught.value.failure.kind is Kind.BAD_REQUEST


def test_the_search_is_asked_alone_and_thinks_unless_told_not_to() -> None:
    request = search_request(Query("tides", ("https://a.test",)), "m1")
    assert request.search
    assert [(tool.name, tool.kind) for tool in request.tools] == [("url_context", "builtin")]
    assert request.turns[0].parts == (Text("tides\n\nURLs to read:\nhttps://a.test"),)
    assert (request.thinking.budget, request.thinking.include) == (8192, False)
    assert search_request(Query("tides", (), False), "m1").thinking.effort == "none"
    assert not search_request(Query("tides"), "m1").tools


def test_a_failed_search_is_a_result_that_says_so() -> None:
    result = result_of(ToolCall("c1", NAME), Failure(Kind.RATE, "Too fast."))
    assert (result.call_id, result.name, result.is_error) == ("c1", NAME, True)
    assert result.parts == (Text("The search failed: Too fast."),)
