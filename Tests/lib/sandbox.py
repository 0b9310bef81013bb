# SPDX-License-Identifier: MPL-2.0
"""Runs one case in a fresh directory with a fresh HOME, and takes what it left: output, status, tree."""
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How each oracle is asked to behave as a POSIX shell.
ORACLES = {
    "dash": ["dash"],
    "bash": ["bash", "--posix"],
    "yash": ["yash", "--posixly-correct"],
    "mksh": ["mksh", "-o", "posix"],
    "ksh93": ["ksh93", "-o", "posix"],
    "busybox": ["busybox", "sh"],
    "zsh": ["zsh", "--emulate", "sh"],
}

_scratch = None


def prepare(scratch, shell):
    """Makes the scratch directory passable for unprivileged cases; returns a copy of the shell that they can run."""
    global _scratch
    _scratch = scratch
    os.chmod(scratch, 0o755)
    if shell is None or Path(shell).name in ORACLES:
        return shell and Path(shell).name
    copy = Path(scratch) / "bin" / Path(shell).name
    copy.parent.mkdir()
    shutil.copy2(shell, copy)
    return str(copy)


def oracle(name):
    """Whether the oracle is installed."""
    return shutil.which(ORACLES.get(name, [name])[0]) is not None


def lacking(needs):
    """The first need that this machine does not meet, or None: root, a program, or a file."""
    for need in needs:
        if need == "root":
            if os.geteuid() != 0:
                return "root"
        elif need != "unprivileged" and not (os.path.exists(need) if "/" in need else shutil.which(need)):
            return need
    return None


@dataclass
class Result:
    """What a run gave. `tree` is bytes, a line per file (see `snapshot`)."""
    status: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    tree: bytes = b""

    def comparable(self, kind):
        """One part as bytes, with the name of the shell and its place in the script taken off messages."""
        if kind == "status":
            return str(self.status).encode()
        if kind == "stderr":
            return re.sub(rb"(?m)^(?:\S*/)?(?:vsh(?:-\d+)?|dash)?(?::? ?\S*script(?:\.sh)?)?(?::(?: line )?\d+)*(?:: )?(?=[a-z]+: )", b"", self.stderr)
        return getattr(self, kind)


def snapshot(root, began):
    """A line per file below root: type, mode, owner, size and content or target, hard-link group, time where it is stable.

    A modification time later than the start of the run is 'now'; an older one was set on purpose and is compared. Links are
    counted below root: the store of vsh may hold another one of a name that was removed.
    """
    members, lines = {}, []
    root = os.fsencode(root)
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            info = os.lstat(path)
            kind = stat.filemode(info.st_mode)
            detail = ""
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    detail = f"{info.st_size} {hashlib.sha256(file.read()).hexdigest()[:12]}"
                members.setdefault(info.st_ino, []).append(len(lines))
            elif stat.S_ISLNK(info.st_mode):
                detail = "-> " + os.fsdecode(os.readlink(path))
            when = "now" if info.st_mtime_ns >= began else str(info.st_mtime_ns)
            relative = os.fsdecode(os.path.relpath(path, root))
            lines.append(f"{relative!r} {kind} {info.st_uid}:{info.st_gid} {detail} {when}")
    for group, places in enumerate(places for places in members.values() if len(places) > 1):
        for place in places:
            lines[place] += f" links={len(places)} group={group}"
    return "\n".join(lines).encode(errors="backslashreplace")


def run(case, shell, snapshot=False):
    """Runs the case's script with `shell` (a path, or the name of an oracle)."""
    command = list(ORACLES.get(shell, [shell]))
    command[0] = shutil.which(command[0])
    holder = tempfile.mkdtemp(prefix="case.", dir=_scratch)
    try:
        # The script's name and place are the same for all shells; the script is not in the directory that it works in.
        work, home, temporary = (os.path.join(holder, name) for name in ("work", "home", "tmp"))
        for folder in (work, home, temporary):
            os.mkdir(folder)
        script = os.path.join(holder, "script.sh")
        with open(script, "wb") as file:
            file.write(case.script)
        environment = {"PATH": PATH, "HOME": home, "TMPDIR": temporary, "LC_ALL": "C", "TESTEE": " ".join(command), **case.env}
        command += case.options
        stdin = case.stdin
        if case.via == "file":
            command.append(script)
        elif case.via == "sh":
            command = ["/bin/sh", script]
        elif case.via == "c":
            command += ["-c", os.fsdecode(case.script).rstrip("\n")]
        else:
            stdin = case.script + case.stdin
        unprivileged = "unprivileged" in case.needs and os.geteuid() == 0
        if unprivileged:
            for path in (holder, work, home, temporary, script):
                os.chown(path, NOBODY, NOBODY)

        began = time.time_ns() - 20_000_000  # the kernel's coarse clock lags
        process = subprocess.Popen(
            command, cwd=work, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, umask=0o022, **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if unprivileged else {}))
        timed_out = False
        try:
            out, err = process.communicate(stdin, timeout=case.timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        holder_bytes = os.fsencode(holder)
        result = Result(status, out.replace(holder_bytes, b"/CASE"), err.replace(holder_bytes, b"/CASE"), timed_out)
        if snapshot:
            result.tree = globals()["snapshot"](work, began)
        return result
    finally:
        _remove(holder)


def _remove(path):
    """Removes a tree whatever the modes in it are."""
    def retry(function, name, _):
        os.chmod(os.path.dirname(name), 0o700)
        if os.path.isdir(name) and not os.path.islink(name):
            os.chmod(name, 0o700)
        function(name)
    shutil.rmtree(path, onerror=lambda *arguments: _attempt(retry, *arguments))


def _attempt(retry, *arguments):
    try:
        retry(*arguments)
    except OSError:
        pass
