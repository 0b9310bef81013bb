#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: what is on the screen after which keys. VSH_KEYS=N: so many random keys (default 4000)."""
import os
import random
import re
import shutil
import signal
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from screen import ScreenSession  # noqa: E402

ESC = "\x1b"
UP, DOWN, RIGHT, LEFT = ESC + "[A", ESC + "[B", ESC + "[C", ESC + "[D"
HOME, END, DELETE, BACK_TAB = ESC + "[H", ESC + "[F", ESC + "[3~", ESC + "[Z"
RED, GREEN, YELLOW, CYAN, GREY = 31, 32, 33, 36, 90


def session(shell, folder, columns=80, rows=24, work=None, **options):
    """A shell at its first prompt."""
    directory = os.path.join(folder, "work")
    os.makedirs(directory, exist_ok=True)
    terminal = ScreenSession([shell], cwd=work or directory, home=folder, columns=columns, rows=rows, **options)
    terminal.see(r"^\$ *\Z")
    return terminal


def run(terminal, line, pattern):
    """Types a line, runs it and waits for the screen to match and for a new prompt."""
    terminal.send(line + "\r")
    terminal.see(r"(?s)" + pattern + r".*^\$\Z")


def vi_escape(terminal):
    """Escape, and long enough nothing that it is not Alt."""
    terminal.send(ESC)
    time.sleep(0.08)
    terminal.settle()


# Typing

def test_typing_and_running(shell, folder):
    """What is typed is seen, in colours, and runs"""
    with session(shell, folder) as terminal:
        terminal.type("echo 'a b'", r"^\$ echo 'a b'\Z")
        equal(CYAN in terminal.screen.style_of("echo"), True, "a builtin is cyan")
        equal(93 in terminal.screen.style_of("'a b'"), True, "a string is yellow")
        terminal.send("\r")
        terminal.see(r"^a b\n\$\Z")


def test_colours(shell, folder):
    """Commands by what undo can do for them, unknown ones, options, variables, paths, errors"""
    with session(shell, folder) as terminal:
        Path(folder, "work", "there").write_text("")
        terminal.type("rm -f there $x # no", r"# no\Z")
        style = terminal.screen.style_of
        equal(GREEN in style("rm"), True, "rm can be undone")
        equal(94 in style("-f"), True, "an option")
        equal(4 in style("there"), True, "a path that is there is underlined")
        equal(96 in style("$x"), True, "a variable")
        equal(GREY in style("# no"), True, "a comment")
        terminal.type("\x15nosuchcommand", r"nosuchcommand\Z")
        equal(RED in style("nosuch"), True, "an unknown command is red")
        terminal.type("\x15kill 1", r"kill 1\Z")
        equal(YELLOW in style("kill"), True, "kill cannot be undone")
        terminal.type("\x15if true; then", r"then\Z")
        equal(35 in style("then"), True, "a reserved word")
        terminal.type("\x15echo \"open", r"open\Z")
        equal(91 in style("\"open"), True, "an open quote")
        terminal.type("\x15echo )", r"\)\Z")
        equal(91 in style(")"), True, "an error")


def test_wide_and_combining(shell, folder):
    """Wide, combining and joined characters move and go as wholes"""
    with session(shell, folder) as terminal:
        terminal.type("echo 日本e\u0301x", "x\\Z")
        equal(terminal.screen.column, 13)
        terminal.type(LEFT + LEFT)
        equal(terminal.screen.column, 11)
        terminal.type("Q", r"日本Qe\u0301x\Z")
        terminal.type("\x7f" + LEFT + "\x7f")
        terminal.see(r"echo 本e\u0301x\Z")
        terminal.send("\r")
        terminal.see("^本e\u0301x\n")


def test_invalid_bytes(shell, folder):
    """Bytes that are no UTF-8 are shown as such and kept"""
    with session(shell, folder) as terminal:
        terminal.type(b"printf %s '\xff\xe6' | od -An -tx1", r"\\xff\\xe6' \|")
        terminal.send("\r")
        terminal.see(r"^ ff e6$")


def test_control_characters_are_visible(shell, folder):
    """^V inserts a control character, which is shown as two"""
    with session(shell, folder) as terminal:
        terminal.type("printf '\x16\x07' | od -An -tx1", r"\^G' \|")
        terminal.send("\r")
        terminal.see(r"^ 07$")


def test_long_line(shell, folder):
    """A line goes on in the next row, and the cursor with it"""
    with session(shell, folder, columns=20) as terminal:
        terminal.type("echo " + "0123456789" * 3)
        terminal.see(r"^\$ echo 0123456789012\n34567890123456789\Z")
        terminal.type(HOME)
        equal((terminal.screen.row, terminal.screen.column), (0, 2))
        terminal.type("x", r"^\$ xecho 012345678901\n234567890123456789\Z")
        # To the last column exactly.
        terminal.type("\x0b" + "y" * 17)
        terminal.see(r"^\$ xy{17}\Z")
        equal((terminal.screen.row, terminal.screen.column), (1, 0))


def test_taller_than_the_screen(shell, folder):
    """A line taller than the screen is seen around the cursor, and whole in the terminal's history when it ran"""
    with session(shell, folder, columns=20, rows=5) as terminal:
        words = " ".join(f"w{number:03}" for number in range(60))
        terminal.type(": " + words)
        terminal.see(r"059\Z")
        terminal.type("\x01", r"(?s)\A\$ : w000.*")
        equal((terminal.screen.row, terminal.screen.column), (0, 2))
        terminal.type("\x05", r"059\Z")
        terminal.send("\r")
        terminal.see(r"^\$\Z")
        everything = "\n".join("".join(cell[0] for cell in line) for line in terminal.screen.history) + terminal.screen.text()
        for number in range(60):
            equal(f"w{number:03}" in everything.replace("\n", ""), True, f"w{number:03}")


# Several lines

def test_several_lines(shell, folder):
    """Enter on an incomplete command begins a line of the same buffer; Up moves in it"""
    with session(shell, folder) as terminal:
        terminal.send("for i in 1 2\r")
        terminal.see(r"^>\Z")
        terminal.send("do echo $i\r")
        terminal.see(r"\$i\n>\Z")
        terminal.send("done")
        terminal.type(UP + UP + "\x05 3", r"^\$ for i in 1 2 3\n> do")
        terminal.send("\r")
        terminal.see(r"^> done\n1\n2\n3\n\$\Z")
        terminal.type(UP, r"\$ for i in 1 2 3\n> do echo \$i\n> done\Z")


def test_here_document(shell, folder):
    """A here-document is one command"""
    with session(shell, folder) as terminal:
        terminal.send("cat <<E\rline\rE\r")
        terminal.see(r"^> E\nline\n\$\Z")


def test_syntax_error_is_marked(shell, folder):
    """A wrong line is not run; the place is marked below it, and Enter again runs it"""
    with session(shell, folder) as terminal:
        terminal.send("echo )\r")
        terminal.see(r"^\$ echo \)\nsyntax error: unexpected '\)'.*\n  echo \)\n       \^\n")
        terminal.type("\x7f", r"^\$ echo\Z")
        terminal.type(")\r")
        terminal.type("\r", r"syntax error.*(?:\n.*)*\n\$\Z")
        run(terminal, "echo $?", "^2$")


# Editing

def test_emacs_keys(shell, folder):
    """^A ^E ^W ^U ^K ^Y Alt-Y Alt-B Alt-F Alt-D Alt-U"""
    with session(shell, folder) as terminal:
        terminal.type("one two three\x17", r"^\$ one two\Z")
        terminal.type("\x17\x19\x19", r"^\$ one two threetwo three\Z")
        terminal.type("\x15alpha beta\x01" + ESC + "f" + ESC + "d", r"^\$ alpha\Z")
        terminal.type("\x05\x19", r"^\$ alpha beta\Z")
        terminal.type("\x01" + ESC + "u", r"^\$ ALPHA beta\Z")
        terminal.type("\x01\x0b", r"^\$\Z")
        terminal.type("\x19", r"^\$ ALPHA beta\Z")
        terminal.type(ESC + "y", r"^\$ (?!ALPHA).+\Z")


def test_undo_of_edits(shell, folder):
    """^_ takes back word by word, Alt-/ does it again"""
    with session(shell, folder) as terminal:
        terminal.type("echo one two", "two\\Z")
        terminal.type("\x1f", r"^\$ echo one\Z")
        terminal.type("\x1f\x1f", r"^\$\Z")
        terminal.type(ESC + "/" + ESC + "/", r"^\$ echo one\Z")


def test_vi_mode(shell, folder):
    """Motions, operators, counts, repeat, undo; the cursor's shape says the mode"""
    with session(shell, folder) as terminal:
        run(terminal, "set -o vi", "vi")
        equal(terminal.screen.shape, "6")
        terminal.type("echo foo bar baz", "baz\\Z")
        vi_escape(terminal)
        equal(terminal.screen.shape, "2")
        terminal.type("0wdw", r"^\$ echo bar baz\Z")
        terminal.type("u", r"^\$ echo foo bar baz\Z")
        terminal.type("cwXX", r"^\$ echo XX bar baz\Z")
        vi_escape(terminal)
        terminal.type("w.", r"^\$ echo XX XX baz\Z")
        terminal.type("$rQ", r"^\$ echo XX XX baQ\Z")
        terminal.type("0fXx", r"^\$ echo X XX baQ\Z")
        terminal.type("2dw", r"^\$ echo baQ\Z")
        terminal.type("P", r"^\$ echo .*baQ\Z")
        terminal.type("Aend", r"baQend\Z")
        vi_escape(terminal)
        terminal.type("dd", r"^\$\Z")
        terminal.type("k", r"^\$ set -o vi\Z")
        terminal.type("ddiecho ok\r", r"^ok\n\$\Z")
        equal(terminal.screen.shape, "6")
        terminal.send("set -o emacs\r")
        terminal.settle()
        terminal.send("echo done\r")
        terminal.see(r"^done\n\$\Z")
        equal(terminal.screen.shape in ("0", ""), True, terminal.screen.shape)


def test_quoted_keys_in_vi(shell, folder):
    """Arrow keys and unknown sequences do no harm in insert mode"""
    with session(shell, folder) as terminal:
        run(terminal, "set -o vi", "vi")
        terminal.type("echo ac" + LEFT + "b" + ESC + "[99~" + END + "d", r"^\$ echo abcd\Z")


def test_abbreviations(shell, folder):
    """abbr expands at the place of a command, on space and Enter, not elsewhere"""
    with session(shell, folder) as terminal:
        run(terminal, "abbr ec 'echo expanded'", "abbr")
        terminal.type("ec ", r"^\$ echo expanded\Z")
        terminal.type("ec x\x15", r"^\$\Z")
        terminal.type("true; ec y", r"true; echo expanded y\Z")
        terminal.type("\x15ec\r", r"^expanded\n\$\Z")
        run(terminal, "abbr", r"^abbr ec 'echo expanded'$")
        terminal.type("ec" + ESC + " ", r"^\$ ec\Z")
        terminal.type("\x15abbr -e ec\r")
        terminal.type("ec ", r"^\$ ec\Z")


def test_theme(shell, folder):
    """VSH_COLORS changes the colours"""
    with session(shell, folder) as terminal:
        run(terminal, "VSH_COLORS='builtin=1;34:string=35'", "VSH")
        terminal.type("echo 'x'", r"'x'\Z")
        equal(terminal.screen.style_of("echo")[-2:], (1, 34))
        equal(terminal.screen.style_of("'x'")[-1:], (35,))


def test_right_prompt(shell, folder):
    """VSH_RPROMPT stands at the right edge while there is room, and not in what is left behind"""
    with session(shell, folder, columns=40) as terminal:
        terminal.send("VSH_RPROMPT='[right]'\r")
        terminal.see(r"^\$ +\[right\]\Z")
        terminal.type("echo hi", r"^\$ echo hi +\[right\]\Z")
        equal(terminal.screen.column, 9)
        terminal.type("x" * 25, r"^\$ echo hix{25}\Z")
        terminal.type("\x15echo hi\r")
        terminal.see(r"^\$ echo hi\nhi\n")


def test_external_editor(shell, folder):
    """Alt-E edits the line with $VISUAL"""
    script = Path(folder, "editor")
    script.write_text("#!/bin/sh\nprintf '%s\\n' 'echo edited' >\"$1\"\n")
    script.chmod(0o755)
    with session(shell, folder, env={"VISUAL": str(script)}) as terminal:
        terminal.type("echo before", "before\\Z")
        terminal.type(ESC + "e", r"^\$ echo edited\Z")
        terminal.send("\r")
        terminal.see(r"^edited\n\$\Z")


# History and suggestions

def test_history(shell, folder):
    """Up and Down go through the lines that begin with what was typed"""
    with session(shell, folder) as terminal:
        for word in ("one", "two"):
            run(terminal, f"echo {word}", f"^{word}$")
        run(terminal, "true", "true")
        terminal.type("ec" + UP, r"^\$ echo two\Z")
        terminal.type(UP, r"^\$ echo one\Z")
        terminal.type(DOWN, r"^\$ echo two\Z")
        terminal.type(DOWN, r"^\$ ec\Z")
        terminal.type("\x15" + UP, r"^\$ true\Z")


def test_last_argument(shell, folder):
    """Alt-. inserts the last word of the lines before, one after the other"""
    with session(shell, folder) as terminal:
        run(terminal, "echo first", "^first$")
        run(terminal, "echo 'second one'", "^second one$")
        terminal.type(": " + ESC + ".", r"^\$ : 'second one'\Z")
        terminal.type(ESC + ".", r"^\$ : first\Z")


def test_search(shell, folder):
    """^R lists, narrows, cycles its filter; Enter inserts, another runs; Escape restores"""
    with session(shell, folder) as terminal:
        run(terminal, "echo apple", "^apple$")
        run(terminal, "echo banana", "^banana$")
        terminal.type("\x12", r"history \(this session\)")
        terminal.see(r"^.*echo apple$")
        terminal.type("app", r"history \(this session\): app\n.*echo apple\Z")
        terminal.type("\x12", r"history \(this directory\): app")
        terminal.type("\x12", r"history \(all\): app")
        terminal.type("\r", r"^\$ echo apple\Z")
        terminal.send("\r")
        terminal.see(r"echo apple\napple\n\$\Z")
        terminal.type("typed\x12", "history")
        terminal.send(ESC)
        terminal.see(r"^\$ typed\Z")


def test_suggestion(shell, folder):
    """The line that was typed before is proposed in grey; the right arrow takes it, Alt-F a word of it"""
    with session(shell, folder) as terminal:
        run(terminal, "echo hello world", "^hello world$")
        terminal.type("ech", r"^\$ echo hello world\Z")
        equal(GREY in terminal.screen.style_of("o hello world"), True, "grey")
        equal(terminal.screen.column, 5)
        terminal.type(ESC + "f")
        equal(terminal.screen.column, 6)
        terminal.type(RIGHT)
        equal(terminal.screen.column, 18)
        terminal.type("\x15ech\r", r"not found|ech:")


def test_destructive_lines_are_not_suggested(shell, folder):
    """rm, and > over a file, are not proposed before their name is typed"""
    with session(shell, folder) as terminal:
        Path(folder, "work", "f").write_text("")
        run(terminal, "rm -f nothing", "nothing")
        run(terminal, "echo x > f", "> f")
        terminal.type("r")
        terminal.see(r"^\$ r\Z")
        terminal.type("m ", r"^\$ rm -f nothing\Z")
        terminal.type("\x15ech")
        terminal.see(r"^\$ ech\Z")


# The menu

def files(folder, *names):
    for name in names:
        Path(folder, "work", name).write_text("")


def test_completion_of_one(shell, folder):
    """Tab completes what there is no choice about"""
    with session(shell, folder) as terminal:
        files(folder, "unique-name")
        terminal.type("cat uni\t", r"^\$ cat unique-name\Z")
        equal(terminal.screen.column, 18, "a space follows")


def test_menu(shell, folder):
    """Tab shows the choices, Tab and arrows choose, Enter takes, Escape restores"""
    with session(shell, folder) as terminal:
        files(folder, "pear1", "pear2", "pear3")
        terminal.type("cat pe\t", r"^\$ cat pear\npear1 +pear2 +pear3\Z")
        terminal.type("\t", r"^\$ cat pear1\n")
        equal(7 in terminal.screen.lines[terminal.screen.row + 1][0][1], True, "the choice is marked")
        terminal.type("\t", r"^\$ cat pear2\n")
        terminal.type(BACK_TAB, r"^\$ cat pear1\n")
        terminal.type(RIGHT + RIGHT, r"^\$ cat pear3\n")
        terminal.send(ESC)
        terminal.see(r"^\$ cat pear\Z")
        terminal.type("\t\t\r", r"^\$ cat pear1\Z")
        equal(terminal.screen.column, 12, "a space follows")


def test_menu_is_filtered_by_typing(shell, folder):
    """What is typed narrows the choices"""
    with session(shell, folder) as terminal:
        files(folder, "fig-a1", "fig-a2", "fig-b1")
        terminal.type("cat fi\t", "fig-b1\\Z")
        terminal.type("a", r"^\$ cat fig-a\nfig-a1 +fig-a2\Z")
        terminal.type("\x7f", "fig-b1\\Z")


def test_menu_too_tall(shell, folder):
    """A menu never takes more than the screen has, and says how many more there are"""
    with session(shell, folder, columns=40, rows=8) as terminal:
        files(folder, *[f"name-number-{number:03}" for number in range(60)])
        terminal.type("cat na\t", r"…\d+ more\Z")
        equal(terminal.screen.text().startswith("$ cat name-number-0"), True, terminal.screen.text())
        for _ in range(35):
            terminal.send("\t")
        terminal.see(r"\$ cat name-number-034")
        equal(7 in terminal.screen.style_of("name-number-034"), True, "the choice is in sight")
        terminal.send("\x03")
        terminal.see(r"\^C\n\$\Z")


# Signals and ends

STATES = {
    "empty": "",
    "typing": "echo typed",
    "quote": "echo 'open",
    "continuation": "if true\r",
    "menu": "cat pe\t",
    "chosen": "cat pe\t\t",
    "search": "\x12",
    "suggestion": "ech",
}


def test_interrupt_in_every_state(shell, folder):
    """^C gives the line up wherever one is, and the next line works"""
    for mode in ("emacs", "vi"):
        with session(shell, folder) as terminal:
            files(folder, "pear1", "pear2")
            run(terminal, f"set -o {mode}; echo hello", "^hello$")
            for name, keys in STATES.items():
                terminal.type(keys)
                terminal.send("\x03")
                terminal.see(r"\^C\n\$\Z")
                terminal.send("echo $? " + name + "\r")
                terminal.see(rf"^130 {name}\n\$\Z")
            vi_escape(terminal)
            terminal.send("\x03")
            terminal.see(r"\^C\n\$\Z")


def test_other_signals_in_every_state(shell, folder):
    """^Z and ^\\ do nothing to the shell or the line"""
    with session(shell, folder) as terminal:
        files(folder, "pear1", "pear2")
        run(terminal, "echo hello", "^hello$")
        for name, keys in STATES.items():
            terminal.type(keys)
            before = terminal.screen.text()
            terminal.type("\x1a\x1c")
            equal(terminal.screen.text(), before, name)
            terminal.send("\x03")
            terminal.see(r"\^C\n\$\Z")
        run(terminal, "echo still here", "^still here$")


def test_end_of_file(shell, folder):
    """^D deletes within a line, and ends the shell on an empty one"""
    with session(shell, folder) as terminal:
        terminal.type("abc" + HOME + "\x04", r"^\$ bc\Z")
        terminal.type("\x05\x15")
        run(terminal, "(exit 3)", "exit")
        terminal.send("\x04")
        equal(terminal.wait(), 3)


def test_hangup(shell, folder):
    """The shell ends when its terminal goes away"""
    terminal = session(shell, folder)
    terminal.type("typing")
    pid = terminal.pid
    os.close(terminal.fd)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("it still ran")


def test_typeahead(shell, folder):
    """What is typed while a command runs is the next command; what a program reads is the program's"""
    with session(shell, folder) as terminal:
        terminal.send("sleep 0.4; echo first\recho second\r")
        terminal.see(r"^first\n(?s:.*)^second\n\$\Z")
        terminal.send("read line\rfor read\recho \"<$line>\"\r")
        terminal.see(r"^<for read>\n\$\Z")


def test_notices(shell, folder):
    """set -b tells of a job at once, above the prompt, and what was typed stays"""
    with session(shell, folder) as terminal:
        files(folder, "pear1", "pear2")
        run(terminal, "set -b", "set -b")
        run(terminal, "sleep 0.5 &", "sleep")
        terminal.type("cat pe\t")
        terminal.see(r"^\[1\] \+ Done +sleep 0.5\n\$ cat pear\npear1 +pear2\Z", 5)


def test_terminal_modes_are_the_users(shell, folder):
    """What stty sets stays; the editor's own modes do not reach programs"""
    with session(shell, folder) as terminal:
        terminal.send("stty -a | grep -c -- ' icanon'; stty -a | grep -c -- ' echo '\r")
        terminal.see(r"^1\n1\n\$\Z")
        run(terminal, "stty -ixon; stty -a | grep -o -- '.ixon'", "^-ixon$")
        run(terminal, "stty -a | grep -o -- '.ixon'", "(?s)-ixon.*^-ixon$")
        equal(2004 in terminal.screen.modes, True, "pastes are bracketed")
        terminal.send("sleep 0.3\r")
        terminal.until(lambda screen: 2004 not in screen.modes, "pastes are not bracketed for programs")


def test_trap_while_typing(shell, folder):
    """The action of a trapped signal runs above the line, and what was typed stays"""
    with session(shell, folder) as terminal:
        run(terminal, "trap 'echo trapped' USR1", "trap")
        terminal.type("echo typed", "typed\\Z")
        os.kill(terminal.pid, signal.SIGUSR1)
        terminal.see(r"^trapped\n\$ echo typed\Z")
        terminal.send("\r")
        terminal.see(r"^typed\n\$\Z")


def test_stopped_and_continued(shell, folder):
    """A shell that was stopped, and whose terminal another program used meanwhile, goes on"""
    import termios
    with session(shell, folder) as terminal:
        terminal.type("echo typed", "typed\\Z")
        os.kill(terminal.pid, signal.SIGSTOP)
        time.sleep(0.1)
        modes = termios.tcgetattr(terminal.fd)
        modes[3] |= termios.ICANON | termios.ECHO | termios.ISIG
        termios.tcsetattr(terminal.fd, termios.TCSANOW, modes)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.settle(0.2)
        terminal.type("\x1b[D\x1b[Dx", r"\$ echo typxed\Z")
        terminal.send("\r")
        terminal.see(r"^typxed\n\$\Z")


# Pastes and sizes

def test_paste(shell, folder):
    """A paste is one insertion and runs nothing, whatever is in it"""
    with session(shell, folder) as terminal:
        terminal.type(ESC + "[200~echo one\recho two\x03\x1b[A\r" + ESC + "[201~")
        terminal.see(r"^\$ echo one\n> echo two\[A\Z")
        terminal.type("\x1f", r"^\$\Z")


def test_big_paste(shell, folder):
    """10 kB are pasted with one repaint, within 50 ms (the best of five)"""
    with session(shell, folder, rows=50) as terminal:
        times = []
        for _ in range(5):
            text = " ".join(f"word{number}" for number in range(1200))[:10000]
            terminal.settle()
            before = terminal.screen.repaints
            start = time.perf_counter()
            terminal.send(ESC + "[200~: " + text + "END" + ESC + "[201~")
            terminal.see("END\\Z")
            times.append(time.perf_counter() - start)
            terminal.settle()
            equal(terminal.screen.repaints - before, 1, "repaints")
            terminal.send("\x03")
            terminal.see(r"\^C\n\$\Z")
        equal(min(times) < 0.05, True, f"{min(times) * 1000:.1f} ms")


def test_sizes(shell, folder):
    """Every width from 2 to 200: the line is painted anew, whole"""
    with session(shell, folder, rows=50) as terminal:
        text = "echo one two 日本 three four five"
        terminal.type(text)
        for columns in list(range(2, 30)) + [39, 40, 41, 79, 80, 81, 120, 200, 2, 200, 33]:
            terminal.set_size(columns, 60)
            squeezed = text.replace(" ", "")
            terminal.until(lambda screen: squeezed in re.sub(r"[\s$]", "", screen.text()), f"the line at {columns} columns")
        terminal.send("\r")
        terminal.see(r"^one two 日本 three four five\n\$\Z")


def test_resize_storm(shell, folder):
    """Many sizes while typing"""
    with session(shell, folder) as terminal:
        chooser = random.Random(5)
        for character in "echo the quick brown fox jumps over the lazy dog" * 2:
            terminal.send(character)
            terminal.set_size(chooser.randint(10, 120), chooser.randint(3, 50))
        terminal.set_size(80, 24)
        terminal.type("\x15echo calm\r", r"^calm\n\$\Z")


# Surroundings

def test_output_without_newline(shell, folder):
    """Output that ends without a newline is marked and kept"""
    with session(shell, folder) as terminal:
        run(terminal, "printf abc", r"^abc⏎$")
        run(terminal, "echo def", r"^def$")


def test_no_colour(shell, folder):
    """NO_COLOR: nothing is coloured"""
    with session(shell, folder, env={"NO_COLOR": "1"}) as terminal:
        terminal.type("echo 'a' $x nosuch; nosuch", "nosuch\\Z")
        styles = {number for line in terminal.screen.lines for cell in line for number in cell[1]}
        equal(styles & set(range(30, 50)) | styles & set(range(90, 108)), set())


def test_without_locale(shell, folder):
    """Without LANG characters are characters all the same"""
    with session(shell, folder, env={"LC_ALL": "", "LANG": ""}) as terminal:
        terminal.type("echo é日🙂", "é日🙂\\Z")
        equal(terminal.screen.column, 12)
        terminal.send("\r")
        terminal.see("^é日🙂\n")


def test_dumb_terminal(shell, folder):
    """TERM=dumb: plain lines, no escape sequences"""
    with session(shell, folder, term="dumb") as terminal:
        terminal.send("echo plain\r")
        terminal.see(r"^plain\n\$\Z")
        equal(b"\x1b" in terminal.output, False, "an escape sequence")


def test_marks(shell, folder):
    """The terminal is told of title, directory and command; VSH_NO_OSC: of nothing"""
    with session(shell, folder) as terminal:
        run(terminal, "(exit 3)", "exit")
        told = terminal.screen.commands
        for wanted in ("133;A", "133;C", "133;D;3", "0;~/work", "0;(exit 3)"):
            equal(wanted in told, True, f"{wanted} in {told}")
        equal(any(text.startswith("7;file://") and text.endswith("/work") for text in told), True, "OSC 7")
    with session(shell, folder, env={"VSH_NO_OSC": "1"}) as terminal:
        equal(terminal.screen.commands, [])


def test_directory_history(shell, folder):
    """Alt-Left and Alt-Right on an empty line go through the directories"""
    os.makedirs(os.path.join(folder, "work", "sub"), exist_ok=True)
    with session(shell, folder) as terminal:
        run(terminal, "cd sub", "cd sub")
        terminal.type(ESC + "[1;3D")
        run(terminal, "pwd", "/work$")
        terminal.type(ESC + "[1;3C")
        run(terminal, "pwd", "/work/sub$")


def test_right_prompt_gives_way(shell, folder):
    """The suggestion and the text never run into the edge"""
    with session(shell, folder, columns=30) as terminal:
        run(terminal, "echo " + "long" * 10, "longlong")
        terminal.type("echo lo")
        terminal.see(r"^\$ echo longlonglong\w*…\Z")
        equal(terminal.screen.row, terminal.screen.text().count("\n"), "the suggestion stays on its row")


# Random keys

KEYS = (
    list("abcxyz ;|&'\"$(){}<>#*-/.~!\\") + ["echo ", "ls ", "日", "本", "é", "e\u0301", "🙂", "if ", "then ", "done"]
    + ["\x01", "\x02", "x" + LEFT + "\x04", "\x05", "\x06", "\x0b", "\x0e", "\x10", "\x12", "\x14", "\x15", "\x17", "\x19", "\x1f", "\x16\x03"]
    + [UP, DOWN, LEFT, RIGHT, HOME, END, DELETE, BACK_TAB, "\t", "\x7f", "\x0c", "\x07"]
    + [ESC + key for key in "bfduly./<>t "] + [ESC + "\x7f", ESC + "\r", ESC + "[1;5C", ESC + "[1;5D", ESC + "[5~", ESC + "[6~"]
    + [ESC + "[200~pasted 日\ntext" + ESC + "[201~", ESC + "[99~", ESC + "OP", "\x03"]
)
VI_KEYS = KEYS + list("0123456789hjklwbeWBE^$xXpPdcyrRsSiIaAfFtT;,~.uUCDYnN%|") + [ESC] * 12


def state(terminal):
    """The rows from the prompt to the end, with styles, and the cursor."""
    screen = terminal.screen
    last = max([number for number, line in enumerate(screen.lines) if any(cell[0] != " " for cell in line)] + [screen.row])
    return [list(line) for line in screen.lines[:last + 1]], (screen.row, screen.column)


def shown(picture):
    """A state as text."""
    rows = ["".join(cell[0] for cell in line).rstrip() for line in picture[0]]
    return f"{rows!r} {picture[1]} {[cell for line in picture[0] for cell in line if cell[1]][:40]!r}"


def repaint(terminal):
    """The line painted anew, at the top of the screen."""
    for _ in range(2):
        terminal.send("\x0c")
        terminal.settle(0.03)


def random_keys(shell, folder, mode, seed, count, columns):
    """Types keys at random; now and then compares the screen with what ^L paints."""
    chooser = random.Random(seed)
    with session(shell, folder, columns=columns, rows=40, env={"VISUAL": "true"}) as terminal:
        files(folder, *[f"file{number}" for number in range(7)])
        run(terminal, f"set -o {mode} -o ignoreeof", mode)
        keys = VI_KEYS if mode == "vi" else KEYS
        while count > 0:
            # A fresh line often enough that the keys do something.
            terminal.send("\x03")
            terminal.settle(0.03)
            typed = [chooser.choice(keys) for _ in range(chooser.choice((3, 10, 30, 100)))]
            count -= len(typed)
            if chooser.random() < 0.2:
                terminal.set_size(columns, chooser.randint(10, 40))
            if chooser.random() < 0.5:
                terminal.send("".join(typed))
            else:
                for key in typed:
                    terminal.send(key)
            terminal.settle(0.045)
            equal(terminal.screen.unknown, [], "sequences")
            # Ends menu and search as well: the picture compared is that of the line.
            repaint(terminal)
            key = chooser.choice([LEFT, RIGHT, "z", "\x7f", "日", "\x17", UP, DOWN, "\x1f"])
            typed.append(key)
            terminal.send(key)
            terminal.settle(0.045)
            changed = state(terminal)
            repaint(terminal)
            if changed != state(terminal):
                raise AssertionError(f"{mode}, seed {seed}: after {typed!r}:\n{shown(changed)}\n{shown(state(terminal))}")
        terminal.send("\x03")
        terminal.settle()
        terminal.send("\x03")
        terminal.see(r"\^C\n\$\Z")
        terminal.send("iecho alive\r" if mode == "vi" and terminal.screen.shape == "2" else "echo alive\r")
        terminal.see(r"^alive\n\$\Z")


def test_random_keys_emacs(shell, folder):
    """Random keys in emacs mode: no crash, and the screen is what a full repaint makes it"""
    count = int(os.environ.get("VSH_KEYS", "4000")) // 2
    for seed, columns in enumerate((80, 23)):
        random_keys(shell, os.path.join(folder, str(seed)), "emacs", seed, count // 2, columns)


def test_random_keys_vi(shell, folder):
    """Random keys in vi mode: no crash, and the screen is what a full repaint makes it"""
    count = int(os.environ.get("VSH_KEYS", "4000")) // 2
    for seed, columns in enumerate((80, 23)):
        random_keys(shell, os.path.join(folder, str(seed)), "vi", seed, count // 2, columns)


if __name__ == "__main__":
    main(globals())
