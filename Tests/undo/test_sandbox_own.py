#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Ways to the shell's own directories below the root of a sandbox, and to attributes outside, around the recorder; by default and where bounds
were asked for, as root and as nobody. Each also runs free, where it must change something."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "Tests" / "lib"), str(TOP / "Tests" / "undo")]
from test_sandbox import Verdicts, prepare, run, run_suites, snapshot  # noqa: E402
from ways import C_OLD, LOST, WAYS  # noqa: E402


def flags_of(path):
    found = subprocess.run(["lsattr", "-d", path], capture_output=True).stdout.split()
    return found[:1]


class Ways(Verdicts):
    def __init__(self, shell, base, user):
        super().__init__(shell, base, user)
        self.cannot = []

    def left_out(self):
        return f"free they change nothing here: {', '.join(self.cannot) or 'none'}"

    def make(self):
        top = prepare(self.base, self.user)
        self.state = top + "/home/.local/state/vsh"
        self.here = {"here": "/home", "S": self.state}
        script = "echo mine > $S/planted; mkdir $S/kept; mkdir $O/tree/tmp; echo victim > $O/tree/tmp/h; echo first > f"
        # The first makes the state directory.
        run(self.shell, top, self.user, ": > g", ["--no-sandbox"], **self.here)
        run(self.shell, top, self.user, script, ["--no-sandbox", "--no-undo"], **self.here)
        return top

    def look(self, top):
        own = sorted(name for name in os.listdir(self.state) if not name.startswith(("log.sqlite", "head", "history", "store", "journal")))
        return (snapshot(self.state + "/planted"), open(self.state + "/planted").read(), os.stat(self.state + "/planted").st_mtime_ns, snapshot(self.state + "/kept"), own,
                snapshot(top + "/outside"), [flags_of(path) for path in (self.state + "/planted", top + "/outside/f")])

    def try_way(self, name, text, marks, options):
        top = self.make()
        try:
            if "config" in marks:
                shutil.rmtree(top + "/home/.config", ignore_errors=True)
            if "--root" in options:
                options = [*options, top + "/home"]
            with open(top + "/home/way.py", "w") as file:
                file.write(text)
            before = self.look(top)
            result = run(self.shell, top, self.user, "timeout 20 python3 way.py", options, PATH="/usr/sbin:/usr/bin:/sbin:/bin", **self.here)
            return before != self.look(top) or result.returncode == 9, result
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def attempt(self, name, text, marks):
        if "root" in marks and self.user or "user" in marks and not self.user or "old" in marks and not os.path.exists(self.base + "/old"):
            return
        for options in ([], ["--root"], ["--sandbox=strict", "--root"]):
            changed, result = self.try_way(name, text, marks, options)
            self.verdict(f"{name} {options}", f"changed: {result.stderr[-300:]!r}" if changed else "")
        if "idle" in marks or "kills" in marks:
            return
        changed, result = self.try_way(name, text, marks, ["--no-sandbox", "--no-undo"])
        if not changed:
            self.cannot.append(name)

    def checks(self):
        """What the store has alone a program cannot reach by the name that it had."""
        top = self.make()
        try:
            with open(top + "/home/way.py", "w") as file:
                file.write(LOST)
            result = run(self.shell, top, self.user, "python3 way.py; undo > /dev/null; cat f", [], **self.here)
            self.verdict("what is in the store alone", "" if result.stdout == b"first\n" else f"{result.stdout!r} {result.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    # The shell has a name of its own: some ways kill what is called so.
    run_suites(Ways, WAYS, f"vsh-{os.getpid()}", {"old": C_OLD})
