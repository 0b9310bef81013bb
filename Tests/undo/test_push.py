#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""audit push to a real PostgreSQL, started here from Debian's packages: chains of several users, an interrupted push, a server
that is killed half-way, and chains that were tampered with."""
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "Tests/lib"))
import checks  # noqa: E402
from test_audit import Home, digest, rechain, rows  # noqa: E402

sys.dont_write_bytecode = True


def programs():
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return str(places[-1]) if places and shutil.which("psql") else None


class Server:
    """A PostgreSQL of its own, on a socket in its directory."""

    def __init__(self):
        self.bin = programs()
        self.top = tempfile.mkdtemp(prefix="vsh-pg.")
        os.chmod(self.top, 0o755)
        self.data = self.top + "/data"
        self.who = {}
        if os.geteuid() == 0:
            # The server refuses to be root.
            os.chown(self.top, 65534, 65534)
            self.who = {"user": 65534, "group": 65534, "extra_groups": []}
        self.do(self.bin + "/initdb", "-D", self.data, "-A", "trust", "-U", "admin", "-E", "UTF8", "--no-sync")
        self.process = None
        self.start()
        self.sql("CREATE ROLE anna LOGIN; CREATE ROLE ben LOGIN", database="postgres")
        self.sql("CREATE DATABASE audit OWNER anna", database="postgres")

    def do(self, *words):
        subprocess.run(words, check=True, capture_output=True, cwd=self.top, timeout=120, **self.who)

    def start(self):
        self.process = subprocess.Popen([self.bin + "/postgres", "-D", self.data, "-k", self.top, "-c", "listen_addresses=", "-c", "fsync=on"],
                                        cwd=self.top, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **self.who)
        for _ in range(300):
            if subprocess.run([self.bin + "/pg_isready", "-q", "-h", self.top]).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL does not start")

    def kill(self):
        """As a power failure: every process of it, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        time.sleep(0.2)
        for name in ("postmaster.pid",):
            if os.path.exists(f"{self.data}/{name}"):
                os.unlink(f"{self.data}/{name}")
        # A killed server leaves its shared memory to the next.

    def url(self, user="anna"):
        return f"postgresql:///audit?host={self.top}&user={user}"

    def sql(self, text, user="admin", database="audit"):
        result = subprocess.run(["psql", "-qAtX", "-h", self.top, "-U", user, "-d", database, "-c", text], capture_output=True, text=True, timeout=60)
        if result.returncode:
            raise AssertionError(result.stderr)
        return result.stdout.strip()

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.top, ignore_errors=True)


SERVER = None


def server():
    global SERVER
    if SERVER is None:
        SERVER = Server()
    if SERVER.process.poll() is not None:
        SERVER.start()
    SERVER.sql("DROP SCHEMA IF EXISTS vsh_audit CASCADE")
    return SERVER


def push(home, url, *words, status=0):
    result = home.run(f"audit push '{url}' " + " ".join(words))
    if result.returncode != status:
        raise AssertionError(f"status {result.returncode}: {result.stdout!r} {result.stderr!r}")
    return result


def agrees(pg, home):
    """What is there is what is here."""
    chain = rows(home.log)[0][-1].hex()
    here = [f"{row[0]}|{row[-1].hex()}" for row in rows(home.log)]
    there = pg.sql(f"SELECT number, encode(hash, 'hex') FROM vsh_audit.rows WHERE chain = '\\x{chain}' ORDER BY number").splitlines()
    checks.equal(there, here)


def test_push(shell, folder):
    """all rows arrive, once; a second push brings what is new; nothing is said twice"""
    pg = server()
    home = Home(shell, folder)
    home.fill()
    home.run("echo \"tab\t'quote' \\\\ backslash\" > 'a\tb\\n\"c'; touch $'\\xff'")
    push(home, pg.url())
    agrees(pg, home)
    push(home, pg.url())
    agrees(pg, home)
    home.run("touch more; rm more; touch most")
    push(home, pg.url())
    agrees(pg, home)
    checks.equal(pg.sql("SELECT command FROM vsh_audit.log WHERE number = 1"), "mkdir a; echo one > a/f")
    checks.equal(pg.sql("SELECT count(*) FROM vsh_audit.log WHERE paths::text LIKE '%xff%'"), "1")


def test_without_text(shell, folder):
    """--no-text ships the chain alone"""
    pg = server()
    home = Home(shell, folder)
    home.fill()
    push(home, pg.url(), "--no-text")
    agrees(pg, home)
    checks.equal(pg.sql("SELECT count(*) FROM vsh_audit.rows WHERE clear IS NOT NULL"), "0")


def test_many_users(shell, folder):
    """the rows of others are not touched, and nobody can go on with another's chain"""
    pg = server()
    first, second = Home(shell, folder + "/1"), Home(shell, folder + "/2")
    first.fill()
    second.fill()
    push(first, pg.url())
    pg.sql("GRANT USAGE ON SCHEMA vsh_audit TO ben")
    before = pg.sql("SELECT string_agg(r::text, ' ' ORDER BY number) FROM vsh_audit.rows r")
    push(second, pg.url("ben"))
    agrees(pg, first)
    agrees(pg, second)
    checks.equal(pg.sql("SELECT string_agg(r::text, ' ' ORDER BY number) FROM vsh_audit.rows r JOIN vsh_audit.chains c USING (chain) "
                        "WHERE login = 'anna'"), before)
    first.run("touch later")
    result = push(first, pg.url("ben"), status=1)
    if b"shipped by another user" not in result.stderr:
        raise AssertionError(result.stderr)
    try:
        pg.sql("DELETE FROM vsh_audit.rows", user="ben")
    except AssertionError:
        pass
    else:
        raise AssertionError("ben may delete")
    for statement in ("DELETE FROM vsh_audit.rows", "UPDATE vsh_audit.rows SET uid = 1", "TRUNCATE vsh_audit.rows"):
        try:
            pg.sql(statement, user="anna")
        except AssertionError as error:
            if "append only" not in str(error):
                raise
        else:
            raise AssertionError(statement)


def test_tampered(shell, folder):
    """a chain that was changed does not arrive: with wrong hashes, with new ones, and cut"""
    pg = server()
    home = Home(shell, folder)
    home.fill()
    pristine = home.state + ".pristine"
    shutil.copytree(home.state, pristine)

    def restore():
        shutil.rmtree(home.state)
        shutil.copytree(pristine, home.state)
    home.run("audit head")
    home.database("UPDATE audit SET user = 4711 WHERE number = 3")
    result = push(home, pg.url(), status=1)
    if b"row 3: its hash does not fit" not in result.stderr:
        raise AssertionError(result.stderr)
    checks.equal(pg.sql("SELECT count(*) FROM vsh_audit.rows"), "0")
    restore()
    push(home, pg.url())

    def forge(log):
        log.execute("UPDATE audit SET user = 4711 WHERE number = 3")
        rechain(log, 3)
    home.database(forge)
    home.run("touch later")
    result = push(home, pg.url(), status=1)
    if b"another one here" not in result.stderr:
        raise AssertionError(result.stderr)
    restore()
    pg.sql("DROP SCHEMA vsh_audit CASCADE")
    home.database("DELETE FROM audit WHERE number = 4")
    result = push(home, pg.url(), status=1)
    if b"row 4 is missing" not in result.stderr:
        raise AssertionError(result.stderr)


def test_killed_push(shell, folder):
    """a push that is killed again and again goes on where it stopped"""
    pg = server()
    home = Home(shell, folder)
    home.run("touch f")

    def many(log):
        # Enough rows for several transactions.
        found = rows(home.log)
        previous, number = found[-1][-1], found[-1][0]
        for extra in range(9000):
            number += 1
            row = [number, 10, 100000 + extra, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, b""]
            previous = digest(previous, row + [b""])
            log.execute("INSERT INTO audit VALUES(" + ",".join("?" * 17) + ")", row + [previous])
    home.run("audit head")
    home.database(many)
    env = {"HOME": home.home, "PATH": os.environ["PATH"]}
    count = 0
    for attempt in range(40):
        process = subprocess.Popen([shell, "-c", f"audit push '{pg.url()}'"], cwd=home.work, env=env, start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(0.05 * (attempt + 1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            count += 1
            continue
        break
    if count < 2:
        raise AssertionError("no push was killed")
    push(home, pg.url())
    agrees(pg, home)


def test_killed_server(shell, folder):
    """--follow waits for a server that was killed, and goes on when it is back"""
    pg = server()
    home = Home(shell, folder)
    home.fill()
    env = {"HOME": home.home, "PATH": os.environ["PATH"]}
    process = subprocess.Popen([shell, "-c", f"audit push --follow '{pg.url()}'"], cwd=home.work, env=env, stderr=subprocess.DEVNULL)
    try:
        until(lambda: agrees(pg, home))
        pg.kill()
        for number in range(3):
            home.run(f"touch while-down-{number}")
        time.sleep(1.5)
        pg.start()
        until(lambda: agrees(pg, home))
        home.run("touch afterwards")
        until(lambda: agrees(pg, home))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def until(check, seconds=30):
    end = time.time() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.time() > end:
                raise
        time.sleep(0.2)


def test_wrong_words(shell, folder):
    """what is no URL, and a server that is not there"""
    home = Home(shell, folder)
    home.run("touch f")
    push(home, "mysql://x", status=2)
    checks.equal(home.run("audit push").returncode, 2)
    push(home, f"postgresql:///x?host={folder}", status=1)


if __name__ == "__main__":
    if programs() is None:
        print("test_push.py: skipped: needs PostgreSQL (apt-get install postgresql)")
        print("0 passed, 0 failed")
        sys.exit(0)
    try:
        checks.main(globals())
    finally:
        if SERVER:
            SERVER.close()
