#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""swift.py [--check]: generates Sources/VshCore/Generated/*.swift from the definitions in coq/, and the manifest for the shell.

Coq extracts the definitions to JSON; this program prints each as readable Swift, with the comments of the Coq source. With
--check it compares with what is committed. How things are mapped (trusted, like Coq's extraction itself):

- N is an unsigned integer: the core compares numbers and takes the greater of two; the only sum is the row counter of the
  audit chain, which stops the program rather than overflow;
- lists are arrays, and functions on them (filter, map, rev, find, last, fold_left, …, `sortedBy`) those of Swift's library;
- records are structs; a function of a record is its method or property, and one that gives a record of `MUTABLE` anew
  changes it in place: the translator refuses what would look at it in between;
- tables (`LogCheck.Table`) are dictionaries;
- a recursion in tail position over a list is a loop.
"""
import shutil
import subprocess
import sys
from pathlib import Path

import check
from generator.functions import Functions
from generator.manifest import manifest_swift
from generator.settings import FILES, MODULES

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
TARGET = TOP / "Sources" / "VshCore" / "Generated"
MANIFEST = TOP / "Sources" / "VshBuiltins" / "Generated" / "ProofManifest.swift"
WORK = TOP / ".build" / "proofs" / "extraction"


def extract():
    """Extracts what `FILES` are made from."""
    shutil.rmtree(WORK, ignore_errors=True)
    check.compiled(WORK, MODULES)
    check.compiled(WORK, ["ExtractSwift"])


def formatted(text):
    done = subprocess.run(["swift", "format", "format", "--configuration", str(TOP / ".swift-format"), "-"] if (TOP / ".swift-format").exists()
                          else ["swift", "format", "format", "-"], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise SystemExit("swift format refused what was generated")
    return done.stdout


def main():
    extract()
    made = {}
    for name in FILES:
        made[TARGET / name] = Functions(name, WORK).file()
    made[MANIFEST] = manifest_swift(check.manifest())
    stale = 0
    for path, text in made.items():
        if "--raw" in sys.argv:
            print(text)
            continue
        text = formatted(text)
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                print(f"{path.relative_to(TOP)} is not what proofs/swift.py makes")
                stale += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if "--check" in sys.argv:
        print(f"{len(made) - stale} of {len(made)} files as generated")
    return int(stale > 0)


if __name__ == "__main__":
    sys.exit(main())
