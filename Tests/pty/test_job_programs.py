#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Job control with programs that do something with the terminal themselves: shells, less, vi, top, script, tmux."""
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, has, main  # noqa: E402
from terminal import alive, modes, session, start, wait_until, wait_until_running  # noqa: E402


def test_nested_shells(shell, folder):
    """A shell in the shell has job control of its own, and gives the terminal back"""
    for inner in (shell, "dash -i", "bash --norc --noediting -i", "mksh -i", "yash -i --norcfile"):
        if inner != shell and not shutil.which(inner.split()[0]):
            continue
        with session(shell, folder, timeout=15) as terminal:
            terminal.send(f"{inner}\r")
            terminal.wait_for(r"[#$] \Z")
            terminal.send("PS1='in''ner> '\r")
            terminal.wait_for(r"inner> \Z")
            terminal.send("sleep 30\r")
            wait_until_running(terminal, "sleep")
            terminal.send("\x1a")
            terminal.wait_for(r"(?i)(stopped|suspended)[^$]*inner> \Z")
            terminal.send("kill -9 %1\r")
            wait_until(lambda: alive(terminal, "sleep") == 0, "it is not killed")
            # bash can miss the end of a job until it starts another program.
            for keys in ("/bin/true\r", "\r"):
                terminal.wait_for(r"inner> \Z")
                terminal.send(keys)
            terminal.wait_for(r"inner> \Z")
            terminal.send("exit 6\r")
            terminal.wait_for(r"\$ \Z")
            equal(terminal.command("echo $?"), ["6"], inner)
            start(terminal, "sh -c 'echo started; sleep 30'", "started")
            terminal.send("\x1a")
            has(terminal.wait_for_prompt(), "Stopped")
            terminal.command("kill -9 %1")


def test_stopped_shell(shell, folder):
    """An inner shell that is stopped as a job goes on with fg"""
    with session(shell, folder) as terminal:
        terminal.send(f"PS1='inner> ' {shell}\r")
        terminal.wait_for(r"inner> \Z")
        terminal.send("x=kept; kill -STOP $$\r")
        has(terminal.wait_for_prompt(), "Stopped")
        terminal.send("fg\r")
        time.sleep(0.3)
        terminal.send("echo $x\r")
        terminal.wait_for(r"^kept\ninner> \Z")
        terminal.send("exit\r")
        terminal.wait_for_prompt()


def show(terminal, keys, ready):
    """Types a line that shows a program on the whole screen, and waits until it stands there."""
    terminal.send(keys + "\r")
    terminal.wait_for(ready)
    time.sleep(0.5)


def suspend(terminal, prompt):
    """Stops what is on the screen by ^Z."""
    terminal.send("\x1a")
    terminal.wait_for(r"(?s)Stopped.*" + prompt + r"\Z")


def check_program(shell, folder, name, command, ready, leave):
    """Starts a program of the whole screen, stops it with ^Z, goes on with it, leaves it. The shell itself is on a terminal without a screen."""
    if not shutil.which(name):
        return
    with session(shell, folder) as terminal:
        terminal.command("seq 1000 1999 >numbers")
        before = modes(terminal)
        show(terminal, command, ready)
        suspend(terminal, r"\$ ")
        equal(modes(terminal), before)
        equal(terminal.command("echo here")[-1:], ["here"])
        terminal.take()
        show(terminal, "fg", ready)
        terminal.send(leave)
        terminal.wait_for(r"\$ \Z")
        time.sleep(0.3)
        terminal.take()
        equal(modes(terminal), before)
        equal(terminal.command("echo end")[-1:], ["end"])


def test_less(shell, folder):
    """less: ^Z, fg, q"""
    check_program(shell, folder, "less", "TERM=vt100 less numbers", "1005", "q")


def test_pipeline_into_less(shell, folder):
    """A pipeline with less at its end stops and goes on as one job"""
    check_program(shell, folder, "less", "seq 1000 1999 | cat | TERM=vt100 less", "1005", "q")


def test_vi(shell, folder):
    """vi: ^Z, fg, :q!"""
    check_program(shell, folder, "vi", "TERM=vt100 vi numbers", "1005", ":q!\r")


def test_top(shell, folder):
    """top: ^Z, fg, q"""
    check_program(shell, folder, "top", "TERM=vt100 top -d 30", "COMMAND", "q")


def test_killed_in_raw_mode(shell, folder):
    """vi that is killed leaves the terminal with the modes that it had"""
    if shutil.which("vi"):
        with session(shell, folder) as terminal:
            before = modes(terminal)
            terminal.command("seq 1000 1999 >numbers")
            show(terminal, "TERM=vt100 vi numbers", "1005")
            os.killpg(os.tcgetpgrp(terminal.fd), signal.SIGKILL)
            terminal.wait_for(r"(?s)Killed.*\$ \Z")
            equal(modes(terminal), before)
            equal(terminal.command("echo end")[-1:], ["end"])


def test_vi_in_a_nested_shell(shell, folder):
    """A program that stops in an inner shell, and then that shell: each goes on with its own fg"""
    if not (shutil.which("vi") and shutil.which("bash")):
        return
    with session(shell, folder, timeout=15) as terminal:
        terminal.command("seq 1000 1999 >numbers")
        terminal.send("bash --norc --noediting -i\r")
        terminal.wait_for(r"[#$] \Z")
        terminal.send("PS1='in''ner> '\r")
        terminal.wait_for(r"inner> \Z")
        show(terminal, "TERM=vt100 vi numbers", "1005")
        suspend(terminal, "inner> ")
        terminal.send("kill -STOP $$\r")
        terminal.wait_for(r"(?s)Stopped.*\n\$ \Z")
        equal(terminal.command("echo outer")[-1:], ["outer"])
        terminal.send("fg\r")
        time.sleep(0.5)
        show(terminal, "fg", "1005")
        terminal.send(":q!\r")
        terminal.wait_for(r"inner> \Z")
        terminal.send("exit 4\r")
        terminal.wait_for(r"\$ \Z")
        equal(terminal.command("echo $?")[-1:], ["4"])


def test_under_script(shell, folder):
    """Under script(1) the shell has job control"""
    if shutil.which("script"):
        with session("/bin/sh", folder) as terminal:
            terminal.send(f"PS1='inner> ' script -q -c '{shell}' typescript\r")
            terminal.wait_for(r"inner> \Z")
            terminal.send("sh -c 'echo started; sleep 30'\r")
            terminal.wait_for(r"^started$")
            time.sleep(0.1)
            terminal.send("\x1a")
            terminal.wait_for(r"(?s)Stopped.*inner> \Z")
            terminal.send("kill -9 %1; exit\r")
            terminal.wait_for_prompt()


def test_in_tmux(shell, folder):
    """In tmux the shell has job control"""
    if not shutil.which("tmux"):
        return
    server = f"tmux -L vsh-test-{os.getpid()} -f /dev/null"
    with session("/bin/sh", folder, term="vt100", timeout=15) as terminal:
        terminal.command(f"PS1='inner> ' ENV= {server} new-session -d -x 80 -y 24 {shell}")

        def screen(pattern):
            for _ in range(100):
                lines = "\n".join(terminal.command(f"{server} capture-pane -p"))
                if re.search(pattern, lines):
                    return
                time.sleep(0.1)
            raise AssertionError(f"no {pattern!r} in {lines!r}")

        try:
            screen(r"(?m)(^|[\w›] )([#$]|inner>) ?$")
            terminal.command(f"{server} send-keys 'sh -c \"echo st''arted; sleep 30\"' Enter")
            screen(r"(?m)^started")
            terminal.command(f"{server} send-keys C-z")
            screen("Stopped")
            terminal.command(f"{server} send-keys fg Enter")
            time.sleep(0.3)
            terminal.command(f"{server} send-keys C-c")
            terminal.command(f"{server} send-keys 'echo stat''us $?' Enter")
            screen("status 130")
        finally:
            terminal.command(f"{server} kill-server")


if __name__ == "__main__":
    main(globals())
