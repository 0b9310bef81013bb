#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: vi mode."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import END, ESC, LEFT, give_up, run, session, vi_escape  # noqa: E402


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


def test_vi_mode_at_the_edges(shell, folder):
    """$ in an empty line; operators that are followed by what is no motion"""
    with session(shell, folder) as terminal:
        run(terminal, "set -o vi", "vi")
        for _ in range(30):
            vi_escape(terminal)
            terminal.type("$ix")
            terminal.type("\x15")
        terminal.type("echo one two three", "three\\Z")
        vi_escape(terminal)
        for key in "/?nNu:@v#_jkGxpPAIrRsSDCYX~=*\\":
            terminal.type("d" + key, r"^\$ echo one two three\Z")
        terminal.type("bdw0dwiecho \r", r"^one two\n\$\Z")


def test_text_objects_in_vi(shell, folder):
    """Operators on words, quotes and brackets, around or inside them, and . over them"""
    with session(shell, folder, columns=60) as terminal:
        run(terminal, "set -o vi", "vi")
        repeated(terminal, "one two three", ("bbdiw", "one  three"), ("u", "one two three"), ("0wdaw", "one three"), ("bciwX", "X three"))
        repeated(terminal, "echo 'a b' \"c d\" x", ("0ci'new", "echo 'new' \"c d\" x"), ('di"', "echo 'new' \"\" x"), ('da"', "echo 'new'  x"))
        repeated(terminal, "f(a(b)c)x", ("04lcib日", r"f\(a\(日\)c\)x"), ("da(", r"f\(ac\)x"), ("dib", r"f\(\)x"))
        repeated(terminal, "a-b c-d e", ("0wwdiW", " c-d e"), ("ldaW", " e"))
        repeated(terminal, "aa bb cc", ("0ciwX", "X bb cc"), ("w.", "X X cc"), ("w.", "X X X"))
        repeated(terminal, "one two", ("0yiwP", "oneone two"), ("wyawP", "oneone two ?two"))
        repeated(terminal, "aa bb", ("0di(", "aa bb"), ("diz", "aa bb"), ("d5iw", "aa bb"))


def test_registers_and_letters_in_vi(shell, folder):
    """Registers by name, p with counts, gu gU g~, gg ge g_, J, marks, ^R redoes"""
    with session(shell, folder, columns=60) as terminal:
        run(terminal, "set -o vi", "vi")
        repeated(terminal, "one two three", ('0"adw', "two three"), ('dw', "three"), ('"aP', "one three"), ('"ap', "one one three"), ("u", "one three"))
        repeated(terminal, "ab cd", ('0"ayw', "ab cd"), ('w"Ayw', "ab cd"), ('$"ap', "ab cdab cd"))
        repeated(terminal, "ab", ("0yl3p", "aaaab"), ("02x", "aab"), ("P", "aaaab"))
        repeated(terminal, "one two", ("0yy$p", "one twoone two"))
        repeated(terminal, "één two", ("0gUw", "ÉÉN two"), ("guw", "één two"), ("wg~iw", "één TWO"), ("0.", "ÉÉN TWO"), ("gUU", "ÉÉN TWO"), ("guu", "één two"))
        repeated(terminal, "aa bb cc", ("gex", "aa b cc"), ("ggx", "a b cc"), ("g_x", "a b c"), ("0mawx`ax", " +c"))
        repeated(terminal, "one two", ("0dw", "two"), ("u", "one two"), ("\x12", "two"))
        terminal.type("one" + ESC + "\rtwo", r"^\$ one\n> two\Z")
        vi_escape(terminal)
        terminal.type("kJ", r"^\$ one two\Z")
        terminal.type("ddi", r"^\$\Z")


def test_quoted_keys_in_vi(shell, folder):
    """Arrow keys and unknown sequences do no harm in insert mode"""
    with session(shell, folder) as terminal:
        run(terminal, "set -o vi", "vi")
        terminal.type("echo ac" + LEFT + "b" + ESC + "[99~" + END + "d", r"^\$ echo abcd\Z")


def repeated(terminal, text, *steps):
    """Gives a line, then for each (keys, expected line): the keys in command mode, Escape, and the line that is there then."""
    terminal.type("\x15" + text)
    vi_escape(terminal)
    for keys, expected in steps:
        terminal.send(keys)
        vi_escape(terminal)
        terminal.see(rf"^\$ {expected}\Z")
    terminal.type("ddi", r"^\$\Z")


def test_repeating_a_change_in_vi(shell, folder):
    """. types the last change again: operators, insertions, characters of any kind, with its own count or another"""
    with session(shell, folder, columns=60) as terminal:
        run(terminal, "set -o vi", "vi")
        repeated(terminal, "a b c d e f g h i", ("02dw", "c d e f g h i"), (".", "e f g h i"), ("1.", "f g h i"), (".", "g h i"))
        repeated(terminal, "one two three", ("0cwé日", "é日 two three"), ("w.", "é日 é日 three"), ("w.", "é日 é日 é日"))
        repeated(terminal, "one", ("Axy", "onexy"), (".", "onexyxy"), ("0ia\x7fb", "bonexyxy"), ("0.", "bbonexyxy"))
        repeated(terminal, "a1b1c1d1e", ("0dt1", "1b1c1d1e"), ("l.", "11c1d1e"), ("2.", "11e"))
        repeated(terminal, "abcd", ("0rX", "Xbcd"), ("l.", "XXcd"), ("l2.", "XXXX"), ("0~l.", "xXxX"))
        repeated(terminal, "abcdef", ("0x", "bcdef"), ("3.", "ef"), ("u", "bcdef"), ("u", "abcdef"))
        repeated(terminal, "x", ("a" + ESC + "[200~pasted it" + ESC + "[201~", "xpasted it"), (".", "xpasted itpasted it"))
        # Ended by Enter; motions, yanks and undo change nothing of it.
        terminal.type(": \r")
        vi_escape(terminal)
        terminal.type("iecho a\r", r"^a\n\$\Z")
        vi_escape(terminal)
        terminal.type("hly$uu.", r"^\$ echo a\Z")


def test_repeating_what_goes_wrong_in_vi(shell, folder):
    """. of a change that cannot be made here, whose inserted text has a . in it, ends"""
    with session(shell, folder) as terminal:
        run(terminal, "set -o vi", "vi")
        for change in ("0cw.x", "0cfc.x", "0r.x"):
            terminal.type("abc def", r"^\$ abc def\Z")
            vi_escape(terminal)
            terminal.send(change)
            vi_escape(terminal)
            give_up(terminal)
            vi_escape(terminal)
            terminal.send("9999.")
            terminal.type("ddi", r"^\$\Z")
        run(terminal, "echo alive", "^alive")


def test_line_taller_than_the_screen_in_vi(shell, folder):
    """Typing at the end of a line of more rows than the screen has, after its start was shown"""
    with session(shell, folder, columns=40, rows=10) as terminal:
        run(terminal, "set -o vi", "vi")
        for _ in range(3):
            terminal.type(ESC + "[200~" + "\n".join(f": line {number}" for number in range(30)) + ESC + "[201~")
            vi_escape(terminal)
            terminal.type("00")
            terminal.type("A" + "x" * 900, r"x{40}\n(.*\n)*x+\Z")
            vi_escape(terminal)
            terminal.type("0D.k.")
            give_up(terminal)
        run(terminal, "echo alive", "^alive")


def test_deleting_nearly_everything_in_vi(shell, folder):
    """Deleting to the end of a line of many thousand characters, from its beginning"""
    with session(shell, folder) as terminal:
        run(terminal, "set -o vi", "vi")
        terminal.type(ESC + "[200~" + "word " * 13000 + "END" + ESC + "[201~", "END\\Z")
        vi_escape(terminal)
        terminal.type("0d$", r"^\$\Z")
        terminal.type("iecho alive\r", r"^alive\n\$\Z")


if __name__ == "__main__":
    main(globals())
