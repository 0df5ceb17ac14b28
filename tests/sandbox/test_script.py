"""A script says which accounts there are, and which of their calls are answered how."""

from typing import Any

import httpx
import pytest

from core.sandbox import script_file
from core.sandbox.script import CALLS, Call, Play, Script
from core.sandbox.script_keys import RULE, answers_for
from tests.sandbox.world import FakeClock, World, new_client, sign_in, text_of, token_form


def read(text: str) -> Script:
    return script_file.read(text.encode(), "play.toml")


def names(script: Script) -> list[str]:
    return [one.email for one in script.everybody]


async def statuses(world: World, calls: int, text: str = "hello") -> list[int]:
    return [(await world.post("generateContent", world.body(text))).status_code for _ in range(calls)]


async def test_after_two_calls_of_ada_the_quota_is_used_up() -> None:
    script = read("""
        [[rule]]
        account = "ada"
        after = 2
        answer = "quota"
        reset = "1h16m3s"
    """)
    async with new_client(script=script) as client:
        ada, alan = await sign_in(client), await sign_in(client, "alan")
        for _ in range(3):
            await alan.post("onboardUser", {"tierId": "free-tier"})
        assert await statuses(ada, 4) == [200, 200, 429, 429]
        assert await statuses(alan, 3) == [200, 200, 200]
        error = (await ada.post("generateContent", ada.body())).json()["error"]
        assert "reset after 1h16m3s" in error["message"]


async def test_rules_are_tried_from_the_top_so_a_list_of_them_is_a_sequence() -> None:
    script = read("""
        rule = [
            { answer = "rate", times = 1 },
            { answer = 503, times = 2 },
            { answer = "denied", after = 1, times = 1 },
        ]
    """)
    async with new_client(script=script) as client:
        assert await statuses(await sign_in(client), 6) == [429, 503, 503, 200, 403, 200]


async def test_a_rule_may_be_for_a_model_a_kind_of_call_or_an_endpoint() -> None:
    script = read("""
        endpoints = 2
        [[rule]]
        model = "claude-*"
        answer = "soft"
        [[rule]]
        call = ["image", "models"]
        endpoint = 2
        answer = "server"
    """)
    play = Play(script)
    assert play.answer(Call("chat", "ada", "claude-sonnet-4-6"))
    assert not play.answer(Call("chat", "ada", "sandbox-chat"))
    assert not play.answer(Call("image", "ada", "sandbox-image", 1))
    assert play.answer(Call("image", "ada", "sandbox-image", 2))
    assert play.answer(Call("models", "ada", endpoint=2))


async def test_what_a_shape_says_can_be_said_otherwise() -> None:
    script = read("""
        [[rule]]
        answer = "quota"
        details = ["RetryInfo"]
        message = "Not now."
        headers = { Retry-After = "7" }
        status = 503
        times = 1
        [[rule]]
        answer = "body"
        status = 418
        type = "text/plain"
        body = "a teapot"
    """)
    async with new_client(script=script) as client:
        ada = await sign_in(client)
        reply = await ada.post("generateContent", ada.body())
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "7")
        error = reply.json()["error"]
        assert (error["code"], error["status"], error["message"]) == (503, "UNAVAILABLE", "Not now.")
        assert [one["@type"].rpartition(".")[2] for one in error["details"]] == ["RetryInfo"]
        reply = await ada.post("generateContent", ada.body())
        assert (reply.status_code, reply.text, reply.headers["content-type"]) == (
            418,
            "a teapot",
            "text/plain",
        )


async def test_a_rule_goes_before_the_words_of_a_prompt_and_ok_leaves_them_be() -> None:
    script = read("""
        rule = [{ answer = "missing", times = 1 }, { answer = "ok", times = 1 }]
    """)
    async with new_client(script=script) as client:
        assert await statuses(await sign_in(client), 2, "[[error 500]]") == [404, 500]


async def test_the_script_names_the_accounts_that_are_there(clock: FakeClock) -> None:
    script = read("""
        [[account]]
        name = "acc"
        count = 20
        [[account]]
        name = "grace"
        project = "onboard"
        polls = 1
        tier = "ultra"
    """)
    assert names(script)[:2] == ["acc-1@sandbox.test", "acc-2@sandbox.test"]
    assert len(names(script)) == 21
    async with new_client(clock, script=script) as client:
        grace = await sign_in(client, "grace")
        loaded = (await grace.post("loadCodeAssist", {})).json()
        assert loaded["paidTier"]["id"] == "g1-ultra-tier"
        polls = [(await grace.post("onboardUser", {"tierId": "free-tier"})).json()["done"] for _ in range(2)]
        assert polls == [False, True]
        assert text_of(await (await sign_in(client, "acc-20")).ask("what is SSH?"))
    assert names(read("")) == ["ada@sandbox.test", "alan@sandbox.test"]


async def test_signing_in_can_be_scripted_too() -> None:
    script = read("""
        [[rule]]
        call = "refresh"
        account = "ada"
        answer = "invalid-grant"
        [[rule]]
        call = "refresh"
        account = "alan"
        answer = 503
        [[rule]]
        call = "userinfo"
        answer = "denied"
        [[rule]]
        call = "onboard"
        answer = "pending"
    """)
    async with new_client(script=script) as client:
        refused = await client.post("/token", data=token_form())
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        busy = await client.post("/token", data=token_form(refresh_token="1//sandbox-alan"))
        assert (busy.status_code, busy.json()["error"]["status"]) == (503, "UNAVAILABLE")
        grace = await sign_in(client, "grace")
        assert (await client.get("/userinfo", headers=grace.headers)).status_code == 403
        polls = [(await grace.post("onboardUser", {"tierId": "free-tier"})).json() for _ in range(5)]
        assert polls == [{"done": False}] * 5


async def test_the_page_of_a_sign_in_can_refuse_by_script() -> None:
    script = read("""
        [[rule]]
        call = "consent"
        account = "ada"
        answer = "refuse"
    """)
    query = {
        "client_id": "sandbox-client-id",
        "response_type": "code",
        "redirect_uri": "http://localhost:1/oauth-callback",
    }
    async with new_client(script=script) as client:
        gone: httpx.Response = await client.get("/authorize", params=query | {"account": "ada"})
        assert "error=access_denied" in gone.headers["location"]
        assert (
            "code="
            in (await client.get("/authorize", params=query | {"account": "alan"})).headers["location"]
        )


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("[[rule]]\nanswer =", "line 2", "not valid TOML"),
        ("[[rule]]\nafter = 1", "line 1: [[rule]] 1", "answer is missing"),
        ('[[rule]]\nanswer = "ok"\n\n[[rule]]\nanswer = "qota"', "line 5: [[rule]] 2", "Did you mean quota?"),
        ('[[rule]]\nanswer = "quota"\nafer = 2', "line 3: [[rule]] 1", "Did you mean after?"),
        ('[[rule]]\nanswer = "quota"\nafter = "2"', "line 3", "after must be a whole number, 0 or more."),
        ('[[rule]]\nanswer = "quota"\nreset = "soon"', "line 3", "a length of time such as"),
        ('[[rule]]\nanswer = "quota"\nbody = "x"', "line 3", "body says nothing about a call chat or image"),
        ('[[rule]]\nanswer = "soft"\nreset = 3', "line 3", "reset says nothing"),
        ("[[rule]]\nanswer = 200", "line 2", "a status from 400 to 599"),
        ('[[rule]]\nanswer = "invalid-grant"', "line 2", "a call chat can't be answered invalid-grant"),
        (
            '[[rule]]\nanswer = "refuse"\ncall = "refresh"',
            "line 2",
            "a call refresh can't be answered refuse",
        ),
        ('[[rule]]\nanswer = 500\ncall = "consent"', "line 2", "Possible are ok, refuse, wait, expired."),
        ('[[rule]]\nanswer = "quota"\ncall = "chats"', "line 3", "one or a list of chat, image"),
        ('[[rule]]\nanswer = "quota"\nmodel = "gpt-9"', "line 3", "models of the sandbox"),
        (
            '[[rule]]\nanswer = 500\ncall = "models"\nmodel = "*"',
            "line 4",
            "model says nothing about a call models",
        ),
        ('[[rule]]\nanswer = "quota"\nendpoint = 2', "line 3", "endpoints = 1 at the top"),
        ('[[rule]]\nanswer = "cut"\nform = "stream"', "line 3", "form says nothing"),
        ('rule = "quota"', "line 1", "rule must be written as [[rule]]"),
        ("[[account]]\ncount = 3", "line 1: [[account]] 1", "name is missing"),
        ('[[account]]\nname = "Ada Lovelace"', "line 2", "small letters"),
        ('[[account]]\nname = "revoked"', "line 2", "small letters"),
        ('[[account]]\nname = "ada"\n[[account]]\nname = "ada"', "play.toml", "two accounts called ada"),
        ('[[account]]\nname = "ada"\nproject = "mine"', "line 3", "one of ready, onboard, none"),
        ('[[account]]\nname = "ada"\npolls = 3', "line 3", 'polls needs project = "onboard"'),
        ('[[account]]\nname = "ada"\nquota = [{ left = 2 }]', "line 3", "left must be a number from 0 to 1"),
        ('[[account]]\nname = "ada"\nquota = [{ window = "5h" }]', "line 3", "a quota needs left"),
        ('[[account]]\nname = "ada"\nquota = [{ resets = "6h" }]', "line 3", "over after 5h0m0s"),
        ('[[account]]\nname = "ada"\n[[account.quota]]\nleft = "all"', "line 3", "left must be"),
        ("speed = 3", "line 1", "there is no key speed"),
        ("endpoints = 0", "line 1", "endpoints must be a whole number from 1 to 8."),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_was_expected(
    text: str, place: str, expected: str
) -> None:
    with pytest.raises(script_file.ScriptError) as wrong:
        read(text)
    assert place in str(wrong.value)
    assert expected in str(wrong.value)
    assert str(wrong.value).startswith("play.toml")


def test_lines_are_right_after_a_long_text_that_looks_like_a_script() -> None:
    text = '[[rule]]\nanswer = "body"\nbody = """\n[[rule]]\nanswer = "x"\n"""\n[[rule]]\nanswer = "nothing"'
    with pytest.raises(script_file.ScriptError, match=r"line 8: \[\[rule\]\] 2"):
        read(text)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * (script_file.LARGEST + 1)])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(script_file.ScriptError, match=r"play\.toml"):
        script_file.read(content, "play.toml")


def test_every_answer_that_is_offered_can_be_read() -> None:
    for call in CALLS:
        for answer in answers_for(call):
            rule: dict[str, Any] = {"call": call, "answer": answer}
            assert RULE["answer"].read(answer) == answer
            assert read(f'[[rule]]\ncall = "{call}"\nanswer = "{answer}"').rules[0].answer == rule["answer"]
