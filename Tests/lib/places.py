# SPDX-License-Identifier: MPL-2.0
"""A home and a tree of their own for tests of store and log, and what runs the tests of a file.

A test is a function marked with `@test`; `Place()` within `with` is the directory it works in, whose shell `main` was told.
"""
import argparse, os, shutil, subprocess, sys, tempfile
from pathlib import Path

ARGS = None
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Place:
    def __init__(self, tmp=None):
        self.dir = tempfile.mkdtemp(prefix="vsh-store-", dir=tmp or ARGS.tmp)
        self.top, self.home = self.dir + "/tree", self.dir + "/home"
        os.mkdir(self.top)
        os.mkdir(self.home)
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C"}
        self.state = self.home + "/.local/state/vsh"
        self.log = self.state + "/log.sqlite"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def vsh(self, text, status=0, **more):
        r = subprocess.run([ARGS.shell, "-c", text], cwd=self.top, env=self.env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, **more)
        out = r.stdout.decode(errors="replace")
        if status is not None:
            assert r.returncode == status, (text, r.returncode, out)
        return out

    def write(self, name, size):
        with open(self.top + "/" + name, "wb") as f:
            f.write(b"x" * size)

    def names(self):
        return sorted(os.listdir(self.top))

    def items(self):
        return sorted(os.listdir(self.state + "/store"))


def main():
    """Runs the tests that `-k` names, or all; prints 'N passed, N failed'."""
    global ARGS
    ap = argparse.ArgumentParser()
    ap.add_argument("--shell", default=str(Path(__file__).resolve().parent.parent.parent / ".build/release/vsh"))
    ap.add_argument("--tmp", default=None)
    ap.add_argument("-k", default="")
    ARGS = ap.parse_args()
    ARGS.shell = os.path.abspath(ARGS.shell)
    os.umask(0o022)
    passed = failed = 0
    for t in TESTS:
        if ARGS.k not in t.__name__:
            continue
        try:
            t()
            passed += 1
        except Exception as e:
            failed += 1
            print("FAILED %s: %s: %s" % (t.__name__, type(e).__name__, str(e)[:1500]))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(int(failed > 0))
