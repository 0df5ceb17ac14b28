"""Tables in terminals of every width."""

from __future__ import annotations

import pytest

from core.cli import output

ROWS = [
    ("ada@example.test", "add", "-"),
    ("alan@example.test", "skip: no token", "switched off there; the file has no refresh token for it"),
]


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setattr(output, "terminal_size", lambda: (width, 24))
    output.table(ROWS, ("account", "what", "note"))
    return capsys.readouterr().out.splitlines()


def test_a_row_that_fits_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, 120)
    assert len(lines) == 3
    assert lines[2].endswith("switched off there; the file has no refresh token for it")


@pytest.mark.parametrize("width", [80, 60, 50])
def test_a_row_that_is_too_wide_is_folded_in_its_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    lines = shown(monkeypatch, capsys, width)
    assert max(map(len, lines)) <= width
    place = lines[0].index("note")
    assert " ".join(line[place:].strip() for line in lines[2:]).split() == ROWS[1][2].split()
    assert "ada@example.test" in lines[1]


def test_nothing_is_folded_to_pieces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, 10)
    assert all(len(line) <= 3 * output.NARROWEST + 2 * len(output.GAP) for line in lines)


def test_a_piped_table_is_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(ROWS, ("account", "what", "note"))
    assert capsys.readouterr().out.splitlines()[2].split("\t") == list(ROWS[1])
