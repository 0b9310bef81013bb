# SPDX-License-Identifier: MPL-2.0
"""The case file format (Tests/README.md): text that reads as documentation, parsed into Case values."""
import re
from dataclasses import dataclass, field
from pathlib import Path

SECTIONS = {"script", "stdin", "stdout", "stderr", "status"}
SETTINGS = {"oracle", "via", "options", "env", "needs", "timeout", "compare"}


class FormatError(Exception):
    """A case file that cannot be read; says file and line."""


@dataclass
class Case:
    """One script and what is expected of it. Texts are bytes; None means that anything goes."""
    title: str
    place: str  # file:line
    script: bytes = b""
    stdin: bytes = b""
    stdout: bytes | None = b""
    stderr: bytes = b""
    stderr_rule: str = "empty"  # empty, some (a message, whatever it says), like (regular expressions), exact, any
    status: int | str = 0  # or 'any', or 'failure': any but 0
    oracles: list = field(default_factory=list)
    via: str = "file"  # how the shell gets the script: file, c (-c), stdin; sh: /bin/sh runs it, and it runs $TESTEE
    options: list = field(default_factory=list)  # shell options before the script
    env: dict = field(default_factory=dict)
    needs: list = field(default_factory=list)
    timeout: float = 20.0
    compares: bool = False


def unmatched(patterns, text):
    """The first of the pattern lines (regular expressions) that no line of the text holds, or None."""
    for pattern in patterns.decode().splitlines():
        if not re.search(pattern, text.decode(errors="replace"), re.M):
            return pattern
    return None


def setting(values, line, place):
    """Reads ':name value' into a dictionary of settings."""
    name, _, value = line[1:].strip().partition(" ")
    if name not in SETTINGS:
        raise FormatError(f"{place}: no setting {name!r}; there are {', '.join(sorted(SETTINGS))}")
    if name == "env":
        values.setdefault("env", []).append(value)
    else:
        values[name] = value


def apply(case, values):
    case.oracles = [name for name in values.get("oracle", "").split() if name != "none"]
    case.via = values.get("via", "file")
    case.options = values.get("options", "").split()
    case.env = dict(pair.split("=", 1) for pair in values.get("env", []))
    case.needs = values.get("needs", "").split()
    case.timeout = float(values.get("timeout", 20))
    case.compares = "compare" in values
    if case.via not in ("file", "c", "stdin", "sh"):
        raise FormatError(f"{case.place}: via {case.via!r}: file, c, stdin or sh")


def unescaped(data, how):
    """Applies the modes of a section: 'escaped' reads \\n, \\xNN…; 'no-newline' drops the final newline."""
    if "escaped" in how:
        data = data.decode("latin-1").encode("latin-1").decode("unicode_escape").encode("latin-1")
    if "no-newline" in how and data.endswith(b"\n"):
        data = data[:-1]
    return data


def read(path):
    """All cases of a file, in order."""
    path = Path(path)
    defaults, cases = {}, []
    case, values, section, how, lines = None, {}, None, [], []

    def close_section():
        if case is None:
            return
        data = unescaped(b"".join(lines), how)
        if section == "script":
            case.script = data
        elif section == "stdin":
            case.stdin = data
        elif section == "stdout":
            case.stdout = None if "any" in how else data
        elif section == "stderr":
            rule = next((word for word in how if word in ("some", "like", "any")), "exact")
            case.stderr, case.stderr_rule = data, rule

    def close_case():
        close_section()
        if case is not None:
            apply(case, values)
            if case.compares and not case.has_stdout:
                case.stdout = None
            if case.compares and not case.has_stderr:
                case.stderr_rule = "any"
            if case.compares and not case.has_status:
                case.status = "any"
            cases.append(case)

    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            place = f"{path.name}:{number}"
            if line.startswith(b"=== "):
                if lines and lines[-1] == b"\n":
                    lines.pop()  # the empty line between two cases
                close_case()
                case = Case(line[4:].decode().strip(), place)
                case.has_stdout = case.has_stderr = case.has_status = False
                values = {key: list(value) if isinstance(value, list) else value for key, value in defaults.items()}
                section, how, lines = "script", [], []
            elif case is None:
                if line.startswith(b":"):
                    setting(defaults, line.decode(), place)
            elif section == "script" and re.match(rb":[a-z]", line) and not lines:
                setting(values, line.decode(), place)
            elif line.startswith(b"--- "):
                close_section()
                section, *how = line[4:].decode().split()
                lines = []
                if section not in SECTIONS - {"script"}:
                    raise FormatError(f"{place}: no section {section!r}")
                if section == "status":
                    case.status, case.has_status = how[0] if how[0] in ("any", "failure") else int(how[0]), True
                elif section in ("stdout", "stderr"):
                    setattr(case, f"has_{section}", True)
            else:
                lines.append(line)
    close_case()
    if not cases:
        raise FormatError(f"{path}: no cases")
    return cases
