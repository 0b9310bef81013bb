#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""audit verify and the database as a whole: one value of each column of each table is changed, and has to be found; commitments are computed again
here, apart from the shell; logs of earlier builds stay in order."""
import hashlib
import os
import random
import re
import shutil
import sqlite3
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import checks  # noqa: E402
from test_audit import COLUMNS, Home, digest  # noqa: E402

# Columns that may be changed unnoticed: (table, column) and why. docs/audit.md names each.
ALLOWED = {}
# Rows of each column that are tried, chosen at random.
ROWS = int(os.environ.get("VSH_ROWS", "3"))


def full(shell, folder):
    """A history in which every column of every table has something in it."""
    home = Home(shell, folder)
    home.fill()
    link = "import os; os.setxattr('attr', 'user.a', b'1'); os.setxattr('attr', 'user.a', b'2')"
    for script in ("touch attr; ln attr attr2", f"{sys.executable} -c \"{link}\"", "rm attr2", "echo small > keep; ln -s to link", "echo other > keep; rm link",
                   "undo; redo", "begin; echo 1 > in; begin; echo 2 > in; commit; rm keep; commit", "undo; redo", "mkdir /the-crown",
                   "checkpoint c; touch more; restore c", "echo 1 > old", "echo 2 > old; echo 3 > y", "store purge @$(ops -n 1 | sed 's/[^0-9]*\\([0-9]*\\).*/\\1/')",
                   "echo hidden > gone", "rm gone; touch stays", "obliterate -f gone"):
        home.run(script)
    result = home.verify()
    checks.equal((result.returncode, result.stderr), (0, b""), "verify of an honest log")
    return home


def schema(path):
    """Tables with their columns."""
    log = sqlite3.connect(path)
    tables = [name for name, in log.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
    found = {table: [row[1] for row in log.execute(f"PRAGMA table_info({table})")] for table in tables}
    log.close()
    return found


def keys(log, table):
    """What a row of a table is named by."""
    named = [row[1] for row in log.execute(f"PRAGMA table_info({table})") if row[5] > 0]
    return sorted(named)


def others(value, chosen):
    """Values that are not this one, of its type."""
    if isinstance(value, int):
        return [value + 1, value - 1, value + 256, 0 if value else 1 << 40]
    if isinstance(value, str):
        value = value.encode()
    if not value:
        return [b"\1", b"/etc/passwd"]
    place = chosen.randrange(len(value))
    return [value[:place] + bytes([value[place] ^ 1 << chosen.randrange(8)]) + value[place + 1:], value[:-1], value + b"\0", b""]


def test_every_column(shell, folder):
    """one value changed, in each column of each table of the schema"""
    home = full(shell, folder)
    chosen = random.Random(int(os.environ.get("VSH_SEED", "1")))
    pristine = home.state + ".pristine"
    log = sqlite3.connect(home.log)
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.close()
    shutil.copytree(home.state, pristine, symlinks=True)
    unseen, tried, empty = [], 0, []
    for table, columns in schema(home.log).items():
        for column in columns:
            if (table, column) in ALLOWED:
                continue
            log = sqlite3.connect(os.path.join(pristine, "log.sqlite"))
            names = keys(log, table)
            # A session that no operation is of says nothing to anybody.
            where = " WHERE id IN (SELECT session FROM operations)" if table == "sessions" else ""
            rows = log.execute(f"SELECT {', '.join(names)}, {column} FROM {table}{where}").fetchall()
            log.close()
            if not rows:
                empty.append(table)
                continue
            # Some that hold something, some others.
            held = [row for row in rows if row[-1]]
            for row in chosen.sample(held, min(ROWS, len(held))) + chosen.sample(rows, 1):
                for value in others(row[-1], chosen) + [None]:
                    def change(log):
                        log.execute(f"UPDATE {table} SET {column} = ? WHERE " + " AND ".join(f"{name} = ?" for name in names), (value, *row[:-1]))
                    if value == row[-1]:
                        continue
                    for name in os.listdir(home.state):
                        if name.startswith("log.sqlite") or name == "head":
                            os.unlink(os.path.join(home.state, name))
                    for name in os.listdir(pristine):
                        if name.startswith("log.sqlite") or name == "head":
                            shutil.copy(os.path.join(pristine, name), home.state)
                    try:
                        home.database(change)
                    except (sqlite3.IntegrityError, OverflowError):
                        # The table does not take it.
                        continue
                    tried += 1
                    result = home.verify()
                    named = re.search(rb"row \d+|@\d+|session \d+|state \d+|belongs to nothing|triggers", result.stderr)
                    if result.returncode != 1 or not named:
                        unseen.append((table, column, row[:-1], row[-1], value, result.returncode, result.stderr))
    checks.equal(empty, [], "tables without rows: the test does not see them")
    checks.equal(unseen, [], f"not found, of {tried}")


# MARK: Commitments computed again

def count(number):
    """A number as the second arrangement has it."""
    number &= (1 << 64) - 1
    parts = bytearray()
    while number >= 128:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes(parts) + bytes([number])


def text(part):
    return count(len(part)) + part


def second(log, row):
    """The items of an operation's row, as docs/audit.md says that they are made."""
    operation = row[COLUMNS.index("subject")]
    salts = log.execute("SELECT salts FROM audit_clear WHERE number = ?", (row[0],)).fetchone()[0]
    salts = [salts[start:start + 16] for start in range(0, len(salts), 16)]
    parent, session, directory, command, target = log.execute(
        "SELECT parent, session, directory, command, target FROM operations WHERE id = ?", (operation,)).fetchone()
    owner = log.execute("SELECT process, start FROM sessions WHERE id = ?", (session,)).fetchone() or (0, 0)
    states = log.execute("SELECT number, entry, state, position, event, effective FROM states WHERE event = ? AND entry IN (?, ?)",
                         (operation, operation, target)).fetchall()
    changes = log.execute("SELECT kind, preimage, reason, item, length(content) > 0, path, other, location, before, attributes, content "
                          "FROM changes WHERE operation = ? ORDER BY number", (operation,)).fetchall()
    results = log.execute("SELECT soft, path, after, digest FROM results WHERE operation = ? ORDER BY path", (operation,)).fetchall()
    contents = [change[-1] for change in changes if change[-1]]
    texts = [command, directory, b"".join(b"".join(map(count, state[:5])) + text(state[5]) for state in states)]
    texts += [b"".join(map(count, change[:5])) + b"".join(map(text, change[5:-1])) for change in changes]
    texts += contents
    texts += [count(result[0]) + b"".join(map(text, result[1:])) for result in results]
    checks.equal(len(texts), len(salts))
    return len(changes) | 2 << 48, struct.pack(">4q", parent, *owner, len(contents)) + b"".join(
        hashlib.sha256(salt + part).digest() for salt, part in zip(salts, texts))


def test_commitments_are_what_the_manual_says(shell, folder):
    """each commitment of each operation"""
    home = Home(shell, folder)
    home.fill()
    checks.equal(home.verify().returncode, 0)
    log = sqlite3.connect(home.log)
    seen = 0
    for row in log.execute(f"SELECT {', '.join(COLUMNS)}, items FROM audit ORDER BY number").fetchall():
        if 0 < row[COLUMNS.index("type")] < 100:
            checks.equal((row[COLUMNS.index("records")], row[-1]), second(log, row), f"row {row[0]}")
            seen += 1
    log.close()
    checks.equal(seen > 8, True)


# MARK: Logs of earlier builds

def long(part):
    return struct.pack("<I", len(part)) + part


def first(log):
    """Makes the chain one of the first arrangement, in which everything was before the version 3 of the log."""
    previous = bytes(32)
    for row in log.execute(f"SELECT {', '.join(COLUMNS)}, items FROM audit ORDER BY number").fetchall():
        row = list(row)
        operation, kind = row[COLUMNS.index("subject")], row[COLUMNS.index("type")]
        if 0 < kind < 100:
            changes = log.execute("SELECT kind, path, other, before FROM changes WHERE operation = ? ORDER BY number", (operation,)).fetchall()
            results = log.execute("SELECT soft, path, after, digest FROM results WHERE operation = ? ORDER BY path", (operation,)).fetchall()
            texts = [b"".join(map(long, log.execute("SELECT directory, command FROM operations WHERE id = ?", (operation,)).fetchone()))]
            texts += [bytes([record[0]]) + b"".join(map(long, record[1:])) for record in changes + results]
            salts = [os.urandom(16) for _ in texts]
            row[-1] = b"".join(hashlib.sha256(salt + part).digest() for salt, part in zip(salts, texts))
            row[COLUMNS.index("records")] = len(changes)
            log.execute("UPDATE audit_clear SET salts = ? WHERE number = ?", (b"".join(salts), row[0]))
        previous = digest(previous, row + [b""])
        log.execute("UPDATE audit SET records = ?, items = ?, hash = ? WHERE number = ?", (row[COLUMNS.index("records")], row[-1], previous, row[0]))
    log.execute("PRAGMA user_version = 2")
    return f"{row[0]}:{previous.hex()}\n"


def expect_found(home, pristine, script, what):
    """verify says `what` of the log that the script changed, which is then as before."""
    home.database(script)
    result = home.verify()
    checks.equal(result.returncode, 1, script)
    if what not in result.stderr:
        raise AssertionError(f"{script}: {result.stderr!r}")
    shutil.rmtree(home.state)
    shutil.copytree(pristine, home.state, symlinks=True)


def test_earlier_rows(shell, folder):
    """a log of the version before is in order, also with new rows behind; what could be found in it still is, and undo goes on"""
    home = Home(shell, folder)
    home.fill()
    home.run("store purge @3")
    # A chain of that time had no row about it.
    home.database("DELETE FROM audit WHERE type = 103; DELETE FROM audit_clear WHERE number NOT IN (SELECT number FROM audit)")
    heads = []
    home.database(lambda log: heads.append(first(log)))
    with open(os.path.join(home.state, "head"), "w") as file:
        file.write(heads[0])
    old = int(heads[0].split(":")[0])
    result = home.verify("--head", heads[0].strip())
    checks.equal((result.returncode, result.stderr), (0, b""))
    log = sqlite3.connect(home.log)
    checks.equal(log.execute("PRAGMA user_version").fetchone(), (3,))
    # What had expired is told of once.
    checks.equal(log.execute("SELECT count(*) FROM audit WHERE type = 103").fetchone(), (1,))
    log.close()
    home.run("echo new > file; undo; redo")
    result = home.verify("--head", heads[0].strip())
    checks.equal((result.returncode, result.stderr), (0, b""))
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine, symlinks=True)
    for script, what in (
            ("UPDATE operations SET command = 'harmless' WHERE id = 1", b"row 1 does not fit its clear text"),
            ("UPDATE changes SET path = '/etc/passwd' WHERE operation = 1 AND number = 1", b"row 1 does not fit its clear text"),
            ("DELETE FROM results WHERE operation = 2", b"row 2 a result of @2 is missing"),
            (f"UPDATE audit SET records = records + 1 WHERE number = {old}", b"row %d was changed" % old),
            ("DELETE FROM expirations WHERE operation = 3", b"@3 expired"),
            ("INSERT INTO expirations VALUES(1, 5)", b"@1 is marked as expired"),
            ("UPDATE states SET number = 400 WHERE number = 1", b"left a state that is not where it was")):
        expect_found(home, pristine, script, what)


# MARK: What looks like an erasure

def erase_salt(number, index):
    return (f"UPDATE audit_clear SET salts = CAST(substr(salts, 1, {16 * index}) || zeroblob(16) || substr(salts, {16 * index + 17}) AS BLOB) "
            f"WHERE number = {number}")


def test_forged_erasures(shell, folder):
    """records taken out together with their salts, as obliterate and the quota do it: no row of the chain tells of it"""
    home = Home(shell, folder)
    home.run("echo small > f")
    home.run("echo other > f; mkdir d")
    checks.equal(home.verify().returncode, 0)
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine, symlinks=True)
    log = sqlite3.connect(home.log)
    kept = log.execute("SELECT number FROM changes WHERE operation = 2 AND length(content) > 0").fetchone()[0]
    count = log.execute("SELECT count(*) FROM changes WHERE operation = 2").fetchone()[0]
    log.close()
    every = "UPDATE audit_clear SET salts = zeroblob(length(salts)) WHERE number = 2;"
    for script, what in (
            (f"UPDATE changes SET content = x'' WHERE operation = 2; {erase_salt(2, 3 + count)}", b"does not fit"),
            (f"UPDATE changes SET content = x'' WHERE operation = 2; {erase_salt(2, 3 + count)}; INSERT INTO expirations VALUES(2, 5)", b"@2 is marked as expired"),
            (f"DELETE FROM changes WHERE operation = 2 AND number = {kept}; {erase_salt(2, 2 + kept)}; {erase_salt(2, 3 + count)}", b"is missing"),
            (f"UPDATE operations SET command = CAST('[obliterated]' AS BLOB) WHERE id = 2; {erase_salt(2, 0)}", b"no obliteration tells of it"),
            ("UPDATE operations SET command = CAST('[obliterated]' AS BLOB) WHERE id = 2; DELETE FROM changes WHERE operation = 2;"
             f"DELETE FROM results WHERE operation = 2; {every}", b"does not fit"),
            ("INSERT INTO states(entry, state, position, event, effective) VALUES(2, 255, 0, 2, x'')", b"more than one state")):
        expect_found(home, pristine, script, what)
    # Done as it should be, it is in order; and what is gone of one operation does not excuse what goes of another.
    home.run("obliterate -f --operation @1; store purge @2")
    result = home.verify()
    checks.equal((result.returncode, result.stderr), (0, b""))
    home.database(f"UPDATE operations SET command = CAST('[obliterated]' AS BLOB) WHERE id = 2; {erase_salt(2, 0)}")
    checks.equal(b"no obliteration tells of it" in home.verify().stderr, True)


if __name__ == "__main__":
    checks.main(globals())
