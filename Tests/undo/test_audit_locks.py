#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Programs in the sandbox may open the shell's records for reading, and lock them: nothing may hang, and undo says who it is."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
import checks  # noqa: E402

# Locks every file given for reading: flock shared or exclusive, record locks of the process or of the open file description.
LOCKER = """
import fcntl, os, struct, sys, time
for path in sys.argv[2:]:
    file = os.open(path, os.O_RDONLY)
    if sys.argv[1] in ("1", "2"):
        fcntl.flock(file, int(sys.argv[1]) | fcntl.LOCK_NB)
    else:
        fcntl.fcntl(file, int(sys.argv[1]), struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
print("locked", flush=True)
time.sleep(60)
"""
SHARED, EXCLUSIVE, RECORD, DESCRIPTION = "1", "2", "6", "37"


class Place:
    """A home, and a program in the sandbox that keeps locks."""

    def __init__(self, shell, folder):
        self.shell = shell
        self.home, self.work = os.path.join(folder, "home"), os.path.join(folder, "work")
        self.state = os.path.join(self.home, ".local/state/vsh")
        os.makedirs(self.home)
        os.makedirs(self.work)
        self.locker = os.path.join(folder, "locker.py")
        with open(self.locker, "w") as file:
            file.write(LOCKER)

    def start(self, script, **more):
        env = {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C"}
        return subprocess.Popen([self.shell, "-c", script], cwd=self.work, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def run(self, script):
        """Status, standard error, seconds."""
        began = time.monotonic()
        shell = self.start(script)
        _, error = shell.communicate(timeout=60)
        return shell.returncode, error, time.monotonic() - began

    def locked(self, kind, paths, body):
        """Runs the body while a program has locks."""
        holder = self.start(f"exec {sys.executable} {self.locker} {kind} {' '.join(paths)}", start_new_session=True)
        try:
            line = holder.stdout.readline()
            if line != b"locked\n":
                raise AssertionError((line, holder.stderr.read()))
            body()
        finally:
            os.killpg(holder.pid, signal.SIGKILL)
            holder.communicate(timeout=20)


def test_control(shell, folder):
    """subshells that begin an operation together wait for no lock of a file"""
    place = Place(shell, folder)
    checks.equal(place.run("echo a > f")[:2], (0, b""))

    def body():
        status, error, seconds = place.run("(echo x > g; :) | cat; (echo y > h) & echo z > i; wait; undo")
        checks.equal((status, error, seconds < 5), (0, b"", True), str(seconds))
    for kind in (EXCLUSIVE, SHARED, RECORD, DESCRIPTION):
        place.locked(kind, [os.path.join(place.state, "control")], body)


def test_log(shell, folder):
    """a lock that no SQLite takes on the log's index: undo says soon who has it, goes on when it is gone, and other commands do not wait"""
    place = Place(shell, folder)
    place.run("echo a > f; ops")
    for kind, what in ((RECORD, b"(python3"), (DESCRIPTION, b"a program that is no shell keeps it locked")):
        def body(what=what):
            checks.equal(place.run("echo b > g")[:2], (0, b""))
            status, error, seconds = place.run("undo")
            checks.equal((status, what in error, seconds < 5), (1, True, True), f"{error!r} {seconds}")
        place.locked(kind, [os.path.join(place.state, "log.sqlite-shm")], body)
        checks.equal(place.run("undo")[:2], (0, b""))
        checks.equal(os.path.exists(os.path.join(place.work, "g")), False)


def test_log_of_readers(shell, folder):
    """locks on the database itself and on its write-ahead log are in nobody's way"""
    place = Place(shell, folder)
    place.run("echo a > f; ops")
    for kind in (RECORD, DESCRIPTION, EXCLUSIVE):
        def body():
            status, error, seconds = place.run("echo b > g; undo")
            checks.equal((status, error, seconds < 5), (0, b"", True), str(seconds))
        place.locked(kind, [os.path.join(place.state, name) for name in ("log.sqlite", "log.sqlite-wal")], body)


def test_journals(shell, folder):
    """locks on journals of shells that have ended: what those did can be undone, without a wait for each of them"""
    place = Place(shell, folder)
    for kind in (EXCLUSIVE, SHARED):
        for number in range(8):
            place.run(f"echo x > f{number}")
        journals = [os.path.join(place.state, "journal", name) for name in os.listdir(os.path.join(place.state, "journal"))]

        def body():
            status, error, seconds = place.run("undo")
            checks.equal((status, error, seconds < 2), (0, b"", True), str(seconds))
            checks.equal(os.path.exists(os.path.join(place.work, "f7")), False)
        place.locked(kind, journals, body)
        checks.equal(place.run("undo")[:2], (0, b""))
        checks.equal(place.run("audit verify")[:2], (0, b""))


if __name__ == "__main__":
    checks.main(globals())
