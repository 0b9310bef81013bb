#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bind: keys that type a text, mean another key or run a command, as vsh and as readline writes it; the hooks of other tools."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import editing_session, run  # noqa: E402


def test_bind(shell, folder):
    """bind gives keys a text to type, or the meaning of another key"""
    with editing_session(shell, folder) as terminal:
        run(terminal, "bind -s F5 $'echo f${x}ive\\n'; bind Ctrl-N Ctrl-A; echo bou''nd", "bound")
        terminal.send("\x1b[15~")
        terminal.wait_for("(?m)^five")
        terminal.send("ho st''art\x0eec\r")
        terminal.wait_for("(?m)^start")
        run(terminal, "bind", r"bind -s F5 \$'echo f\${x}ive\\n'")
        run(terminal, "bind -r F5; bind | grep -c F5", "0")
        run(terminal, "bind Nokey Up", "vsh: bind: Nokey: no such key")


def test_bind_as_readline(shell, folder):
    """bind takes what start-up files for bash say: functions, macros, commands, sequences of keys; what is not known is said"""
    with editing_session(shell, folder) as terminal:
        run(terminal, "bind '\"\\e[A\": history-search-backward'; bind 'set show-all-if-ambiguous on'; bind -m vi-command '\"j\": abort'; echo $?", "0")
        run(terminal, "bind '\"\\C-x1\": \"\\C-aecho \"'; bind '\"\\C-xgo\": \"\\C-x1\\C-m\"'; echo $?", "0")
        run(terminal, "bind -m emacs-standard -x '\"\\C-o\": READLINE_LINE=\"echo o$READLINE_LINE\"'; echo $?", "0")
        run(terminal, "one\x18go\x15", "one")
        run(terminal, "two\x0f", "otwo")
        run(terminal, "bind '\"\\C-a\": nosuch'; echo $?", "1")
        run(terminal, "bind -r '\\C-o'; bind", r"bind \$'\"\\\\e\[A")
        run(terminal, "bind '\"\\C-g\": \"\\C-gx\"'; echo $?", "0")
        run(terminal, "bind -m vi-insert '\"\\ec\": \"wrong\"'; echo $?", "0")
        # fzf's way to run a command that has the terminal, and to put back what was typed.
        run(terminal, r"""bind '"\ec": " \C-b\C-k \C-u`pick`\e\C-e\er\C-m\C-y\C-h\e \C-y\ey\C-x\C-x\C-d"'; bind '"\er": redraw-current-line'""", "")
        run(terminal, "pick() { echo echo pi''cked; }; echo ''ready", "ready")
        run(terminal, "echo ke\x1bcpt", "picked\n(.*\n)*kept")
        run(terminal, "\"$(pick)\"\x1b\x05 and more", "picked and more")
        run(terminal, "\x07\x03echo al''ive", "alive")


def test_bind_command(shell, folder):
    """bind -x runs a command that sees the line and the cursor and may change both; hooks of other tools are made of it"""
    with editing_session(shell, folder) as terminal:
        run(terminal, "bind -x Ctrl-T 'READLINE_LINE=\"${READLINE_LINE}chosen é end\" READLINE_POINT=$((READLINE_POINT+8))'; echo bou''nd", "bound")
        terminal.send("echo \x14")
        terminal.wait_for("echo chosen é end")
        run(terminal, "X", "chosen éX end")
        run(terminal, "bind -x F5 'echo \"line: <$READLINE_LINE>\"; false'; bind; (exit 3)", "bind -x F5")
        terminal.send("some\x1b[15~")
        terminal.wait_for(r"line: <some>\s+\$ some")
        run(terminal, "\x15echo status $?", "status 3")
        run(terminal, "bind -x F5", "vsh: bind: needs a key")


def test_hooks_of_other_tools(shell, folder):
    """zoxide's way: a function that PS1 calls; direnv's way: exports evaluated by PROMPT_COMMAND"""
    os.makedirs(os.path.join(folder, "bin"))
    for name, text in [("zoxide", 'echo "$*" >>"$HOME/visited"'), ("direnv", "printf 'export PROJECT=$'\\''it\\\\'\\''s %s'\\'';' \"${PWD##*/}\"")]:
        program = Path(folder, "bin", name)
        program.write_text("#!/bin/sh\n" + text + "\n")
        program.chmod(0o755)
    os.makedirs(os.path.join(folder, "work", "sub"))
    with editing_session(shell, folder, env={"PATH": f"{folder}/bin:/usr/bin:/bin"}) as terminal:
        run(terminal, '__zoxide_hook() { \\command zoxide add -- "$(\\command pwd -L)"; }; PS1="${PS1}\\$(__zoxide_hook)"; echo ho\'\'oked', "hooked")
        run(terminal, "cd sub; echo the''re", r"there\s+\$ \Z")
        equal(Path(folder, "visited").read_text().splitlines()[-1], f"add -- {folder}/work/sub")
        run(terminal, "_direnv_hook() { eval \"$(direnv export bash)\"; }; echo def''ined", "defined")
        run(terminal, 'PROMPT_COMMAND="_direnv_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}"; echo s"e"t', "set")
        run(terminal, "echo $PROJECT", "it's sub")
        run(terminal, "cd ..; echo le''ft", "left")
        run(terminal, "echo $PROJECT", "it's work")


if __name__ == "__main__":
    main(globals())
