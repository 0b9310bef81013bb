#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""swift.py [--check]: generates Sources/VshCore/Generated/*.swift from the definitions in coq/, and the manifest for the shell.

Coq extracts the definitions to JSON; this program prints each as readable Swift, with the comments of the Coq source. With
--check it compares with what is committed. How things are mapped (trusted, like Coq's extraction itself):

- N is an unsigned integer: the core compares numbers and takes the greater of two; the only sum is the row counter of the
  audit chain, which stops the program rather than overflow;
- lists are arrays, and functions on them (filter, map, rev, find, last, fold_left, …, `sortedBy`) those of Swift's library;
- records are structs; a function of a record is its method or property;
- a recursion in tail position over a list is a loop.
"""
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
TARGET = TOP / "Sources" / "VshCore" / "Generated"
MANIFEST = TOP / "Sources" / "VshBuiltins" / "Generated" / "ProofManifest.swift"
WORK = TOP / ".build" / "proofs" / "extraction"

# MARK: What goes where

FILES = {
    "ProvenHistory.swift": {
        "module": "History", "numbers": "OperationID",
        "about": "The history of a session: coq/History.v, of which coq/HistoryFacts.v and coq/Machine.v prove what holds.",
    },
    "ProvenDecisions.swift": {
        "module": "Decisions", "numbers": "UInt64",
        "about": "What is compared, how a path is put back, what recovery does: coq/Decisions.v.",
    },
    "ProvenAuditChain.swift": {
        "module": "Audit", "numbers": "UInt64",
        "about": "The check of the audit chain: coq/Audit.v.",
    },
}
# Written by hand with the same names, since their layout is the store's (listed in README.md).
BY_HAND = {"Kind", "Kind_eqb", "Timestamp", "Timestamp_eqb", "Timestamp_unknown", "NodeState", "isAbsent", "absent", "genesis"}
CONSTANTS = {"Timestamp_unknown": "Timestamp()", "genesis": "0"}
# Enumerations that are stored by number: the type, and the number of the first case.
RAW = {"EntryState": 0, "ChangeKind": 1, "Preimage": 0, "OperationOutcome": 0}
ERRORS = {"HistoryError"}
LABEL_FIRST = {"RestoreStep"}
DEFAULTS = {"RestoreSighting": {"item": ".absent", "other": ".absent"}, "difference": {"sameObject": "true"}}
# Functions that are not methods of their first record: the enum they stand in, their name, their labels.
STATIC = {
    "restoreStep": ("Restoring", "step", {"kind": None}),
    "recoveryAction": ("RecoveryDecision", "action", {"sighting": "for", "ending": "end"}),
    "chainVerdict": ("AuditChain", "verdict", {"expected": "expected"}),
    "newestNumber": ("History", "newestNumber", {}), "restored": ("History", "restored", {}),
    "replacing": ("History", "replacing", {"entries": "in"}),
}
LABELS = {"difference": {"present": "from"}, "isSameObject": {"other": "as"}}
# An equality that is given as a function in Coq is `==` of a type that has one.
EQUALITY = "same"
TYPES = {("recoveryAction", "changes"): "Int"}
INTERNAL = {"timesDifference", "hasContent", "standing", "replacing", "close", "newestNumber", "newestIn", "isOpen", "isDone", "isUndone",
            "doneIn", "undoneIn", "redoableIn", "restored", "applying"}


# MARK: The Coq sources: names of fields, comments


def comment_text(text):
    lines = [re.sub(r"\[(\w+)\]", r"`\1`", line.strip()) for line in text.strip().splitlines()]
    return " ".join(lines) if not any(line.startswith("- ") for line in lines) else "\n".join(lines)


class Source:
    """The names that JSON leaves out, and the comments."""

    def __init__(self, module):
        text = (HERE / "coq" / f"{module}.v").read_text()
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


KEYWORDS = {"operator", "default", "case", "in", "is", "as", "where", "repeat", "self", "init", "struct", "enum", "func", "let", "var"}


# MARK: The translation


class Translator:
    def __init__(self, name, source, numbers):
        self.module, self.source, self.numbers = name, source, numbers
        self.declarations = json.loads((WORK / f"{name}.json").read_text())["declarations"]
        self.records, self.constructors, self.enums = {}, {}, {}
        for declaration in self.declarations:
            if declaration["what"] != "decl:ind":
                continue
            type_name = plain(declaration["name"])
            for constructor in declaration["constructors"]:
                original = plain(constructor["name"])
                written = original if original in source.payloads else lower(original)
                self.constructors[constructor["name"]] = (type_name, original)
                if original in source.fields:
                    self.records[type_name] = original
                else:
                    self.enums.setdefault(type_name, []).append((constructor, written))
        self.functions = {}
        for declaration in self.declarations:
            for item in declaration.get("fixlist", [declaration]):
                if declaration["what"] in ("decl:term", "decl:fixgroup"):
                    self.functions[item["name"]] = item
        self.names = {}

    # Types

    def type(self, t):
        if t["what"] == "type:glob":
            name, args = plain(t["name"]), [self.type(a) for a in t["args"]]
            known = {"N": self.numbers, "bool": "Bool", "list": f"[{args[0]}]" if args else "", "option": f"{args[0]}?" if args else ""}
            if name in known:
                return known[name]
            return f"{name}<{', '.join(args)}>" if args else name
        if t["what"] in ("type:var", "type:varidx"):
            return "Value"
        if t["what"] == "type:arrow":
            parameters = []
            while t["what"] == "type:arrow":
                parameters.append(self.type(t["left"]))
                t = t["right"]
            return f"({', '.join(parameters)}) -> {self.type(t)}"
        raise SystemExit(f"type {t}")

    def case_name(self, type_name, original):
        name = original.removeprefix(type_name + "_")
        return lower(name)

    # Declarations of types

    def doc(self, name, indent=""):
        text = self.source.docs.get(name, "")
        lines = []
        for line in text.split("\n") if text else []:
            deep = "  " if line.startswith("- ") and not line.startswith("- Parameters") else ""
            lines += textwrap.wrap(line, 116 - len(indent), initial_indent=deep, subsequent_indent=deep + ("  " if deep else ""))
        return [f"{indent}/// {line}".rstrip() for line in lines]

    def declare(self, declaration):
        type_name = plain(declaration["name"])
        if type_name in BY_HAND:
            return []
        generic = bool(declaration["argnames"])
        shown = type_name
        out = self.doc(type_name)
        if type_name in self.records:
            constructor = declaration["constructors"][0]
            fields = list(zip(self.source.fields[self.records[type_name]], map(self.type, constructor["argtypes"])))
            conforms = "" if generic else ": Equatable, Sendable"
            out.append(f"public struct {shown}{conforms} {{")
            for field, t in fields:
                out += self.doc(field, "    ") + [f"    public var {field}: {t}"]
            defaults = DEFAULTS.get(type_name, {})
            parameters = ", ".join(f"{f}: {t}" + (f" = {defaults[f]}" if f in defaults else "") for f, t in fields)
            out += ["", f"    public init({parameters}) {{"] + [f"        self.{f} = {f}" for f, _ in fields] + ["    }", "}", ""]
            return out
        conforms = ["UInt8"] if type_name in RAW else []
        conforms += ["Error"] if type_name in ERRORS else []
        conforms += ["Sendable"] if type_name in RAW else ["Equatable", "Sendable"]
        out.append(f"public enum {shown}: {', '.join(conforms)} {{")
        for index, (constructor, written) in enumerate(self.enums[type_name]):
            original = plain(constructor["name"])
            source_name = original if original in self.source.payloads else lower(original)
            out += self.doc(source_name, "    ")
            payload = ""
            if constructor["argtypes"]:
                names = self.source.payloads[source_name]
                parts = []
                for place, t in enumerate(constructor["argtypes"]):
                    label = place > 0 or type_name in LABEL_FIRST
                    parts.append((f"{names[place]}: " if label else "") + self.type(t))
                payload = f"({', '.join(parts)})"
            number = f" = {RAW[type_name] + index}" if type_name in RAW else ""
            out.append(f"    case {self.case_name(type_name, original)}{payload}{number}")
        return out + ["}", ""]

    # Functions

    def signature(self, item):
        """(parameters with types, result type, body)"""
        parameters, t, body = [], item["type"], item["value"] if "value" in item else item["body"]
        names = []
        while body["what"] == "expr:lambda":
            names += body["argnames"]
            body = body["body"]
        for name in names:
            parameters.append((name, t["left"]))
            t = t["right"]
        return parameters, t, body

    def is_static(self, name):
        return name in STATIC

    def receiver(self, name, parameters):
        """The parameter that a method is called on."""
        if self.is_static(name):
            return None
        for place, (_, t) in enumerate(parameters):
            if t["what"] == "type:glob" and plain(t["name"]) in self.records:
                return place
        return None

    def function(self, item):
        name = plain(item["name"])
        if name in BY_HAND or name in ("insert", "sortedBy"):
            return None, []
        parameters, result, body = self.signature(item)
        place = self.receiver(name, parameters)
        generic = '"type:var' in json.dumps(item["type"])
        env = {}
        for p, _ in parameters:
            env[p] = variable(p)
        labels = {**LABELS.get(name, {}), **(STATIC[name][2] if self.is_static(name) else {})}
        rest = []
        for index, (p, t) in enumerate(parameters):
            if index == place:
                env[p] = "self"
                continue
            if p == EQUALITY:
                continue
            local = env[p]
            shown = TYPES.get((name, local)) or self.type(t)
            label = labels.get(local, "_" if not rest and not self.is_static(name) or not rest and local not in labels else local)
            label = "_" if label is None else label
            default = DEFAULTS.get(name, {}).get(local)
            head = local if label == local else f"{label} {local}"
            rest.append(f"{head}: {shown}" + (f" = {default}" if default else ""))
        access = "" if name in INTERNAL else "public "
        out = [line for line in self.doc(name)]
        swift_name = STATIC[name][1] if self.is_static(name) else name
        self.current = (item["name"], parameters, env)
        if self.loops(item, body):
            lines = self.loop(item, parameters, body, env)
        else:
            lines = self.statement(body, env)
        kind = "static func" if self.is_static(name) else "func"
        if place is not None and len(parameters) == 1:
            expression = lines[0].removeprefix("return ") if len(lines) == 1 else None
            out += [f"{access}var {swift_name}: {self.type(result)} {{"] + ([expression] if expression else lines) + ["}"]
        else:
            clause = "<Value: Equatable>" if generic else ""
            out += [f"{access}{kind} {swift_name}{clause}({', '.join(rest)}) -> {self.type(result)} {{"] + lines + ["}"]
        home = STATIC[name][0] if self.is_static(name) else plain(parameters[place][1]["name"])
        return home, out + [""]

    # A recursion over a list in tail position

    def loops(self, item, body):
        return f'"name": "{item["name"]}"' in json.dumps(body)

    def loop(self, item, parameters, body, env):
        if body["what"] != "expr:case" or body["expr"]["what"] != "expr:rel":
            raise SystemExit(f"{item['name']}: not a recursion over a list")
        over = body["expr"]["name"]
        cases = {plain(c["pat"]["name"]): c for c in body["cases"]}
        element, rest = cases["cons"]["pat"]["argnames"]
        changing = [p for p, _ in parameters if p != over and self.type(dict(parameters)[p]).find("->") < 0]
        lines = [f"var {env[p]} = {env[p]}" for p in changing]
        inner = dict(env)
        inner[element] = variable(element)
        inner[rest] = "rest"
        self.tail = (item["name"], [p for p, _ in parameters], changing, over, rest)
        lines += [f"for {inner[element]} in {env[over]} {{"] + self.statement(cases["cons"]["body"], inner) + ["}"]
        if lines[-2] == "continue":
            del lines[-2]
        self.tail = None
        return lines + self.statement(cases["nil"]["body"], env)

    tail = None

    # Statements: every path returns

    def statement(self, e, env):
        what = e["what"]
        if self.tail and what == "expr:apply" and e["func"].get("name") == self.tail[0]:
            arguments = dict(zip(self.tail[1], e["args"]))
            changing = [p for p in self.tail[2] if not (arguments[p]["what"] == "expr:rel" and arguments[p]["name"] == p)]
            left, right = [env[p] for p in changing], [self.expression(arguments[p], env) for p in changing]
            if len(left) == 1:
                return [f"{left[0]} = {right[0]}", "continue"]
            return [f"({', '.join(left)}) = ({', '.join(right)})", "continue"]
        if what == "expr:let":
            env = dict(env)
            value = self.expression(e["nameval"], env)
            name = variable(e["name"])
            if name in env.values() or name == value:
                name += "Here" if name != value else ""
            if name == value:
                env[e["name"]] = value
                return self.statement(e["body"], env)
            env[e["name"]] = name
            return [f"let {name} = {value}"] + self.statement(e["body"], env)
        if what == "expr:case" and not self.simple(e, env):
            return self.cases(e, env)
        return [f"return {self.expression(e, env)}"]

    def simple(self, e, env):
        """Whether a case is an expression: a field, or a boolean operator."""
        kind = self.case_kind(e)
        if kind == "record":
            return True
        if kind == "bool":
            yes, no = self.branches(e)
            return self.is_bool(yes) and plain(yes["name"]) == "true" or self.is_bool(no) and plain(no["name"]) == "false"
        if kind == "enum" and len(e["cases"]) == 2 and e["cases"][1]["pat"]["what"] == "pat:wild":
            return all(self.is_bool(c["body"]) for c in e["cases"])
        return False

    def is_bool(self, e):
        return e["what"] == "expr:constructor" and plain(e["name"]) in ("true", "false")

    def case_kind(self, e):
        pattern = next(c["pat"] for c in e["cases"] if c["pat"]["what"] == "pat:constructor")
        name = plain(pattern["name"])
        if name in ("true", "false"):
            return "bool"
        if name in ("Some", "None"):
            return "option"
        if name in ("nil", "cons"):
            return "list"
        return "record" if self.constructors[pattern["name"]][0] in self.records else "enum"

    def branches(self, e):
        found = {}
        for c in e["cases"]:
            if c["pat"]["what"] == "pat:wild":
                for name in ("true", "false"):
                    found.setdefault(name, c["body"])
            else:
                found[plain(c["pat"]["name"])] = c["body"]
        return found["true"], found["false"]

    def cases(self, e, env):
        kind = self.case_kind(e)
        if kind == "bool":
            yes, no = self.branches(e)
            condition = self.expression(e["expr"], env)
            return self.conditional(condition, self.statement(yes, env), self.statement(no, env))
        by_name = {plain(c["pat"]["name"]) if c["pat"]["what"] == "pat:constructor" else "_": c for c in e["cases"]}
        value = self.expression(e["expr"], env)
        if kind == "option":
            some, inner = by_name.get("Some"), dict(env)
            none = by_name.get("None", by_name.get("_"))
            bound = self.fresh(variable(some["pat"]["argnames"][0]), env)
            inner[some["pat"]["argnames"][0]] = bound
            otherwise = self.statement(none["body"], env)
            if len(otherwise) == 1:
                shown = bound if bound == value else f"{bound} = {value}"
                return [f"guard let {shown} else {{ {otherwise[0]} }}"] + self.statement(some["body"], inner)
            return [f"if let {bound} = {value} {{"] + self.statement(some["body"], inner) + ["}"] + otherwise
        if kind == "list":
            nil, cons = by_name.get("nil"), by_name.get("cons", by_name.get("_"))
            inner = dict(env)
            if cons["pat"]["what"] == "pat:constructor":
                element = cons["pat"]["argnames"][0]
                if element != "_":
                    inner[element] = self.fresh(variable(element), env)
                    return [f"guard let {inner[element]} = {value}.first else {{"] + self.statement(nil["body"], env) + ["}"] + self.statement(
                        cons["body"], inner)
            return self.conditional(f"{self.operand(value)}.isEmpty", self.statement(nil["body"], env), self.statement(cons["body"], inner))
        lines, groups = [f"switch {value} {{"], []
        for c in e["cases"]:
            inner = dict(env)
            if c["pat"]["what"] == "pat:wild":
                label = "default"
            else:
                type_name, original = self.constructors[c["pat"]["name"]]
                payload = []
                for argument in c["pat"]["argnames"]:
                    if argument == "_":
                        payload.append("_")
                    else:
                        inner[argument] = self.fresh(variable(argument), env)
                        payload.append(f"let {inner[argument]}")
                label = f".{self.case_name(type_name, original)}" + (f"({', '.join(payload)})" if payload else "")
            body = self.statement(c["body"], inner)
            if groups and groups[-1][1] == body and label != "default" and groups[-1][0] != "default":
                groups[-1] = (groups[-1][0] + ", " + label, body)
            else:
                groups.append((label, body))
        for label, body in groups:
            lines += [f"case {label}:" if label != "default" else "default:"] + body
        return lines + ["}"]

    def fresh(self, name, env):
        while name in env.values():
            name += "Found"
        return name

    def conditional(self, condition, yes, no):
        """`if` with a return in it and the rest behind it; a short refusal first."""
        if len(no) == 1 and len(yes) > 1:
            return [f"guard {condition} else {{ {no[0]} }}"] + yes
        return [f"if {condition} {{"] + yes + ["}"] + no

    # Expressions

    def operand(self, text):
        """In brackets when an operator stands outside of all brackets."""
        depth = 0
        for at, character in enumerate(text):
            depth += (character in "([{") - (character in ")]}")
            if depth == 0 and character == " " and text[at + 1] != "{":
                return f"({text})"
        return f"({text})" if text.startswith("!") else text

    def number(self, e):
        """The value of a numeral, or nil."""
        if e["what"] != "expr:constructor":
            return None
        name, args = plain(e["name"]), e["args"]
        if name in ("N0", "Z0"):
            return 0
        if name in ("Npos", "Zpos"):
            return self.number(args[0])
        if name == "XH" or name == "xH":
            return 1
        if name in ("XO", "xO", "XI", "xI"):
            inner = self.number(args[0])
            return None if inner is None else 2 * inner + (name[-1] == "I")
        return None

    def expression(self, e, env):
        what = e["what"]
        if what == "expr:rel":
            return env[e["name"]]
        if what == "expr:global":
            name = plain(e["name"])
            return CONSTANTS.get(name, name)
        if what == "expr:lambda":
            return self.closure(e, env)
        if what == "expr:constructor":
            return self.construct(e, env)
        if what == "expr:apply":
            return self.apply(e, env)
        if what == "expr:case":
            return self.case_expression(e, env)
        raise SystemExit(f"expression {what} in {self.current[0]}")

    def construct(self, e, env):
        number = self.number(e)
        if number is not None:
            return str(number)
        name = plain(e["name"])
        arguments = [self.expression(a, env) for a in e["args"]]
        if name in ("true", "false"):
            return name
        if name == "nil":
            return "[]"
        if name == "cons":
            tail = arguments[1]
            return f"[{arguments[0]}]" if tail == "[]" else f"[{arguments[0]}] + {tail}"
        if name == "Some":
            return arguments[0]
        if name == "None":
            return "nil"
        type_name, original = self.constructors[e["name"]]
        if type_name in self.records:
            fields = self.source.fields[original]
            return f"{type_name}({', '.join(f'{f}: {a}' for f, a in zip(fields, arguments))})"
        source_name = original if original in self.source.payloads else lower(original)
        names = self.source.payloads.get(source_name, [])
        parts = [(f"{names[i]}: " if i > 0 or type_name in LABEL_FIRST else "") + a for i, a in enumerate(arguments)]
        return f".{self.case_name(type_name, original)}" + (f"({', '.join(parts)})" if parts else "")

    def case_expression(self, e, env):
        kind = self.case_kind(e)
        if kind == "record":
            pattern, body = e["cases"][0]["pat"], e["cases"][0]["body"]
            used = [i for i, a in enumerate(pattern["argnames"]) if a != "_"]
            if len(used) == 1 and body == {"what": "expr:rel", "name": pattern["argnames"][used[0]]}:
                field = self.source.fields[self.constructors[pattern["name"]][1]][used[0]]
                value = self.expression(e["expr"], env)
                return field if value == "self" and field not in env.values() else f"{self.operand(value)}.{field}"
            raise SystemExit(f"{self.current[0]}: a record taken apart")
        if kind == "bool":
            yes, no = self.branches(e)
            condition = self.expression(e["expr"], env)
            left = f"({condition})" if "||" in condition else condition
            if self.is_bool(no) and plain(no["name"]) == "false":
                right = self.expression(yes, env)
                return f"{left} && " + (f"({right})" if "||" in right else right)
            if self.is_bool(yes) and plain(yes["name"]) == "true":
                return f"{condition} || {self.expression(no, env)}"
            return f"{condition} ? {self.expression(yes, env)} : {self.expression(no, env)}"
        if kind == "enum":
            # A choice among values: a closure that is called at once would hide it.
            parts = []
            for c in e["cases"]:
                if c["pat"]["what"] == "pat:wild":
                    parts.append(("default", self.expression(c["body"], env)))
                else:
                    parts.append(("." + self.case_name(*self.constructors[c["pat"]["name"]]), self.expression(c["body"], env)))
            value = self.expression(e["expr"], env)
            if len(parts) == 2 and parts[1][0] == "default":
                if {parts[0][1], parts[1][1]} == {"true", "false"}:
                    return f"{value} {'==' if parts[0][1] == 'true' else '!='} {parts[0][0]}"
                return f"{value} == {parts[0][0]} ? {parts[0][1]} : {parts[1][1]}"
        raise SystemExit(f"{self.current[0]}: a case as an expression")

    def closure(self, e, env):
        inner = dict(env)
        names = []
        for name in e["argnames"]:
            inner[name] = self.fresh(variable(name), {k: v for k, v in env.items()})
            names.append(inner[name])
        body = self.expression(e["body"], inner)
        if len(names) == 1 and re.fullmatch(rf"{names[0]}\.\w+", body):
            return "\\." + body.split(".", 1)[1]
        return f"{{ {', '.join(names)} in {body} }}"

    def apply(self, e, env):
        raw = e["func"]
        if raw["what"] == "expr:rel" and raw["name"] == EQUALITY:
            return " == ".join(self.expression(a, env) for a in e["args"])
        if raw["what"] == "expr:rel":
            return f"{env[raw['name']]}({', '.join(self.expression(a, env) for a in e['args'])})"
        full, name = raw["name"], plain(raw["name"])
        library = full.rsplit(".", 1)[0] if "." in full else ""
        if library.endswith(("BinNat.N", "BinInt.Z")) or name.endswith("_eqb"):
            left, right = (self.expression(a, env) for a in e["args"])
            if name == "max":
                return f"max({left}, {right})"
            operator = {"eqb": "==", "leb": "<=", "ltb": "<", "add": "+"}.get(name, "==" if name.endswith("_eqb") else None)
            return f"{left} {operator} {right}"
        if name == "negb":
            inner = self.expression(e["args"][0], env)
            match = re.fullmatch(r"([\w.]+) == ([\w.]+)", inner)
            if match:
                return f"{match.group(1)} != {match.group(2)}"
            return f"!{self.operand(inner)}"
        if library in ("List", "Datatypes") or name == "sortedBy":
            return self.library(name, e["args"], env)
        if full in self.functions:
            return self.call(full, e["args"], env)
        raise SystemExit(f"{self.current[0]}: no mapping of {full}")

    def library(self, name, arguments, env):
        if name in ("filter", "map", "flat_map", "find"):
            function = self.passed(arguments[0], env)
            array = self.operand(self.expression(arguments[1], env))
            method = {"flat_map": "flatMap", "find": "first"}.get(name, name)
            if function.startswith("\\"):
                return f"{array}.{method}({'where: ' if name == 'find' else ''}{function})"
            return f"{array}.{method} {function}"
        if name == "fold_left":
            array, first = self.expression(arguments[1], env), self.expression(arguments[2], env)
            return f"{self.operand(array)}.reduce({first}) {self.passed(arguments[0], env)}"
        if name == "sortedBy":
            key = self.passed(arguments[0], env)
            array = self.operand(self.expression(arguments[1], env))
            field = key.removeprefix("\\.")
            return f"{array}.sorted {{ $0.{field} < $1.{field} }}"
        values = [self.operand(self.expression(a, env)) for a in arguments]
        if name == "rev":
            inner = self.expression(arguments[0], env)
            return f"{inner}.reversed()"
        if name == "last":
            return f"{values[0]}.last ?? {values[1]}"
        if name == "removelast":
            return f"Array({values[0]}.dropLast())"
        if name == "app":
            return f"{values[0]} + {values[1]}"
        raise SystemExit(f"{self.current[0]}: no mapping of {name}")

    def passed(self, e, env):
        """A function that is an argument."""
        if e["what"] == "expr:global" and e["name"] in self.functions:
            return f"\\.{plain(e['name'])}"
        return self.expression(e, env)

    def call(self, full, arguments, env):
        name = plain(full)
        if name in BY_HAND and name == "isAbsent":
            value = self.expression(arguments[0], env)
            return "isAbsent" if value == "self" else f"{self.operand(value)}.isAbsent"
        item = self.functions[full]
        parameters, _, _ = self.signature(item)
        place = self.receiver(name, parameters)
        static = self.is_static(name)
        labels = {**LABELS.get(name, {}), **(STATIC[name][2] if static else {})}
        parts = []
        for index, ((p, _), a) in enumerate(zip(parameters, arguments)):
            if index == place:
                continue
            local = variable(p)
            label = labels.get(local, None if not parts else local)
            parts.append((f"{label}: " if label else "") + self.expression(a, env))
        if static:
            return f"{STATIC[name][0]}.{STATIC[name][1]}({', '.join(parts)})"
        value = self.expression(arguments[place], env)
        call = name + (f"({', '.join(parts)})" if len(parameters) > 1 else "")
        if value == "self":
            return call if name not in env.values() else f"self.{call}"
        return f"{self.operand(value)}.{call}"

    # The file

    def file(self, about):
        out = ["// SPDX-License-Identifier: MPL-2.0", "// Generated by proofs/swift.py from proofs/coq/" + self.module + ".v; not to be edited.",
               "//", f"// {about}", ""]
        homes = {}
        for declaration in self.declarations:
            if declaration["what"] == "decl:ind":
                out += self.declare(declaration)
        for declaration in self.declarations:
            if declaration["what"] in ("decl:term", "decl:fixgroup"):
                for item in declaration.get("fixlist", [declaration]):
                    home, lines = self.function(item)
                    if home:
                        homes.setdefault(home, []).extend(lines)
        for home, lines in homes.items():
            known = home in self.records or home in self.enums or home in BY_HAND
            out += [f"extension {home} {{" if known else f"public enum {home} {{"] + lines[:-1] + ["}", ""]
        return "\n".join(out[:-1]) + "\n"


def manifest_swift():
    """The manifest, for the builtin `proofs`."""
    sys.path.insert(0, str(HERE))
    import check

    blocks = check.manifest()
    labels = {"coq": "Coq", "agda": "Agda", "z3": "Z3", "cvc5": "cvc5", "acl2": "ACL2", "hol": "HOL Light", "lean": "Lean 4"}

    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def switch(name, values, doc):
        out = [f"    /// {doc}", f"    static func {name}(_ index: Int) -> StaticString {{", "        switch index {"]
        for place, value in enumerate(values):
            case = f"case {place}:" if place < len(values) - 1 else "default:"
            out += [f"        {case}"] + value
        return out + ["        }", "    }", ""]

    details = []
    for block in blocks:
        lines = []
        for system, statements in block["systems"].items():
            folder = "smt" if system in ("z3", "cvc5") else system
            for file, names in statements:
                lines.append(f"{labels[system]}: proofs/{folder}/{file}" + (": " + " ".join(names) if names else ""))
        if block["properties"]:
            lines.append("asked of the real disk: " + " ".join(block["properties"]))
        lines += [f"tested: {file}" + (f": {text}" if text else "") for file, text in block["tested"]]
        lines += [f"runs: {file}: {function}" for file, function in block["runs"]] or ["runs: nothing; the statement is about the model"]
        wrapped = [part for line in lines for part in textwrap.wrap(line, 110, initial_indent="    ", subsequent_indent="        ",
                                                                    break_long_words=False, break_on_hyphens=False)]
        details.append(['            """'] + ["            " + line.replace("\\", "\\\\") for line in wrapped] + ['            """'])
    out = ["// SPDX-License-Identifier: MPL-2.0", "// Generated by proofs/swift.py from proofs/manifest; not to be edited.", "",
           "/// What is proven, by which system, what tests it, and what runs it.", "enum ProofManifest {",
           f"    static var count: Int {{ {len(blocks)} }}", ""]
    out += switch("number", [[f"            {quoted(str(b['number']))}"] for b in blocks], "The theorem's number.")
    out += switch("name", [[f"            {quoted(b['name'])}"] for b in blocks], "Its name.")
    out += switch("says", [[f"            {quoted(b['says'])}"] for b in blocks], "The claim.")
    out += switch("details", details, "The statements, tests and functions, a line each.")
    return "\n".join(out[:-1] + ["}"]) + "\n"


def extract():
    """Compiles what the extraction needs, and extracts."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("History", "Decisions", "Audit", "ExtractSwift"):
        text = (HERE / "coq" / f"{name}.v").read_text()
        if not (WORK / f"{name}.v").exists() or (WORK / f"{name}.v").read_text() != text or not (WORK / f"{name}.vo").exists() or name == "ExtractSwift":
            (WORK / f"{name}.v").write_text(text)
            subprocess.run(["coqc", "-q", "-Q", ".", "Vsh", f"{name}.v"], cwd=WORK, check=True, stdout=subprocess.DEVNULL)


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
    for name, settings in FILES.items():
        translator = Translator(settings["module"], Source(settings["module"]), settings["numbers"])
        made[TARGET / name] = translator.file(settings["about"])
    made[MANIFEST] = manifest_swift()
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
