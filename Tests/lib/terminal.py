# SPDX-License-Identifier: MPL-2.0
"""A pseudo-terminal with a shell in it: type keys, wait for text, read the screen's text."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[()][0-9A-B]|\x1b[=>]")
# The mark after output without a newline: the spaces bring the cursor to a new row, or over the mark where there was a newline.
MARK = re.compile(rb"(?:(?<=\n)|(?<=\A)|(?P<text>))(?:\x1b\[[0-9;]*m)*\xe2\x8f\x8e(?:\x1b\[m)? +\r \r")
# The kernel echoes "^C" after it has sent the signal: the shell on another processor may have written its prompt then, or a part of it.
ECHO = r"(?:\^[CZ\\])?"


class Timeout(Exception):
    """What was waited for did not come; holds what came instead."""


class Session:
    """A shell on a terminal of its own, in `cwd`, with nothing in its environment but what is given here."""

    def __init__(self, command, cwd, home, prompt="$ ", ps2="> ", columns=80, rows=24, term="dumb", env=None, timeout=10.0):
        self.prompt, self.ps2, self.timeout, self.output, self.taken = prompt, ps2, timeout, b"", 0
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "TERM": term,
                       "LC_ALL": "C.UTF-8", "PS1": prompt, "PS2": ps2, **(env or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                os.execve(command[0], command, environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.status = None

    def _read(self, seconds):
        """Takes what the terminal has within `seconds`; False at its end."""
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def text(self):
        """What was printed since the last `take`, without escape sequences and carriage returns."""
        shown = MARK.sub(lambda match: b"" if match["text"] is None else b"\n", self.output[self.taken:])
        return ESCAPES.sub(b"", shown).replace(b"\r", b"").decode(errors="replace")

    def take(self):
        """The text since the last call."""
        text = self.text()
        self.taken = len(self.output)
        return text

    def wait_for(self, pattern):
        """Waits until the text since the last `take` matches (a regular expression, searched); returns and takes it."""
        deadline = time.monotonic() + self.timeout
        while not re.search(pattern, self.text(), re.M):
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(min(left, 0.2)):
                if re.search(pattern, self.text(), re.M):
                    break
                raise Timeout(f"no {pattern!r} in {self.text()!r}")
        return self.take()

    def wait_for_prompt(self):
        """Waits for PS1 at the end of the text; returns the text before it."""
        text = self.wait_for(r"(?:\A|\n)" + ECHO + re.escape(self.prompt) + ECHO + r"\Z")
        return re.sub(ECHO + re.escape(self.prompt) + ECHO + r"\Z", "", text)

    def send(self, keys):
        """Types; '\\r' is Enter, '\\x03' ^C, '\\x04' ^D."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def command(self, line):
        """Types a line, waits for the next prompt, and returns the lines printed between (without the echo)."""
        self.send(line + "\r")
        text = self.wait_for_prompt()
        echo, _, rest = text.partition("\n")
        return rest.splitlines()

    def wait(self):
        """Waits for the shell to end; returns its exit status (128+n for a signal)."""
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            self._read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self._read(0.05) and select.select([self.fd], [], [], 0)[0]:
                    pass
                self.status = os.waitstatus_to_exitcode(status)
                if self.status < 0:
                    self.status = 128 - self.status
                return self.status
        raise Timeout(f"the shell did not end; {self.text()!r}")

    def close(self):
        """Ends the shell if it still runs, and the terminal."""
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_until(condition, what, seconds=20.0):
    """Waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Timeout(what)
        time.sleep(0.01)


def processes(terminal):
    """The processes of the terminal but its shell: (name, state, process group) of each."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                start, _, rest = file.read().rpartition(")")
        except OSError:
            continue
        state, _, group, session_number = rest.split()[:4]
        if int(session_number) == terminal.pid and int(name) != terminal.pid:
            found.append((start.partition("(")[2], state, int(group)))
    return found


def wait_until_over(terminal):
    """Waits until all jobs have ended."""
    wait_until(lambda: all(state == "Z" for _, state, _ in processes(terminal)), "jobs still run")


def wait_until_stopped(terminal):
    """Waits until a job is stopped."""
    wait_until(lambda: any(state == "T" for _, state, _ in processes(terminal)), "no job is stopped")


def alive(terminal, name):
    """How many programs of that name have not ended."""
    return sum(process[0] == name and process[1] != "Z" for process in processes(terminal))


def wait_until_running(terminal, name):
    """Waits until a program of that name runs in the foreground."""
    wait_until(lambda: (name, "S", os.tcgetpgrp(terminal.fd)) in processes(terminal), f"no {name} runs")


def wait_until_foreground(terminal):
    """Waits until a job has the terminal."""
    wait_until(lambda: os.tcgetpgrp(terminal.fd) not in (0, terminal.pid), "no job in the foreground")


def wait_until_ended(pid, seconds=20.0):
    """Waits until a child of this process has ended; kills it when it does not."""
    try:
        wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0], "the shell is still there", seconds)
    except Timeout:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def session(shell, folder, **options):
    """A shell at its first prompt, in `folder`/work."""
    work = os.path.join(folder, "work")
    os.makedirs(work, exist_ok=True)
    options_of = {"bash": ["--posix", "--norc", "--noediting"]}
    terminal = Session([shell, *options_of.get(os.path.basename(shell), [])], cwd=work, home=folder, **options)
    terminal.wait_for_prompt()
    return terminal


def start(terminal, line, mark):
    """Types a line and waits until what it runs says `mark`."""
    terminal.send(line + "\r")
    terminal.wait_for(r"^" + mark + "$")
    if "sleep" in line:
        # A signal that comes while dash starts it would stop the child alone.
        wait_until_running(terminal, "sleep")
    else:
        time.sleep(0.1)


def modes(terminal):
    """The line modes of the terminal."""
    return termios.tcgetattr(terminal.fd)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)


def editing_session(shell, folder, arguments=(), **options):
    """A shell with the line editor, in `folder`/work, at its first prompt."""
    work = os.path.join(folder, "work")
    os.makedirs(work, exist_ok=True)
    options.setdefault("term", "xterm-256color")
    terminal = Session([shell, *arguments], cwd=work, home=folder, columns=120, **options)
    terminal.wait_for(r"[$#] ")
    time.sleep(0.1)
    terminal.take()
    return terminal


def run(terminal, keys, expected):
    """Types keys and Enter, and waits for a line of output."""
    terminal.send(keys + "\r")
    return terminal.wait_for(r"(?m)^" + expected)
