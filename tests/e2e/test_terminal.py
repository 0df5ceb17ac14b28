"""The terminal program as a person has it: on a pseudo terminal, and in tmux where that is installed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import AGTUI, environment, free_port, start, stop
from .screen import Terminal

ESC = "\x1b"
CTRL_C, CTRL_N, CTRL_Q = "\x03", "\x0e", "\x11"


def open_terminal(home: Path, *arguments: str, columns: int = 80, rows: int = 24) -> Terminal:
    env = environment(home) | {"AGTUI_SERVER__PORT": str(free_port())}
    return Terminal([*AGTUI, "--sandbox", *arguments], env, columns, rows)


def ready(terminal: Terminal) -> None:
    """Past the first page, with the gateway up."""
    terminal.until(lambda text: "Welcome to agtui" in text)
    terminal.type(ESC)
    terminal.until(lambda text: "Welcome" not in text and "SANDBOX" in text and "●" in text)


@pytest.mark.timeout(60)
def test_a_question_a_picture_and_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        terminal.type("what is SSH?\r")
        terminal.until(lambda text: "tok ·" in text)
        terminal.type(f"{ESC}2")
        terminal.until(lambda text: "Aspect" in text)
        terminal.read(0.5)
        terminal.type("a lighthouse at dusk\r")
        terminal.until(lambda text: "▀▀▀▀▀▀▀▀▀▀" in text and ".png" in text.replace("…", ".png"))
        assert len(list((tmp_path / "library/pictures").rglob("*.png"))) == 1
        terminal.type(f"{ESC}1")
        terminal.until(lambda text: "SSH" in text)
        terminal.type("an unsent thought")
        terminal.until(lambda text: "an unsent thought" in text)
        terminal.type(CTRL_Q)
        assert terminal.ended() == 0
    with open_terminal(tmp_path) as terminal:
        terminal.until(lambda text: "an unsent thought" in text and "SSH" in text)
        terminal.type(f"{ESC}3")
        shown = terminal.until(lambda text: "what is SSH?" in text and "a lighthouse at dusk" in text)
        assert "pic" in shown
        terminal.type(f"{ESC}5")
        terminal.until(lambda text: "listening on" in text)


@pytest.mark.timeout(40)
def test_an_idle_screen_writes_nothing(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        for tab in "2345":
            terminal.type(f"{ESC}{tab}")
            terminal.read(0.7)
        terminal.read(1.5)
        assert terminal.read(2.0) == 0


@pytest.mark.timeout(40)
@pytest.mark.parametrize("way", ["ctrl+q", "ctrl+c twice", "SIGTERM", "SIGHUP"])
def test_every_exit_leaves_the_terminal_as_it_was(tmp_path: Path, way: str) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        terminal.type("kept")
        terminal.until(lambda text: "kept" in text)
        match way:
            case "ctrl+q":
                terminal.type(CTRL_Q)
            case "ctrl+c twice":
                terminal.type(CTRL_C)
                terminal.until(lambda text: "again" in text)
                terminal.type(CTRL_C)
            case "SIGTERM":
                terminal.process.send_signal(signal.SIGTERM)
            case _:
                terminal.process.send_signal(signal.SIGHUP)
        terminal.ended()
        assert terminal.modes() == terminal.before
        for mode in (b"?1049", b"?1000", b"?1003", b"?2004"):
            assert terminal.raw.rfind(mode + b"l") > terminal.raw.rfind(mode + b"h"), mode
    assert "kept" in (tmp_path / "ui.json").read_text()


@pytest.mark.timeout(40)
def test_a_mouse_report_of_an_old_terminal_does_not_end_the_program(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        terminal.send(b"\x1b[M" + bytes((32, 32 + 110, 32 + 5)))
        terminal.read(0.3)
        terminal.type(f"{ESC}5")
        terminal.until(lambda text: "listening on" in text)


@pytest.mark.timeout(40)
def test_a_failed_question_says_what_to_do_and_stays_in_the_prompt(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        terminal.type("please [[error 500]]\r")
        terminal.until(lambda text: text.count("[[error 500]]") >= 2 and "again" in text)


@pytest.mark.timeout(60)
def test_two_of_them_share_a_gateway_and_outlive_it(tmp_path: Path) -> None:
    served = start(tmp_path, "--sandbox")
    with open_terminal(tmp_path) as one, open_terminal(tmp_path, columns=100, rows=30) as two:
        ready(one)
        ready(two)
        assert "attached" in two.text
        one.type("what is SSH?\r")
        one.until(lambda text: "tok ·" in text)
        two.until(lambda text: "what is SSH?" in text)
        two.type("\x0f\r")
        two.until(lambda text: "tok ·" in text)
        one.type("and a fjord?\r")
        one.until(lambda text: "tok/s" in text or "streaming" in text)
        one.until(lambda text: "streaming" not in text and "tok ·" in text)
        two.until(lambda text: "fjord" in text.lower() and "tok ·" in text)
        one.type("[[slow]] and more\r")
        one.until(lambda text: "streaming" in text)
        served.process.kill()
        stop(served)
        one.until(lambda text: "does not answer any more" in text and text.count("[[slow]] and more") == 2)
        two.until(lambda text: "The gateway is gone" in text)
        again = start(tmp_path, "--sandbox")
        try:
            two.until(lambda text: "The gateway is back." in text and "[[slow]] and more" in text)
            one.until(lambda text: "●" in text and "No answer yet" in text)
            one.type("\r")
            one.until(lambda text: "streaming" in text)
            one.type(CTRL_Q)
            one.until(lambda text: "Quit" in text)
            one.type("\r")
            two.type(CTRL_Q)
            assert two.ended() == 0
        finally:
            assert stop(again) == 0


@pytest.mark.timeout(60)
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_it_works_in_tmux_through_a_detach_and_a_resize(tmp_path: Path) -> None:
    env = environment(tmp_path) | {"AGTUI_SERVER__PORT": str(free_port()), "TERM": "xterm-256color"}
    env["LANG"] = "C.UTF-8"
    server = ["tmux", "-S", str(tmp_path / "tmux.sock"), "-f", "/dev/null"]

    def tmux(*arguments: str) -> str:
        done = subprocess.run(
            [*server, *arguments], env=env, capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout

    def until(word: str, there: bool = True) -> str:
        end = time.monotonic() + 15
        while (word in (text := tmux("capture-pane", "-p", "-t", "a"))) is not there:
            assert time.monotonic() < end, text
            time.sleep(0.1)
        return text

    try:
        tmux("new-session", "-d", "-x", "100", "-y", "30", "-s", "a", " ".join([*AGTUI, "--sandbox"]))
        until("Welcome to agtui")
        tmux("send-keys", "-t", "a", "Escape")
        until("Welcome to agtui", there=False)
        tmux("send-keys", "-t", "a", "compare tea and coffee", "Enter")
        until("tok ·")
        tmux("resize-window", "-t", "a", "-x", "80", "-y", "24")
        until("^P commands")
        for columns, rows in ((100, 30), (132, 40)):
            with Terminal([*server, "attach-session", "-t", "a"], env, columns, rows) as person:
                person.until(lambda text: "SANDBOX" in text and "^P commands" in text)
                person.type(f"{ESC}4")
                person.until(lambda text: "ada@sandbox.test" in text)
                person.type(f"{ESC}1")
                person.until(lambda text: "tea" in text and "tok ·" in text)
                person.type("\x02d")
                assert person.ended() == 0, "detached"
            tmux("send-keys", "-t", "a", f"after {columns} ")
            until(f"after {columns}")
        tmux("send-keys", "-t", "a", "C-q")
        end = time.monotonic() + 15
        while (
            subprocess.run([*server, "has-session"], env=env, capture_output=True, check=False).returncode
            == 0
        ):
            assert time.monotonic() < end, "it did not end"
            time.sleep(0.1)
    finally:
        subprocess.run([*server, "kill-server"], env=env, capture_output=True, check=False, timeout=10)


@pytest.mark.timeout(60)
def test_a_paste_that_holds_escape_sequences_is_text_and_no_keystroke(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        terminal.type(f"{ESC}[200~first \x1b[31mred\x07\r{ESC}[201~{CTRL_Q}second\r{ESC}[201~")
        terminal.until(lambda text: "first red" in text and "second" in text)
        terminal.read(0.3)
        assert "Quit agtui?" not in terminal.text
        assert "tok ·" not in terminal.text
        terminal.type("!")
        terminal.until(lambda text: "!" in text)
        assert terminal.process.poll() is None


@pytest.mark.timeout(60)
def test_a_megabyte_can_be_pasted(tmp_path: Path) -> None:
    with open_terminal(tmp_path) as terminal:
        ready(terminal)
        sent = (f"{ESC}[200~" + "a line of a long text\r" * 48_000 + f"the end{ESC}[201~").encode()
        for start in range(0, len(sent), 1024):
            terminal.send(sent[start : start + 1024])
            terminal.read(0.0)
        terminal.until(lambda text: "the end" in text, 30)
