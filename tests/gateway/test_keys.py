"""The local key: made once, private, compared in constant time, strong enough to go outside."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from core.config.clock import SystemClock
from core.domain.failure import GatewayError, Kind
from core.gateway.client_keys import ClientKeys
from core.gateway.keys import KeyRing, KeysService, bits
from core.gateway.limits import Limits
from tests.fakes import FakeRecorder


def ring(home: Path, **env: str) -> KeyRing:
    return KeyRing(home / "api.key", env, SystemClock()).open()


async def nothing_used(since: float) -> dict[str, int]:
    return {}


def test_the_first_start_makes_a_strong_private_key_that_stays(tmp_path: Path) -> None:
    first = ring(tmp_path / "home")
    assert first.show().startswith("sk-agtui-")
    assert len(first.show()) == len("sk-agtui-") + 43
    assert first.strong()
    assert stat.S_IMODE((tmp_path / "home" / "api.key").stat().st_mode) == 0o600
    assert ring(tmp_path / "home").show() == first.show()


def test_only_the_whole_key_matches(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    key = keys.show()
    assert keys.matches(key) == "local"
    for wrong in ("", key[:-1], key + "x", key.upper(), f" {key}", "ключ", "\udcff", "x" * 100_000):
        assert keys.matches(wrong) is None


def test_a_ring_that_was_not_opened_lets_nobody_in(tmp_path: Path) -> None:
    assert KeyRing(tmp_path / "api.key", {}, SystemClock()).matches("") is None


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ({"AGTUI_API_KEY": "ours", "API_KEY": "theirs", "ABV_API_KEY": "last"}, "ours"),
        ({"API_KEY": "theirs", "ABV_API_KEY": "last"}, "theirs"),
        ({"AGTUI_API_KEY": " ", "ABV_API_KEY": "last"}, "last"),
    ],
)
def test_a_key_in_the_environment_wins_and_is_not_written(
    tmp_path: Path, env: dict[str, str], key: str
) -> None:
    keys = ring(tmp_path, **env)
    assert keys.show() == key
    assert keys.matches(key) == "local"
    assert not list(tmp_path.iterdir())
    with pytest.raises(GatewayError) as refused:
        keys.renew()
    assert refused.value.failure.kind is Kind.FORBIDDEN


async def test_a_renewed_key_replaces_the_old_one_at_once(tmp_path: Path) -> None:
    keys, clock = ring(tmp_path), SystemClock()
    clients = ClientKeys(tmp_path / "keys.json", clock)
    service, old = (
        KeysService(keys, clients, Limits(clients, FakeRecorder(), clock, nothing_used), clock),
        keys.show(),
    )
    renewed = await service.renew()
    assert await service.show() == renewed != old
    assert (keys.matches(old), keys.matches(renewed)) == (None, "local")
    assert ring(tmp_path).show() == renewed


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"\xff\xfe\x00", b"short", b"x" * 5000])
def test_an_unreadable_key_file_is_kept_aside_and_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "api.key").write_bytes(content)
    keys = ring(tmp_path)
    assert keys.strong()
    aside = next(tmp_path.glob("api.key.bad-*"))
    assert aside.read_bytes() == content
    assert str(aside) in keys.notices[0]


def test_a_key_of_ones_own_is_used_and_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "api.key").write_text("my-own-key-1234\n")
    (tmp_path / "api.key").chmod(0o644)
    keys = ring(tmp_path)
    assert keys.matches("my-own-key-1234") == "local"
    assert not keys.strong()
    assert stat.S_IMODE((tmp_path / "api.key").stat().st_mode) == 0o600


def test_no_key_shows_in_the_rings_repr(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    assert keys.show() not in repr(keys) + repr(vars(keys))


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "sk-antigravity",
        "sk-" + "a" * 60,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "0123456789abcdef0123456789abcdef",
        "your-api-key-Xk29fLq82mPzR71uWb3cVt",
        "changeme-Xk29fLq82mPzR71uWb3cVt",
        "Xk29fLq82mPz",
        "1827364509182736450918273645",
        "ab12cd34ef" * 5,
    ],
)
def test_what_people_type_is_weak(weak: str) -> None:
    assert bits(weak) < 128


def test_random_keys_are_strong() -> None:
    for _ in range(200):
        assert bits(secrets.token_urlsafe(22)) >= 128
        assert bits("sk-" + secrets.token_hex(24)) >= 128
