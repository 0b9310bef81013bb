#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal of others' making: tmux, whose screen is captured with its attributes."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import files  # noqa: E402
from terminal import Timeout, wait_until  # noqa: E402


class Tmux:
    """A shell in a window of a tmux server of its own."""

    def __init__(self, shell, folder):
        work = os.path.join(folder, "work")
        os.makedirs(work, exist_ok=True)
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "VSH_HINTS": "off"}
        self.base = ["tmux", "-S", os.path.join(folder, "socket"), "-f", "/dev/null"]
        subprocess.run([*self.base, "-u", "new-session", "-d", "-x", "80", "-y", "40", "env", "PS1=$ ", shell], check=True, cwd=work, env=environment)
        self.see("$")

    def run(self, *words, **options):
        return subprocess.run([*self.base, *words], check=True, capture_output=True, text=True, **options).stdout

    def keys(self, *keys):
        self.run("send-keys", *keys)

    def screen(self, *options):
        """The rows up to the last that is not empty, and the cursor."""
        rows = self.run("capture-pane", "-p", *options).rstrip("\n")
        return rows, self.run("display-message", "-p", "#{cursor_x} #{cursor_y}").strip()

    def resize(self, columns):
        """Another width. The program in the window is told a little later."""
        self.run("resize-window", "-x", str(columns), "-y", "40")
        with open(self.run("display-message", "-p", "#{pane_tty}").strip()) as terminal:
            wait_until(lambda: os.get_terminal_size(terminal.fileno()).columns == columns, "the size of the terminal")

    def text(self):
        """The screen's text without blanks."""
        return "".join(self.screen()[0].split())

    def see(self, text):
        """Waits until the screen's text ends so."""
        try:
            wait_until(lambda: self.screen()[0].rstrip().endswith(text), "")
        except Timeout:
            raise Timeout(f"no {text!r} at the end of\n{self.screen()[0]}") from None

    def quiet(self):
        """The picture, with its attributes, when it has become the same again."""
        picture, last = self.screen("-e"), None
        while picture != last:
            picture, last = self.screen("-e"), picture
        return picture

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("kill-server")


def test_attributes(shell, folder):
    """What can be undone is green, what is not there red, a suggestion grey; the choices of a menu stand below"""
    if not shutil.which("tmux"):
        return
    with Tmux(shell, folder) as window:
        files(folder, "pear1", "pear2")
        window.keys("rm pear1; nosuchthing 'text'")
        window.see("nosuchthing 'text'")
        row = window.quiet()[0].splitlines()[-1]
        for attributes in ("\x1b[32mrm", "\x1b[4mpear1", "\x1b[31mnosuchthing", "\x1b[93m'text'"):
            equal(attributes in row, True, f"{attributes!r} in {row!r}")
        window.keys("C-c")
        window.see("^C\n$")
        window.keys("echo one two", "Enter")
        window.see("\none two\n$")
        window.keys("ech")
        window.see("$ echo one two")
        equal("\x1b[90mo one two" in window.quiet()[0], True, "a grey suggestion")
        window.keys("C-u", "cat p", "Tab", "Tab")
        window.see("cat pear1\npear1  pear2")
        window.keys("C-c")
        window.see("^C\n$")


def test_sizes(shell, folder):
    """From 200 columns to 2 and back: the picture is what a full repaint makes it"""
    if not shutil.which("tmux"):
        return
    with Tmux(shell, folder) as window:
        window.keys("echo first", "Enter")
        window.see("\nfirst\n$")
        line = "echo one 日本 'two three' four | cat"
        window.keys(line)
        for columns in (200, 132, 41, 23, 10, 5, 3, 2, 7, 80):
            window.resize(columns)
            window.keys("C-e", "x")
            line += "x"
            wait_until(lambda: window.text().endswith(line[-10:].replace(" ", "")), f"{line!r} at {columns} columns")
            before = window.quiet()
            window.keys("C-l")
            wait_until(lambda: window.text().startswith("$echoone"), f"the top at {columns} columns")
            after = window.quiet()
            equal(before[0].rpartition("$")[2], after[0].rpartition("$")[2], f"{columns} columns")
            window.keys("C-c", "C-l")
            window.see("$")
            window.keys("echo first", "Enter", line)


def test_paste(shell, folder):
    """10 kB from tmux's buffer, in brackets, are one insertion; ^C gives them up"""
    if not shutil.which("tmux"):
        return
    with Tmux(shell, folder) as window:
        text = " ".join(f"word{number}" for number in range(2000))[:10000]
        window.run("load-buffer", "-", input=": " + text + "\necho END\n")
        window.run("paste-buffer", "-p")
        window.see("> echo END")
        window.keys("C-c")
        window.see("^C\n$")
        window.keys("echo alive", "Enter")
        window.see("\nalive\n$")


if __name__ == "__main__":
    main(globals())
