#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Shell scripts that are on the machine, run by vsh and by dash: the same output, status and resulting files, to the byte.

Both shells are called `sh` and stand first in PATH, so that what a script starts with `sh` is run by the same shell. What is not
installed is left out. Arguments: --shell SHELL, -v, and texts that the names must hold.
"""
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BIN = "/usr/bin"
# They open editors or browsers, ask a server, start Java, or show what the machine was when they ran.
LEFT_OUT = set("""bashbug vimtutor sensible-browser sensible-editor sensible-pager select-editor gcloud gsutil docker-credential-gcloud
    git-credential-gcloud.sh ocs lcf hol-light mvn mvnDebug gdbtui python-argcomplete-tcsh heaptrack valgrind gcore cscope-indexer""".split())
PREPARE = """
printf 'one\\ntwo\\nthree\\n' > a; printf 'one\\n2\\nthree\\n' > b; cp a 'c d'; touch -d '2020-01-01 00:00' a b 'c d'
"""
# name: (programs that must be there, script)
RUNS = {
    "gzip scripts": ("gzip zgrep zdiff", """
        gzip -kn a b 'c d'; for f in a.gz 'c d.gz' nosuch.gz; do zcat "$f"; echo $?; zgrep -n two "$f"; echo $?; done
        zgrep -c o a.gz b.gz; zgrep -l two a.gz b.gz; zgrep -e one -e two b.gz a; zgrep -h 'o' a.gz b; zgrep -f a b.gz
        zgrep nothing a.gz; echo $?; zegrep 'one|two' a.gz; zfgrep 2 b.gz; zgrep --nosuch x a.gz; echo $?; zgrep; echo $?
        zdiff a.gz b.gz; echo $?; zdiff a.gz a; echo $?; zcmp a.gz b.gz; echo $?; zcmp -s a.gz a; echo $?; zdiff -u a.gz b.gz | tail -n +3
        zdiff a.gz; echo $?; zmore a.gz </dev/null | cat; gunzip -c b.gz; uncompress -c b.gz
        cp a.gz odd; zforce odd a.gz b; ls; echo $?"""),
    "znew": ("gzip znew compress", "compress a b; znew -v a.Z b.Z; echo $?; ls"),
    "gzexe": ("gzexe", """
        printf '#!/bin/sh\\necho "ran $*"; exit 3\\n' > prog; chmod 751 prog; gzexe prog; echo $?; ./prog a 'b c'; echo $?
        ls -l prog* | cut -c1-10; gzexe -d prog; echo $?; ./prog x; cmp prog prog~; gzexe nosuch; echo $?; rm prog~"""),
    "zless and lesspipe": ("zless lesspipe gzip", """
        gzip -kn a; zless a.gz </dev/null | cat; lesspipe a.gz; lesspipe; lesspipe nosuch; echo $?; lessfile a.gz | sed 's/=.*//'
        tar -cf t.tar --mtime=@0 a b; lesspipe t.tar | tr -s ' ' | cut -d' ' -f1,6"""),
    "bzip2 scripts": ("bzip2 bzgrep bzdiff", """
        bzip2 -k a b; bzgrep -n two a.bz2 b.bz2; echo $?; bzgrep x a.bz2; echo $?; bzdiff a.bz2 b.bz2; echo $?; bzcmp a.bz2 a; echo $?
        bzegrep 'one|2' b.bz2; bzfgrep 2 b.bz2; bzmore a.bz2 </dev/null | cat; bzless a.bz2 </dev/null | cat
        printf '#!/bin/sh\\necho "ran $*"\\n' > prog; chmod 755 prog; bzexe prog; ./prog a 'b c'; bzexe -d prog; ./prog; bzgrep; echo $?"""),
    "xz scripts": ("xz xzgrep xzdiff", """
        xz -k a b 'c d'; xzgrep -n two a.xz b.xz 'c d.xz'; echo $?; xzgrep -l one a.xz b; xzegrep 'one|2' b.xz; xzfgrep 2 b.xz
        xzdiff a.xz b.xz; echo $?; xzcmp a.xz a; echo $?; xzdiff a.xz 'c d.xz'; echo $?; xzmore a.xz </dev/null | cat
        xzless a.xz </dev/null | cat; xzgrep x nosuch.xz; echo $?; lzcmp a.xz b.xz; xzdiff a b.xz; echo $?; xzgrep -h o a.xz b.xz"""),
    "zstd scripts": ("zstd zstdgrep", """
        zstd -q a b; zstdgrep -n two a.zst b.zst; echo $?; zstdgrep x a.zst; echo $?; zstdgrep -e one -e 2 b.zst; zstdless a.zst </dev/null | cat"""),
    "zipgrep": ("zip unzip zipgrep", "zip -qX t.zip a b; zipgrep two t.zip; zipgrep -i ONE t.zip a; zipgrep x t.zip; echo $?; rm t.zip"),
    "which": ("which", """
        which ls sh nosuch; echo $?; which -a ls; which; echo $?; PATH=/nosuch:/bin which ls; which ./a; chmod +x a; which ./a; which -s ls"""),
    "savelog": ("savelog", """
        for i in 1 2 3 4 5; do echo log $i > log; savelog -p -n -c 3 -l log; done; head log*; savelog -t -m 640 new; ls -l new | cut -c1-10
        savelog -D nosuch; savelog; echo $?; echo x > 'l g'; savelog -q -j -c 2 'l g'; ls; mkdir old; savelog -r old log; echo $?"""),
    "ldd": ("ldd", """
        bash -n "$(which ldd)"; for p in /bin/ls "$(which dash)" nosuch a; do sh "$(which ldd)" $p | sed 's/ (0x[0-9a-f]*)//'; done"""),
    "grep wrappers": ("egrep fgrep rgrep", "egrep 'one|two' a b; echo $?; fgrep o a; rgrep two . | sort; egrep; echo $?; red a </dev/null"),
    "dpkg scripts": ("dpkg-realpath dpkg-maintscript-helper", """
        dpkg-realpath /bin/sh/../ls; dpkg-realpath --root / /etc; dpkg-maintscript-helper supports rm_conffile; echo $?
        dpkg-maintscript-helper supports nosuch; echo $?; dpkg-maintscript-helper; echo $?"""),
    "config scripts": ("xml2-config", """
        for p in libpng-config libpng16-config ncurses5-config ncurses6-config ncursesw6-config xml2-config xslt-config xmlsec1-config \\
            gpgrt-config libgcrypt-config nspr-config nss-config pg_config python3-config python3.11-config; do
            command -v $p >/dev/null || continue
            for o in --version --cflags --libs --prefix --exec-prefix --includes --ldflags --nosuch ''; do $p $o; echo "$p $o $?"; done
        done"""),
    "compilers": ("c99 c89", """
        printf 'int main(void) { return 7; }\\n' > t.c; c99 -o t t.c && ./t; echo $?; c89 -o u t.c && ./u; echo $?; c99 -nosuch t.c; echo $?; rm -f t u"""),
    "roff": ("nroff neqn", "printf '.TH A 1\\n.SH NAME\\na b\\n' > m; nroff -man m | head -n 8; nroff -Tascii m | wc -l; echo x | neqn | tail -n 1; nroff -X; echo $?"),
    "gettext": ("gettext.sh gettext", """
        . gettext.sh; x=5; eval_gettext 'x is $x'; echo; eval_ngettext '$x file' '$x files' 5; echo; gettext.sh --version | head -n 1"""),
    "gettextize": ("gettextize", """
        mkdir p; cd p; printf 'AC_INIT([p],[1])\\nAC_OUTPUT\\n' > configure.ac; mkdir m4; gettextize --no-changelog -f </dev/null | grep -v '^$' | head -n 40
        echo $?; rm -rf .git"""),
    "various": ("ucf lsb_release", """
        lsb_release -a; lsb_release -cs; xdg-user-dir DOCUMENTS; xdg-user-dir; ucf --help; ucfr --help; mkdir s; ucf --state-dir "$PWD/s" a out; echo $?; ls
        ssh-argv0; ssh-copy-id; echo $?; perldoc -V 2>&1 | head -n 1; kernel-install --help | head -n 3; zipgrep; echo $?; apt-key --help | head -n 3"""),
    "strace-log-merge": ("strace-log-merge", "echo '1.5 b' > l.1; echo '1.2 a' > l.2; strace-log-merge l; strace-log-merge; echo $?; strace-log-merge nosuch; echo $?"),
    "autoconf, automake and libtool": ("autoconf automake aclocal libtoolize gcc make", r"""
        mkdir p m4; cd p; mkdir m4; S=$(command -v sh); export CONFIG_SHELL=$S
        printf 'AC_INIT([p],[1])\nAC_CONFIG_AUX_DIR([aux])\nAC_CONFIG_MACRO_DIRS([m4])\nAM_INIT_AUTOMAKE([foreign])\n' > configure.ac
        printf 'LT_INIT\nAC_PROG_CC\nAC_CHECK_FUNCS([mmap nosuch])\nAC_CONFIG_HEADERS([config.h])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' >> configure.ac
        printf 'ACLOCAL_AMFLAGS = -I m4\nlib_LTLIBRARIES = libp.la\nlibp_la_SOURCES = p.c\nlibp_la_LDFLAGS = -version-info 2:1:1\n' > Makefile.am
        printf 'bin_PROGRAMS = q\nq_SOURCES = q.c\nq_LDADD = libp.la\nTESTS = q\n' >> Makefile.am
        echo 'int p(void) { return 0; }' > p.c; echo 'int p(void); int main(void) { return p(); }' > q.c
        sh "$(command -v libtoolize)" --copy --force; echo $?; aclocal -I m4; echo $?; autoconf; echo $?; autoheader; automake --add-missing --copy; echo $?
        sh ./configure --prefix="$PWD/inst" | grep -v 'timestamp resolution'; echo $?
        make SHELL="$S" all check install 2>&1 | grep -v 'Testsuite summary'; inst/bin/q; echo $?
        sh ./libtool --mode=execute file ./q >/dev/null; sh ./libtool --config | wc -l; sh ./libtool --mode=clean rm -f libp.la; sh ./libtool --help-all | wc -l
        sh ./libtool --mode=compile gcc -c p.c -o x.lo; sh ./libtool --mode=link gcc -o libx.la x.lo -rpath /nosuch; sh ./libtool --mode=uninstall rm -f inst/lib/libp.la
        make SHELL="$S" distdir dist >/dev/null 2>&1; echo $?; rm -rf configure.lineno; ls; rm -rf autom4te.cache config.log config.status *.tar.gz *.log *.trs"""),
    "config.rpath": ("gcc gettextize", """
        cp /usr/share/gettext/config.rpath .; CC=gcc GCC=yes LDFLAGS= LD=ld with_gnu_ld=yes sh ./config.rpath x86_64-pc-linux-gnu"""),
}
GIT_START = """
git init -q -b main r; cd r; git config user.name n; git config user.email e@x; git config commit.gpgsign false; git config protocol.file.allow always
for i in 1 2 3 4 5; do echo $i >> f; [ $i -lt 4 ] || echo bad > g; git add -A; git commit -qm "c $i"; done
"""
GIT_RUNS = {
    "git bisect": "git bisect start HEAD HEAD~4; git bisect run sh -c '! test -f g'; git bisect log | grep -c bad; git bisect reset",
    "git submodule": """
        cd ..; git init -q -b main s; cd s; git config user.name n; git config user.email e@x; echo s > s; git add s; git commit -qm s; cd ../r
        git -c protocol.file.allow=always submodule add -q ../s 'sub dir'; echo $?; git submodule status; git submodule; git commit -qm sub
        git submodule foreach 'echo "$name $sm_path"; cat s'; git submodule summary HEAD~1; git submodule deinit -f 'sub dir'
        git -c protocol.file.allow=always submodule update --init --recursive; echo $?; git submodule sync; git submodule nosuch; echo $?
        git submodule set-branch -b main 'sub dir'; cat .gitmodules; git submodule absorbgitdirs""",
    "git mergetool": """
        git checkout -q -b o HEAD~1; echo x > f; git commit -qam x; git merge main; git config mergetool.t.cmd 'cat "$LOCAL" "$REMOTE" > "$MERGED"'
        git config mergetool.t.trustExitCode true; git mergetool -y -t t </dev/null; echo $?; cat f; git status --porcelain; git mergetool --tool-help | wc -l
        git config difftool.d.cmd 'diff "$LOCAL" "$REMOTE"'; git difftool -y -t d HEAD~2 -- f; echo $?""",
    "git filter-branch": """
        FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch --msg-filter 'sed s/c/C/' --tree-filter 'rm -f g' -- --all | tr '\\r' '\\n' | tail -n 1
        git log --format=%s; ls; git filter-branch --nosuch; echo $?""",
    "git merge strategies": """
        for b in x y z; do git checkout -q -b $b main~1; echo $b > $b; git add $b; git commit -qm $b; done; git checkout -q main
        git merge -q -s octopus x y z -m octopus; echo $?; git merge -s resolve x; git checkout -q -b w main; echo w > x; git commit -qam w
        git checkout -q x; echo v > x; git commit -qam v; git merge -s resolve w -m res; echo $?; cat x; git merge --abort
        git merge-index git-merge-one-file -a; echo $?""",
    "git request-pull": "git tag t; git clone -q . ../pub; git request-pull HEAD~2 ../pub main; echo $?; git request-pull; echo $?",
    "git subtree": """
        git init -q -b main ../lib; (cd ../lib; git config user.name n; git config user.email e@x; echo l > l; git add l; git commit -qm l)
        git subtree add --prefix=lib ../lib main; echo $?; echo m >> lib/l; git commit -qam m; git subtree split --prefix=lib | tail -n 1
        git subtree pull -m pulled --prefix=lib ../lib main; git subtree; echo $?; git log --format=%s | head -n 4""",
    "git quiltimport": """
        mkdir patches; printf -- '--- a/f\\n+++ b/f\\n@@ -1 +1,2 @@\\n 1\\n+q\\n' > patches/p; echo p > patches/series; git reset -q --hard HEAD~4
        git quiltimport --author 'A <a@x>'; echo $?; git log --format='%an %s' | head -n 1""",
    "git stash and rebase": """
        echo dirty >> f; git stash -q; git rebase -q --onto HEAD~3 HEAD~1; git status --porcelain; cat f | head -n 3""",
}


def is_script(path):
    """Whether a program is a script for /bin/sh."""
    try:
        with open(path, "rb") as file:
            return re.match(rb"#! ?/bin/sh\b", file.read(40)) is not None
    except OSError:
        return False


def tree(folder):
    """Every file below a folder: type, mode, and what it holds."""
    lines = []
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder)
        if ".git" in name.parts or ".git" in str(name.parent):
            continue
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            what = os.readlink(path)
        elif stat.S_ISREG(info.st_mode):
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            what = ""
        lines.append(f"{name} {info.st_mode:o} {what}")
    return lines


# Numbers of processes, names of temporary files, times: they differ from run to run.
CHANGING = re.compile(r"\bgz\d+\b|\b(gz|zdiff|zgrep|bz|xz|tmp|file)\w*\.\w{6,10}\b|\blessf\w+|at \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d+")
# What shells say themselves, each in its own words.
OWN = re.compile(r"^(\S*sh|vsh|/\S+)(: line)?: ?\d+:|^(vsh|sh): (line \d+|\S+:\d+:\d+): |^usage: |^Illegal option -|: unknown option: ")


class World:
    """A folder with `sh` that is one of the shells, and a place to work in that has the same name for both."""

    def __init__(self, top, shells):
        self.top, self.shells = top, shells

    def run(self, slot, which, script, environment):
        """Runs a script by the `which`-th shell; returns all that can be seen of it."""
        place = os.path.join(self.top, slot)
        shutil.rmtree(place, ignore_errors=True)
        bin_, work = os.path.join(place, "bin"), os.path.join(place, "work")
        os.makedirs(bin_)
        os.makedirs(work)
        os.symlink(self.shells[which], os.path.join(bin_, "sh"))
        for name in scripts():
            # Scripts say #!/bin/sh: here they are run by the shell that is asked about.
            with open(os.path.join(bin_, name), "w") as file:
                file.write(f'#!{self.shells[0]}\nexec "{bin_}/sh" {BIN}/{name} "$@"\n')
            os.chmod(os.path.join(bin_, name), 0o755)
        env = {"PATH": f"{bin_}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": place, "LC_ALL": "C", "TMPDIR": place, "TERM": "dumb",
               "TZ": "UTC", "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z", "GIT_PAGER": "cat",
               "GIT_CONFIG_NOSYSTEM": "1", "XDG_STATE_HOME": place + "/state", **environment(bin_)}
        try:
            done = subprocess.run([os.path.join(bin_, "sh"), "-c", script], cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=120)
        except subprocess.TimeoutExpired:
            return {"status": "did not end"}
        clean = lambda text: CHANGING.sub("X", text)
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return {"status": done.returncode, "stdout": clean(out), "stderr": clean(messages(err)), "files": clean("\n".join(tree(work)))}


def messages(text):
    """What was written to standard error, but for how a shell words its own messages."""
    return "\n".join(line for line in text.splitlines() if not OWN.search(line))


SCRIPTS = []


def scripts():
    """The names of the scripts in /usr/bin."""
    if not SCRIPTS:
        SCRIPTS.extend(sorted(n for n in os.listdir(BIN) if n not in LEFT_OUT and is_script(os.path.join(BIN, n))))
    return SCRIPTS


def git_programs(bin_):
    """git's own programs, where those that are scripts are run by `bin_`/sh."""
    core = subprocess.run(["git", "--exec-path"], stdout=subprocess.PIPE, text=True).stdout.strip()
    place = os.path.join(os.path.dirname(bin_), "git-core")
    os.makedirs(place, exist_ok=True)
    for name in os.listdir(core):
        source, target = os.path.join(core, name), os.path.join(place, name)
        if os.path.isfile(source) and is_script(source):
            with open(source, "rb") as file:
                text = file.read()
            with open(target, "wb") as file:
                file.write(re.sub(rb"\A#! ?/bin/sh", b"#!" + bin_.encode() + b"/sh", text))
            os.chmod(target, 0o755)
        else:
            os.symlink(source, target)
    return {"GIT_EXEC_PATH": place}


def differences(results):
    """Where the second of two results is not the first."""
    lines = []
    for key in results[0]:
        one, two = str(results[0][key]).splitlines(), str(results[1].get(key)).splitlines()
        if one != two:
            import difflib
            lines += list(difflib.unified_diff(one, two, f"{key} dash", f"{key} tested", lineterm="", n=1))[:24]
    return lines


def cases():
    """(name, script, environment) of everything that can be run here."""
    nothing = lambda bin_: {}
    for name in scripts():
        yield f"{name} --help, --version", f"{name} --help; echo $?; {name} --version; echo $?", nothing
    for name, (needs, script) in RUNS.items():
        if all(shutil.which(program) for program in needs.split()):
            yield name, PREPARE + script, nothing
    if shutil.which("git"):
        for name, script in GIT_RUNS.items():
            yield name, GIT_START + script, git_programs
    # The maintainer scripts of packages: syntax only.
    folder = "/var/lib/dpkg/info"
    if os.path.isdir(folder):
        for path in sorted(os.listdir(folder)):
            if path.endswith((".preinst", ".postinst", ".prerm", ".postrm", ".config")) and is_script(os.path.join(folder, path)):
                yield f"-n {path}", f"sh -n {folder}/{path}", nothing


def main():
    arguments = sys.argv[1:]
    shell, verbose = str(TOP / ".build" / "release" / "vsh"), False
    if "-v" in arguments:
        arguments.remove("-v")
        verbose = True
    if "--shell" in arguments:
        place = arguments.index("--shell")
        shell = os.path.abspath(shutil.which(arguments[place + 1]) or arguments[place + 1])
        del arguments[place:place + 2]
    dash = shutil.which("dash")
    if not dash:
        print("scripts: no dash to compare with\n0 passed, 0 failed")
        return 0
    passed = failed = changing = 0
    with tempfile.TemporaryDirectory(prefix="vsh-scripts.", ignore_cleanup_errors=True) as top, ThreadPoolExecutor(3) as pool:
        world = World(top, (dash, shell))
        wanted = [case for case in cases() if all(text in case[0] for text in arguments)]

        def compare(number, case):
            name, script, environment = case
            results = [world.run(str(number), which, script, environment) for which in (0, 1)]
            # What dash itself does differently the next time (random names, rates of transfer) says nothing.
            if differences(results) and differences([results[0], world.run(str(number), 0, script, environment)]):
                return name, None
            return name, results

        for name, results in pool.map(compare, range(len(wanted)), wanted):
            if results is None:
                changing += 1
                continue
            lines = differences(results)
            if lines:
                failed += 1
                print(f"FAILED {name}")
                for line in lines:
                    print(f"    {line}")
            else:
                passed += 1
            if verbose:
                print(f"   {name}: status {results[0]['status']}, {len(results[0].get('stdout', ''))} bytes")
    if changing:
        print(f"{changing} not compared: dash does not do the same twice")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
