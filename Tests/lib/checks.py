# SPDX-License-Identifier: MPL-2.0
"""A handful of lines in place of a test framework: functions named test_*, a sum in the form that Tests/all adds up."""
import re
import sys
import tempfile
import traceback
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
SHELL = str(TOP / ".build" / "release" / "vsh")


def equal(got, expected, what=""):
    """Fails unless the two are equal."""
    if got != expected:
        raise AssertionError(f"{what + ': ' if what else ''}expected {expected!r}, got {got!r}")


def matches(pattern, text):
    """Fails unless the text matches, all of it."""
    equal(bool(re.fullmatch(pattern, text)), True, f"{text!r} like {pattern!r}")


def has(text, part):
    """Fails unless the part is in the text."""
    equal(part in text, True, f"{part!r} in {text!r}")


def main(namespace):
    """Runs every test_* function of a module with (shell, fresh directory); prints failures and 'N passed, N failed'.

    Arguments of the program: --shell SHELL, and texts that the names must hold.
    """
    arguments = sys.argv[1:]
    shell = SHELL
    if "--shell" in arguments:
        place = arguments.index("--shell")
        shell = arguments[place + 1]
        del arguments[place:place + 2]
    passed = failed = 0
    for name, test in list(namespace.items()):
        if not name.startswith("test_") or not all(text in name for text in arguments):
            continue
        with tempfile.TemporaryDirectory(prefix="vsh-test.", ignore_cleanup_errors=True) as folder:
            try:
                test(shell, folder)
                passed += 1
            except Exception as error:
                failed += 1
                place = traceback.extract_tb(error.__traceback__)
                lines = [frame.lineno for frame in place if frame.filename == namespace["__file__"]]
                print(f"FAILED {Path(namespace['__file__']).name}:{lines[-1] if lines else 0}: {name}: {test.__doc__}")
                print(f"    {error}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(int(failed > 0))
