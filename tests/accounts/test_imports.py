"""Files of other programs, as they write them, and what is read from them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core.accounts.exports import encode_export
from core.accounts.import_files import read_path
from core.accounts.imports import Found, NotAccounts, read_file
from core.domain.accounts import AccountState, ApiKey, OAuth
from core.domain.failure import GatewayError, Kind
from core.domain.secret import Secret

from .world import START, account

FILES = Path(__file__).parent / "files"


def found(path: str) -> dict[str, Found]:
    """What the file or directory holds, by e-mail."""
    return {each.email: each for each in read_path(FILES / path).found}


def facts(each: Found) -> tuple[str, str, str, bool]:
    return each.refresh_token.reveal(), each.project, each.managed_project, each.disabled


def test_antigravity_tools_keeps_an_account_a_file() -> None:
    read = found("antigravity-tools")
    assert facts(read["ada@example.test"]) == ("1//canary-tools-ada", "tools-project-ada", "", False)
    assert facts(read["alan@example.test"]) == ("1//canary-tools-alan", "", "", True)
    assert {each.source for each in read.values()} == {"Antigravity Tools"}
    assert list(read) == ["ada@example.test", "alan@example.test", "gone@example.test"]


def test_an_account_of_the_index_whose_file_is_missing_is_told() -> None:
    gone = found("antigravity-tools")["gone@example.test"]
    assert not gone.refresh_token
    assert gone.note == "its file is missing"


def test_the_index_alone_leads_to_the_files_beside_it() -> None:
    assert found("antigravity-tools/accounts.json") == found("antigravity-tools")


def test_the_folder_of_account_files_alone_will_do() -> None:
    assert set(found("antigravity-tools/accounts")) == {"ada@example.test", "alan@example.test"}


def test_the_list_that_antigravity_tools_exports() -> None:
    read = found("antigravity-tools-export.json")
    assert facts(read["ada@example.test"])[0] == "1//canary-list-ada"
    assert facts(read[""])[0] == "1//canary-list-unnamed"


def test_antigravity_claude_proxy() -> None:
    read = found("antigravity-claude-proxy.json")
    assert facts(read["ada@example.test"]) == ("1//canary-proxy-ada", "proxy-project", "", False)
    assert facts(read["alan@example.test"]) == (
        "1//canary-proxy-alan",
        "own-project",
        "managed-project",
        True,
    )
    assert read["alan@example.test"].note == "marked invalid there"
    assert {each.source for each in read.values()} == {"antigravity-claude-proxy"}
    for without in ("grace@example.test", "edsger@example.test"):
        assert not read[without].refresh_token
        assert "no refresh token" in read[without].note


def test_opencode_antigravity_auth_with_packed_tokens() -> None:
    read = found("opencode/antigravity-accounts.json")
    assert facts(read["ada@example.test"]) == (
        "1//canary-opencode-ada",
        "open-project",
        "open-managed",
        False,
    )
    assert facts(read["alan@example.test"]) == ("1//canary-opencode-alan", "", "packed-managed", True)
    assert facts(read[""])[0] == "1//canary-opencode-unnamed"
    assert {each.source for each in read.values()} == {"opencode-antigravity-auth"}


def test_the_sign_in_of_opencode_itself() -> None:
    (one,) = read_path(FILES / "opencode/auth.json").found
    assert facts(one) == ("1//canary-opencode-ada", "open-project", "open-managed", False)


def test_cliproxyapi_and_nothing_of_its_other_services() -> None:
    read = found("cliproxyapi")
    assert facts(read["ada@example.test"]) == ("1//canary-cli-ada", "cli-project", "", False)
    assert facts(read["alan@example.test"]) == ("1//canary-cli-alan", "", "", True)
    assert {each.source for each in read.values()} == {"CLIProxyAPI"}


@pytest.mark.parametrize("name", ["codex-ada@example.test.json", "ada@example.test-gemini.json"])
def test_a_sign_in_of_another_service_is_refused(name: str) -> None:
    with pytest.raises(NotAccounts) as refused:
        read_path(FILES / "cliproxyapi" / name)
    assert name in refused.value.failure.public_message
    assert "type antigravity" in refused.value.failure.public_message


def test_another_service_inside_a_list_has_no_token_for_us() -> None:
    (one,) = read_file(b'[{"type":"codex","email":"a@x.test","refresh_token":"1//canary"}]', "x").found
    assert not one.refresh_token
    assert "another service" in one.note


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        ("1//abc", ("1//abc", "", "")),
        ("1//abc|", ("1//abc", "", "")),
        ("1//abc|my-proj", ("1//abc", "my-proj", "")),
        ("1//abc||auto-7", ("1//abc", "", "auto-7")),
        ("1//abc|my-proj|auto-7", ("1//abc", "my-proj", "auto-7")),
    ],
)
def test_packed_tokens_are_taken_apart(packed: str, expected: tuple[str, str, str]) -> None:
    content = msgspec.json.encode({"accounts": [{"refreshToken": packed}], "activeIndex": 0})
    (one,) = read_file(content, "x").found
    assert facts(one)[:3] == expected


def test_an_own_project_of_the_entry_beats_the_packed_one() -> None:
    (one,) = read_file(b'{"accounts":[{"refreshToken":"1//a|packed","projectId":"own"}]}', "x").found
    assert one.project == "own"


def test_what_agtui_exports_it_reads_again() -> None:
    accounts = [
        account("ada", project="mine", managed_project="found"),
        account("alan", enabled=False),
        account("eve", state=AccountState.ENDED),
        account("key", credential=ApiKey(Secret("k"))),
    ]
    content = encode_export(accounts, START)
    ada, alan, eve = read_file(content, "x").found
    assert (facts(ada), ada.client, ada.source) == (
        ("1//ada", "mine", "found", False),
        "0123456789ab",
        "agtui",
    )
    assert (alan.disabled, alan.note) == (True, "switched off there")
    assert (eve.disabled, eve.note) == (True, "the upstream had ended it there")
    assert b"device" not in content


def test_the_accounts_file_of_another_agtui_is_read(tmp_path: Path) -> None:
    from core.accounts.vault import Vault

    from .world import HandClock

    vault = Vault(tmp_path / "accounts.json", HandClock())
    vault.put(account("ada", credential=OAuth(Secret("1//canary"), "fedcba987654")))
    (one,) = read_path(tmp_path / "accounts.json").found
    assert (one.email, one.refresh_token.reveal(), one.client) == (
        "ada@example.test",
        "1//canary",
        "fedcba987654",
    )


def test_a_byte_order_mark_and_stray_zeros_do_no_harm() -> None:
    content = b"\xef\xbb\xbf\0\0" + (FILES / "antigravity-tools-export.json").read_bytes() + b"\0\0"
    assert len(read_file(content, "x").found) == 2


def test_no_form_of_what_was_found_shows_a_token() -> None:
    for path in ("antigravity-tools", "antigravity-claude-proxy.json", "opencode", "cliproxyapi"):
        reading = read_path(FILES / path)
        assert any(each.refresh_token for each in reading.found)
        for text in (repr(reading), str(reading), f"{reading.found[0].refresh_token}"):
            assert "canary" not in text
        with pytest.raises(TypeError):
            msgspec.json.encode(reading)


def test_a_file_of_another_kind_says_what_was_expected() -> None:
    with pytest.raises(NotAccounts) as refused:
        read_path(FILES / "antigravity-tools" / "gui_config.json")
    failure = refused.value.failure
    assert failure.kind is Kind.BAD_REQUEST
    assert "gui_config.json" in failure.public_message
    assert "antigravity-claude-proxy" in failure.public_message
    assert "sk-not" not in failure.public_message


def test_an_export_of_another_version_is_not_guessed_at() -> None:
    with pytest.raises(GatewayError, match="version"):
        read_file(b'{"format":"agtui-accounts","version":2,"accounts":[]}', "x")
