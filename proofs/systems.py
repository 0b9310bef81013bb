# SPDX-License-Identifier: MPL-2.0
"""The proof systems: how each is run on its files, from nothing but the sources, and what it must say. See check.py."""
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
