#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The audit log: its chain is computed again here, apart from the shell; and every kind of tampering has to be found."""
import hashlib
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
import checks  # noqa: E402

COLUMNS = ("number type subject session process user began ended outcome status changes missing target transaction_id "
           "records").split()


class Home:
    """A home directory with a history, and the shell that made it."""

    def __init__(self, shell, folder):
        self.shell, self.folder = shell, folder
        self.home = os.path.join(folder, "home")
        self.work = os.path.join(folder, "work")
        self.state = os.path.join(self.home, ".local/state/vsh")
        self.log = os.path.join(self.state, "log.sqlite")
        os.makedirs(self.home, exist_ok=True)
        os.makedirs(self.work, exist_ok=True)

    def run(self, script, home=None):
        env = {"HOME": home or self.home, "PATH": os.environ["PATH"], "LC_ALL": "C"}
        return subprocess.run([self.shell, "-c", script], cwd=self.work, env=env, capture_output=True, timeout=60)

    def fill(self):
        for script in ("mkdir a; echo one > a/f", "echo two >> a/f", "rm -r a", "undo", "begin t; touch x; rm x; touch y; commit",
                       "redo; chmod 600 y", "undo 2; undo -n", "cp y z && mv z 'q r'; begin; touch no; rollback",
                       "sed -i s/a/b/ y; /bin/rm 'q r'"):
            self.run(script)

    def verify(self, *words):
        return self.run("audit verify " + " ".join(words))

    def database(self, script):
        """Statements on the database, with its guards taken away and put back."""
        with sqlite3.connect(self.log) as log:
            triggers = log.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                log.execute(f"DROP TRIGGER {name}")
            if callable(script):
                script(log)
            else:
                log.executescript(script)
            for _, sql in triggers:
                log.execute(sql)
        log.close()


def rows(path):
    log = sqlite3.connect(path)
    found = log.execute(f"SELECT {', '.join(COLUMNS)}, items, hash FROM audit ORDER BY number").fetchall()
    log.close()
    return found


def digest(previous, row):
    return hashlib.sha256(previous + b"".join(struct.pack(">q", value) for value in row[:-2]) + row[-2]).digest()


def filled(shell, folder):
    home = Home(shell, folder)
    home.fill()
    result = home.verify()
    checks.equal((result.returncode, result.stderr), (0, b""), "verify of an honest log")
    return home


def found(home, what, *words):
    result = home.verify(*words)
    checks.equal(result.returncode, 1, f"{what}: status; {result.stdout!r} {result.stderr!r}")
    if what.encode() not in result.stderr:
        raise AssertionError(f"{what!r} is not in {result.stderr!r}")


def test_chain_is_what_the_manual_says(shell, folder):
    """each hash is SHA-256 of the hash before, the columns as 64-bit numbers and the commitments"""
    home = filled(shell, folder)
    previous = bytes(32)
    for number, row in enumerate(rows(home.log)):
        checks.equal(row[0], number)
        previous = digest(previous, row)
        checks.equal(previous, row[-1], f"row {number}")
    head = home.run("audit head").stdout.decode().strip()
    checks.equal(head, f"{number}:{previous.hex()}")


def test_nothing_plain_in_the_chain(shell, folder):
    """no name, command or digest of a content is in the table `audit`"""
    home = filled(shell, folder)
    for row in rows(home.log):
        checks.equal(len(row[-2]) % 32, 0)
        for text in (b"a/f", b"touch", hashlib.sha256(b"one\n").digest(), hashlib.sha256(b"one\ntwo\n").digest()):
            checks.equal(text in row[-2], False)


def test_guards(shell, folder):
    """rows can be neither changed nor deleted"""
    home = filled(shell, folder)
    log = sqlite3.connect(home.log)
    for statement in ("UPDATE audit SET user = 1", "DELETE FROM audit WHERE number = 1"):
        try:
            log.execute(statement)
        except sqlite3.IntegrityError:
            continue
        raise AssertionError(statement)
    log.close()


def test_missing_guards_are_found(shell, folder):
    """a database without its triggers"""
    home = filled(shell, folder)
    with sqlite3.connect(home.log) as log:
        log.execute("DROP TRIGGER audit_keep")
    log.close()
    found(home, "triggers")


def test_edit(shell, folder):
    """each column of each row, changed alone, is found, and the row named"""
    home = filled(shell, folder)
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine)
    count = len(rows(home.log))
    chosen = random.Random(1)
    for column in COLUMNS[1:]:
        number = chosen.randrange(count)
        home.database(f"UPDATE audit SET {column} = {column} + 1 WHERE number = {number}")
        found(home, f"row {number} was changed")
        shutil.rmtree(home.state)
        shutil.copytree(pristine, home.state)
    for number in range(count):
        home.database(f"UPDATE audit SET items = zeroblob(length(items)) WHERE number = {number}")
        found(home, f"row {number} was changed")
        shutil.rmtree(home.state)
        shutil.copytree(pristine, home.state)


def test_edit_with_new_hash(shell, folder):
    """a row changed together with its hash breaks the next; the last one no longer fits the head"""
    home = filled(shell, folder)
    found_rows = rows(home.log)

    def edit(number):
        def body(log):
            row = list(found_rows[number])
            row[COLUMNS.index("user")] += 1
            previous = found_rows[number - 1][-1]
            log.execute("UPDATE audit SET user = ?, hash = ? WHERE number = ?",
                        (row[COLUMNS.index("user")], digest(previous, row), number))
        home.database(body)
    edit(len(found_rows) - 1)
    found(home, f"row {len(found_rows) - 1} is another one")
    edit(3)
    found(home, "row 4 was changed, or a row before it was")


def test_delete_reorder_insert(shell, folder):
    """a row taken out, two exchanged, one put in"""
    home = filled(shell, folder)
    count = len(rows(home.log))
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine)
    for script, what in (
            ("DELETE FROM audit WHERE number = 4", "row 4 is missing"),
            ("DELETE FROM audit WHERE number = 4; UPDATE audit SET number = number - 1 WHERE number > 4", "row 4 was changed"),
            ("DELETE FROM audit WHERE number = 0", "row 0 is missing"),
            ("UPDATE audit SET number = -5 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4;"
             "UPDATE audit SET number = 4 WHERE number = -5", "row 3 was changed"),
            (f"INSERT INTO audit SELECT {count}, type, 999, session, process, user, began, ended, outcome, status, changes, "
             f"missing, target, transaction_id, records, items, hash FROM audit WHERE number = {count - 1}",
             f"row {count} was changed")):
        home.database(script)
        found(home, what)
        shutil.rmtree(home.state)
        shutil.copytree(pristine, home.state)


def rechain(log, first):
    """Computes all hashes anew, as somebody who knows how can."""
    previous = bytes(32)
    for row in log.execute(f"SELECT {', '.join(COLUMNS)}, items, hash FROM audit ORDER BY number").fetchall():
        previous = digest(previous, row)
        if row[0] >= first:
            log.execute("UPDATE audit SET hash = ? WHERE number = ?", (previous, row[0]))


def test_rechained(shell, folder):
    """a chain computed anew is found by the saved head, and by one kept elsewhere"""
    home = filled(shell, folder)
    head = home.run("audit head").stdout.decode().strip()
    number = int(head.split(":")[0])

    def body(log):
        log.execute("UPDATE audit SET user = 4711 WHERE number = 2")
        rechain(log, 2)
    home.database(body)
    found(home, f"row {number} is another one than in the head saved")
    forged = rows(home.log)[-1]
    with open(os.path.join(home.state, "head"), "w") as file:
        file.write(f"{forged[0]}:{forged[-1].hex()}\n")
    checks.equal(home.verify().returncode, 0, "what the manual says cannot be found without an outside head")
    found(home, f"row {number} is another one than in the head given", "--head", head)


def test_text_without_salt(shell, folder):
    """a text that was exchanged and whose salt was erased, as if it had been obliterated"""
    home = filled(shell, folder)
    home.run("mkdir /the-crown")
    checks.equal(home.verify().returncode, 0)
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine)
    for script in ("UPDATE operations SET command = CAST('innocent' AS BLOB) WHERE id = 1; UPDATE audit_clear SET salts = zeroblob(16) || substr(salts, 17) WHERE number = 1",
                   "UPDATE audit_clear SET salts = zeroblob(length(salts)), note = replace(note, CAST('the-crown' AS BLOB), CAST('a-trifle.' AS BLOB)) "
                   "WHERE number = (SELECT max(number) FROM audit WHERE type = 100)"):
        home.database(script)
        found(home, "nothing vouches for")
        shutil.rmtree(home.state)
        shutil.copytree(pristine, home.state)
    home.database("UPDATE operations SET command = CAST('innocent' AS BLOB) WHERE id = 1; DELETE FROM audit_clear WHERE number = 1")
    found(home, "row 1 has lost the salts")


def test_truncate(shell, folder):
    """the newest rows cut off, with their operations"""
    home = filled(shell, folder)
    head = home.run("audit head").stdout.decode().strip()
    number = int(head.split(":")[0])
    home.database(f"DELETE FROM operations WHERE id IN (SELECT subject FROM audit WHERE number > {number - 2});"
                  f"DELETE FROM changes WHERE operation IN (SELECT subject FROM audit WHERE number > {number - 2});"
                  f"DELETE FROM results WHERE operation IN (SELECT subject FROM audit WHERE number > {number - 2});"
                  f"DELETE FROM states WHERE event IN (SELECT subject FROM audit WHERE number > {number - 2});"
                  f"DELETE FROM audit WHERE number > {number - 2};")
    found(home, f"row {number - 1} is missing")
    found(home, f"row {number - 1} is missing", "--head", head)
    # Going on does not hide it.
    home.run("touch later; touch later2")
    home.run("touch later3; touch later4")
    found(home, "in the head saved")


def test_file_cut(shell, folder):
    """the database file cut in the middle"""
    home = filled(shell, folder)
    log = sqlite3.connect(home.log)
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.close()
    os.truncate(home.log, os.path.getsize(home.log) // 2)
    checks.equal(home.verify().returncode, 1)


def copy_state(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def test_rolled_back(shell, folder):
    """the whole database as it was yesterday"""
    home = filled(shell, folder)
    old = home.state + ".old"
    copy_state(home.state, old)
    home.run("touch something; audit head")
    head = home.run("audit head").stdout.decode().strip()
    for name in os.listdir(home.state):
        if name.startswith("log.sqlite"):
            os.unlink(os.path.join(home.state, name))
    for name in os.listdir(old):
        if name.startswith("log.sqlite"):
            shutil.copy(os.path.join(old, name), home.state)
    found(home, "was cut, rolled back or replaced")
    # Together with the saved head only a head kept elsewhere tells.
    copy_state(old, home.state)
    checks.equal(home.verify().returncode, 0)
    found(home, "was cut, rolled back or replaced", "--head", head)


def test_replaced(shell, folder):
    """the database of somebody else in its place"""
    home = filled(shell, folder)
    head = home.run("audit head").stdout.decode().strip()
    other = Home(shell, os.path.join(folder, "other"))
    other.fill()
    other.run("audit verify")
    for name in os.listdir(home.state):
        if name.startswith("log.sqlite"):
            os.unlink(os.path.join(home.state, name))
    for name in os.listdir(other.state):
        if name.startswith("log.sqlite"):
            shutil.copy(os.path.join(other.state, name), home.state)
    found(home, "the log was replaced")
    found(home, "head given", "--head", head)
    os.unlink(os.path.join(home.state, "head"))
    found(home, "the file with the newest head is gone")


def test_clear_text(shell, folder):
    """clear text that does not fit its commitment, or is missing"""
    home = filled(shell, folder)
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine)
    for script, what in (
            ("UPDATE operations SET command = 'harmless' WHERE id = 1", "does not fit its clear text"),
            ("UPDATE operations SET status = 1 WHERE id = 1", "says something else of @1"),
            ("UPDATE operations SET began = began - 1 WHERE id = 1", "says something else of @1"),
            ("UPDATE changes SET path = '/etc/passwd' WHERE operation = 1 AND number = 1", "does not fit its clear text"),
            ("UPDATE results SET digest = zeroblob(32) WHERE operation = 1 AND length(digest) = 32", "does not fit its clear text"),
            ("DELETE FROM changes WHERE operation = 2 AND number = 1", "a change of @2 is missing"),
            ("DELETE FROM results WHERE operation = 2", "a result of @2 is missing"),
            ("DELETE FROM operations WHERE id = 3", "which the log no longer has"),
            ("INSERT INTO operations SELECT 400, kind, session, transaction_id, parent, process, began, ended, outcome, status, changes,"
             " missing, target, directory, command FROM operations WHERE id = 1", "operation @400 is in the log, but has no row"),
            ("UPDATE states SET state = 1 - state WHERE number = (SELECT max(number) FROM states)", "does not fit its clear text")):
        home.database(script)
        found(home, what)
        copy_state(pristine, home.state)


def test_illegal_run(shell, folder):
    """rows appended in good order that no shell can have made"""
    home = filled(shell, folder)
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine)

    def append(type_, subject, target):
        def body(log):
            last = rows(home.log)[-1]
            row = [last[0] + 1, type_, subject, 1, 1, 0, 1, 1, 0, 0, 1, 0, target, 0, 0, b""]
            values = row + [digest(last[-1], row + [b""])]
            log.execute("INSERT INTO audit VALUES(" + ",".join("?" * 17) + ")", values)
            log.execute("INSERT OR IGNORE INTO operations VALUES(?,?,1,0,0,1,1,1,0,0,1,0,?,'','')", (subject, type_ - 1, target))
        home.database(body)
    for type_, target, what in ((2, 999, "@999 is not there"), (3, 1, "@1 was not undone"), (6, 1, "the transaction @1 was not open"),
                                (4, 1, "the transaction @1 was not open")):
        append(type_, 500, target)
        found(home, what)
        copy_state(pristine, home.state)
    append(1, 1, 0)
    found(home, "@1 is there twice")


def test_formats(shell, folder):
    """JSON Lines and CSV hold every row"""
    import csv
    import io
    home = filled(shell, folder)
    count = len(rows(home.log))
    lines = [json.loads(line) for line in home.run("audit log --json").stdout.splitlines()]
    checks.equal([line["row"] for line in lines], list(range(count)))
    checks.equal(lines[1]["command"], "mkdir a; echo one > a/f")
    checks.equal([os.path.basename(path) for path in lines[1]["paths"]], ["a", "f"])
    records = list(csv.DictReader(io.StringIO(home.run("audit log --csv").stdout.decode(), newline="")))
    checks.equal([record["hash"] for record in records], [line["hash"] for line in lines])
    undone = [json.loads(line) for line in home.run("audit log --json --type undo").stdout.splitlines()]
    checks.equal({line["type"] for line in undone}, {"undo"})
    touching = [json.loads(line) for line in home.run("audit log --json --path a/f").stdout.splitlines()]
    checks.equal(touching[0]["row"], 1)
    checks.equal(home.run("audit log --json --since 0s").stdout, b"")


def test_random_runs(shell, folder):
    """whatever people do with undo, redo and transactions, in one shell or many, is a legal run"""
    chosen = random.Random(int(os.environ.get("VSH_SEED", "7")))
    home = Home(shell, folder)
    steps = ["touch a$n", "echo $n > f", "echo $n >> f", "rm -f f", "mkdir d$n", "rm -rf d*", "mv f g", "cp g f", "chmod 600 f", "ln -sf f l",
             "undo", "undo", "undo 2", "undo --force", "redo", "redo 2", "undo f", "begin", "begin t", "commit", "rollback", "undo -n", "ops > /dev/null",
             "echo x | /usr/bin/tee h > /dev/null", "sed -i s/1/2/ f", "( echo $n > s; undo )", "echo $n > b & wait", "undo @$((n % 7 + 1))",
             "checkpoint c$n", "restore c$n", "restore @$((n % 9 + 1))"]
    for _ in range(25):
        script = "n=%d\n" % chosen.randrange(100) + "\n".join(chosen.choice(steps) for _ in range(chosen.randrange(1, 9)))
        home.run(script)
        if chosen.random() < 0.3:
            env = {"HOME": home.home, "PATH": os.environ["PATH"]}
            subprocess.run([shell], cwd=home.work, env=env, input=script.encode() + b"\n", capture_output=True, timeout=60)
    result = home.verify()
    checks.equal((result.returncode, result.stderr), (0, b""))


def test_killed_shells(shell, folder):
    """operations of killed shells are rows too, and the chain stays in order"""
    home = Home(shell, folder)
    for _ in range(5):
        env = {"HOME": home.home, "PATH": os.environ["PATH"]}
        process = subprocess.Popen([shell, "-c", "i=0; while :; do i=$((i+1)); echo $i > f$i; done"], cwd=home.work, env=env)
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    result = home.verify()
    checks.equal((result.returncode, result.stderr), (0, b""))
    lines = [json.loads(line) for line in home.run("audit log --json").stdout.splitlines()]
    checks.equal([line["outcome"] for line in lines if line["type"] == "command"], ["interrupted"] * 5)


def test_many_at_once(shell, folder):
    """twelve shells that import at once make one chain"""
    home = Home(shell, folder)
    env = {"HOME": home.home, "PATH": os.environ["PATH"]}
    shells = [subprocess.Popen([shell, "-c", f"for i in 1 2 3 4; do echo $i > f{n}; audit head > /dev/null; done"],
                               cwd=home.work, env=env, stderr=subprocess.DEVNULL) for n in range(12)]
    for process in shells:
        process.wait(60)
    result = home.verify()
    checks.equal((result.returncode, result.stderr), (0, b""))


if __name__ == "__main__":
    checks.main(globals())
