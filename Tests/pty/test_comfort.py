#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The interactive shell beyond its editor: history, prompt, completion, start-up files, hints."""
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import Session, editing_session, run  # noqa: E402

DATABASE = ".local/state/vsh/history.db"


def rows(folder):
    """The lines in the history's file, oldest first."""
    with sqlite3.connect(os.path.join(folder, DATABASE)) as database:
        return [row[0].decode() for row in database.execute("SELECT command FROM history ORDER BY id")]


def test_history_is_kept_and_shared(shell, folder):
    """A line run in one shell is what Up gives in the next"""
    with editing_session(shell, folder) as first:
        run(first, "echo al''pha", "alpha")
        with editing_session(shell, folder) as second:
            run(second, "\x1b[A", "alpha")
    equal(rows(folder), ["echo al''pha", "echo al''pha"])
    equal(os.stat(os.path.join(folder, DATABASE)).st_mode & 0o777, 0o600, "mode")


def test_nothing_waits_for_the_history(shell, folder):
    """While another process holds the history's file, prompts come at once; what was typed is in the file later, also after exit"""
    with editing_session(shell, folder) as terminal:
        run(terminal, "echo be''fore", "before")
        with sqlite3.connect(os.path.join(folder, DATABASE), isolation_level=None) as database:
            # Each command waits twice, if any does: this would take half a minute.
            database.execute("BEGIN EXCLUSIVE")
            for number in range(30):
                run(terminal, f"echo nu''mber{number}", f"number{number}")
            run(terminal, "\x1b[A", "number29")
            database.execute("COMMIT")
        run(terminal, "history 3", r" {2,4}\d+  echo nu''mber29\n")
        with sqlite3.connect(os.path.join(folder, DATABASE), isolation_level=None) as database:
            database.execute("BEGIN EXCLUSIVE")
            with editing_session(shell, folder) as other:
                run(other, "echo el''se", "else")
                equal(b"memory" in other.output, False, "a shell that starts meanwhile says nothing of it")
                other.send("exit\r")
                other.wait()
            run(terminal, "echo la''st", "last")
            terminal.send("exit\r")
            equal(terminal.wait(), 0)
            database.execute("COMMIT")
    expected = ["echo be''fore", *[f"echo nu''mber{number}" for number in range(30)], "echo nu''mber29", "history 3", "echo la''st", "exit", "echo el''se", "exit"]
    deadline = time.monotonic() + 10
    while sorted(rows(folder)) != sorted(expected) and time.monotonic() < deadline:
        time.sleep(0.05)
    equal(sorted(rows(folder)), sorted(expected))


def test_up_is_this_session_first(shell, folder):
    """What another shell ran later comes after one's own lines"""
    with editing_session(shell, folder) as first, editing_session(shell, folder) as second:
        run(first, "echo fi''rst", "first")
        run(second, "echo sec''ond", "second")
        run(first, "\x1b[A", "first")


def test_what_is_kept_out(shell, folder):
    """Lines with a leading space or a secret are not stored"""
    with editing_session(shell, folder) as terminal:
        run(terminal, " echo sp''ace", "space")
        run(terminal, "export MY_TOKEN=abc; echo to''ken", "token")
        run(terminal, "echo ke''pt", "kept")
    equal(rows(folder), ["echo ke''pt"])


def test_history_builtin(shell, folder):
    """history lists, deletes, redacts and imports; fc runs again"""
    Path(folder, "bash_history").write_text("echo from bash\n")
    with editing_session(shell, folder) as terminal:
        run(terminal, "history import ~/bash_history", "imported 1 entry")
        run(terminal, "echo one hun''ter2", "one hunter2")
        run(terminal, "history redact hun", "redacted 1 entry")
        run(terminal, "history delete 'echo from bash'", "deleted 1 entry")
        run(terminal, "fc -s one=two echo", "two \\*\\*\\*")
        run(terminal, "history -s echo en''tered; history -a; history 1", r" +\d+  echo entered$")
    lines = rows(folder)
    equal("echo from bash" in lines, False)
    equal("echo two ***''ter2" in lines, True, "fc's own command in its place")
    equal(any(line.startswith("fc ") for line in lines), False, "fc itself")


def test_status_and_duration_are_kept(shell, folder):
    """The row of a command gets its status and duration"""
    with editing_session(shell, folder) as terminal:
        run(terminal, "sleep 0.2; (exit 3); (echo go; exit 3)", "go")
        run(terminal, "echo $?", "3")
    with sqlite3.connect(os.path.join(folder, DATABASE)) as database:
        status, duration = database.execute("SELECT status, duration FROM history ORDER BY id LIMIT 1").fetchone()
    equal(status, 3)
    equal(200_000_000 <= duration < 5_000_000_000, True, f"duration {duration}")


def test_prompt(shell, folder):
    """The default prompt shows directory, git branch, status and transaction"""
    work = os.path.join(folder, "work")
    os.makedirs(os.path.join(work, ".git"))
    Path(work, ".git", "HEAD").write_text("ref: refs/heads/topic\n")
    os.environ.pop("PS1", None)
    terminal = Session(["/usr/bin/env", "-u", "PS1", shell], cwd=work, home=folder, columns=120, term="xterm-256color")
    with terminal:
        terminal.wait_for(r"~/work topic ‹sandbox› [#$] ")
        terminal.send("false\r")
        terminal.wait_for(r"~/work topic ‹sandbox› \[1\] [#$] ")
        terminal.send("begin big\r")
        terminal.wait_for("~/work topic ‹txn:big \\+0› ‹sandbox› [#$] ")
        terminal.send("touch x\r")
        terminal.wait_for("~/work topic ‹txn:big \\+1› ‹sandbox› [#$] ")
        terminal.send("rollback; set -o posix\r")
        terminal.wait_for(r"\n[#$] \Z")


def test_prompt_escapes(shell, folder):
    """bash's escapes, and nothing that a directory's name says is run"""
    name = "$(echo pwned)`echo x`"
    os.makedirs(os.path.join(folder, "work", name))
    with editing_session(shell, folder) as terminal:
        terminal.send("cd '" + name + "'; PS1='<\\w|\\W|$((1+1))|\\t>\\$ '\r")
        text = terminal.wait_for(r"(?m)\|2\|\d\d:\d\d:\d\d>[#$] ")
        equal("$(echo pwned)`echo x`|2|" in text, True, text)


def test_prompt_command(shell, folder):
    """PROMPT_COMMAND runs before prompts, knows the status and keeps it"""
    with editing_session(shell, folder) as terminal:
        terminal.send("PROMPT_COMMAND='s=$?; n=$((n+1)); PS1=\"<$n $s>$ \"'\r")
        terminal.wait_for(r"<1 0>[#$] ")
        terminal.send("false\r")
        terminal.wait_for(r"<2 1>[#$] ")
        run(terminal, "echo st$?", "st1")


def test_completion_of_files(shell, folder):
    """Names of any bytes are completed so that they are read back"""
    work = os.path.join(folder, "work")
    os.makedirs(os.path.join(work, "some dir"))
    names = [b"plain", b"with space", b"new\nline", b"inv\xff\xfealid", b"quo'te\"s", b"dol$lar"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(work), name))).write_text(f"content {names.index(name)}\n")
    Path(work, "some dir", "inner").write_text("content inner\n")
    with editing_session(shell, folder) as terminal:
        for typed, expected in [("pl", 0), ("with", 1), ("new", 2), ("inv", 3), ("quo", 4), ("dol", 5), ("'wi", 1), ('"wi', 1)]:
            terminal.send(f"cat {typed}\t")
            time.sleep(0.15)
            run(terminal, "", f"content {expected}")
        terminal.send("cat som\tinn\t")
        time.sleep(0.2)
        run(terminal, "", "content inner")


def test_completion_of_options_and_names(shell, folder):
    """Options of builtins and programs, variables, git branches, subcommands"""
    work = os.path.join(folder, "work")
    os.makedirs(os.path.join(work, ".git", "refs", "heads"))
    Path(work, ".git", "HEAD").write_text("ref: refs/heads/main\n")
    Path(work, ".git", "refs", "heads", "feature-x").write_text("0" * 40 + "\n")
    with editing_session(shell, folder) as terminal:
        run(terminal, "mkdir --par\ta/b/c; echo ma''de", "made")
        equal(os.path.isdir(os.path.join(work, "a", "b", "c")), True)
        run(terminal, "UNUSUAL_NAME=val''ue", "")
        run(terminal, "echo $UNUSUAL_\t", "value")
        run(terminal, "git() { echo git $*; }; echo de''fined", "defined")
        run(terminal, "git checko\tfeat\t", "git checkout feature-x")
        # A builtin of that name, and the program's options.
        run(terminal, "diff() { echo diff $*; }; echo de''fined", "defined")
        run(terminal, "diff --bri\ta", "diff --brief a")


def test_completion_of_operations(shell, folder):
    """undo @Tab offers operations with what they did"""
    with editing_session(shell, folder) as terminal:
        run(terminal, "echo x > other; echo fir''st", "first")
        run(terminal, "echo x > file; echo do''ne", "done")
        terminal.send("undo @\t")
        terminal.wait_for("1 change, ")
        for key in "\t\r\r":
            terminal.send(key)
            time.sleep(0.3)
        equal(os.path.exists(os.path.join(folder, "work", "file")), False, "the file was taken back")


def test_level(shell, folder):
    """SHLVL counts interactive shells inside others"""
    with editing_session(shell, folder, env={"SHLVL": "4"}) as terminal:
        run(terminal, "echo level $SHLVL; env | grep SHLVL", r"level 5\s+SHLVL=5")


def test_startup_files(shell, folder):
    """vshrc is read; config says where a setting comes from; a login shell reads ~/.profile"""
    os.makedirs(os.path.join(folder, ".config", "vsh"))
    Path(folder, ".config", "vsh", "vshrc").write_text("PS1='$ '\nalias greet='echo hel''lo'\nset -o ignoreeof\n")
    Path(folder, ".profile").write_text("FROM_PROFILE=yes\n")
    with editing_session(shell, folder, arguments=["-l"]) as terminal:
        run(terminal, "greet", "hello")
        run(terminal, "echo p=$FROM_PROFILE", "p=yes")
        run(terminal, "config | grep alias", r"alias greet=.*# ~/\.config/vsh/vshrc:2")
        run(terminal, "config | grep ignoreeof", r"set -o ignoreeof +# ~/\.config/vsh/vshrc:3")
        run(terminal, "set -o noclobber; config | grep noclobber", r"set -o noclobber +# this session")
        # Its prompt stays, even if it is that of shells without one.
        terminal.send(f"env -u PS1 {shell}\r")
        terminal.wait_for(r"\n\$ \Z")
        run(terminal, "exit", "")
    with editing_session(shell, folder, arguments=["--norc"]) as terminal:
        run(terminal, "alias; echo no''ne", "none")
    result = subprocess.run([shell, "-l", "-c", "echo $FROM_PROFILE"], env={"HOME": folder, "PATH": os.environ["PATH"]},
                            capture_output=True, text=True, timeout=20)
    equal(result.stdout, "yes\n", "a login shell that is not interactive")


def test_completion_of_the_users(shell, folder):
    """complete -W, -F and -C say how a command's words are completed, compgen and compopt help; complete -p lists, -r takes back"""
    Path(folder, "work").mkdir()
    Path(folder, "work", "file").touch()
    Path(folder, ".config", "vsh").mkdir(parents=True)
    Path(folder, ".config", "vsh", "vshrc").write_text(r"""
complete -W "alpha beta 'two words' $HOME" fruit
_tool() {
    local cur=${COMP_WORDS[COMP_CWORD]}
    echo lost
    case $COMP_CWORD:$3 in
    1:*) COMPREPLY=($(compgen -W "start stop status=" -- "$cur")); compopt -o nospace ;;
    2:start) COMPREPLY=("$2-$1-$3-$COMP_POINT-${#COMP_WORDS[@]}") ;;
    esac
}
complete -F _tool tool
list() { echo "one $1 $2"; echo two; }
complete -C list lister
_slow() { sleep 60; }
complete -F _slow slow
""")
    with editing_session(shell, folder) as terminal:
        def completed(keys, expected):
            terminal.send("\x15" + keys + "\t")
            terminal.wait_for(expected)
        completed("fruit al", "pha ")
        completed("fruit tw", r"o\\ words ")
        completed("fruit " + folder[:4], folder[4:])
        completed("tool star", "t")
        completed("tool stat", "us=")
        completed("tool start x", "-tool-start-12-3 ")
        completed("lister t", "wo ")
        completed("tool zz fi", "le ")
        terminal.send("\x15slow \t")
        time.sleep(0.3)
        terminal.send("\x03")
        terminal.wait_for(r"slow \^C\n\s*\$ ")
        run(terminal, "complete -r fruit; complete -p", r"complete -C list lister\ncomplete -F _slow slow\ncomplete -F _tool tool\n")
        run(terminal, "compgen -f fi; compgen -W 'a b' c; echo $?", "file\n1")
        run(terminal, "compgen -A directory -X '!*b' -P + -S - -W '$(echo ab ac) \"x b\"'", r"\+ab-\n\+x b-\n")
    result = subprocess.run([shell, "-c", "config"], env={"HOME": folder, "PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=20)
    equal("complete -F _tool tool" in result.stdout and not result.stderr, True, result.stdout + result.stderr)


def test_completions_that_are_loaded(shell, folder):
    """complete -D names a function that defines, when first asked, how a command's words are completed; what it does to locals of its callers works as in bash"""
    vshrc = Path(folder, ".config", "vsh", "vshrc")
    vshrc.parent.mkdir(parents=True)
    vshrc.write_text(r"""
upvar() { unset -v "$1" && eval $1=\"\$2\"; }
words() { local cur=hidden; upvar cur "${COMP_WORDS[COMP_CWORD]}"; }
_load() {
    [ "$1" = loaded ] || return 1
    _loaded() { local cur; words; [ "$cur" = "$2" ] && COMPREPLY=($(compgen -W "alpha beta" -- "$cur")); }
    complete -o filenames -F _loaded "$1" && return 124
}
complete -D -F _load
""")
    with editing_session(shell, folder) as terminal:
        terminal.send("loaded b\t")
        terminal.wait_for("beta ")
        terminal.send("alp\t")
        terminal.wait_for("alpha ")
        run(terminal, "\x15complete -p; echo ${cur-none}", r"complete -o filenames -F _loaded loaded\ncomplete -F _load -D\nnone\n")


def test_logout(shell, folder):
    """logout leaves a login shell, and no other"""
    with editing_session(shell, folder, ["-l"], env={"ENV": "/dev/null"}) as terminal:
        terminal.send("logout 3\r")
        equal(terminal.wait(), 3)
    with editing_session(shell, folder) as terminal:
        run(terminal, "logout; echo st''ill $?", "still 1")


def test_did_you_mean(shell, folder):
    """A mistyped command name brings likely ones"""
    with editing_session(shell, folder) as terminal:
        text = run(terminal, "mkdri x", "did you mean .*mkdir")
        equal("command not found" in text, True)
        run(terminal, "echo $?", "127")


def test_hint_after_destruction(shell, folder):
    """The first removal of a session says what undo restores; VSH_HINTS=off does not"""
    work = os.path.join(folder, "work")
    for shell_number in range(2):
        os.makedirs(os.path.join(work, "tree", "deep"), exist_ok=True)
        for number in range(12):
            Path(work, "tree", "deep", f"f{number}").touch()
        env = {"VSH_HINTS": "off"} if shell_number else {}
        with editing_session(shell, folder, env=env) as terminal:
            terminal.send("cp -r tree copy; rm -r copy; touch z; rm z; echo bo''th\r")
            text = terminal.wait_for("(?ms)^both.*^\\$ $")
            equal("undo restores" in text, False, "what was not there before")
            terminal.send("rm -r tree; echo go''ne\r")
            text = terminal.wait_for("(?ms)^gone.*^\\$ $")
            equal("undo restores 12 files" in text, not shell_number)
            terminal.send("touch y; rm y; echo mo''re\r")
            text = terminal.wait_for("(?ms)^more.*^\\$ $")
            equal("undo restores" in text, False, "only once")
    with editing_session(shell, folder) as terminal:
        run(terminal, "touch y; echo ma''de", "made")
        terminal.send("undo; echo a''way\r")
        text = terminal.wait_for("(?ms)^away.*^\\$ $")
        equal("undo restores" in text, False, "nor for what an undo removes")


def test_welcome_once(shell, folder):
    """The very first shell without a PS1 of one's own says a line"""
    work = os.path.join(folder, "work")
    os.makedirs(work)
    for expected in [True, False]:
        terminal = Session(["/usr/bin/env", "-u", "PS1", shell], cwd=work, home=folder, columns=120, term="xterm-256color")
        with terminal:
            text = terminal.wait_for(r"~/work ‹sandbox› [#$] ")
            equal("Welcome to vsh" in text, expected)


def make_files(folder, count, first=0):
    """Empty files in work/many, up to so many."""
    many = os.path.join(folder, "work", "many")
    os.makedirs(many, exist_ok=True)
    for number in range(first, count):
        with open(os.path.join(many, str(number)), "w"):
            pass


def test_progress_and_interrupt(shell, folder):
    """A long undo shows how far it is; ^C stops it and leaves everything as it was; the next undo does all"""
    with editing_session(shell, folder, timeout=60) as terminal:
        made = 0
        for count in (100_000, 300_000, 900_000):
            make_files(folder, count, made)
            made = count
            run(terminal, "rm many/*; ls many | wc -l", "0")
            terminal.send("undo\r")
            if "restored:" not in terminal.wait_for(r"undo: [\d,]+ of [\d,]+ \(\d+ %\)|^ +restored:"):
                break
            # All was there again before anything had to be shown.
        terminal.send("\x03")
        terminal.wait_for("(?m)taken back")
        run(terminal, "ls many | wc -l", "0")
        terminal.send("undo >/dev/null; echo do''ne\r")
        terminal.wait_for("done\n")
        run(terminal, "ls many | wc -l", str(made))


def test_progress_of_the_store(shell, folder):
    """Taking in what a killed shell left, and store gc, show how far they are; ^C stops them, and the next time all is done"""
    count = 100_000
    make_files(folder, count)
    with editing_session(shell, folder, timeout=60) as terminal:
        terminal.send("rm many/*; kill -KILL $$\r")
        terminal.wait()
    with Session([shell], cwd=os.path.join(folder, "work"), home=folder, timeout=60, columns=120, term="xterm-256color") as terminal:
        terminal.wait_for(r"recovery: [\d,]+ of [\d,]+ \(\d+ %\), \^C stops")
        terminal.send("\x03")
        terminal.wait_for(r"\$ ")
        terminal.send("ops | grep -c 'rm many'\r")
        terminal.wait_for(r"1\n")
        terminal.send("store purge --all\r")
        terminal.wait_for(r"removing what is not needed: [\d,]+, \^C stops")
        terminal.send("\x03")
        terminal.wait_for(r"store: .*: interrupted")
        terminal.send("store gc\r")
        terminal.wait_for(r"removed \d")
        run(terminal, "ls ~/.local/state/vsh/store | wc -l", "0")


def test_prompt_of_another_program(shell, folder):
    """starship's way: a program that gets status, duration and jobs prints PS1, as it does for bash"""
    os.makedirs(os.path.join(folder, "bin"))
    program = Path(folder, "bin", "starship")
    program.write_text("#!/bin/sh\n[ \"$STARSHIP_SHELL\" = bash ] && printf '\\\\[\\033[1;32m\\\\]%s %s\\\\[\\033[0m\\\\] > ' \"$2\" \"$4\"\n")
    program.chmod(0o755)
    path = f"{folder}/bin:/usr/bin:/bin"
    with editing_session(shell, folder, env={"PATH": path, "STARSHIP_SHELL": "bash"}) as terminal:
        terminal.send("PROMPT_COMMAND='PS1=$(starship prompt --status=$? --cmd-duration=$VSH_DURATION --jobs=$VSH_JOBS)'\r")
        terminal.wait_for(r"--status=0 --jobs=0 > \Z")
        terminal.send("sleep 5 & (exit 3)\r")
        terminal.wait_for(r"--status=3 --jobs=1 > \Z")


def test_unusable_history(shell, folder):
    """A history that cannot be used is said once, and the session has one in memory"""
    os.makedirs(os.path.join(folder, ".local", "state", "vsh"), mode=0o700)
    Path(folder, DATABASE).write_text("this is no database, but long enough to be looked at as one. " * 20)
    work = os.path.join(folder, "work")
    os.makedirs(work)
    with Session([shell], cwd=work, home=folder, columns=160, term="xterm-256color") as terminal:
        terminal.wait_for(r"the history is kept in memory only(?s:.*)\$ ")
        run(terminal, "echo on''ce", "once")
        run(terminal, "\x1b[A", "once")


def test_help(shell, folder):
    """help lists builtins and topics; every builtin answers --help"""
    with editing_session(shell, folder, term="dumb") as terminal:
        names = [line.split()[0] for line in terminal.command("help") if line and not line.startswith("Topics")]
        equal({"undo", "history", "config", "prompt"} <= set(names), True, "names")
    listed = subprocess.run([shell, "-c", "help"], capture_output=True, text=True, timeout=20, env={"HOME": folder})
    builtins = [line.split()[0] for line in listed.stdout.split("\nTopics")[0].splitlines() if line.strip()]
    for name in builtins:
        if name in (":", "true", "false", "[", "test", "echo"):
            continue
        result = subprocess.run([shell, "-c", f"{name} --help"], capture_output=True, text=True, timeout=20, env={"HOME": folder})
        # A file utility leaves it to the program that it stands for.
        equal(result.stdout.startswith((name, "Usage: " + name)), True, f"{name} --help: {result.stdout!r} {result.stderr!r}")


if __name__ == "__main__":
    main(globals())
