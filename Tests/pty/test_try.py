#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""`try` at the prompt: a shell that has confined itself still hides what the command does."""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import Session  # noqa: E402


def can_hide(shell):
    return "isolation             yes" in subprocess.run([shell, "--doctor"], capture_output=True, text=True).stdout


def test_confined(shell, folder):
    """after the first change nobody sees what a trial does, its questions are answered at the terminal, and the shell goes on as before"""
    work = os.path.join(folder, "work")
    os.mkdir(work)
    file = Path(work, "f")
    with Session([shell], cwd=work, home=folder, columns=200) as terminal:
        terminal.wait_for_prompt()
        for line in ("echo 1 > f", "/bin/touch g", "x=kept"):
            terminal.command(line)
        for answer, left in (("n", "1\n"), ("y", "2\n")):
            terminal.send("try 'echo 2 > f; sh -c \"rm g\"; x=lost; echo $x'\r")
            text = terminal.wait_for(r"\[y/N/d\] ")
            if can_hide(shell):
                equal((file.read_text(), os.path.exists(work + "/g")), ("1\n", True))
            equal("seen by nobody else" in text, can_hide(shell), text)
            terminal.send(answer + "\r")
            terminal.wait_for_prompt()
            equal(file.read_text(), left)
        terminal.command("undo")
        equal(file.read_text(), "1\n")
        equal(os.path.exists(work + "/g"), True)
        terminal.command("echo $x > h; sh -c 'cat h > i'")
        equal(Path(work, "i").read_text(), "kept\n")


if __name__ == "__main__":
    main(globals())
