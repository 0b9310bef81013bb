#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The tutorial's screens: what docs/tutorial.md shows is what comes."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import TOP, equal, main  # noqa: E402
from screen import ScreenSession  # noqa: E402

PROMPT = re.compile(r"~\S*( main)?( ‹txn:\w+ \+\d+›)?( \[\d+\])?( [\d.]+s)? \$(?: (?P<line>.*))?")


def section(name):
    """The lines of the screens in a section of the tutorial."""
    text = (TOP / "docs" / "tutorial.md").read_text()
    body = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    return [line[4:] for line in body.splitlines() if line.startswith("    ")]


def commands(lines):
    """The screens as (line, what it prints): each line is typed at a prompt."""
    found = []
    for line in lines:
        prompt = PROMPT.fullmatch(line)
        if prompt and prompt["line"]:
            found.append((line, prompt["line"], []))
        elif not prompt and found:
            found[-1][2].append(line)
    return found


def test_screens(shell, folder):
    """Taking back, trying out and mistyping print what the tutorial says"""
    prompt = r"\{directory}\{git}\{transaction}\{status}\{duration}$ "
    with ScreenSession([shell], cwd=folder, home=folder, columns=100, rows=60, timeout=20, env={"PS1": prompt, "VSH_HINTS": ""}) as terminal:
        terminal.see(r"^~ \$\Z")
        for name in ("Taking back", "Trying something out", "Mistyping"):
            for shown, line, output in commands(section(name)):
                if line.startswith("undo @"):
                    terminal.send(line + "\t")
                    terminal.see(re.escape(output[-1]) + r"\Z")
                    equal(terminal.screen.text().splitlines()[-len(output) - 1:], [shown] + output)
                    terminal.send("\x07\x15")
                    terminal.see(r"\$\Z")
                    continue
                terminal.send("\x0c" + line)
                terminal.see(r"\A" + re.escape(shown) + r"\Z")
                terminal.send("\r")
                text = terminal.see(r"\A" + re.escape(shown) + r"\n(.*\n)*~.* \$\Z")
                equal(text.splitlines()[1:-1], output, line)


if __name__ == "__main__":
    main(globals())
