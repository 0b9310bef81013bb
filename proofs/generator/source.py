# SPDX-License-Identifier: MPL-2.0
"""The Coq sources: names and comments, which the extraction leaves out."""
import re
from pathlib import Path

COQ = Path(__file__).resolve().parent.parent / "coq"


def comment_text(text):
    lines = [re.sub(r"\[(\w+)\]", r"`\1`", line.strip()) for line in text.strip().splitlines()]
    return " ".join(lines) if not any(line.startswith("- ") for line in lines) else "\n".join(lines)


class Source:
    """The names that JSON leaves out, and the comments."""

    def __init__(self, module):
        text = (COQ / f"{module}.v").read_text()
        self.docs, self.fields, self.payloads = {}, {}, {}
        for match in re.finditer(r"\(\*\*\s(?!\*)((?:(?!\*\)).)*)\*\)\s*(?:(?:Inductive|Record|Definition|Fixpoint)\s+(\w+)|\|\s*(\w+)|(\w+)\s:)",
                                 text, re.S):
            name = match.group(2) or match.group(3) or match.group(4)
            self.docs.setdefault(name, comment_text(match.group(1)))
        bare = re.sub(r"\(\*.*?\*\)", "", text, flags=re.S)
        for match in re.finditer(r"^Record (\w+)[^:]*:= (\w+) \{(.*?)\}\.", bare, re.S | re.M):
            names = [part.split(":")[0].strip() for part in match.group(3).split(";")]
            self.fields[match.group(2)] = names
        for match in re.finditer(r"^Inductive (\w+)[^:]*:=(.*?)\.\s*$", bare, re.S | re.M):
            for case in re.finditer(r"(\w+)((?:\s*\(\w+(?: \w+)* : [^)]*\))*)\s*(?=\||$)", match.group(2).strip()):
                names = re.findall(r"\((\w+(?: \w+)*) :", case.group(2))
                self.payloads[case.group(1)] = [n for group in names for n in group.split()]


def plain(name):
    """A name without what the extraction put before it."""
    name = name.rsplit(".", 1)[-1]
    return name.removeprefix("coq_").removeprefix("Coq_")


def lower(name):
    return name[0].lower() + name[1:]


def variable(name):
    """Coq gives new names by digits; a name with an underscore behind it was so called because of another."""
    name = name.rstrip("_")
    return re.sub(r"(?<=[a-z])\d+$", "", name) or name
