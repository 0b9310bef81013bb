#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""SIGKILL of the shell, the recorder, or the command at random instants: what was done can be undone exactly.

Prints 'N passed, N failed'. usage: test_kills.py [-n ROUNDS] [--seed N] [--shell SHELL]
"""
import argparse
import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_programs import SETUP, TOP, differences, snapshot  # noqa: E402

WORK = r"""
import os, shutil, sys
i = 0
while i < 60:
    i += 1
    open('n%d' % i, 'w').write('x' * 100)
    with open('f', 'a') as f: f.write('more')
    with open('big', 'r+b') as f: f.seek(i * 50); f.write(b'changed')
    if i == 5: shutil.rmtree('e')
    if i == 10: os.rename('d', 'dd')
    if i > 10: open('dd/1', 'w').write(str(i)); os.chmod('dd/2', 0o600 + i % 8)
    if i % 3 == 0: os.replace('n%d' % i, 'f2' if i % 2 else 'hard')
    if i == 30: os.unlink('f')
    if i == 31: os.mkdir('e'); os.symlink('x', 'e/1')
    if i == 40: shutil.rmtree('dd')
    if i == 41: os.rename('hard', 'f')
"""


# As the first program of a shell, after some others (those are started by another thread), in a pipeline, in a substitution.
FORMS = ["python3 -S ../work.py; echo end > last", "for i in 1 2 3 4 5 6; do /bin/true; done; python3 -S ../work.py; echo end > last",
         "python3 -S ../work.py | cat; echo end > last", "x=$(python3 -S ../work.py); echo end > last", "(python3 -S ../work.py; echo end > last); :"]


def processes():
    """pid: (parent, session, command)"""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = Path("/proc", name, "stat").read_text()
            except OSError:
                continue
            fields = text[text.rindex(")") + 2:].split()
            if fields[0] != "Z":
                found[int(name)] = (int(fields[1]), int(fields[3]), text[text.index("(") + 1:text.rindex(")")])
    return found


def wait_for_all():
    """Everything has to be gone: the command, and who ends its operation, be it the recorder or a keeper that took over."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return


def run(shell, what, rng):
    home = tempfile.mkdtemp(prefix="vsh-kills-", dir=os.environ.get("VSH_TEST_DIR"))
    try:
        os.mkdir(home + "/w")
        environment = {"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C", "XDG_STATE_HOME": home + "/state"}
        options = {"cwd": home + "/w", "env": environment, "stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["sh", "-c", SETUP], stdout=subprocess.DEVNULL, **options)
        Path(home, "work.py").write_text(WORK)
        before = snapshot(home + "/w")
        process = subprocess.Popen([shell, "-c", rng.choice(FORMS)], start_new_session=True, stdout=subprocess.DEVNULL, **options)
        time.sleep(0.02 + rng.random() * 0.1)
        seen = processes()
        recorders = [pid for pid, (parent, session, _) in seen.items() if parent == process.pid and session == pid]
        commands = [pid for pid, (parent, _, _) in seen.items() if parent == process.pid and pid not in recorders]
        targets = {"shell": [process.pid], "recorder": recorders, "command": commands, "shell and command": [process.pid] + commands,
                   "shell and recorder": [process.pid] + recorders}[what]
        for pid in targets:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait(timeout=30)
        wait_for_all()
        changed = differences(before, snapshot(home + "/w"))
        undone = subprocess.run([shell, "-c", "undo"], cwd=home + "/w", env=environment, capture_output=True, text=True, timeout=30)
        wrong = differences(before, snapshot(home + "/w"))
        if wrong:
            wrong.append(f"undo: {undone.returncode} {undone.stdout}{undone.stderr}".strip())
        return wrong if changed else []
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shell", default=str(TOP / ".build/release/vsh"))
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    # What is left without a parent comes to this process (PR_SET_CHILD_SUBREAPER).
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    print(f"seed {arguments.seed}")
    passed = failed = 0
    kinds = ["shell", "recorder", "command", "shell and command", "shell and recorder"]
    for number in range(arguments.n):
        what = kinds[number % len(kinds)]
        wrong = run(arguments.shell, what, rng)
        if wrong:
            failed += 1
            print(f"FAILED: {what} killed (round {number})")
            print("\n".join("    " + line for line in wrong[-8:]))
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
