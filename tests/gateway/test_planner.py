"""The planner as a table: a snapshot in, ranked candidates and reasons out."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.settings import Strategy
from core.domain.accounts import Realm
from core.domain.failure import Cause, Failure, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.plan import Plan
from core.domain.ports import PoolEntry, PoolView
from core.gateway.planner import Wanted, busy, in_words, make_plan, nobody, soonest, usable
from tests.fakes import entry

STRATEGIES = get_args(Strategy)
MODELS = (ModelInfo("m1", "fake"), ModelInfo("p1", "fake", kind="image"))


def plan(*entries: PoolEntry, model: str = "m1", conversation: str = "c", **more: Any) -> Plan:
    kind, home = more.pop("kind", "chat"), more.pop("home", "")
    return make_plan(
        Wanted(model, conversation, kind, home=home),
        PoolView(entries),
        MODELS,
        lambda provider, asked, kind: asked.removeprefix("alias-"),
        lambda provider, realm: (f"https://{provider}.{realm}",),
        **more,
    )


def order(found: Plan) -> list[str]:
    return [candidate.account for candidate in usable(found)]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"usable": "switched off"}, "switched off"),
        ({"offers": frozenset({"other"})}, "does not offer m1"),
        ({"resting": {"": 41.2}}, "rests for 42 s"),
        ({"resting": {"m1": 10.0}}, "rests for 10 s with m1"),
        ({"resting": {"m1": 15_000.0}}, "rests for 4 h 10 min with m1"),
        ({"in_flight": 4}, "busy: 4 of 4 calls in flight"),
    ],
)
def test_an_account_that_may_not_answer_says_why(fields: dict[str, Any], reason: str) -> None:
    found = plan(entry("a", **fields), entry("b"))
    assert order(found) == ["b"]
    assert [one.passed_over for one in found.candidates] == ["", reason]


def test_a_rest_of_another_model_does_not_matter() -> None:
    assert order(plan(entry("a", resting={"other": 100.0}))) == ["a"]


def test_an_unknown_catalogue_counts_as_offering() -> None:
    assert order(plan(entry("a", offers=None))) == ["a"]


def test_a_chat_model_makes_no_pictures() -> None:
    found = plan(entry("a"), kind="image")
    assert found.candidates[0].passed_over == "m1 makes no pictures"
    assert order(plan(entry("a"), model="p1", kind="image")) == ["a"]


def test_the_name_that_is_sent_is_the_resolved_one() -> None:
    found = plan(entry("a"), model="alias-m1")
    assert (found.asked, found.model, found.candidates[0].model) == ("alias-m1", "m1", "m1")


def test_a_candidate_says_what_its_place_rests_on() -> None:
    found = plan(
        entry("a", fractions={"m1": 0.421}, in_flight=1), entry("b"), entry("c", usable="switched off")
    )
    assert {one.account: one.why for one in found.candidates} == {
        "a": "42 % left, 1 of 4 calls in flight",
        "b": "quota unknown, 0 of 4 calls in flight",
        "c": "",
    }


def test_a_conversation_stays_with_its_account() -> None:
    pool = [entry(name) for name in "abcdef"]
    first = order(plan(*pool, conversation="tea"))
    assert order(plan(*reversed(pool), conversation="tea")) == first
    without = [one for one in pool if one.account != first[-1]]
    assert order(plan(*without, conversation="tea")) == first[:-1]


def test_conversations_spread_over_the_accounts() -> None:
    pool = [entry(name) for name in "abcd"]
    homes = Counter(order(plan(*pool, conversation=f"chat {number}"))[0] for number in range(400))
    assert all(60 < homes[name] < 140 for name in "abcd")


def test_only_the_conversations_of_a_lost_account_move() -> None:
    pool = [entry(name) for name in "abcd"]
    for number in range(100):
        before = order(plan(*pool, conversation=f"{number}"))[0]
        after = order(plan(*pool[1:], conversation=f"{number}"))[0]
        assert before in (after, "a")


def homes(count: int, **left: float | None) -> Counter[str]:
    """Where `count` new conversations go, by what is left of each account's quota."""
    pool = [entry(name, fractions={"m1": fraction}) for name, fraction in left.items()]
    return Counter(order(plan(*pool, conversation=f"chat {number}"))[0] for number in range(count))


def test_conversations_find_a_home_in_proportion_to_the_quota_that_is_left() -> None:
    found = homes(2000, a=1.0, b=0.5, c=0.25, d=None)
    share = {name: found[name] / 2000 for name in "abcd"}
    expected = {"a": 1 / 2.75, "b": 0.5 / 2.75, "c": 0.25 / 2.75, "d": 1 / 2.75}
    assert all(abs(share[name] - expected[name]) < 0.04 for name in "abcd")


def test_a_quota_that_shrinks_moves_few_conversations_and_only_its_own() -> None:
    def where(left: float) -> list[str]:
        pool = [entry("a", fractions={"m1": left}), *(entry(name) for name in "bcd")]
        return [order(plan(*pool, conversation=f"{number}"))[0] for number in range(400)]

    full, less = where(1.0), where(0.7)
    moved = [(before, after) for before, after in zip(full, less, strict=True) if before != after]
    assert all(before == "a" for before, _ in moved)
    assert len(moved) < 40
    assert where(0.97) == full


def test_a_conversation_stays_where_it_was_served_until_that_account_can_not() -> None:
    pool = [entry(name) for name in "abcd"]
    for home in "abcd":
        found = order(plan(*pool, conversation="tea", home=home))
        assert found[0] == home
        assert found[1:] == [name for name in order(plan(*pool, conversation="tea")) if name != home]
    resting = [entry("a", resting={"m1": 9.0}), *pool[1:]]
    assert order(plan(*resting, conversation="tea", home="a"))[0] != "a"
    scarce = [entry("a", fractions={"m1": 0.05}), *pool[1:]]
    assert order(plan(*scarce, conversation="tea", home="a"))[-1] == "a"


def test_quota_first_takes_who_has_most_left_and_shares_among_equals() -> None:
    pool = [
        entry("a", fractions={"m1": 0.4}),
        entry("b", fractions={"m1": 0.81}, in_flight=2),
        entry("c", fractions={"m1": 0.84}, in_flight=1),
        entry("d", fractions={}),
        entry("e", fractions={"m1": 0.05}),
    ]
    assert order(plan(*pool, strategy="quota-first")) == ["d", "c", "b", "a", "e"]


def test_round_robin_takes_who_waited_longest() -> None:
    pool = [entry("a", last_used=30.0), entry("b", last_used=10.0), entry("c", last_used=20.0)]
    assert order(plan(*pool, strategy="round-robin")) == ["b", "c", "a"]


def test_least_loaded_takes_who_has_most_room() -> None:
    pool = [entry("a", in_flight=2), entry("b", in_flight=1), entry("c", in_flight=1, last_used=5.0)]
    assert order(plan(*pool, strategy="least-loaded")) == ["b", "c", "a"]


def test_without_a_conversation_sticky_looks_at_the_load() -> None:
    assert order(plan(entry("a", in_flight=3), entry("b"), conversation="")) == ["b", "a"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nearly_used_up_accounts_come_last_but_come(strategy: Any) -> None:
    pool = [entry("a", fractions={"m1": 0.05}), entry("b", fractions={"m1": 0.5}, in_flight=3, last_used=9.0)]
    for number in range(20):
        assert order(plan(*pool, strategy=strategy, conversation=str(number))) == ["b", "a"]


def test_a_plan_names_its_endpoints_and_the_sandbox() -> None:
    found = plan(entry("a", realm=Realm.SANDBOX))
    assert found.endpoints == ("https://fake.sandbox",)
    assert found.notes == ("the sandbox answers",)
    assert found.sandbox


def test_a_request_that_nobody_in_the_sandbox_can_answer_is_still_the_sandbox_s() -> None:
    assert plan(entry("a", realm=Realm.SANDBOX, usable="it must sign in again")).sandbox
    assert not plan(entry("a", usable="it must sign in again")).sandbox


def test_nobody_signed_in_says_what_to_do() -> None:
    failure = nobody(plan(), PoolView(()), MODELS, "chat")
    assert failure.kind is Kind.UNAVAILABLE
    assert "agtui accounts login" in failure.public_message


def test_accounts_that_all_need_something_are_told_apart() -> None:
    pool = (entry("a", usable="sign in again"), entry("b", usable="switched off"))
    failure = nobody(plan(*pool), PoolView(pool), MODELS, "chat")
    assert failure.kind is Kind.UNAVAILABLE
    assert "Reasons: sign in again; switched off." in failure.public_message


def test_an_unknown_model_is_named_with_those_there_are() -> None:
    pool = (entry("a", offers=frozenset({"m1"})),)
    failure = nobody(plan(*pool, model="gpt-9"), PoolView(pool), MODELS, "chat")
    assert (failure.kind, failure.params["param"]) == (Kind.NOT_FOUND, "model")
    assert "gpt-9" in failure.public_message
    assert "m1" in failure.public_message


def test_a_listed_model_that_every_account_was_refused_is_not_called_unknown() -> None:
    refused = {"m1": Failure(Kind.NOT_FOUND, "Gone.", Scope.ACCOUNT_MODEL, Cause.MISSING)}
    pool = (entry("a", offers=frozenset({"m1"}), resting={"m1": 300.0}, why=refused),)
    failure = nobody(plan(*pool), PoolView(pool), MODELS, "chat")
    assert failure.kind is Kind.NOT_FOUND
    assert "lists `m1` but says that it does not exist" in failure.public_message
    assert "Try again" in failure.public_message


def test_when_everyone_rests_the_soonest_counts() -> None:
    pool = (
        entry("a", resting={"m1": 90.0}),
        entry("b", resting={"": 41.5, "m1": 12.0}),
        entry("c", usable="switched off", resting={"m1": 1.0}),
    )
    found = plan(*pool)
    failure = nobody(found, PoolView(pool), MODELS, "chat")
    assert failure.kind is Kind.RATE
    assert failure.retry_after == 41.5 == soonest(found, PoolView(pool))


def rest(cause: Cause, says: str = "It is so.") -> Failure:
    return Failure(Kind.FORBIDDEN, says, Scope.ACCOUNT_MODEL, cause)


def test_a_rest_that_is_no_limit_is_told_in_its_own_words() -> None:
    pool = (
        entry("a", resting={"": 20.0}, why={"": rest(Cause.SERVER, "The sign-in is down.")}),
        entry("b", resting={"m1": 90.0}, why={"m1": rest(Cause.QUOTA)}),
    )
    failure = nobody(plan(*pool), PoolView(pool), MODELS, "chat")
    assert (failure.kind, failure.retry_after) == (Kind.UNAVAILABLE, 20.0)
    assert failure.public_message == "The sign-in is down."


@pytest.mark.parametrize("cause", [Cause.QUOTA, Cause.RATE, Cause.SOFT])
def test_a_limit_is_told_as_one(cause: Cause) -> None:
    pool = (entry("a", resting={"m1": 20.0}, why={"m1": rest(cause)}),)
    failure = nobody(plan(*pool), PoolView(pool), MODELS, "chat")
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 20.0)
    assert "limit" in failure.public_message


def test_the_longer_of_two_rests_of_an_account_counts() -> None:
    why = {"": rest(Cause.AUTH, "Sign in."), "m1": rest(Cause.QUOTA)}
    pool = (entry("a", resting={"": 20.0, "m1": 50.0}, why=why),)
    failure = nobody(plan(*pool), PoolView(pool), MODELS, "chat")
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 50.0)


def test_an_account_that_was_refused_a_model_everywhere_does_not_offer_it() -> None:
    pool = (entry("a", resting={"m1": 200.0}, why={"m1": rest(Cause.MISSING)}),)
    assert nobody(plan(*pool), PoolView(pool), MODELS, "chat").kind is Kind.NOT_FOUND
    both = (*pool, entry("b", resting={"m1": 250.0}, why={"m1": rest(Cause.QUOTA)}))
    failure = nobody(plan(*both), PoolView(both), MODELS, "chat")
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 250.0)


def test_a_long_rest_is_a_used_up_quota() -> None:
    pool = (entry("a", resting={"m1": 7300.0}),)
    failure = nobody(plan(*pool), PoolView(pool), MODELS, "chat")
    assert failure.kind is Kind.QUOTA
    assert "2 h 2 min" in failure.public_message


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "1 s"), (119, "119 s"), (121, "3 min"), (7200, "2 h"), (15000, "4 h 10 min"), (86400, "24 h")],
)
def test_times_are_said_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


FIELDS = st.fixed_dictionaries(
    {
        "usable": st.sampled_from(["", "", "switched off"]),
        "offers": st.sampled_from([None, frozenset({"m1"}), frozenset({"x"})]),
        "resting": st.dictionaries(st.sampled_from(["", "m1", "x"]), st.floats(0, 100), max_size=2),
        "in_flight": st.integers(0, 5),
        "last_used": st.floats(0, 100),
        "fractions": st.dictionaries(st.just("m1"), st.none() | st.floats(0, 1)),
    }
)


@given(st.lists(FIELDS, max_size=6), st.sampled_from(STRATEGIES), st.text())
def test_every_account_is_either_ranked_or_explained(
    fields: list[dict[str, Any]], strategy: Any, conversation: str
) -> None:
    pool = [entry(f"acc{number}", **one) for number, one in enumerate(fields)]
    found = plan(*pool, strategy=strategy, conversation=conversation)
    assert sorted(one.account for one in found.candidates) == sorted(one.account for one in pool)
    free = [not one.passed_over for one in found.candidates]
    assert free == sorted(free, reverse=True)
    for one in usable(found):
        there = next(each for each in pool if each.account == one.account)
        assert not there.usable
        assert there.in_flight < there.limit
        assert not there.resting.get("")
        assert not there.resting.get("m1")
    assert all(not busy(one) for one in usable(found))
