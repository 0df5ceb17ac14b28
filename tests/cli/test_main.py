from __future__ import annotations

import pytest

from core.cli import root
from core.cli.exits import Exit
from core.cli.main import main


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> object:
    """The exit code after the command line ran into `error`."""

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(root.cli, "main", fail)
    with pytest.raises(SystemExit) as caught:
        main(["models"])
    return caught.value.code


def test_a_fault_of_ours_is_70_and_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "ya29.a0AfH6SMBx3kq9vTz0abcdefghijklmnop"
    assert ending(monkeypatch, ValueError(f"Authorization: Bearer {secret}")) == Exit.INTERNAL
    shown = capsys.readouterr()
    assert secret not in shown.err
    assert "ValueError" in shown.err
    assert shown.out == ""


def test_ctrl_c_at_any_moment_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(monkeypatch, KeyboardInterrupt()) == Exit.INTERRUPTED
    assert capsys.readouterr().err == ""
