# SPDX-License-Identifier: MPL-2.0
"""The extraction of one file, its types, and their declarations."""
import json
import textwrap

from .settings import BY_HAND, DEFAULTS, ERRORS, FILES, LABEL_FIRST, MUTABLE, RAW
from .source import Source, lower, plain


class Declarations:
    def __init__(self, file, folder):
        """`folder` holds the extraction."""
        settings = FILES[file]
        self.module, self.numbers, self.types, self.about = (
            settings["module"], settings["numbers"], settings.get("types", {}), settings["about"])
        self.source = source = Source(self.module)
        self.declarations = json.loads((folder / f"{self.module}.json").read_text())["declarations"]
        self.records, self.constructors, self.enums = {}, {}, {}
        for other in settings.get("uses", []):
            for declaration in json.loads((folder / f"{other}.json").read_text())["declarations"]:
                for constructor in declaration.get("constructors", []):
                    self.constructors[f"{other}.{constructor['name']}"] = (plain(declaration["name"]), plain(constructor["name"]))
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

    # Types

    def type(self, t):
        if t["what"] == "type:glob":
            name, args = plain(t["name"]), [self.type(a) for a in t["args"]]
            known = {"N": self.numbers, "bool": "Bool", "list": f"[{args[0]}]" if args else "", "option": f"{args[0]}?" if args else ""}
            if name in known:
                return known[name]
            if name in self.types:
                return self.types[name]
            if name == "Table":
                return f"[{self.numbers}: {args[0]}]"
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
        if type_name in BY_HAND or type_name in (answer for answer, _ in MUTABLE.values()):
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
