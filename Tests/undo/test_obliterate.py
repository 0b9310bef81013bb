#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""obliterate: afterwards nothing of the content is found in the state directory, byte by byte, nor (as root) anywhere on a
file system of its own that holds files, store, journals and log."""
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
import checks  # noqa: E402
import mounts  # noqa: E402

SECRET = b"the-crown-jewels-are-in-the-%s"


def run(shell, home, work, script, input=b"", status=0):
    env = {"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C"}
    result = subprocess.run([shell, "-c", script], cwd=work, env=env, capture_output=True, timeout=60, input=input)
    if status is not None and result.returncode != status:
        raise AssertionError(f"{script}: status {result.returncode}: {result.stdout!r} {result.stderr!r}")
    return result


def places(folder):
    home, work = os.path.join(folder, "home"), os.path.join(folder, "work")
    os.makedirs(home, exist_ok=True)
    os.makedirs(work, exist_ok=True)
    return home, work


def search(folder, word):
    """Files below a directory that hold the word."""
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    if word in file.read():
                        found.append(path)
    return found


def history(shell, home, work):
    """A file with many traces: made, overwritten, copied over, edited by a program, moved, removed and brought back."""
    place = os.path.join(work, "secret")
    with open(place, "wb") as file:
        file.write(SECRET % b"cellar" + b"\n")
    for script in ("echo more >> secret", "echo 'the-crown-jewels-are-in-the-attic' > secret", "cp secret other; cp -f other secret",
                   "sed -i s/attic/garden/ secret", "chmod 600 secret; mv secret named; mv named secret", "rm secret", "undo",
                   "mkdir d; cp secret d/secret; rm -r d", "seq 100000 > big; cat big >> secret; echo the-crown-jewels-are-in-the-barn > secret",
                   "truncate -s 3 secret", "undo", "begin; echo the-crown-jewels-are-in-the-well > secret; rollback"):
        run(shell, home, work, script)


def test_no_trace_in_the_state(shell, folder):
    """pre-images, journals, database and its write-ahead log"""
    home, work = places(folder)
    history(shell, home, work)
    state = os.path.join(home, ".local/state/vsh")
    if not search(state, b"the-crown-jewels"):
        raise AssertionError("the test is no test: there was no trace before")
    result = run(shell, home, work, "obliterate -f secret other")
    # The copy in d was another file, which has gone with d.
    result = run(shell, home, work, "obliterate -f -r d")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    checks.equal(os.path.exists(os.path.join(work, "secret")), False)
    verify = run(shell, home, work, "audit verify", status=None)
    checks.equal((verify.returncode, verify.stderr), (0, b""))
    if b" erased\n" not in verify.stdout:
        raise AssertionError(verify.stdout)


def test_no_trace_while_a_shell_runs(shell, folder):
    """in the same command line, and with another shell's journal open"""
    home, work = places(folder)
    env = {"HOME": home, "PATH": os.environ["PATH"]}
    other = subprocess.Popen([shell], cwd=work, env=env, stdin=subprocess.PIPE)
    other.stdin.write(b"echo the-crown-jewels-of-another > f; echo x > f\n")
    other.stdin.flush()
    while not os.path.exists(os.path.join(work, "f")):
        time.sleep(0.01)
    run(shell, home, work, "echo the-crown-jewels-are-here > g; echo again > g; obliterate -f g")
    checks.equal([path for path in search(folder, b"the-crown-jewels-are") if "/journal/" in path], [])
    other.stdin.close()
    other.wait(20)
    run(shell, home, work, "obliterate -f f")
    checks.equal(search(folder, b"the-crown-jewels"), [])


def test_text_of_the_running_command(shell, folder):
    """what a command still does after it erased a file is not named by its text, which may hold the content"""
    home, work = places(folder)
    run(shell, home, work, "echo the-crown-jewels > f\nobliterate -f f\necho x > g\n(echo y > h)\nundo\necho z > i")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    run(shell, home, work, "begin; echo the-crown-jewels > f; obliterate -f f; echo x > g; commit; /bin/touch k")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    checks.equal(run(shell, home, work, "audit verify").stderr, b"")


def test_commands_that_still_run(shell, folder):
    """jobs in the background, forked subshells and programs that go on: what their operations have recorded, and what the same command does
    afterwards, in whatever process"""
    for number, script in enumerate((
            "(echo the-crown-jewels > f; sleep 0.6; echo x > k) & sleep 0.3; echo y > z; obliterate -f f; wait",
            "echo the-crown-jewels > f; (obliterate -f f; :) | cat; echo x > g; (echo y > h; :)",
            "echo the-crown-jewels > f; (sleep 0.2; obliterate -f f; echo y > h) & echo x > g; sleep 0.5; echo x > i; wait",
            "(echo the-crown-jewels > f; obliterate -f f; :) & wait; echo x > g",
            "echo the-crown-jewels > f; sh -c 'sleep 0.5; echo new > k; rm k' & sleep 0.2; obliterate -f f; wait; echo z > y",
            "printf the-crown-jewels > big; (printf zz > big; sleep 0.5; echo x > o) & sleep 0.2; rm big; obliterate -f big; wait",
            # All of it was one command; a shell of its own.
            "echo the-crown-jewels > f\nsleep 0.1\nobliterate -f f\ntouch g")):
        home, work = places(os.path.join(folder, str(number)))
        began = time.monotonic()
        result = run(shell, home, work, script.replace("\\n", "\n"))
        checks.equal(result.stderr, b"", script)
        # A recorder that could not go on needed twenty seconds to say so.
        checks.equal(time.monotonic() - began < 10, True, script)
        checks.equal(search(folder, b"the-crown-jewels"), [], script)
        result = run(shell, home, work, "audit verify; ops --all", status=None)
        checks.equal((result.returncode, result.stderr, b"@1 " in result.stdout), (0, b"", True), script)
        checks.equal(search(folder, b"the-crown-jewels"), [], script)


def test_another_shell_that_runs(shell, folder):
    """an operation of another shell's job, which has not ended: its records of the file and its text go, the rest can be undone"""
    home, work = places(folder)
    env = {"HOME": home, "PATH": os.environ["PATH"]}
    other = subprocess.Popen([shell, "-c", "echo the-crown-jewels > f; mkdir d; echo the-crown-jewels > f; while [ ! -e go ]; do sleep 0.05; done; mkdir e"],
                             cwd=work, env=env)
    while not os.path.isdir(os.path.join(work, "d")):
        time.sleep(0.01)
    time.sleep(0.1)
    for script in ("obliterate -f --operation @1", "store purge @1"):
        result = run(shell, home, work, script, status=1)
        checks.equal(b"@1" in result.stderr and (b"still runs" in result.stderr or b"still open" in result.stderr), True, result.stderr)
    run(shell, home, work, "obliterate -f f")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    open(os.path.join(work, "go"), "w").close()
    other.wait(20)
    checks.equal(search(folder, b"the-crown-jewels"), [])
    verify = run(shell, home, work, "audit verify")
    checks.equal(verify.stderr, b"")
    checks.equal(b"[obliterated]" in run(shell, home, work, "ops --all").stdout, True)
    run(shell, home, work, "undo @1")
    checks.equal(os.listdir(work), ["go"])


def test_namesakes(shell, folder):
    """the same command line at another time, or another part of it: the text goes there too, the records stay"""
    home, work = places(folder)
    run(shell, home, work, "echo the-crown-jewels > ${n:-f}")
    run(shell, home, work, "n=g; echo the-crown-jewels > ${n:-f}")
    os.rename(os.path.join(work, "f"), os.path.join(work, "kept"))
    run(shell, home, work, "echo the-crown-jewels > ${n:-f}")
    run(shell, home, work, "echo other > h\nundo\necho the-crown-jewels > f")
    run(shell, home, work, "obliterate -f f kept g")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    checks.equal(run(shell, home, work, "audit verify").stderr, b"")


def test_refusals(shell, folder):
    """the text of a command goes where it was refused something, too; what that was stays, and the chain holds"""
    home, work = places(folder)
    script = "echo the-crown-jewels > f; echo the-crown-jewels > /the-crown; sh -c 'echo the-crown-jewels > g; echo the-crown-jewels > /the-hat'"
    run(shell, home, work, script, status=None)
    run(shell, home, work, "obliterate -f f g")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    # With the journal in use.
    run(shell, home, work, script + "; obliterate -f f g; echo x > h; echo more > /the-crown; echo y > i", status=None)
    checks.equal(search(folder, b"the-crown-jewels"), [])
    log = run(shell, home, work, "audit log --type refusal").stdout
    checks.equal((log.count(b"open /the-crown\n"), log.count(b"open /the-hat\n")), (3, 2), "rows")
    verify = run(shell, home, work, "audit verify", status=None)
    checks.equal((verify.returncode, verify.stderr), (0, b""))


def test_undo_goes_on(shell, folder):
    """undo says that it cannot, and takes back what was before"""
    home, work = places(folder)
    result = run(shell, home, work, "echo kept > before\necho gone > secret\nobliterate -f secret\nundo\nls\nundo", status=None)
    script = os.path.join(folder, "script")
    with open(script, "w") as file:
        file.write("echo kept > before\nobliterate -f secret\n")
    home, work = places(os.path.join(folder, "two"))
    env = {"HOME": home, "PATH": os.environ["PATH"]}
    lines = b"echo kept > before\necho gone > secret\nobliterate -f secret\nundo\nls\nundo\n"
    process = subprocess.run([shell, "-i", "--norc"], cwd=work, env=env | {"PS1": "", "ENV": ""}, input=lines, capture_output=True, timeout=20)
    if b"cannot be undone; going on" not in process.stderr:
        raise AssertionError(process.stderr)
    if process.stdout.count(b"undid") != 1 or b"echo kept > before" not in process.stdout:
        raise AssertionError(process.stdout)
    checks.equal(os.listdir(work), [])
    # Each line in a session of its own.
    home, work = places(os.path.join(folder, "three"))
    env = {"HOME": home, "PATH": os.environ["PATH"]}
    said = b""
    for line in ["echo kept > before", "echo gone > secret", "obliterate -f secret", "undo", "undo"]:
        said += subprocess.run([shell, "-c", line], cwd=work, env=env, capture_output=True, timeout=20).stderr
    checks.equal(said.count(b"cannot be undone; going on"), 1)
    checks.equal(os.listdir(work), [])


def test_history(shell, folder):
    """the history of interactive shells forgets the commands"""
    import sqlite3
    home, work = places(folder)
    run(shell, home, work, "echo the-crown-jewels > f")
    database = os.path.join(home, ".local/state/vsh/history.db")
    history = sqlite3.connect(database)
    history.executescript("PRAGMA journal_mode=WAL; CREATE TABLE history(id INTEGER PRIMARY KEY, command BLOB);"
                          "CREATE TABLE latest(id INTEGER PRIMARY KEY, command BLOB)")
    for command in (b"echo the-crown-jewels > f", b"ls"):
        history.execute("INSERT INTO history(command) VALUES(?)", (command,))
        history.execute("INSERT INTO latest(command) VALUES(?)", (command,))
    history.commit()
    history.close()
    run(shell, home, work, "obliterate -f f")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    history = sqlite3.connect(database)
    checks.equal(history.execute("SELECT command FROM history").fetchall(), [(b"ls",)])


def test_it_asks(shell, folder):
    """no answer, and no, leave everything as it is"""
    home, work = places(folder)
    run(shell, home, work, "echo x > f")
    for answer in (b"", b"n\n", b"\n"):
        run(shell, home, work, "obliterate f", input=answer, status=1)
        checks.equal(os.path.exists(os.path.join(work, "f")), True)
    run(shell, home, work, "obliterate f", input=b"y\n")
    checks.equal(os.path.exists(os.path.join(work, "f")), False)


def test_links(shell, folder):
    """symbolic links are not followed; other names are named, and refused"""
    home, work = places(folder)
    run(shell, home, work, "echo x > f; ln -s f link; ln f other; mkdir t; ln -s ../f t/link; echo y > t/y")
    run(shell, home, work, "obliterate -f link", status=1)
    result = run(shell, home, work, "obliterate -f f", status=1)
    if b"/work/other" not in result.stderr or b"--all-links" not in result.stderr:
        raise AssertionError(result.stderr)
    run(shell, home, work, "obliterate -f t", status=1)
    run(shell, home, work, "obliterate -rf t")
    checks.equal(sorted(os.listdir(work)), ["f", "link", "other"])
    run(shell, home, work, "obliterate -f --all-links f")
    checks.equal(os.listdir(work), ["link"])


def test_refused(shell, folder):
    """what is not there, directories without -r, wrong options, the shell's own state"""
    home, work = places(folder)
    run(shell, home, work, "mkdir d")
    run(shell, home, work, "obliterate -f nothing", status=1)
    run(shell, home, work, "obliterate -f d", status=1)
    run(shell, home, work, "obliterate -f", status=2)
    run(shell, home, work, "obliterate --level some d", status=2)
    run(shell, home, work, "obliterate --operation 5", status=2)
    run(shell, home, work, "obliterate -f --operation @500", status=1)
    run(shell, home, work, "obliterate -rf ~/.local/state/vsh", status=1)
    checks.equal(os.listdir(work), ["d"])


def test_operation(shell, folder):
    """what is kept of one operation goes; the files stay"""
    home, work = places(folder)
    with open(os.path.join(work, "f"), "wb") as file:
        file.write(SECRET % b"cellar")
    run(shell, home, work, "echo harmless > f")
    run(shell, home, work, "echo later > g")
    run(shell, home, work, "obliterate -f --operation @1")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    checks.equal(run(shell, home, work, "cat f").stdout, b"harmless\n")
    verify = run(shell, home, work, "audit verify")
    result = run(shell, home, work, "undo; undo", status=None)
    checks.equal(sorted(os.listdir(work)), ["f"])


def test_purge(shell, folder):
    """what the store keeps of one operation goes, whatever made the change"""
    home, work = places(folder)
    for number, command in enumerate(("echo harmless > f", "rm f", "/bin/rm f", "sed -i s/the/no/ f"), 1):
        with open(os.path.join(work, "f"), "wb") as file:
            file.write(SECRET % b"cellar")
        run(shell, home, work, command)
        run(shell, home, work, f"store purge @{number}")
        run(shell, home, work, "rm -f f; store purge --all")
        checks.equal(search(folder, b"the-crown-jewels"), [])
    run(shell, home, work, "audit verify")


def test_removed_file(shell, folder):
    """a file that has gone, of which the store still has the content"""
    home, work = places(folder)
    with open(os.path.join(work, "f"), "wb") as file:
        file.write(SECRET % b"cellar" * 1000)
    run(shell, home, work, "rm f; mkdir -p d/e")
    with open(os.path.join(work, "d/e/g"), "wb") as file:
        file.write(SECRET % b"tower" * 1000)
    with open(os.path.join(work, "d/e/h"), "wb") as file:
        file.write(b"something else")
    run(shell, home, work, "rm -r d")
    run(shell, home, work, "obliterate -f f; obliterate -f d/e/g")
    checks.equal(search(folder, b"the-crown-jewels"), [])
    run(shell, home, work, "undo @2", status=None)
    checks.equal(open(os.path.join(work, "d/e/h"), "rb").read(), b"something else")


def test_evidence(shell, folder):
    """the row says when, who, how and what was verified; the salt opens the commitment"""
    import hashlib
    import json
    import sqlite3
    home, work = places(folder)
    run(shell, home, work, "echo x > f; echo y > g")
    result = run(shell, home, work, "obliterate -f --level destroy f g").stdout.decode()
    words = result.replace(",", "").split()
    row, salt = int(words[words.index("row") + 1]), bytes.fromhex(words[-1])
    lines = [json.loads(line) for line in run(shell, home, work, "audit log --json --type obliteration").stdout.splitlines()]
    checks.equal([(line["row"], line["outcome"], line["changes"], line["missing"]) for line in lines][-1], (row, "finished", 2, 14))
    checks.equal(lines[-1]["notes"], ["destroy, 7 passes"])
    checks.equal(lines[0]["outcome"], "interrupted")
    log = sqlite3.connect(os.path.join(home, ".local/state/vsh/log.sqlite"))
    items = log.execute("SELECT items FROM audit WHERE number = ?", (row,)).fetchone()[0]
    work = os.path.realpath(work)
    text = f"{work}/f\0{work}/g\0".encode()
    checks.equal(hashlib.sha256(salt + text).digest(), items[32:])
    checks.equal(search(home, salt), [])


def test_no_trace_on_the_disk(shell, folder):
    """an ext4 image that holds files, store, journals and log (root only)"""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        print("test_no_trace_on_the_disk: skipped: needs root and mkfs.ext4")
        return
    image, top = os.path.join(folder, "image"), os.path.join(folder, "top")
    os.mkdir(top)
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, top], check=True)
    try:
        home, work = places(top)
        # Everything reaches the disk at once: nothing can hide in memory.
        subprocess.run(["mount", "-o", "remount,sync", top], check=True)
        with open(os.path.join(work, "secret"), "wb") as file:
            file.write(SECRET % b"cellar" * 5000)
        with open(os.path.join(work, "g"), "wb") as file:
            file.write(SECRET % b"attic")
        # Changes in place: what a truncation frees nobody can reach any more.
        for script in ("cp secret copy", "rm copy", "printf over 1<> g", "dd if=g of=g bs=1 count=3 seek=9 conv=notrunc 2>&1",
                       "printf the-crown-jewels-too >> g", "mv secret named; chmod 600 named", "mv named secret", "mkdir d; cp secret d",
                       "rm -r d", "printf x 1<> secret; sync"):
            run(shell, home, work, script)
        run(shell, home, work, "obliterate -f secret g copy; obliterate -rf d")
        os.sync()
    finally:
        subprocess.run(["umount", top], check=True)
    with open(image, "rb") as file:
        data = file.read()
    places_found = []
    at = data.find(b"crown-jewels")
    while at >= 0:
        places_found.append((at, data[at - 40:at + 40]))
        at = data.find(b"crown-jewels", at + 1)
    checks.equal(places_found[:5], [])


if __name__ == "__main__":
    mounts.apart()
    checks.main(globals())
