#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A gate on speed that does not depend on what else the machine is doing: instructions that the shell executes, counted by valgrind.

usage: Tests/bench/test_instructions.py [--update] [--shell PATH]

Each workload may take at most 5 % and 20,000 more instructions (the C library chooses by processor) than instructions.txt says (a line a workload: name, instructions in the C
locale), and in C.UTF-8 on ASCII data at most 15 % more than in the C locale. --update writes the file anew: do that with a change that
makes the shell faster, or with one whose cost is wanted, and say so in its commit message. The counts are of the shell process alone.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BASELINE = Path(__file__).with_name("instructions.txt")
MARGIN, SLACK, UTF8_MARGIN = 1.05, 20_000, 1.15
FUNCTIONS = "".join(
    f"f{n}() {{\n  case $1 in --x=*) y=${{1#*=}} ;; -[ab]) shift ;; *) z=\"$z $1\" ;; esac\n  if test -n \"$y\"; then echo \"$y\" | sed 's/a/b/' >out; fi\n}}\n"
    for n in range(400))
WORKLOADS = {
    "start": ":",
    "loop": "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; echo $i",
    "for": "for a in $(echo 1 2 3 4 5 6 7 8 9); do for b in 1 2 3 4 5 6 7 8 9; do n=$((n+a*b)); done; done; echo $n",
    "function": "f() { r=$(($1+1)); }; i=0; while [ $i -lt 3000 ]; do f $i; i=$r; done; echo $i",
    "recursion": "fib() { if [ $1 -lt 2 ]; then r=$1; else fib $(($1-1)); set -- $1 $r; fib $(($1-2)); r=$((r+$2)); fi; }; fib 13; echo $r",
    "case": "i=0; while [ $i -lt 2000 ]; do case $i in *7*5*) n=$((n+1));; [1-4]*) ;; *9) n=$((n+2));; esac; i=$((i+1)); done; echo $n",
    "trim": "p=/usr/share/doc/package/file.tar.gz; i=0; while [ $i -lt 2000 ]; do a=${p##*/} b=${p%/*} c=${a%%.*} d=${a#*.}; i=$((i+1)); "
            "done; echo $a$b$c$d",
    "append": "s=; i=0; while [ $i -lt 3000 ]; do s=$s$i,; i=$((i+1)); done; echo ${#s}",
    "split": "IFS=:; x=a:bc:def:g:hi; i=0; while [ $i -lt 2000 ]; do set -- $x; i=$((i+1)); done; echo $#$5",
    "substitution": "i=0; while [ $i -lt 1000 ]; do i=$(echo $((i+1))); done; echo $i",
    "subshell": "i=0; while [ $i -lt 2000 ]; do (x=$i); i=$((i+1)); done; echo $i",
    "read": "while read -r a b; do n=$((n+a)); done < data; echo $n",
    "eval": "i=0; while [ $i -lt 1000 ]; do eval \"v$((i%50))=\\$i\"; i=$((i+1)); done; echo $v7",
    "glob": "i=0; while [ $i -lt 10 ]; do set -- many/*; i=$((i+1)); done; echo $#",
    "printf": "i=0; while [ $i -lt 2000 ]; do printf '%05d %s\\n' $i word; i=$((i+1)); done",
    "source": ". ./functions; f7 x",
    "redirect": "i=0; while [ $i -lt 1000 ]; do echo $i > out; i=$((i+1)); done; cat out",
}


def counted(shell, folder, script, locale):
    """(instructions, output) of one run."""
    home = os.path.join(folder, "home")
    subprocess.run(["rm", "-rf", home], check=True)
    os.mkdir(home)
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", shell, "-c", script], cwd=folder, capture_output=True,
        env={"PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": locale, "VSH_NORECORD": "1"}, timeout=120, check=False)
    found = re.search(rb"Collected : (\d+)", run.stderr)
    if found is None:
        raise SystemExit(f"no count for: {script}\n{run.stderr.decode(errors='replace')}")
    return int(found.group(1)), run.stdout


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    shell = arguments[arguments.index("--shell") + 1] if "--shell" in arguments else str(TOP / ".build/release/vsh")
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing was counted\n0 passed, 0 failed")
        return 0
    baseline = {}
    if BASELINE.exists():
        baseline = {name: int(count) for name, count in (line.split() for line in BASELINE.read_text().splitlines())}
    passed = failed = 0
    counts = {}
    for name, script in WORKLOADS.items():
        with tempfile.TemporaryDirectory(prefix="vsh-instructions.") as folder:
            with open(os.path.join(folder, "data"), "w", encoding="ascii") as file:
                file.writelines(f"{n} some words of a line\n" for n in range(1000))
            Path(folder, "functions").write_text(FUNCTIONS, encoding="ascii")
            os.mkdir(os.path.join(folder, "many"))
            for n in range(300):
                open(os.path.join(folder, "many", f"file{n}"), "w", encoding="ascii").close()
            count, output = counted(shell, folder, script, "C")
            wide, wide_output = counted(shell, folder, script, "C.UTF-8")
        counts[name] = count
        ratio, wide_ratio = count / baseline.get(name, count), wide / count
        problems = []
        if name not in baseline and not update:
            problems.append("not in instructions.txt: run with --update")
        if count > baseline.get(name, count) * MARGIN + SLACK and not update:
            problems.append(f"{ratio:.3f} times the instructions of the baseline")
        if wide_ratio > UTF8_MARGIN:
            problems.append(f"{wide_ratio:.3f} times the instructions in C.UTF-8")
        if output != wide_output:
            problems.append("another output in C.UTF-8")
        passed, failed = passed + (not problems), failed + bool(problems)
        if problems or "-v" in arguments or update:
            print(f"{name:14}{count:12}  {ratio:6.3f}  UTF-8 {wide_ratio:6.3f}  {'; '.join(problems)}", flush=True)
    if update:
        BASELINE.write_text("".join(f"{name} {count}\n" for name, count in counts.items()))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
