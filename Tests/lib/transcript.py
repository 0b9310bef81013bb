# SPDX-License-Identifier: MPL-2.0
"""Replays the README's first session in a terminal and compares what the real shell answers."""
import difflib
import os
import re
import sys
import tempfile
from pathlib import Path

from terminal import Session

PROMPT = "$ "


def session(path):
    """The transcript: the listing block after the line '// replayed by Tests/run --readme', as [(command, [output line])]."""
    lines = path.read_text().splitlines()
    try:
        start = lines.index("// replayed by Tests/run --readme")
        first = lines.index("----", start) + 1
        block = lines[first:lines.index("----", first)]
    except ValueError:
        return []
    steps = []
    for line in block:
        if line.startswith(PROMPT):
            steps.append((line[len(PROMPT):], []))
        elif steps:
            steps[-1][1].append(line)
    return steps


def normalised(lines):
    """Without what differs from run to run: operation ids, ages, times of day, dates."""
    text = "\n".join(line.rstrip() for line in lines)
    text = re.sub(r"@[0-9a-z]+", "@ID", text)
    text = re.sub(r"\b(?:\d+ ?(?:ms|s|m|min|h)|just) (?:ago|now)\b|\bjust now\b", "AGE", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d\b", "DATE", text)
    text = re.sub(r"\b\d\d:\d\d(?::\d\d)?\b", "TIME", text)
    return [re.sub(r" {2,}", "  ", line) for line in text.split("\n")] if text else []


def replay(path, shell):
    """Types the transcript's commands into the shell, one at a time; prints differences and 'N passed, N failed'."""
    steps = session(path)
    if not steps:
        print(f"{path.name}: no transcript after the line '// replayed by Tests/run --readme'")
        print("0 passed, 1 failed")
        return 1
    # `make run` in the README's transcript is what starts the session that the rest is typed into.
    if re.match(r"make\b", steps[0][0]):
        steps = steps[1:]
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="vsh-readme.") as home:
        work = os.path.join(home, "work")
        os.mkdir(work)
        terminal = Session([shell], cwd=work, home=home, prompt=PROMPT, columns=200)
        terminal.wait_for_prompt()
        for command, expected in steps:
            got = terminal.command(command)
            if normalised(expected) == normalised(got):
                passed += 1
                continue
            failed += 1
            print(f"FAILED {path.name}: {PROMPT}{command}")
            for line in difflib.unified_diff(normalised(expected), normalised(got), "README", "vsh", lineterm=""):
                print(f"    {line}")
        terminal.close()
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)
