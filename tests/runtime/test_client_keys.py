"""Clients' own keys in the whole program: beside a running gateway, and over restarts."""

from __future__ import annotations

import json

import httpx
import pytest

from core.cli.exits import Exit
from core.domain.failure import GatewayError, Kind
from core.services import Services

from .conftest import Open, Programs, until

BODY = {"model": "sandbox-chat", "messages": [{"role": "user", "content": "hi"}]}


async def ask(services: Services, key: str) -> httpx.Response:
    status = await services.owner.status()
    url = next(door.url for door in status.listeners if door.name == "gateway")
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}, trust_env=False) as client:
        return await client.post(f"{url}/v1/chat/completions", json=BODY, timeout=15)


async def test_what_an_attached_process_makes_and_revokes_counts_at_once(opened: Open) -> None:
    owner = await opened(sandbox="on", serve=True, port=0)
    beside = await opened()
    assert beside.attached
    key = await beside.keys.create("ci", ("sandbox-*",), 5, 1000)
    answer = await ask(owner, key)
    assert answer.status_code == 200
    (view,) = await beside.keys.list()
    assert view.standing.requests is not None
    assert view.standing.tokens is not None
    assert (view.models, view.standing.requests.used) == (("sandbox-*",), 1)
    assert view.standing.tokens.used == sum(
        answer.json()["usage"][one] for one in ("prompt_tokens", "completion_tokens")
    )
    with pytest.raises(GatewayError) as caught:
        await beside.keys.create("ci")
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    await beside.keys.revoke("ci")
    assert (await ask(owner, key)).status_code == 401


async def test_a_key_its_rules_and_the_tokens_of_the_day_survive_a_restart(opened: Open) -> None:
    first = await opened(sandbox="on", serve=True, port=0)
    key = await first.keys.create("ci", tokens_per_day=100)
    other = await first.keys.create("other", tokens_per_day=100)
    while (await ask(first, key)).status_code == 200:
        pass
    (before, _) = await first.keys.list()
    assert before.standing.tokens is not None
    assert before.standing.tokens.used >= 100
    await first.aclose()

    again = await opened(sandbox="on", serve=True, port=0)
    assert (await ask(again, key)).status_code == 429
    assert (await ask(again, other)).status_code == 200
    (after, _) = await again.keys.list()
    assert after.standing.tokens is not None
    assert after.standing.tokens.used == before.standing.tokens.used


def test_a_key_that_was_made_beside_the_gateway_is_in_its_log_by_name_only(programs: Programs) -> None:
    _, port = programs.serve("--sandbox")
    made = programs.run("keys", "create", "phone", "--rpm", "2")
    key = made.stdout.strip()
    assert key not in made.stderr
    path = f"http://127.0.0.1:{port}/v1beta/models/sandbox-chat:generateContent?key={key}"
    body = {"contents": [{"parts": [{"text": f"what is {key}?"}]}]}
    codes = [httpx.post(path, json=body, timeout=15).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    until(lambda: programs.run("logs", "--json").stdout.count('"key":"phone"') == 3)
    assert programs.run("logs", "--text", "phone").stdout.count(" as phone") == 3
    shown = [
        programs.run(*command.split()).stdout
        for command in ("logs --lines", "logs --json", "keys list", "keys list --json", "doctor", "status")
    ]
    assert not [text for text in shown if key in text]
    assert programs.run("stop").returncode == 0
    held = [file for file in programs.home.rglob("*") if file.is_file() and key.encode() in file.read_bytes()]
    assert not held


def test_a_broken_file_of_keys_is_told_and_opens_nothing(programs: Programs) -> None:
    key = programs.run("keys", "create", "ci").stdout.strip()
    file = programs.home / "keys.json"
    file.write_text(file.read_text().replace('"rpm": 0', '"rpm": "none"'))
    _, port = programs.serve("--sandbox")
    answer = httpx.get(f"http://127.0.0.1:{port}/v1/models", headers={"x-api-key": key}, timeout=15)
    assert answer.status_code == 401
    assert "keys.json.bad-" in programs.run("keys", "list").stderr
    file.write_text(json.dumps({"version": 9}))
    assert programs.run("stop").returncode == 0
    refused = programs.run("keys", "list")
    assert refused.returncode == Exit.CONFIG
    assert "newer agtui" in refused.stderr
    assert json.loads(file.read_text()) == {"version": 9}
