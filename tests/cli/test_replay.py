"""`agtui logs --id` and `agtui replay`: what was said in a request, and the request once more."""

from __future__ import annotations

import json

import pytest

from core.cli.exits import Exit
from core.domain.bodies import Bodies, Said, Sent
from tests.tui.fake_services import FakeServices

from .conftest import Run

ASKED = Said('{"model":"m1","messages":[]}', 28)
UPSTREAM = Sent("https://up.test/v1:generate", Said('{"contents":[]}', 15))


@pytest.fixture
def request_id(world: FakeServices) -> str:
    found = world.rows[0].id
    headers = (("content-type", "application/json"), ("authorization", "***"))
    answer = Said('data: {"choices":[]}\n\ndata: [DONE]\n\n\x1b]52;c;eA==\x07', 40, masked=True)
    world.said[found] = Bodies(
        found, 0.0, "POST", "/v1/chat/completions", headers, ASKED, (UPSTREAM,), 200, headers[:1], answer
    )
    return found


def test_one_request_shows_all_three_sides(run: Run, request_id: str) -> None:
    shown = run("logs", "--id", request_id).stdout
    assert "As the client sent it: POST /v1/chat/completions, 28 bytes" in shown
    assert '  "model": "m1",' in shown
    assert "authorization: ***" in shown
    assert "As the upstream got it, call 1: https://up.test/v1:generate" in shown
    assert "The answer: 200, 40 bytes, secrets masked" in shown
    assert "data: [DONE]" in shown
    assert "\x1b" not in shown


def test_one_request_as_json_holds_them_as_data(run: Run, request_id: str) -> None:
    found = json.loads(run("logs", "--id", request_id, "--json").stdout)
    assert found["id"] == request_id
    said = found["bodies"]
    assert said["request"]["body"] == {"model": "m1", "messages": []}
    assert said["upstream"] == [
        {
            "url": "https://up.test/v1:generate",
            "body": {"contents": []},
            "bytes": 15,
            "cut": False,
            "without_base64": False,
            "masked": False,
        }
    ]
    assert said["answer"]["body"].startswith("data: ")


def test_where_nothing_is_recorded_the_row_is_shown_with_the_reason(run: Run, world: FakeServices) -> None:
    shown = run("logs", "--id", world.rows[0].id)
    assert "Attempt 1" in shown.stdout
    assert "No body is recorded" in shown.stdout
    as_json = json.loads(run("logs", "--id", world.rows[0].id, "--json").stdout)
    assert as_json["bodies"] is None


def test_a_replay_prints_the_words_of_the_answer(run: Run, world: FakeServices, request_id: str) -> None:
    done = run("replay", request_id, "--model", "m2")
    assert (done.exit_code, done.stdout) == (0, "It is wet.\n")
    assert world.replayed == [(request_id, "m2")]


def test_a_replay_as_json_is_the_answer_byte_for_byte(run: Run, request_id: str) -> None:
    done = run("replay", request_id, "--json")
    assert done.stdout == 'data: {"choices":[{"delta":{"content":"It is wet."}}]}\n\n'


def test_a_replay_of_what_was_not_recorded_says_why(run: Run) -> None:
    done = run("replay", "req_unknown")
    assert done.exit_code == Exit.FAILURE
    assert "No body is recorded of req_unknown" in done.stderr
    assert not done.stdout


def test_recorded_bodies_can_be_deleted(run: Run, world: FakeServices, request_id: str) -> None:
    assert run("db", "purge-bodies").exit_code == Exit.USAGE
    assert run("db", "purge-bodies", "--yes").exit_code == 0
    assert not world.said
