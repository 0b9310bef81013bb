#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Checks every proof with the systems that are installed; see check.sh. The last line is 'N passed, N failed'.

1. no file holds a hole (Admitted, postulate, sorry, …);
2. every name of the manifest is there: theorems, tests, Swift functions;
3. every file is accepted by its system, from nothing but the sources;
4. Coq: `Print Assumptions` of every theorem is closed under the global context, and coqchk accepts the compiled files;
5. SMT: every query is unsatisfiable, and its twin without the claim's negation is satisfiable;
6. the Swift that is generated from the definitions is what is committed;
7. every precondition in `mutations` is needed: without it a proof fails.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from systems import (
    HERE, Report, SYSTEMS, TOP, WORK, check_acl2, check_agda, check_coq, check_hol, check_lean,
    check_smt, compiled, coq_between, coq_needs, coq_order, coqc, declared, has, run,
    without_comments)

FOLDERS = {"coq": "*.v", "agda": "*.agda", "smt": "*.smt2", "acl2": "*.lisp", "hol": "*.ml", "lean": "*.lean"}
HOLES = re.compile(
    r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|postulate|primTrustMe|trustMe|sorry|believe_me|skip-proofs|"
    r"defaxiom|new_axiom|mk_thm|TERMINATING|NON_TERMINATING|NO_POSITIVITY_CHECK|type-in-type|bypass_check|Unset Guard Checking|"
    r"native_decide|CHEAT_TAC)\b")


# MARK: What is written down


def manifest():
    """[(number, name, says, {system: [(file, [names])]}, [(test, text)], [(file, function)])]"""
    blocks = []
    for line in (HERE / "manifest").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        key, _, rest = line.partition(" ")
        if key == "theorem":
            number, name = rest.split()
            blocks.append({"number": int(number), "name": name, "says": "", "systems": {}, "properties": [], "tested": [], "runs": []})
        elif key == "says":
            blocks[-1]["says"] = rest
        elif key in SYSTEMS:
            file, *names = rest.split()
            blocks[-1]["systems"].setdefault(key, []).append((file, names))
        elif key == "property":
            blocks[-1]["properties"] += rest.split()
        elif key == "tested":
            file, _, text = rest.partition(" ")
            blocks[-1]["tested"].append((file, text))
        elif key == "runs":
            blocks[-1]["runs"].append(tuple(rest.split()))
        else:
            raise SystemExit(f"proofs/manifest: {line}")
    return blocks


def mutations():
    """[(theorem, what, file, after, old, new, [files that must break])]"""
    found = []
    for block in (HERE / "mutations").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        fields = {"breaks": []}
        for line in lines:
            key, _, rest = line.partition(" ")
            if key == "needs":
                fields["theorem"], _, fields["what"] = rest.partition(" ")
            elif key == "in":
                fields["file"], _, fields["after"] = rest.partition(" after ")
            elif key == "breaks":
                fields["breaks"] = rest.split()
            else:
                fields[{"-": "old", "+": "new"}[key]] = rest
        found.append(fields)
    return found


def check_texts(report, blocks):
    for folder, pattern in FOLDERS.items():
        for path in sorted((HERE / folder).glob(pattern)):
            holes = HOLES.findall(without_comments(path))
            report.check(not holes, f"{path.relative_to(TOP)} has holes: {' '.join(sorted(set(holes)))}")
            if folder == "agda":
                head = path.read_text().split("module", 1)[0]
                report.check("--safe" in head and "--without-K" in head, f"{path.relative_to(TOP)}: not --safe --without-K")
    for path in sorted((HERE / "coq").glob("*.v")):
        lines = path.read_text().splitlines()
        bare = [line.split()[1] for before, line in zip(lines, lines[1:]) if line.startswith("Theorem ") and not before.rstrip().endswith("*)")]
        report.check(not bare, f"{path.relative_to(TOP)}: no sentence above {' '.join(bare)}")
    for block in blocks:
        where = f"theorem {block['number']} {block['name']}"
        for system, statements in block["systems"].items():
            folder = HERE / ("smt" if system in ("z3", "cvc5") else system)
            for file, names in statements:
                path = folder / file
                if not report.check(path.is_file(), f"manifest, {where}: no file {path.relative_to(TOP)}"):
                    continue
                for name in set(names) - declared(system, path):
                    report.check(False, f"manifest, {where}: {file} does not prove {name}")
        for name in block["properties"]:
            used = any(re.search(rf"\b{name}\b", path.read_text()) for path in (HERE / "oracle").glob("*.ml"))
            stated = re.search(rf"^Definition {name}\b", (HERE / "coq" / "Properties.v").read_text(), re.M)
            report.check(used and stated, f"manifest, {where}: the oracle does not ask {name}")
        for file, text in block["tested"]:
            path = TOP / file
            ok = path.is_file() and text in path.read_text()
            report.check(ok, f"manifest, {where}: no test {file} {text}")
        for file, function in block["runs"]:
            path = TOP / file
            ok = path.is_file() and re.search(rf"\b(?:func|var|let|init)\s+{re.escape(function)}\b", path.read_text())
            report.check(ok, f"manifest, {where}: no Swift function {function} in {file}")


# MARK: Mutations


def break_coq(folder, changed, targets, order, needs):
    """Proofs are tried in the targets alone; what lies between is taken by its statements. (the first file refused, or "", what Coq says)"""
    for name in coq_between(order, needs, changed, targets):
        if name in targets:
            status, output, _ = coqc(folder, name, "-vok", "-noglob")
            if status or name == targets[-1]:
                return name if status else "", output
        for kind in ("o", "os"):
            (folder / f"{name}{kind}").unlink()
        status, output, _ = coqc(folder, name, "-vos", "-noglob")
        if status:
            return name, output
    return "", ""


def mutate(report, index, mutation, order, needs):
    """One precondition is taken away; the file or one of those named must be refused."""
    what = f"mutation, theorem {mutation['theorem']}: {mutation['what']}"
    folder_name, _, name = mutation["file"].partition("/")
    text = (HERE / mutation["file"]).read_text()
    start = text.find(mutation["after"])
    at = text.find(mutation["old"], start) if start >= 0 else -1
    if not report.check(at >= 0, f"{what}: the text is not there"):
        return
    changed = text[:at] + mutation["new"] + text[at + len(mutation["old"]):]
    folder = WORK / f"mutation-{index}"
    shutil.rmtree(folder, ignore_errors=True)
    # The same files under other names: what is written anew is removed first.
    shutil.copytree(WORK / folder_name, folder, copy_function=os.link, ignore=shutil.ignore_patterns("*.glob", ".*", "Assumptions_*"))
    (folder / name).unlink()
    (folder / name).write_text(changed)
    if folder_name == "coq":
        targets = sorted((b.partition("/")[2] for b in mutation["breaks"]), key=order.index) or [name]
        broken, output = break_coq(folder, name, targets, order, needs)
        ok = broken in targets
        # It must be a proof that fails, not the statement or a definition.
        if ok:
            line = int((re.search(r"line (\d+)", output) or [0, 0])[1])
            before = (folder / broken).read_text().splitlines()[:line]
            inside = "\n".join(before)
            ok = inside.rfind("Proof") > max(inside.rfind("Qed."), inside.rfind("Defined."))if line else False
            ok = ok or bool(re.search(r"(?:Qed|Proof)", before[-1] if before else ""))
        report.check(ok, f"{what}: still proven" if not broken else f"{what}: broke {broken}", output)
    else:
        status, output, _ = run(["agda", "--no-libraries", name], folder)
        report.check(status != 0, f"{what}: still proven")
    shutil.rmtree(folder, ignore_errors=True)


# MARK: The table


def table(blocks, times, present):
    columns = [s for s in SYSTEMS if any(s in b["systems"] for b in blocks)]
    print("\n" + "theorem".ljust(28) + "".join(c.rjust(12) for c in columns))
    for block in blocks:
        cells = []
        for system in columns:
            if system not in block["systems"]:
                cells.append("-")
            elif system not in present:
                cells.append("not checked")
            else:
                files = {file for file, _ in block["systems"][system]}
                cells.append(f"{sum(times.get((system, f), 0) for f in files):.1f} s")
        print(f"{block['number']:2} {block['name']}".ljust(28) + "".join(c.rjust(12) for c in cells))
    print("-: not stated in that system. Seconds are those of the files that the statements stand in.\n", flush=True)


def install(systems):
    packages = [p for s in systems if not has(s) for p in SYSTEMS[s][1]]
    if not packages:
        return
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    print("Installing:", *packages, flush=True)
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends", *packages]):
        try:
            subprocess.run(root + command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            pass


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--install", default="", metavar="SYSTEM,...", help="install these when they are not there")
    ap.add_argument("--only", default="", metavar="SYSTEM,...")
    ap.add_argument("--need", default="", metavar="SYSTEM,...", help="fail when one of these is not there")
    ap.add_argument("--no-mutations", action="store_true")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--compile", nargs="+", metavar=("DIRECTORY", "FILE"), help="only put compiled Coq files there, for the oracle")
    a = ap.parse_args()
    if a.compile:
        compiled(Path(a.compile[0]), a.compile[1:])
        return 0
    install([s for s in a.install.split(",") if s])
    wanted = [s for s in a.only.split(",") if s] or list(SYSTEMS)
    blocks, times, report = manifest(), {}, Report()
    check_texts(report, blocks)
    stated = {s for b in blocks for s in b["systems"]}
    present = {s for s in stated if s in wanted and has(s)}
    for system in sorted(stated - present):
        print(f"{system}: not checked")
    for system in a.need.split(","):
        if system:
            report.check(system in present, f"{system} is not installed")
    jobs = {"lean": check_lean, "agda": check_agda, "acl2": check_acl2, "hol": check_hol}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        waiting = []
        if "coq" in present:
            waiting.append(pool.submit(check_coq, report, times))
        for system in ("z3", "cvc5"):
            if system in present:
                waiting.append(pool.submit(check_smt, report, times, system))
        for system, check in jobs.items():
            if system in present:
                waiting.append(pool.submit(check, report, times))
        for job in waiting:
            job.result()
        if not a.no_mutations:
            tried = [m for m in mutations() if m["file"].split("/")[0] in present]
            start = time.monotonic()
            order, needs = (coq_order(WORK / "coq"), coq_needs(WORK / "coq")) if "coq" in present else ([], {})
            list(pool.map(lambda pair: mutate(report, *pair, order, needs), enumerate(tried)))
            print(f"mutations: {len(tried)} tried, {time.monotonic() - start:.0f} s", flush=True)
    table(blocks, times, present)
    print(f"{report.passed} passed, {report.failed} failed")
    return int(report.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
