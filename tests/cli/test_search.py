"""`agtui search`, and the sources of `agtui chat`."""

from __future__ import annotations

import json

from core.cli.exits import Exit
from tests.tui.fake_services import ANSWER, QUOTA_FAILURE, FakeServices

from .conftest import Run


def test_the_result_is_markdown_with_its_sources(run: Run) -> None:
    result = run("search", "who", "won", "--url", "https://a.test/x")
    assert result.exit_code == 0
    assert result.stdout == (
        "## Search Results\n\nSpain won Euro 2024.\n\n### Sources\n"
        "- [UEFA \\[Euro 2024\\]](https://uefa.example/euro-2024)\n"
        "- [news.example](https://news.example/final)\n\n"
        "### URLs Retrieved\n- ✓ https://a.test/x\n\n"
        '### Search Queries Used\n- "Euro 2024 winner"\n'
    )
    assert result.stderr == ""


def test_json_holds_what_a_script_wants(run: Run) -> None:
    told = run("search", "--json", "--no-thinking", "--model", "gemini-3-flash", "-u", "https://a", "who won")
    said = json.loads(told.stdout)
    assert (said["query"], said["text"], said["model"]) == ("who won", "Spain.", "gemini-3-flash")
    assert said["markdown"].startswith("## Search Results")
    assert said["sources"][1] == {"uri": "https://news.example/final", "title": ""}
    assert said["pages"] == [{"url": "https://a", "trouble": ""}]
    assert said["queries"] == ["Euro 2024 winner"]
    assert said["usage"]["output"] == 9


def test_what_is_piped_in_is_searched_for(run: Run) -> None:
    assert json.loads(run("search", "--json", stdin="from a pipe\n").stdout)["query"] == "from a pipe"


def test_searching_for_nothing_is_a_wrong_command_line(run: Run) -> None:
    result = run("search")
    assert result.exit_code == Exit.USAGE
    assert "agtui search" in result.stderr


def test_nobody_to_ask_has_its_exit_code(run: Run, world: FakeServices) -> None:
    world.fail_next = QUOTA_FAILURE
    result = run("search", "who won")
    assert result.exit_code == Exit.UNAVAILABLE
    assert result.stdout == ""
    assert "used up" in result.stderr


def test_a_chat_shows_its_sources_too(run: Run, world: FakeServices) -> None:
    world.searched.append(True)
    assert run("chat", "--search", "who won").stdout.endswith(
        '### Search Queries Used\n- "Euro 2024 winner"\n'
    )
    said = json.loads(run("chat", "--search", "--json", "who won").stdout)
    assert said["sources"][0]["uri"] == "https://uefa.example/euro-2024"
    assert said["text"] == ANSWER
