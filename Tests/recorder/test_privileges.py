#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Programs that gain privileges, started by an ordinary user's shell, at the prompt and inside a script that is recorded (as sudo mostly is).

A copy of id(1) and one of touch(1) that belong to root and are set-user-ID; the shell runs as nobody, outside a sandbox. Needs root, to make them, and a file
system that honours them. Prints 'N passed, N failed'.

usage: test_privileges.py [--shell SHELL]
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534
CASES = [
    # what, script, what it prints, what is said, the operation's state (None: nothing is recorded)
    ("started by the shell", "$ID -u; echo x > f", "0", "gains privileges, what it changes cannot be undone", "partial"),
    ("after programs that are recorded", "for i in 1 2 3 4 5 6 7; do /bin/true; done; $ID -u; echo x > f", "0", "gains privileges", "partial"),
    ("what it changes stays", "$TOUCH made; echo x > f", "", "gains privileges", "partial"),
    ("inside a recorded script", "sh -c '$ID -u; echo x > f'", "65534", "", "full"),
    ("inside a script under norecord", "norecord sh -c '$ID -u'; echo x > f", "0", "", None),
    ("inside a script with recording off", "set +o record; sh -c '$ID -u'", "0", "", None),
    ("inside a script named in VSH_NORECORD", "VSH_NORECORD=script; export VSH_NORECORD; ./script", "0", "", None),
]


def run(shell, home, *arguments):
    environment = {"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C", "ID": home + "/id", "TOUCH": home + "/touch", "XDG_STATE_HOME": home + "/state"}
    return subprocess.run([shell, "--no-sandbox", "-c", *arguments], cwd=home + "/w", env=environment, user=NOBODY, group=NOBODY, extra_groups=[],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def check(shell, case):
    """What is wrong, or nothing."""
    _, script, printed, said, state = case
    home = tempfile.mkdtemp(prefix="vsh-privileges-", dir=os.environ.get("VSH_TEST_DIR"))
    try:
        os.chmod(home, 0o755)
        for name in ("state", "w"):
            os.mkdir(f"{home}/{name}")
            os.chown(f"{home}/{name}", NOBODY, NOBODY)
        for name in ("id", "touch"):
            shutil.copy(shutil.which(name), f"{home}/{name}")
            os.chmod(f"{home}/{name}", 0o4755)
        Path(home + "/w/script").write_text("#!/bin/sh\n$ID -u\n", encoding="utf-8")
        os.chmod(home + "/w/script", 0o755)
        ran = run(shell, home, script)
        log = run(shell, home, "ops -n 1").stdout
        run(shell, home, "undo")
        left = set(os.listdir(home + "/w")) - {"script"}
        wrong = []
        if ran.stdout.strip() != printed:
            wrong.append(f"printed {ran.stdout!r}, not {printed!r}")
        if said not in ran.stderr or (not said and ran.stderr):
            wrong.append(f"said {ran.stderr!r}")
        if state and (("partial" in log) != (state == "partial") or "f" in left):
            wrong.append(f"log {log!r}, left {left}")
        if "made" in script and "made" not in left:
            wrong.append("what it made is gone")
        return wrong
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shell", default=str(TOP / ".build/release/vsh"))
    arguments = parser.parse_args()
    passed = failed = 0
    if os.geteuid() == 0:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            shell = shutil.copy(arguments.shell, folder + "/vsh")
            for case in CASES:
                wrong = check(shell, case)
                passed, failed = passed + (not wrong), failed + bool(wrong)
                if wrong:
                    print(f"FAILED: {case[0]}: {'; '.join(wrong)}")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
