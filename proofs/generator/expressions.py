# SPDX-License-Identifier: MPL-2.0
"""Expressions."""
import re

from .declarations import Declarations
from .settings import BY_HAND, CONSTANTS, EQUALITY, FREE, LABEL_FIRST, LABELS, RENAMED, STATIC
from .source import lower, plain, variable

# Functions of the Coq sources that are those of Swift's library.
LIBRARY = {"sortedBy", "lookup", "assign", "listAt", "push"}


class Expressions(Declarations):
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
            if self.is_bool(no) and plain(no["name"]) == "false":
                return f"{self.inside(condition, '||', ' ? ')} && {self.inside(self.expression(yes, env), '||', ' ? ')}"
            if self.is_bool(yes) and plain(yes["name"]) == "true":
                return f"{self.inside(condition, ' ? ')} || {self.inside(self.expression(no, env), ' ? ')}"
            return f"{condition} ? {self.expression(yes, env)} : {self.expression(no, env)}"
        if kind == "option":
            some, none = self.option_branches(e)
            value = self.operand(self.expression(e["expr"], env))
            if self.is_bool(some["body"]) and self.is_bool(none["body"]):
                return f"{value} {'!=' if plain(some['body']['name']) == 'true' else '=='} nil"
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

    @staticmethod
    def inside(text, *operators):
        """In brackets when one of these binds less than what is around."""
        return f"({text})" if any(operator in text for operator in operators) else text

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
        if library in ("List", "Datatypes") or name in LIBRARY:
            return self.library(name, e["args"], env)
        if name in FREE:
            return f"{name}({', '.join(self.expression(a, env) for a in e['args'])})"
        if full in self.functions:
            return self.call(full, e["args"], env)
        raise SystemExit(f"{self.current[0]}: no mapping of {full}")

    def library(self, name, arguments, env):
        if name in ("filter", "map", "flat_map", "find", "existsb"):
            function = self.passed(arguments[0], env)
            array = self.operand(self.expression(arguments[1], env))
            method = {"flat_map": "flatMap", "find": "first", "existsb": "contains"}.get(name, name)
            if function.startswith("\\"):
                return f"{array}.{method}({'where: ' if name in ('find', 'existsb') else ''}{function})"
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
        if name == "lookup":
            return f"{values[1]}[{values[0]}]"
        if name == "listAt":
            return f"{values[1]}[{values[0]}, default: []]"
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
        swift_name = RENAMED.get(name, name)
        call = swift_name + (f"({', '.join(parts)})" if len(parameters) > 1 else "")
        if value == "self":
            return call if swift_name not in env.values() else f"self.{call}"
        return f"{self.operand(value)}.{call}"
