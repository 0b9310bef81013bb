#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_store.py [--shell PATH] [--tmp DIR] [-k TEXT]

Care of the store and the log: sizes, quota, eviction, purge, orphans, permissions, little space; damaged, foreign, older and newer databases. Prints 'N passed, N failed'.
"""
import os, shutil, sqlite3, stat, subprocess, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
import mounts  # noqa: E402
import places  # noqa: E402
from places import Place, test  # noqa: E402


@test
def quota_takes_the_oldest():
    with Place() as p:
        for i in range(1, 7):
            p.write("f%d" % i, 1_000_000)
            p.vsh("rm f%d" % i)
        assert "6.1 MB in 6 items" in p.vsh("store") or "6.0 MB in 6 items" in p.vsh("store"), p.vsh("store")
        assert "nothing is over the quota" in p.vsh("store")
        p.vsh("store quota 3M")
        shown = p.vsh("store")
        assert "eviction would take 3 operations" in shown and "@1 @2 @3" in shown, shown
        assert len(p.items()) == 6
        p.vsh("store gc")
        assert len(p.items()) == 3
        listing = p.vsh("ops").splitlines()
        assert [("expired" in line) for line in listing] == [False] * 3 + [True] * 3, listing
        p.vsh("undo 3")
        assert p.names() == ["f4", "f5", "f6"]
        assert "has expired" in p.vsh("undo", 1)
        assert p.names() == ["f4", "f5", "f6"]
        assert "nothing to remove" in p.vsh("store gc")


@test
def the_newest_stays_over_any_quota():
    with Place() as p:
        p.vsh("store quota 1K", None)
        p.write("f", 1_000_000)
        p.vsh("rm f; store quota 1K")
        p.vsh("store gc")
        p.vsh("undo")
        assert p.names() == ["f"]


@test
def eviction_without_being_asked():
    with Place() as p:
        p.write("f0", 100_000)
        p.vsh("rm f0; store quota 1M")
        # The first import looks after the stores, later ones once an hour.
        for i in range(1, 90):
            p.write("f%d" % i, 40_000)
            p.vsh("rm f%d" % i)
        kept = len(p.items())
        assert kept < 85, kept
        assert "expired" in p.vsh("ops -n 200")


@test
def purge():
    with Place() as p:
        p.write("small", 100)
        p.write("big", 100_000)
        p.vsh("rm big")
        p.vsh("echo secret-word > small; echo other > small")
        p.vsh(": > small")
        p.vsh("undo")
        p.vsh("store purge @2")
        p.vsh("store gc")
        assert "has expired" in p.vsh("undo @2", 1)
        log = b"".join(open(p.state + "/" + n, "rb").read() for n in os.listdir(p.state) if n.startswith("log"))
        assert b"xxxxxxxxxxxxxxxxxxxx" not in log
        assert "there is no operation @77" in p.vsh("store purge @77", 1)
        assert "usage" not in p.vsh("store purge", 2)
        p.vsh("store purge @1")
        assert p.items() == []
        assert "in order" in p.vsh("audit verify")


@test
def purge_all_and_trees():
    with Place() as p:
        os.makedirs(p.top + "/d/closed/deep")
        p.write("d/closed/deep/f", 5000)
        os.chmod(p.top + "/d/closed", 0o555)
        p.vsh("rm -rf d")
        p.write("g", 100)
        p.vsh("rm g")
        assert len(p.items()) == 2
        p.vsh("store purge --all")
        assert p.items() == []
        assert "0 operations keep something" in p.vsh("store")


@test
def items_of_programs_lie_in_groups():
    with Place() as p:
        def make():
            for i in range(150):
                p.write("f%d" % i, 10 + i)

        make()
        p.vsh("/bin/rm f*; :")
        groups = p.items()
        assert 3 <= len(groups) <= 4 and all(".g" in name for name in groups), groups
        inside = [name for group in groups for name in os.listdir(p.state + "/store/" + group)]
        assert len(inside) == 150 and all(len(name) == 39 for name in inside), len(inside)
        assert "in 150 items" in p.vsh("store"), p.vsh("store")
        p.vsh("undo")
        assert sorted(os.path.getsize(p.top + "/f%d" % i) for i in range(150)) == list(range(10, 160))
        # Nothing is left in them, and nobody uses their journal: they go, and are made again by what goes back.
        p.vsh("store gc")
        assert p.items() == [], p.items()
        p.vsh("redo")
        assert p.names() == [] and "in 150 items" in p.vsh("store"), p.vsh("store")
        assert sorted(p.items()) == sorted(groups), p.items()
        p.vsh("undo")
        assert len(p.names()) == 150
        p.vsh("/bin/rm f7; :")
        p.vsh("store purge --all")
        p.vsh("store gc")
        assert p.items() == [], p.items()
        assert "has expired" in p.vsh("undo", 1)


def item(journal, number):
    """The name of an item in a store."""
    return f"{journal}.{number}".ljust(39, "_")


@test
def orphans():
    with Place() as p:
        p.write("f", 100)
        p.vsh("rm f")
        for name in [item(1, 7), item(99999, 1)]:
            with open(p.state + "/store/" + name, "w") as f:
                f.write("x" * 5000)
        os.makedirs(p.state + "/store/" + item(98765, 2) + "/tree/deep")
        with open(p.state + "/store/not-ours", "w") as f:
            f.write("x")
        assert "nothing needs" in p.vsh("store")
        p.vsh("store gc")
        assert p.items() == [item(2, 1), "not-ours"] or len(p.items()) == 2, p.items()
        p.vsh("undo")
        assert p.names() == ["f"]


@test
def killed_between_link_and_record():
    """The link that a killed `mv` left in the store is no other name of the file any longer."""
    if not shutil.which("strace"):
        return
    with Place() as p:
        p.write("a", 10)
        p.write("b", 20)
        subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=renameat2,renameat", "-e", "inject=renameat2,renameat:signal=KILL",
                        places.ARGS.shell, "-c", "mv -f a b"], cwd=p.top, env=p.env, stderr=subprocess.DEVNULL)
        assert p.names() == ["a", "b"]
        p.vsh("undo", None)
        p.vsh("store gc", None)
        assert os.stat(p.top + "/b").st_nlink == 1


@test
def only_for_the_user():
    with Place() as p:
        os.umask(0)
        try:
            p.write("f", 100)
            p.vsh("rm f; echo x > g; ops; store")
            for base, dirs, files in os.walk(p.state):
                for name in dirs + files:
                    path = os.path.join(base, name)
                    if base.endswith("/store"):
                        continue  # the user's own files, as they were
                    mode = stat.S_IMODE(os.lstat(path).st_mode)
                    assert mode & 0o077 == 0, (path, oct(mode))
            os.chmod(p.state, 0o755)
            p.vsh("ops")
            assert stat.S_IMODE(os.stat(p.state).st_mode) == 0o700
        finally:
            os.umask(0o022)


@test
def a_damaged_log_is_set_aside():
    for damage in ["garbage", "page", "cut", "text"]:
        with Place() as p:
            p.write("f", 100)
            p.vsh("rm f")
            p.vsh("echo x > g")
            p.vsh("ops")
            # So that all is in the database itself.
            c = sqlite3.connect(p.log)
            c.execute("pragma wal_checkpoint(truncate)")
            c.close()
            size = os.path.getsize(p.log)
            with open(p.log, "r+b") as f:
                if damage == "garbage":
                    f.write(os.urandom(size))
                elif damage == "page":
                    f.seek(4096)
                    f.write(os.urandom(size - 4096))
                elif damage == "cut":
                    f.truncate(5000)
                else:
                    f.truncate(0)
                    f.write(b"this is no database at all\n" * 100)
            damaged = open(p.log, "rb").read()
            out = p.vsh("undo", None) + p.vsh("ops", None)
            assert "damaged" in out, (damage, out)
            aside = [n for n in os.listdir(p.state) if n.startswith("log.sqlite.damaged-") and not n.endswith(("-wal", "-shm"))]
            assert len(aside) == 1, (damage, os.listdir(p.state), out)
            assert open(p.state + "/" + aside[0], "rb").read()[:4096] == damaged[:4096], damage
            # The shell goes on: new operations have higher numbers, and are undone.
            assert "still here" in p.vsh("echo still here")
            p.write("h", 50)
            p.vsh("rm h")
            p.vsh("undo")
            assert "h" in p.names()
            # What the damaged log kept stays in the store until that file is removed.
            p.vsh("store gc")
            assert len(p.items()) == 1, p.items()
            assert "damaged log" in p.vsh("store")
            os.unlink(p.state + "/" + aside[0])
            p.vsh("store gc")
            assert p.items() == []


@test
def a_foreign_database_is_set_aside():
    with Place() as p:
        p.vsh("echo x > g")
        c = sqlite3.connect(p.log)
        c.execute("create table mine(x)")
        c.execute("insert into mine values('precious')")
        c.commit()
        c.close()
        assert "damaged" in p.vsh("ops")
        aside = [n for n in os.listdir(p.state) if ".damaged-" in n and n[-1].isdigit()]
        c = sqlite3.connect(p.state + "/" + aside[0])
        assert c.execute("select x from mine").fetchall() == [("precious",)]
        c.close()
        # The operation was in a journal: the new log has it.
        p.vsh("undo")
        assert p.names() == []


@test
def a_newer_log_is_refused():
    with Place() as p:
        p.write("f", 10)
        p.vsh("rm f; ops")
        c = sqlite3.connect(p.log)
        c.execute("pragma user_version=4")
        c.commit()
        before = c.execute("select count(*) from operations").fetchone()
        c.close()
        for command in ["undo", "ops", "redo", "store"]:
            assert "later version" in p.vsh(command, 1), command
        assert "hello" in p.vsh("echo hello; echo x > g")
        assert p.names() == ["g"]
        c = sqlite3.connect(p.log)
        assert c.execute("select count(*) from operations").fetchone() == before
        c.execute("pragma user_version=3")
        c.commit()
        c.close()
        p.vsh("undo 2")
        assert p.names() == ["f"]


@test
def an_older_log_is_migrated():
    with Place() as p:
        p.write("f", 10)
        p.vsh("rm f; ops")
        c = sqlite3.connect(p.log)
        c.execute("drop index changes_item")
        c.execute("pragma application_id=0")
        c.execute("pragma user_version=1")
        c.commit()
        c.close()
        p.vsh("undo")
        assert p.names() == ["f"]
        c = sqlite3.connect(p.log)
        assert c.execute("pragma user_version").fetchone() == (3,)
        assert c.execute("select count(*) from sqlite_master where name='changes_item'").fetchone() == (1,)
        c.close()


@test
def a_log_that_cannot_be_opened():
    with Place() as p:
        p.vsh("echo x > g")
        os.mkdir(p.log)
        assert "log.sqlite" in p.vsh("undo", 1)
        assert "on" in p.vsh("echo on; echo y > g")
        os.rmdir(p.log)
        p.vsh("undo 2")
        assert p.names() == []


@test
def a_lost_control_file():
    with Place() as p:
        p.write("f", 10)
        p.vsh("rm f")
        p.vsh("echo x > g")
        os.unlink(p.state + "/control")
        p.write("h", 10)
        p.vsh("rm h")
        assert len(p.items()) == 2
        p.vsh("undo")
        assert p.names() == ["g", "h"]
        p.vsh("undo 2")
        assert p.names() == ["f", "h"]


@test
def little_space_is_left():
    """Under 5 % free old entries go first; where a copy would leave less than 1 %, the content is not kept, which is said."""
    with Place() as p:
        small = p.dir + "/small"
        os.mkdir(small)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", small], stderr=subprocess.DEVNULL).returncode:
            return
        try:
            p.top, p.home, p.env["HOME"], p.state = small + "/tree", small + "/home", small + "/home", small + "/home/.local/state/vsh"
            os.mkdir(p.top)
            os.mkdir(p.home)
            p.write("f", 1_000_000)
            for i in range(3):
                p.write("old%d" % i, 8_000_000)
                p.vsh("rm old%d" % i)
            free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
            p.write("fill", free - 1_500_000)
            out = p.vsh("echo x > f")
            assert out == "" and open(p.top + "/f").read() == "x\n", out
            assert "expired" in p.vsh("ops"), p.vsh("ops")
            p.vsh("undo")
            assert os.path.getsize(p.top + "/f") == 1_000_000
            p.vsh("store purge --all")
            free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
            p.write("fill2", free - 1_200_000)
            out = p.vsh("echo y > f")
            assert "1 of 1 change not undoable: f (1.0 MB, no space to keep it)" in out, out
            assert open(p.top + "/f").read() == "y\n"
            assert "not undoable: no space to keep it" in p.vsh("ops show @6"), p.vsh("ops show @6", None)
        finally:
            subprocess.run(["umount", "-l", small])


if __name__ == "__main__":
    mounts.apart()
    places.main()
