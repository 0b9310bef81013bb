#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Trials that nobody sees: each command of test_programs.py runs under `try` in a prepared tree.

`try -n` changes nothing, times included. `try -y` leaves what the command leaves by itself (type, content, mode, owner, extended attributes,
hard links), and `undo` brings everything back exactly. As root everything runs as root and as nobody. Then what is special about
trials: what others see meanwhile, killed shells, changes by others, several places. Prints 'N passed, N failed'.

usage: test_try.py [-k TEXT] [-v] [--shell SHELL]
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from test_programs import CASES, NOBODY, SETUP, TOP, differences, lacks_program, make_programs, snapshot

# What depends on time, processes or chance, or on renaming a directory that is there (which an overlay cannot: EXDEV).
CHANCE = {"python threads", "sqlite3", "sqlite3 with a journal, several writers", "writers with memory maps and threads", "renameat2 exchange",
          "a longer script", "zip, and out again over it", "python: temporary files renamed over, archives", "split, csplit, shuf, mktemp, backups",
          "perl: File::Copy, File::Path, File::Find"}
# Names of one file come apart in an overlay when one of them is changed or linked again; they stay together in what is kept when the
# change shows that it was made in place.
APART = {"touch", "descriptors", "sed -i with backup", "ln", "builtins and programs mixed", "links and directories that change places"}
# Without the rename there is nothing to keep; `exec` takes the trial's place.
NOTHING = {"renameat2 exchange"}
# An overlay does no copy_file_range from what lies below (EXDEV): the program ends before it has changed anything.
IMPOSSIBLE = {"python: copy_file_range, sendfile, fallocate"}


class Place:
    """A tree to work in, and its user."""

    def __init__(self, shell, user, setup=""):
        self.shell, self.user = shell, user
        self.home = tempfile.mkdtemp(prefix="vsh-try-", dir=os.environ.get("VSH_TEST_DIR"))
        self.tree = self.home + "/w"
        os.mkdir(self.tree)
        if user:
            for path in (self.home, self.tree):
                os.chown(path, user, user)
        # Access lists that name other users cannot be copied in a user's own namespace.
        self.run(["sh", "-c", SETUP + setup + ("\nsetfacl -b d/2 2>/dev/null" if user else "")])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["chmod", "-R", "u+rwx", self.home], capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def options(self, tree=None):
        environment = {"HOME": self.home, "PATH": os.environ["PATH"], "VSH": self.shell, "BIN32": os.path.dirname(self.shell) + "/bin32", "GOBIN": os.path.dirname(self.shell) + "/gobin",
                       "LC_ALL": "C", "XDG_STATE_HOME": self.home + "/state"}
        return {"cwd": tree or self.tree, "env": environment, "user": self.user or None, "group": self.user or None,
                "extra_groups": [] if self.user else None}

    def run(self, words, tree=None, text=""):
        return subprocess.run(words, timeout=20, input=text, capture_output=True, text=True, errors="replace", **self.options(tree))

    def vsh(self, *words, tree=None, text=""):
        return self.run([self.shell, *words], tree, text)

    def trial(self, option, command):
        # With a newline it is text in any case, not a program's name.
        return self.vsh("-c", f'try {option} "$1"', "try", command + "\n")


def apart(kept, alone):
    """What a kept trial left other than the command by itself, times aside."""
    def plain(found):
        return {path: entry[:4] + entry[5:] for path, entry in found.items()}

    return differences((plain(alone[0]), alone[1]), (plain(kept[0]), kept[1]))


def run_case(shell, case, user, verbose):
    name, setup, command = case
    if setup == "root":
        if user:
            return None
        setup = ""
    if setup.startswith("needs "):
        program, _, setup = setup[6:].partition("\n")
        if not shutil.which(program):
            return None
    if lacks_program(shell, command) or user and name == "setfacl":
        return None
    wrong = []
    with Place(shell, user, setup) as place:
        alone = place.home + "/alone/w"
        place.run(["sh", "-c", "mkdir ../alone; cp -a . ../alone/w; cp ../t.tar ../p.diff ../writers ../alone 2>/dev/null"])
        before = snapshot(place.tree)
        dropped = place.trial("-n", command)
        wrong += ["not hidden: " + line for line in differences(before, snapshot(place.tree))]
        if "seen by nobody else" not in dropped.stdout:
            wrong.append(f"not isolated: {dropped.stdout} {dropped.stderr}")
        kept = place.trial("-y", command)
        middle = snapshot(place.tree)
        if not differences(before, middle) and name not in NOTHING:
            wrong.append(f"nothing kept: {kept.stdout} {kept.stderr}")
        undone = place.vsh("-c", "undo")
        wrong += ["undone: " + line for line in differences(before, snapshot(place.tree))]
        place.vsh("--no-undo", "-c", command, tree=alone)
        if name not in CHANCE | APART and "git" not in name:
            wrong += ["kept: " + line for line in apart(middle, snapshot(alone))]
        if verbose:
            print(name, user, dropped, kept, undone, sep="\n")
    return wrong


# What is special about trials: functions of a place that return what is wrong.

def is_not_seen(place):
    """Others see nothing while it runs, and it sees what it did."""
    words = [place.shell, "-c", "try -n 'echo new > n; echo x >> f; rm d/1; cat n; echo ready; read x'"]
    trial = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **place.options())
    before = snapshot(place.tree)
    lines = [trial.stdout.readline(), trial.stdout.readline()]
    wrong = differences(before, snapshot(place.tree))
    trial.communicate("\n", timeout=20)
    return wrong + ([] if lines == ["new\n", "ready\n"] else [f"{lines}"])


def leaves_nothing_when_killed(place):
    """A killed shell leaves neither a mount nor a file."""
    before, mounts = snapshot(place.home), Path("/proc/self/mountinfo").read_text()
    for _ in range(10):
        words = [place.shell, "-c", "try 'rm -r d; echo x > n; mkdir e/m; echo ready; exec sleep 60'"]
        trial = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True, **place.options())
        trial.stdout.readline()
        os.killpg(trial.pid, signal.SIGKILL)
        trial.wait()
    after = snapshot(place.home)
    own = {path for path in after[0] if path == "." or path.startswith("state")}
    left = differences(({p: e for p, e in before[0].items() if p not in own}, before[1]), ({p: e for p, e in after[0].items() if p not in own}, after[1]))
    return left + ([] if Path("/proc/self/mountinfo").read_text() == mounts else ["a mount is left"])


def asks(place):
    """y keeps, d shows the difference and asks again, all else drops."""
    shown = place.vsh("-c", "try 'sed -i s/bbb/BBB/ f'", text="d\nn\n")
    wrong = [] if "+BBB" in shown.stdout and shown.returncode == 1 else [f"{shown}"]
    kept = place.vsh("-c", "try 'sed -i s/bbb/BBB/ f'", text="y\n")
    if Path(place.tree, "f").read_text() != "aaa\nBBB\nccc\n" or kept.returncode:
        wrong.append(f"{kept}")
    return wrong


def several_places(place):
    """The temporary directories belong to it, and what lies outside is only to be read."""
    names = [f"{folder}/vsh-try-{os.getpid()}-{place.user}" for folder in ("/tmp", "/var/tmp", "/dev/shm") if os.path.isdir(folder)]
    command = "; ".join(f"echo x > {name}" for name in names)
    wrong = []
    for option, is_there in (("-n", False), ("-y", True)):
        ran = place.vsh("-c", f"try {option} '{command}; cat {' '.join(names)}; chmod 700 /etc/hostname; : > /etc/vsh-try'")
        if "x\nx\nx\n" not in ran.stdout or any(os.path.exists(name) != is_there for name in names):
            wrong.append(f"{option}: {ran}")
        if os.path.exists("/etc/vsh-try") or os.stat("/etc/hostname").st_mode & 0o777 == 0o700:
            wrong.append("it changed something outside")
    place.vsh("-c", "undo")
    return wrong + [f"{name} is left" for name in names if os.path.exists(name)]


def others_change_it(place):
    """What somebody else changed meanwhile is not overwritten."""
    words = [place.shell, "-c", "try 'echo mine > f; echo ready'"]
    trial = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **place.options())
    while " f " not in trial.stdout.readline():
        pass
    Path(place.tree, "f").write_text("theirs\n")
    _, said = trial.communicate("y\n", timeout=20)
    text = Path(place.tree, "f").read_text()
    return [] if text == "theirs\n" and trial.returncode == 1 and "meanwhile" in said else [f"{text} {trial.returncode} {said}"]


def is_one_operation(place):
    """One undo takes all of it back; redo makes it again."""
    before = snapshot(place.tree)
    place.trial("-y", "rm -r d e; mkdir e; echo x > e/new; sed -i s/a/b/ f; mkfifo p2; ln -s f s2; chmod 600 zero; ln big big2")
    kept = snapshot(place.tree)
    undone = place.vsh("-c", "undo")
    wrong = differences(before, snapshot(place.tree))
    place.vsh("-c", "redo")
    wrong += differences(kept, snapshot(place.tree))
    return wrong + ([] if "undid" in undone.stdout or undone.returncode == 0 else [f"{undone}"])


def falls_back(place):
    """Where nothing can be hidden it says so, and takes back."""
    before = snapshot(place.tree)
    ran = place.vsh("--no-sandbox", "-c", "try -n 'sed -i s/a/b/ f; rm d/1'")
    return differences(before, snapshot(place.tree)) + ([] if "made already (not isolated: no sandbox)" in ran.stdout else [f"{ran}"])


def keeps_out_of_the_state(place):
    """The shell's own directories are not the command's to change."""
    before = snapshot(place.tree)
    place.vsh("-c", "mkdir x; rmdir x")
    kept = place.vsh("-c", "try -y 'echo y > ../state/vsh/journal/99; rm -f ../state/vsh/log*; echo x > f'")
    wrong = [f"{kept}"] if kept.returncode or os.path.exists(place.home + "/state/vsh/journal/99") else []
    undone = place.vsh("-c", "undo")
    removed = place.vsh("-c", "try -y '/bin/rm -rf ../state; echo x > f'")
    if undone.returncode or not removed.returncode or not os.path.exists(place.home + "/state/vsh"):
        wrong.append(f"{undone} {removed}")
    return wrong + [line for line in differences(before, snapshot(place.tree)) if not line.startswith(".:")]


def nested(place):
    """A shell inside records nothing itself."""
    before = snapshot(place.tree)
    ran = place.trial("-y", "$VSH -c 'sed -i s/a/b/ f; rm d/1'")
    undone = place.vsh("-c", "undo")
    return differences(before, snapshot(place.tree)) + ([] if "2 changes" in ran.stdout else [f"{ran} {undone}"])


def is_quick(place):
    """It costs some milliseconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        place.trial("-n", "echo x > n")
        times.append(time.perf_counter() - start)
    return [] if min(times) < 0.2 else [f"{times}"]


SPECIAL = [is_not_seen, leaves_nothing_when_killed, asks, several_places, others_change_it, is_one_operation, falls_back,
           keeps_out_of_the_state, nested, is_quick]


def run_special(shell, function, user):
    with Place(shell, user) as place:
        return function(place)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", default="")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("--shell", default=str(TOP / ".build/release/vsh"))
    arguments = parser.parse_args()
    users = [0, NOBODY] if os.geteuid() == 0 else [0]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shell = shutil.copy(arguments.shell, folder + "/vsh")
        make_programs(folder)
        for user in list(users):
            told = subprocess.run([shell, "--doctor"], capture_output=True, text=True, user=user or None, extra_groups=[] if user else None).stdout
            if "isolation             no" in told:
                print(f"no isolation for user {user}:", *(line for line in told.splitlines() if line.startswith("isolation")))
                users.remove(user)
        runs = [(case[0], lambda user, case=case: run_case(shell, case, user, arguments.v)) for case in CASES if case[0] not in IMPOSSIBLE]
        runs += [(function.__doc__, lambda user, function=function: run_special(shell, function, user)) for function in SPECIAL]
        for name, run in runs:
            if arguments.k not in name:
                continue
            for user in users:
                try:
                    wrong = run(user)
                except (subprocess.TimeoutExpired, OSError) as error:
                    wrong = [repr(error)]
                if wrong is None:
                    continue
                passed += not wrong
                failed += bool(wrong)
                if wrong:
                    print(f"FAILED: {name}{' (as nobody)' if user else ''}")
                    print("\n".join("    " + line for line in wrong[:12]))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
