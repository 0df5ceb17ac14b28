"""What is kept of what was said: without secrets, short, for a while."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import redact
from core.config.settings import RecordsSettings
from core.domain.bodies import MOST_HELD, Heard, Tape
from core.domain.failure import GatewayError
from core.domain.network import Call
from core.records.bodies import BodyLog
from core.records.saying import LONGEST, READ, WORD, bodies, said
from tests.storage.conftest import HandClock

DAY = 86_400.0
ON = RecordsSettings(bodies=True)
BLOB = "QUJDREVGR0hJ" * 500


def heard(text: str | bytes) -> Heard:
    found = Heard()
    found.add(text if isinstance(text, bytes) else text.encode())
    return found


def tape(number: int, at: float, text: str = '{"model":"m1"}', query: bytes = b"") -> Tape:
    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", b"Bearer sk-agtui-very-secret-key-of-ours"),
        (b"x-unknown", b"who knows"),
        (b"anthropic-version", b"2023-06-01"),
    ]
    made = Tape(f"req_{number}", at, "POST", "/v1/messages", query, headers)
    made.asked = heard(text)
    made.status, made.answer_headers = 200, [(b"content-type", b"application/json")]
    made.answer = heard('{"said":"yes"}')
    return made


Log = Callable[..., BodyLog]


@pytest.fixture
def log(tmp_path: Path, clock: HandClock) -> Log:
    """`log(settings)` over one directory."""

    def over(settings: RecordsSettings = ON) -> BodyLog:
        return BodyLog(tmp_path / "bodies", clock, lambda: settings)

    return over


def files(log: BodyLog) -> list[Path]:
    return log._files()  # pyright: ignore[reportPrivateUsage]


async def keep(log: BodyLog, *tapes: Tape, key: str | None = "local") -> None:
    for one in tapes:
        log.begin(one)
        log.end(one, key)
    await log.written()


async def test_a_request_is_found_with_all_its_sides(log: Log, clock: HandClock) -> None:
    kept, one = log(), tape(1, clock.now(), query=b"beta=true&key=sk-agtui-secret")
    kept.begin(one)
    kept.sent(Call("POST", "https://up.test/v1:generate", body=b'{"contents":[]}', trace="req_1"))
    kept.sent(Call("POST", "https://up.test/v1:generate", body=b'{"contents":[1]}', trace="req_1.2"))
    kept.sent(Call("POST", "https://up.test/token", body=b"refresh", trace="req_another"))
    kept.sent(Call("POST", "https://up.test/token", body=b"refresh"))
    kept.end(one, "local")
    found = await kept.find("req_1")
    assert (found.method, found.path) == ("POST", "/v1/messages?beta=true")
    assert dict(found.headers)["anthropic-version"] == "2023-06-01"
    assert found.asked.text == '{"model":"m1"}'
    assert [call.body.text for call in found.sent] == ['{"contents":[]}', '{"contents":[1]}']
    assert (found.status, found.answer.text) == (200, '{"said":"yes"}')


async def test_each_of_several_answers_leads_to_its_request(log: Log, clock: HandClock) -> None:
    kept = log()
    await keep(kept, tape(1, clock.now()))
    assert (await kept.find("req_1.3")).id == "req_1"


async def test_files_and_their_directory_are_private_and_one_a_day(log: Log, clock: HandClock) -> None:
    kept = log()
    await keep(kept, tape(1, clock.now()), tape(2, clock.now() + DAY), tape(3, clock.now() + DAY))
    assert len(files(kept)) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(kept)} == {0o600}
    assert stat.S_IMODE(files(kept)[0].parent.stat().st_mode) == 0o700
    assert [(await kept.find(f"req_{number}")).id for number in (1, 2, 3)] == ["req_1", "req_2", "req_3"]


async def test_no_secret_reaches_the_disk(log: Log, clock: HandClock) -> None:
    secret = "the-canary-of-this-test-31415"
    redact.register(secret)
    one = tape(
        1, clock.now(), json.dumps({"api_key": "abcdefgh", "text": f"take {secret} and ya29.abcdefgh"})
    )
    one.answer = heard(f'data: {{"text":"{secret}"}}\n\n')
    one.headers.append((b"x-api-key", secret.encode()))
    await keep(log(), one)
    (path,) = files(log())
    content = path.read_text()
    for word in (secret, "sk-agtui-very", "who knows", "abcdefgh"):
        assert word not in content
    assert (await log().find("req_1")).asked.masked


def test_pictures_are_cut_to_their_length_and_json_stays_json() -> None:
    found = said(heard(json.dumps({"a": f"data:image/png;base64,{BLOB}", "b": BLOB, "c": "x y " * 500})))
    assert json.loads(found.text) == {
        "a": f"data:image/png;base64,<base64, {len(BLOB)} characters>",
        "b": f"<base64, {len(BLOB)} characters>",
        "c": "x y " * 500,
    }
    assert (found.blobs, found.cut, found.masked) == (True, False, False)


def test_a_long_body_is_cut_and_says_so() -> None:
    found = said(heard(json.dumps({"text": "a word and " * 20_000})))
    assert found.cut
    assert len(found.text) <= LONGEST
    assert found.size > 200_000


def test_a_secret_across_the_cut_is_not_shown_in_part() -> None:
    """Runs of base64 become short, so that the place where reading stops is among what is shown."""
    secret = "canary-" + "0123456789" * 20
    redact.register(secret)
    run = "Q" * 900 + " "
    for cut in (READ, READ - WORD):
        for shift in range(-10, 220, 10):
            lead = (run * (cut // len(run) + 1))[: cut - shift - 1]
            shown = said(heard(f"{lead} {secret}{' end' * READ}"))
            assert "canary-0" not in shown.text
            assert shown.cut


def test_what_is_no_text_is_told_by_kind_and_size() -> None:
    one = tape(1, 0.0)
    one.headers[0] = (b"content-type", b"multipart/form-data; boundary=x")
    one.asked = heard(b"\x00\x01" * 50)
    assert bodies(one).asked.text == "<multipart/form-data, 100 bytes>"


def test_what_is_held_of_a_side_is_bounded() -> None:
    found = Heard()
    for _ in range(40):
        found.add(b"x" * (MOST_HELD // 10))
    assert sum(map(len, found.pieces)) <= 1.1 * MOST_HELD
    assert said(found).cut


@given(st.binary(max_size=300))
def test_any_bytes_can_be_kept(content: bytes) -> None:
    found = said(heard(content))
    assert found.size == len(content)
    assert found.pretty is not None


@pytest.mark.parametrize(
    ("key", "keys", "kept"),
    [
        ("local", (), True),
        ("", (), True),
        ("ada", (), False),
        ("ada", ("ada",), True),
        ("ada", ("*",), True),
        (None, ("*",), False),
    ],
)
async def test_others_keys_are_recorded_only_when_they_are_named(
    log: Log, clock: HandClock, key: str | None, keys: tuple[str, ...], kept: bool
) -> None:
    chosen = log(RecordsSettings(bodies=True, bodies_keys=keys))
    await keep(chosen, tape(1, clock.now()), key=key)
    assert bool(files(chosen)) is kept


async def test_what_is_missing_says_which_setting_records_it(log: Log) -> None:
    for settings, word in ((RecordsSettings(), "records.bodies true"), (ON, "records.bodies_keys")):
        with pytest.raises(GatewayError, match=word):
            await log(settings).find("req_1")


async def test_a_line_that_a_crash_has_torn_spoils_no_other(log: Log, clock: HandClock) -> None:
    kept = log()
    await keep(kept, tape(1, clock.now()), tape(2, clock.now()))
    (path,) = files(kept)
    path.write_bytes(path.read_bytes()[:-20])
    await keep(kept, tape(3, clock.now()))
    assert (await kept.find("req_1")).id == "req_1"
    assert (await kept.find("req_3")).id == "req_3"
    with pytest.raises(GatewayError):
        await kept.find("req_2")


async def test_old_days_go(log: Log, clock: HandClock) -> None:
    kept = log(RecordsSettings(bodies=True, bodies_keep_days=3))
    await keep(kept, *(tape(day, clock.now() - day * DAY) for day in range(6)))
    await kept.tidy()
    assert len(files(kept)) == 4


async def test_too_much_goes_the_oldest_first(log: Log, clock: HandClock) -> None:
    kept = log(RecordsSettings(bodies=True, bodies_max_mb=1))
    for number in range(40):
        day = -DAY if number < 20 else 0.0
        await keep(kept, tape(number, clock.now() + day, json.dumps({"text": "a word " * 8_000})))
    assert sum(path.stat().st_size for path in files(kept)) <= 1024 * 1024
    assert (await kept.find("req_39")).id == "req_39"
    with pytest.raises(GatewayError):
        await kept.find("req_0")


async def test_all_of_it_can_be_deleted(log: Log, clock: HandClock) -> None:
    kept = log()
    await keep(kept, tape(1, clock.now()), tape(2, clock.now() - DAY))
    assert await kept.purge() == 2
    assert not files(kept)


async def test_a_disk_that_refuses_costs_a_warning_and_nothing_else(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "bodies").write_text("in the way")
    kept = BodyLog(tmp_path / "bodies", clock, lambda: ON)
    await keep(kept, tape(1, clock.now()))
    assert kept.dropped == 1
