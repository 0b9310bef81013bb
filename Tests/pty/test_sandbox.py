#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The sandbox at the prompt: the badge, and the way out for whoever types."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import Session, wait_until  # noqa: E402


class Place:
    """A shell in a directory that is not below /tmp, where everything may be changed."""

    def __init__(self, shell, *options, env=None):
        self.top = tempfile.mkdtemp(prefix="vsh-prompt.", dir="/srv" if os.access("/srv", os.W_OK) else os.path.expanduser("~"))
        for name in ("work", "home"):
            os.mkdir(os.path.join(self.top, name))
        self.outside = os.path.join(self.top, "file")
        self.terminal = Session([shell, *options], cwd=os.path.join(self.top, "work"), home=os.path.join(self.top, "home"), columns=200, env=env)

    def __enter__(self):
        self.terminal.__enter__()
        self.terminal.wait_for_prompt()
        return self

    def __exit__(self, *problem):
        self.terminal.__exit__(*problem)
        shutil.rmtree(self.top, ignore_errors=True)

    def answer(self, command, answer):
        """Types a command that asks, and the answer."""
        self.terminal.send(command + "\r")
        self.terminal.wait_for(r"\[y/N\] ")
        self.terminal.send(answer + "\r")
        self.terminal.wait_for_prompt()

    def content(self):
        return Path(self.outside).read_text() if os.path.exists(self.outside) else None


def test_unconfined(shell, folder):
    """unconfined runs one program outside when the answer is yes, before and after the shell confined itself"""
    with Place(shell) as place:
        place.answer("unconfined sh -c 'echo 1 > ../file'", "n")
        equal(place.content(), None)
        place.answer("unconfined sh -c 'echo 1 > ../file'", "y")
        equal(place.content(), "1\n")
        place.terminal.command("echo x > inside")
        place.answer("unconfined sh -c 'grep NoNewPrivs: /proc/self/status > ../file'", "yes")
        equal(place.content(), "NoNewPrivs:\t0\n")
        equal("outside the root" in " ".join(place.terminal.command("echo 2 > ../file")), True)
        equal("outside the root" in " ".join(place.terminal.command("sh -c 'echo 2 > ../file'")), True)
        equal(place.content(), "NoNewPrivs:\t0\n")
        equal([line.strip() for line in place.terminal.command("audit verify > /dev/null && audit log --type unconfined | grep -c ' sh -c '")], ["2"])


def test_question(shell, folder):
    """The question names the program that is run, and says when commands in the sandbox could have put it there"""
    with Place(shell) as place:
        place.terminal.command("mkdir bin; printf '#!/bin/sh\\necho other > ../file' > bin/touch; chmod +x bin/touch; PATH=$PWD/bin:$PATH")
        place.terminal.send("unconfined touch ../file\r")
        said = place.terminal.wait_for(r"\[y/N\] ")
        place.terminal.send("n\r")
        place.terminal.wait_for_prompt()
        equal("/bin/touch ../file" in str(said) and "can change it" in str(said), True, str(said))
        equal(place.content(), None)


def test_multiplexers(shell, folder):
    """tmux typed at the prompt runs outside, as the shells in it have bounds and a record of their own; not from a file, nor one that commands could have put there"""
    if not shutil.which("tmux"):
        return
    with Place(shell, env={"SHELL": "/bin/sh", "PATH": os.environ["PATH"]}) as place:
        write = "tmux -S $PWD/%s -f /dev/null new -d 'echo %s > ../file; echo > %s.done'"
        done = lambda name: os.path.exists(os.path.join(place.top, "work", name + ".done"))
        Path(place.top, "work", "script").write_text(write % ("s1", "sourced", "sourced") + "\n")
        place.terminal.command(". ./script")
        wait_until(lambda: done("sourced"), "what a file started ends")
        equal(place.content(), None)
        place.terminal.command(write % ("s2", "typed", "typed"))
        wait_until(lambda: done("typed"), "what was typed ends")
        equal(place.content(), "typed\n")
        place.terminal.command("mkdir bin; printf '#!/bin/sh\\necho other > ../file' > bin/tmux; chmod +x bin/tmux; PATH=$PWD/bin:$PATH")
        place.terminal.command("tmux")
        equal(place.content(), "typed\n")


def test_answer_must_be_typed_afterwards(shell, folder):
    """What was typed ahead is no answer"""
    with Place(shell) as place:
        place.terminal.send("sleep 0.5; unconfined sh -c 'echo 1 > ../file'\ry\r")
        place.terminal.wait_for(r"\[y/N\] ")
        place.terminal.send("\r")
        place.terminal.wait_for_prompt()
        equal(place.content(), None)


def test_no_way_out(shell, folder):
    """A shell whose bounds somebody asked for has no way out"""
    for options, env in [(["--sandbox"], None), (["--root", "."], None), ([], {"VSH_SANDBOX": "write"}), ([], {"VSH_ROOT": "."})]:
        with Place(shell, *options, env=env) as place:
            said = " ".join(place.terminal.command("unconfined touch ../file"))
            equal("no way out" in said, True, said)
            equal(place.content(), None)
    with Place(shell) as place:
        place.terminal.command("sandbox write")
        equal("no way out" in " ".join(place.terminal.command("unconfined touch ../file")), True)


def test_typing_for_the_user(shell, folder):
    """A program cannot type for the user"""
    with Place(shell) as place:
        said = " ".join(place.terminal.command("python3 -c 'import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b\"x\")'"))
        equal("Error: [Errno" in said, True, said)
        equal(place.terminal.command("echo fine"), ["fine"])


def test_privileged(shell, folder):
    """A program that gains privileges is refused, and the line says how to run it"""
    if os.geteuid() == 0:
        return
    with Place(shell) as place:
        said = " ".join(place.terminal.command("su --version"))
        equal("`unconfined COMMAND`" in said, True, said)


if __name__ == "__main__":
    main(globals())
