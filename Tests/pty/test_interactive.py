#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The interactive shell on a terminal: prompts, several lines, interrupts, the end."""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import session  # noqa: E402


def test_prompt_and_command(shell, folder):
    """PS1 is printed, a command runs, PS1 comes again"""
    with session(shell, folder) as terminal:
        equal(terminal.command("echo hello"), ["hello"])
        equal(terminal.command("x=5"), [])
        equal(terminal.command("echo $x"), ["5"])


def test_prompt_is_expanded(shell, folder):
    """PS1 undergoes parameter expansion each time"""
    with session(shell, folder) as terminal:
        terminal.send("v=one; PS1='<$v> '\r")
        terminal.wait_for(r"^<one> \Z")
        terminal.send("v=two\r")
        terminal.wait_for(r"^<two> \Z")


def test_continuation(shell, folder):
    """PS2 asks for the rest of a compound command and of a quoted string"""
    with session(shell, folder) as terminal:
        terminal.send("if true\r")
        terminal.wait_for(r"^> \Z")
        terminal.send("then echo yes\r")
        terminal.wait_for(r"^> \Z")
        equal(terminal.command("fi"), ["yes"])
        terminal.send("echo 'a\r")
        terminal.wait_for(r"^> \Z")
        equal(terminal.command("b'"), ["a", "b"])


def test_continuation_of_here_document(shell, folder):
    """PS2 asks for the lines of a here-document and after a backslash"""
    with session(shell, folder) as terminal:
        terminal.send("cat <<E\r")
        terminal.wait_for(r"^> \Z")
        terminal.send("line\r")
        terminal.wait_for(r"^> \Z")
        equal(terminal.command("E"), ["line"])
        terminal.send("echo one\\\r")
        terminal.wait_for(r"^> \Z")
        equal(terminal.command("two"), ["onetwo"])


def test_interrupt_at_the_prompt(shell, folder):
    """^C drops what was typed, prints a new prompt, and gives status 130"""
    with session(shell, folder) as terminal:
        terminal.send("echo not run")
        terminal.wait_for("not run")
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $?"), ["130"])


def test_interrupt_of_a_continuation(shell, folder):
    """^C in the middle of a compound command goes back to PS1"""
    with session(shell, folder) as terminal:
        terminal.send("while true\r")
        terminal.wait_for(r"^> \Z")
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo free"), ["free"])


def test_interrupt_of_a_command(shell, folder):
    """^C ends a running program, not the shell"""
    with session(shell, folder) as terminal:
        terminal.send("echo started; sleep 30\r")
        terminal.wait_for(r"^started$")
        time.sleep(0.1)
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $?"), ["130"])


def test_interrupt_of_a_loop(shell, folder):
    """^C ends a loop of builtins"""
    with session(shell, folder) as terminal:
        terminal.send("echo started; while :; do :; done\r")
        terminal.wait_for(r"^started$")
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo alive"), ["alive"])


def test_end_of_file(shell, folder):
    """^D on an empty line leaves the shell with the last status"""
    with session(shell, folder) as terminal:
        equal(terminal.command("(exit 3)"), [])
        terminal.send("\x04")
        equal(terminal.wait(), 3)


def test_exit(shell, folder):
    """exit leaves the shell with its status"""
    with session(shell, folder) as terminal:
        terminal.send("exit 4\r")
        equal(terminal.wait(), 4)


def test_exit_trap(shell, folder):
    """exit runs the EXIT trap"""
    with session(shell, folder) as terminal:
        terminal.command("trap 'echo bye' EXIT")
        terminal.send("exit\r")
        equal(terminal.wait(), 0)
        equal("bye" in terminal.text(), True, "the trap's output")


def test_syntax_error(shell, folder):
    """A syntax error is told and the shell goes on"""
    with session(shell, folder) as terminal:
        said = terminal.command("echo )")
        equal(len(said) > 0, True, "a message")
        equal(terminal.command("echo on"), ["on"])


def test_expansion_error(shell, folder):
    """An expansion error ends the command, not an interactive shell"""
    with session(shell, folder) as terminal:
        equal(len(terminal.command(": ${nothing?is missing}; echo not reached")), 1)
        equal(terminal.command("echo on"), ["on"])
        terminal.command("set -u; echo $nothing")
        equal(terminal.command("echo on"), ["on"])


def test_special_builtin_error(shell, folder):
    """An error of a special builtin does not end an interactive shell"""
    with session(shell, folder) as terminal:
        terminal.command("shift 9")
        terminal.command("readonly r=1; r=2")
        equal(terminal.command("echo on"), ["on"])


def test_terminal_is_the_commands(shell, folder):
    """A program in the foreground reads the terminal"""
    with session(shell, folder) as terminal:
        terminal.send("head -n 1 | tr a-z A-Z\r")
        terminal.wait_for("\n")
        terminal.send("typed\r")
        equal("TYPED" in terminal.wait_for_prompt(), True, "the program's output")
        terminal.send("read line\r")
        terminal.wait_for("\n")
        terminal.send("for read\r")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $line"), ["for read"])


def test_long_line(shell, folder):
    """A line wider than the screen"""
    with session(shell, folder, columns=300) as terminal:
        word = "0123456789" * 25
        equal(terminal.command(f"x={word}; echo ${{#x}}"), ["250"])


def test_type_ahead(shell, folder):
    """What is typed while a command runs is the next command"""
    with session(shell, folder) as terminal:
        terminal.send("sleep 0.3; echo first\recho second\r")
        terminal.wait_for(r"^first\n(?:\$ .*\n)*(?:\$ )?second\n")


def test_background_job(shell, folder):
    """A background list does not hold up the prompt"""
    with session(shell, folder) as terminal:
        terminal.command("sleep 0.3 &")
        equal(terminal.command("echo prompt"), ["prompt"])
        terminal.command("wait")


def test_aliases(shell, folder):
    """An alias works from the next line on"""
    with session(shell, folder) as terminal:
        terminal.command("alias greet='echo hello'")
        equal(terminal.command("greet you"), ["hello you"])


def test_environment_file(shell, folder):
    """ENV is read at the start of an interactive shell"""
    file = os.path.join(folder, "env")
    Path(file).write_text("from_env=yes\n")
    with session(shell, folder, env={"ENV": file}) as terminal:
        equal(terminal.command("echo $from_env"), ["yes"])


if __name__ == "__main__":
    main(globals())
