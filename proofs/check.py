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
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
WORK = TOP / ".build" / "proofs"
SYSTEMS = {
    "coq": ("coqc", ["coq", "libcoq-stdlib", "ocaml-nox"]), "agda": ("agda", ["agda-bin"]), "z3": ("z3", ["z3"]),
    "cvc5": ("cvc5", ["cvc5"]), "acl2": ("acl2", ["acl2"]), "hol": ("hol-light", ["hol-light", "libnum-ocaml-dev"]),
    "lean": ("lean", []),
}
FOLDERS = {"coq": "*.v", "agda": "*.agda", "smt": "*.smt2", "acl2": "*.lisp", "hol": "*.ml", "lean": "*.lean"}
HOLES = re.compile(
    r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|postulate|primTrustMe|trustMe|sorry|believe_me|skip-proofs|"
    r"defaxiom|new_axiom|mk_thm|TERMINATING|NON_TERMINATING|NO_POSITIVITY_CHECK|type-in-type|bypass_check|Unset Guard Checking|"
    r"native_decide|CHEAT_TAC)\b")


class Report:
    """Counts and says what was checked."""

    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def check(self, ok, what, detail=""):
        with self.lock:
            if ok:
                self.passed += 1
            else:
                self.failed += 1
                print(f"FAILED: {what}" + (f"\n{detail.strip()[-2000:]}" if detail else ""), flush=True)
        return ok


def has(system):
    return shutil.which(SYSTEMS[system][0]) is not None


def run(command, cwd, seconds=600):
    """(status, output, seconds); a system that does not end in time has failed."""
    start = time.monotonic()
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds)
        status, output = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        status, output = 124, f"not done after {seconds} s"
    return status, output, time.monotonic() - start


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


def declared(system, file):
    """The names that a file proves."""
    text = without_comments(file)
    if system == "coq":
        return set(re.findall(r"^\s*(?:Theorem|Lemma|Example|Corollary)\s+([\w']+)", text, re.M))
    if system == "agda":
        return set(re.findall(r"^\s*([^\s(){}]+)\s+:\s", text, re.M))
    if system == "acl2":
        return set(re.findall(r"^\(defthmd? ([^\s()]+)", text, re.M))
    if system == "hol":
        return set(re.findall(r"^let (\w+) = prove", text, re.M))
    if system == "lean":
        return set(re.findall(r"^theorem (\w+)", text, re.M))
    return set()


def without_comments(path):
    text = path.read_text()
    if path.suffix in (".v", ".ml"):
        return re.sub(r"\(\*.*?\*\)", "", text, flags=re.S)
    if path.suffix == ".agda" or path.suffix == ".lean":
        text = re.sub(r"\{-(?!#).*?-\}|/-.*?-/", "", text, flags=re.S)
        return re.sub(r"--(?!safe|without-K).*", "", text)
    return re.sub(r";.*", "", text)


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


# MARK: The systems


def coq_order(folder):
    """The files, each after those that it needs."""
    status, output, _ = run(["coqdep", "-Q", ".", "Vsh", "-sort"] + sorted(p.name for p in folder.glob("*.v")), folder)
    return [word.removeprefix("./") for word in output.split() if word.endswith(".v")]


def coq_needs(folder):
    """{file: the files that it needs, at first hand}"""
    _, output, _ = run(["coqdep", "-Q", ".", "Vsh"] + sorted(p.name for p in folder.glob("*.v")), folder)
    needs = {}
    for line in output.splitlines():
        made, _, rest = line.partition(":")
        if ".vo" in made and ".vio" not in made.split()[0]:
            needs[made.split()[0].removesuffix(".vo") + ".v"] = {word.removesuffix(".vo") + ".v" for word in rest.split() if word.endswith(".vo")}
    return needs


def coq_between(order, needs, changed, targets):
    """The files to look at again, in order, to see whether one of the targets, which need the changed one, still is proven."""

    def reaches(name, goal):
        return name == goal or any(reaches(other, goal) for other in needs.get(name, ()))

    return [name for name in order if name in needs and reaches(name, changed) and any(reaches(target, name) for target in targets)]


def coqc(folder, name, *options):
    return run(["coqc", "-q", *options, "-Q", ".", "Vsh", name], folder)


def coq_compile(folder, files, report, times):
    """Every file as soon as those that it needs are there."""
    needs, done, running = coq_needs(folder), set(), {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        while len(done) < len(files):
            for name in files:
                if name not in done and name not in running.values() and needs[name] <= done:
                    running[pool.submit(coqc, folder, name)] = name
            finished, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for job in finished:
                name = running.pop(job)
                status, output, times["coq", name] = job.result()
                if not report.check(status == 0, f"coq/{name}", output):
                    return False
                done.add(name)
    return True


def fresh(name, source):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / source, folder, ignore=shutil.ignore_patterns("*.vo*", "*.glob", ".*", "*.agdai"))
    return folder


def compiled(folder, names):
    """Puts Coq files there, compiled, each after those that it needs: as the check left them when they are the same, else anew."""
    left, sources = WORK / "coq", [HERE / "coq" / f"{name}.v" for name in names]
    folder.mkdir(parents=True, exist_ok=True)
    for path in sources:
        shutil.copy(path, folder)
    if all((left / f"{p.name}o").is_file() and (left / p.name).read_bytes() == p.read_bytes() for p in sources):
        for path in sources:
            shutil.copy(left / f"{path.name}o", folder)
        return
    for path in sources:
        subprocess.run(["coqc", "-q", "-Q", ".", "Vsh", path.name], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def check_coq(report, times):
    folder = fresh("coq", "coq")
    order = coq_order(folder)
    files = [name for name in order if not name.startswith("Extract")]
    if not coq_compile(folder, files, report, times):
        return False
    theorems = [(name[:-2], t) for name in files for t in sorted(declared("coq", folder / name))]
    lines = ["From Vsh Require " + " ".join(name[:-2] for name in files) + "."]
    lines += [f"Print Assumptions {module}.{theorem}." for module, theorem in theorems]
    (folder / "Assumptions_.v").write_text("\n".join(lines) + "\n")
    status, output, _ = coqc(folder, "Assumptions_.v")
    closed = output.count("Closed under the global context")
    report.check(status == 0 and closed == len(theorems) and "Axioms:" not in output,
                 f"Coq: {closed} of {len(theorems)} theorems are closed under the global context",
                 output.replace("Closed under the global context\n", ""))
    modules = [word for name in files for word in ("-norec", f"Vsh.{name[:-2]}")]
    status, output, seconds = run(["coqchk", "-silent", *modules, "-Q", ".", "Vsh"], folder)
    report.check(status == 0, "coqchk", output)
    print(f"Coq: {len(files)} files, {len(theorems)} theorems and lemmas, {closed} closed under the global context; coqchk {seconds:.0f} s",
          flush=True)
    return check_generated(report)


def check_agda(report, times):
    folder = fresh("agda", "agda")
    files = sorted(p.name for p in folder.glob("*.agda"))
    for name in files:
        status, output, seconds = run(["agda", "--no-libraries", name], folder)
        times["agda", name] = seconds
        report.check(status == 0, f"agda/{name}", output)
    print(f"Agda: {len(files)} files, --safe --without-K", flush=True)


def check_smt(report, times, system):
    """Each file is a query; what stands between `; claim` and `; end` denies the claim, and the twin is without it."""
    command = {"z3": ["z3", "-T:60"], "cvc5": ["cvc5", "--tlimit=60000"]}[system]
    count = 0
    for path in sorted((HERE / "smt").glob("*.smt2")):
        text = path.read_text()
        twin, cuts = re.subn(r"^; claim$.*?^; end$", "", text, flags=re.S | re.M)
        report.check(cuts > 0, f"smt/{path.name}: no claim")
        WORK.mkdir(parents=True, exist_ok=True)
        total = 0.0
        for kind, query, want in (("claim", text, "unsat"), ("twin", twin, "sat")):
            file = WORK / f"{system}-{kind}-{path.name}"
            file.write_text(query)
            status, output, seconds = run(command + [str(file)], WORK, 90)
            total += seconds
            answers = re.findall(r"^(sat|unsat|unknown|timeout)$", output, re.M)
            report.check(answers == [want] * query.count("(check-sat)") and answers and "error" not in output,
                         f"{system}: {path.name}, {kind}: {' '.join(answers) or output[:200]}, not {want}")
        times[system, path.name] = total
        count += 1
    print(f"{system}: {count} queries, each with a satisfiable twin", flush=True)


def check_acl2(report, times):
    folder = fresh("acl2", "acl2")
    Path("/usr/share/acl2-8.5dfsg/books").mkdir(parents=True, exist_ok=True) if os.access("/usr/share", os.W_OK) else None
    for path in sorted(folder.glob("*.lisp")):
        start = time.monotonic()
        done = subprocess.run(["acl2"], input=f'(ld "{path.name}" :ld-error-action :error)\n(value-triple :all-of-it-was-accepted)\n',
                              cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=600)
        times["acl2", path.name] = time.monotonic() - start
        wanted = declared("acl2", path)
        proven = sum(1 for name in wanted if re.search(rf"Q\.E\.D\.(?:(?!Q\.E\.D\.).)*?Form:\s+\( DEFTHMD? {re.escape(name.upper())}\b", done.stdout, re.S))
        report.check(proven == len(wanted) and "FAILED" not in done.stdout and "ACL2 Error" not in done.stdout,
                     f"acl2/{path.name}: {proven} of {len(wanted)}", done.stdout)
    print("ACL2: done", flush=True)


def hol_start(folder):
    """HOL Light's own start, as far as the theory of lists: numbers beyond the natural ones and sets are most of its time, and not needed."""
    home = Path("/usr/share/hol-light")
    if not (home / "hol.ml").is_file():
        return ["hol-light"]
    before, last, _ = (home / "hol.ml").read_text().partition('loads "lists.ml";;')
    (folder / "start").write_text(before + last + "\n")
    return [str(home / "ocaml"), "-init", "start"]


def check_hol(report, times):
    folder = fresh("hol", "hol")
    command = hol_start(folder)
    for path in sorted(folder.glob("*.ml")):
        wanted = sorted(declared("hol", path))
        script = f'loadt "{path}";;\n' + "".join(
            f'print_string ("PROVEN {name} " ^ string_of_int (length (hyp {name})));; print_newline();;\n' for name in wanted)
        script += 'print_string ("AXIOMS " ^ string_of_int (length (axioms())));; print_newline();;\n'
        start = time.monotonic()
        done = subprocess.run(command, input=script, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=900)
        times["hol", path.name] = time.monotonic() - start
        proven = [name for name in wanted if f"PROVEN {name} 0" in done.stdout]
        # Its own three: extensionality, choice, infinity.
        report.check(len(proven) == len(wanted) and wanted and "AXIOMS 3" in done.stdout, f"hol/{path.name}: {len(proven)} of {len(wanted)}",
                     done.stdout)
    print("HOL Light: done; three axioms, its own", flush=True)


def check_lean(report, times):
    """With whatever Lean there is; the files say that none has checked them so far."""
    folder = fresh("lean", "lean")
    version = run(["lean", "--version"], folder)[1].strip()
    for path in sorted(folder.glob("*.lean")):
        status, output, times["lean", path.name] = run(["lean", path.name], folder)
        report.check(status == 0 and "error" not in output, f"lean/{path.name}", output)
    print(f"Lean: {version}", flush=True)


def check_generated(report):
    """The Swift that is committed is what the definitions give."""
    if shutil.which("swift") is None:
        print("generated Swift: not compared, there is no swift")
        return True
    status, output, seconds = run([sys.executable, str(HERE / "swift.py"), "--check"], TOP)
    print(f"generated Swift: {output.strip()}, {seconds:.0f} s", flush=True)
    return report.check(status == 0, "generated Swift", output)


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
