"""Named client keys: made once, kept as hashes, ended at once, and read back strictly."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from core.domain.failure import GatewayError, Kind
from core.domain.keys import KeyState
from core.gateway.client_keys import MOST_REVOKED, ClientKeys
from core.gateway.keys import KeyRing
from core.redact import forget, redact
from tests.fakes import FakeClock

DAY = 86_400.0


class World:
    """The keys of one directory; `again` is the next start."""

    def __init__(self, home: Path) -> None:
        self.home, self.file = home, home / "keys.json"
        self.clock = FakeClock()
        self.again()

    def again(self) -> World:
        self.keys = ClientKeys(self.file, self.clock)
        self.ring = KeyRing(self.home / "api.key", {}, self.clock, self.keys).open()
        return self

    def refused(self, *arguments: Any, **rules: Any) -> str:
        with pytest.raises(GatewayError) as caught:
            self.keys.create(*arguments, **rules)
        assert caught.value.failure.kind is Kind.BAD_REQUEST
        return caught.value.failure.public_message


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_key_opens_under_its_name_and_its_text_is_kept_nowhere(world: World) -> None:
    text = world.keys.create("ci", ("gpt-*",), 60, 1000, world.clock.now() + DAY)
    assert text.startswith("sk-agtui-")
    assert len(text) == len("sk-agtui-") + 43
    assert world.ring.matches(text) == "ci"
    assert world.ring.matches(world.ring.show()) == "local"
    content = world.file.read_text()
    assert text not in content
    assert hashlib.sha256(text.encode()).hexdigest() in content
    assert stat.S_IMODE(world.file.stat().st_mode) == 0o600
    assert text not in repr(world.keys.list()) + repr(vars(world.keys))
    assert world.keys.list()[0].hint == text[-4:]


def test_keys_and_their_rules_survive_a_restart(world: World) -> None:
    texts = {name: world.keys.create(name, ("a", "b-*"), 5, 9) for name in ("one", "two")}
    before = world.keys.list()
    world.again()
    assert world.keys.list() == before
    assert {name: world.ring.matches(text) for name, text in texts.items()} == {"one": "one", "two": "two"}


def test_only_the_whole_key_opens(world: World) -> None:
    text = world.keys.create("ci")
    for wrong in (text[:-1], text + "x", text.upper(), f" {text}", "", "\udcff"):
        assert world.ring.matches(wrong) is None


def test_a_revoked_key_is_refused_at_once_and_after_a_restart(world: World) -> None:
    text, other = world.keys.create("ci"), world.keys.create("other")
    assert world.keys.revoke("ci").state(world.clock.now()) is KeyState.REVOKED
    for _ in range(2):
        assert world.ring.matches(text) is None
        assert world.keys.get("ci") is None
        assert world.ring.matches(other) == "other"
        world.again()
    world.clock.move(5)
    assert world.keys.revoke("ci").revoked_at == world.clock.now() - 5, "the first time counts"


def test_an_expired_key_is_refused_and_shown_as_such(world: World) -> None:
    text = world.keys.create("ci", expires_at=world.clock.now() + 60)
    world.clock.move(59)
    assert world.ring.matches(text) == "ci"
    world.clock.move(1)
    assert world.ring.matches(text) is None
    assert world.keys.list()[0].state(world.clock.now()) is KeyState.EXPIRED


def test_a_name_is_taken_while_its_key_works(world: World) -> None:
    first = world.keys.create("ci")
    assert "already" in world.refused("ci")
    world.keys.revoke("ci")
    second = world.keys.create("ci")
    assert (world.ring.matches(first), world.ring.matches(second)) == (None, "ci")
    assert len(world.keys.list()) == 1


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", ".x", "x" * 65, "ключ", "a/b", "a\n", "local"])
def test_a_name_is_short_plain_and_not_our_own(world: World, name: str) -> None:
    world.refused(name)
    assert not world.file.exists()


@pytest.mark.parametrize(
    "rules",
    [
        {"models": ("",)},
        {"models": (" a",)},
        {"models": ("a\x1b[0m",)},
        {"models": ("x" * 257,)},
        {"models": ("a",) * 101},
        {"rpm": -1},
        {"rpm": 100_001},
        {"tokens_per_day": -1},
        {"expires_at": 1.0},
    ],
)
def test_rules_that_make_no_sense_are_refused(world: World, rules: dict[str, Any]) -> None:
    assert world.refused("ci", **rules)


def test_who_revokes_what_is_not_there_is_told(world: World) -> None:
    with pytest.raises(GatewayError) as caught:
        world.keys.revoke("nobody")
    assert caught.value.failure.kind is Kind.NOT_FOUND


def test_only_so_many_revoked_keys_are_remembered(world: World) -> None:
    for number in range(MOST_REVOKED + 3):
        world.clock.move(1)
        world.keys.create(f"k{number}")
        world.keys.revoke(f"k{number}")
    names = {key.name for key in world.keys.list()}
    assert len(names) == MOST_REVOKED
    assert "k0" not in names
    assert f"k{MOST_REVOKED + 2}" in names


def broken(document: dict[str, Any], **changes: Any) -> bytes:
    """The file with fields of its first key replaced; None leaves one out."""
    first = {name: value for name, value in (document["keys"][0] | changes).items() if value is not None}
    return json.dumps(document | {"keys": [first, *document["keys"][1:]]}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "00"}, {"sha256": "G" * 64}, {"sha256": None}, {"name": "two"}, {"name": "a b"},
        {"name": "local"}, {"rpm": "60"}, {"rpm": -5}, {"rpm": 1.5}, {"models": "all"}, {"models": [""]},
        {"expires_at": "2027"}, {"expires": 5}, {"scopes": ["all"]},
    ],
)  # fmt: skip
def test_a_file_with_an_odd_rule_opens_nothing_and_is_kept_aside(
    world: World, changes: dict[str, Any]
) -> None:
    texts = [world.keys.create(name) for name in ("one", "two")]
    content = broken(json.loads(world.file.read_bytes()), **changes)
    world.file.write_bytes(content)
    world.again()
    assert [world.ring.matches(text) for text in texts] == [None, None]
    aside = next(world.home.glob("keys.json.bad-*"))
    assert aside.read_bytes() == content
    assert str(aside) in world.ring.notices[-1]
    assert "agtui keys create" in world.ring.notices[-1]
    assert world.ring.matches(world.keys.create("one")) == "one"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"keys": []}', b"\xff", b"[" * 100_000])
def test_what_is_no_key_file_is_kept_aside(world: World, content: bytes) -> None:
    world.file.write_bytes(content)
    world.again()
    assert world.keys.list() == []
    assert len(list(world.home.glob("keys.json.bad-*"))) == 1


def test_the_file_of_a_later_version_is_left_as_it_is(world: World) -> None:
    world.file.write_bytes(b'{"version": 2, "keys": {"new": true}}')
    with pytest.raises(GatewayError) as caught:
        world.again()
    assert "newer agtui" in caught.value.failure.public_message
    assert world.file.exists()


def test_a_file_that_others_could_read_is_closed(world: World) -> None:
    world.keys.create("ci")
    world.file.chmod(0o644)
    world.again()
    assert stat.S_IMODE(world.file.stat().st_mode) == 0o600


def test_a_disk_that_refuses_leaves_things_as_they_were(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = world.keys.create("ci")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.gateway.client_keys.write_atomic", full)
    for attempt in (lambda: world.keys.create("more"), lambda: world.keys.revoke("ci")):
        with pytest.raises(GatewayError, match="No space"):
            attempt()
    assert [key.name for key in world.keys.list()] == ["ci"]
    assert world.ring.matches(text) == "ci"


def test_a_key_that_was_presented_is_masked_in_whatever_form(world: World) -> None:
    text = world.keys.create("ci")
    forget(text)  # a start after the one that made it
    world.again()
    assert world.ring.matches(text) == "ci"
    packed = base64.b64encode(f"user:{text}".encode()).decode()
    masked = redact(f"?key={text} {packed} {text}")
    assert text not in masked
    assert packed[20:50] not in masked
