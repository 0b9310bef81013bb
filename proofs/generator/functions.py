# SPDX-License-Identifier: MPL-2.0
"""Functions: parameters, statements, loops; and the file as a whole."""
import json

from .expressions import LIBRARY, Expressions
from .settings import BY_HAND, DEFAULTS, EQUALITY, FREE, INTERNAL, LABELS, MUTABLE, RENAMED, STATIC, TYPES
from .source import plain, variable


class Functions(Expressions):
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
        if name in BY_HAND or name == "insert" or name in LIBRARY or name in FREE or name.endswith("_eqb"):
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
        swift_name = STATIC[name][1] if self.is_static(name) else RENAMED.get(name, name)
        self.current = (item["name"], parameters, env)
        changes = self.changes(parameters, place, result)
        self.changing = changes and parameters[place][0]
        if self.loops(item, body):
            lines = self.loop(item, parameters, body, env)
        else:
            lines = self.statement(body, env)
        if changes:
            clause, lines = f" throws({changes})" if changes is not True else "", self.without_returns(lines)
            out += [f"{access}mutating func {swift_name}({', '.join(rest)}){clause} {{"] + lines + ["}"]
            return plain(parameters[place][1]["name"]), out + [""]
        kind = "static func" if self.is_static(name) else "func"
        if place is not None and len(parameters) == 1:
            expression = lines[0].removeprefix("return ") if len(lines) == 1 else None
            out += [f"{access}var {swift_name}: {self.type(result)} {{"] + ([expression] if expression else lines) + ["}"]
        else:
            clause = "<Value: Equatable>" if generic else ""
            out += [f"{access}{kind} {swift_name}{clause}({', '.join(rest)}) -> {self.type(result)} {{"] + lines + ["}"]
        home = STATIC[name][0] if self.is_static(name) else plain(parameters[place][1]["name"])
        return home, out + [""]

    # Functions that change their record in place

    changing = None

    def changes(self, parameters, place, result):
        """False; True; or what it throws when it refuses."""
        if place is None or result["what"] != "type:glob":
            return False
        record, answer = plain(parameters[place][1]["name"]), plain(result["name"])
        if record not in MUTABLE:
            return False
        return True if answer == record else MUTABLE[record][1] if answer == MUTABLE[record][0] else False

    def outcome(self, e, env):
        """What a changing function does last: the changes, or what it throws."""
        if e["what"] == "expr:constructor" and plain(e["name"]).endswith("_refused"):
            return [f"throw {self.expression(e['args'][0], env)}"]
        if e["what"] == "expr:constructor" and plain(e["name"]).endswith("_accepted"):
            return self.effects(e["args"][0], env) + ["return"]
        if e["what"] == "expr:apply" and plain(self.signature(self.functions[e["func"]["name"]])[1]["name"]) in (
                answer for answer, _ in MUTABLE.values()):
            return [f"try {self.expression(e, env)}", "return"]
        return self.effects(e, env) + ["return"]

    def effects(self, e, env):
        """The changes that make the record of this function what an expression says."""
        if e["what"] == "expr:rel" and e["name"] == self.changing:
            return []
        if e["what"] == "expr:apply":
            name = e["func"]["name"]
            parameters, _, _ = self.signature(self.functions[name])
            place = self.receiver(plain(name), parameters)
            first = self.effects(e["args"][place], env)
            if first and any(self.mentions(a) for i, a in enumerate(e["args"]) if i != place):
                raise SystemExit(f"{self.current[0]}: what is changed first would be looked at")
            own = {"what": "expr:rel", "name": self.changing}
            arguments = [own if i == place else a for i, a in enumerate(e["args"])]
            return first + [self.expression({**e, "args": arguments}, env)]
        if e["what"] == "expr:constructor":
            lines = []
            for field, value in zip(self.source.fields[plain(e["name"])], e["args"]):
                verb, arguments = plain(value.get("func", {}).get("name", "")), value.get("args", [])
                if verb not in ("assign", "push"):
                    if self.expression(value, env) != field:
                        raise SystemExit(f"{self.current[0]}: no change of {field}")
                    continue
                if self.expression(arguments[2], env) != field or any(map(self.mentions, arguments[:2])):
                    raise SystemExit(f"{self.current[0]}: no change of {field}")
                key, new = (self.expression(a, env) for a in arguments[:2])
                lines.append(f"{field}[{key}] = {new}" if verb == "assign" else f"{field}[{key}, default: []].append({new})")
            return lines
        raise SystemExit(f"{self.current[0]}: no change in place")

    def mentions(self, e):
        """Whether an expression looks at the record that is changed."""
        return json.dumps({"what": "expr:rel", "name": self.changing}) in json.dumps(e)

    @staticmethod
    def without_returns(lines):
        """Without those after which nothing would come: before the next case, and at the end."""
        kept = []
        for at, line in enumerate(lines):
            after = next((other for other in lines[at + 1:] if other != "}"), "case")
            if line != "return" or not after.startswith(("case ", "case", "default:")):
                kept.append(line)
        return kept

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
            return [f"let {name}{self.choice_type(e['nameval'])} = {value}"] + self.statement(e["body"], env)
        if what == "expr:case" and not self.simple(e, env):
            return self.cases(e, env)
        if self.changing:
            return self.outcome(e, env)
        return [f"return {self.expression(e, env)}"]

    def choice_type(self, e):
        """The type of a choice between cases, which Swift cannot find out by itself."""
        bodies = [c["body"] for c in e.get("cases", [])]
        if len(bodies) > 1 and all(b["what"] == "expr:constructor" and b["name"] in self.constructors for b in bodies):
            return f": {self.constructors[bodies[0]['name']][0]}"
        return ""

    def simple(self, e, env):
        """Whether a case is an expression: a field, or a boolean operator."""
        kind = self.case_kind(e)
        if kind == "record":
            return True
        if kind == "bool":
            yes, no = self.branches(e)
            return self.is_bool(yes) and plain(yes["name"]) == "true" or self.is_bool(no) and plain(no["name"]) == "false"
        if kind == "option":
            some, none = self.option_branches(e)
            return self.is_bool(some["body"]) and self.is_bool(none["body"])
        if kind == "enum" and len(e["cases"]) == 2 and e["cases"][1]["pat"]["what"] == "pat:wild":
            return all(self.is_bool(c["body"]) for c in e["cases"])
        return False

    def option_branches(self, e):
        by_name = {plain(c["pat"]["name"]) if c["pat"]["what"] == "pat:constructor" else "_": c for c in e["cases"]}
        return by_name.get("Some", by_name.get("_")), by_name.get("None", by_name.get("_"))

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

    # The file

    def file(self):
        out = ["// SPDX-License-Identifier: MPL-2.0", "// Generated by proofs/swift.py from proofs/coq/" + self.module + ".v; not to be edited.",
               "//", f"// {self.about}", ""]
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
