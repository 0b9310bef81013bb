# SPDX-License-Identifier: MPL-2.0
"""What goes where, and under which name."""

FILES = {
    "ProvenHistory.swift": {
        "module": "History", "numbers": "OperationID",
        "about": "The history of a session: coq/History.v, of which coq/HistoryFacts.v and coq/Machine.v prove what holds.",
    },
    "ProvenDecisions.swift": {
        "module": "Decisions", "numbers": "UInt64",
        "about": "What is compared, how a path is put back, what recovery does: coq/Decisions.v.",
    },
    "ProvenLogCheck.swift": {
        "module": "LogCheck", "numbers": "OperationID", "uses": ["Decisions"],
        "about": "The check of the log: coq/LogCheck.v, of which coq/LogCheckFacts.v proves what holds.",
    },
    "ProvenPlanner.swift": {
        "module": "Planner", "numbers": "UInt64",
        "about": "What is recorded before a change: coq/Planner.v, of which coq/PlannerFacts.v proves what holds.",
    },
    "ProvenSandbox.swift": {
        "module": "Sandbox", "numbers": "UInt64", "types": {"Path": "[UInt8]", "Name": "[UInt8]"},
        "about": "What may be changed in a sandbox: coq/Sandbox.v, of which coq/SandboxFacts.v proves what holds.",
    },
    "ProvenAuditChain.swift": {
        "module": "Audit", "numbers": "UInt64",
        "about": "The check of the audit chain: coq/Audit.v.",
    },
}
# The Coq files that are extracted from, each after those that it needs.
MODULES = ("History", "Decisions", "LogCheck", "Planner", "Sandbox", "Audit")
# Written by hand with the same names, since their layout is the store's (listed in README.md).
BY_HAND = {"Kind", "Kind_eqb", "Timestamp", "Timestamp_eqb", "Timestamp_unknown", "NodeState", "isAbsent", "absent", "genesis"}
# Functions of paths, which are bytes to the shell: Sources/VshCore/Path.swift.
FREE = {"isBelow", "appending", "hasName"}
CONSTANTS = {"Timestamp_unknown": "Timestamp()", "genesis": "0"}
# Enumerations that are stored by number: the type, and the number of the first case.
RAW = {"EntryState": 0, "ChangeKind": 1, "Preimage": 0, "OperationOutcome": 0}
ERRORS = {"HistoryError", "LogViolation"}
# Records that their functions change in place: the type of what they answer when they may refuse, with what they then throw.
MUTABLE = {"LogCheck": ("LogResult", "LogViolation")}
RENAMED = {"checking": "apply", "entering": "enter", "setting": "set", "moving": "move", "allowsName": "allows", "confinedStep": "step"}
LABEL_FIRST = {"RestoreStep"}
DEFAULTS = {"LogCheck": {"standings": "[:]", "members": "[:]"}, "ConfinedSearch": {"followed": "0"}, "RestoreSighting": {"item": ".absent", "other": ".absent"}, "difference": {"sameObject": "true"}}
# Functions that are not methods of their first record: the enum they stand in, their name, their labels.
STATIC = {
    "restoreStep": ("Restoring", "step", {"kind": None}),
    "recoveryAction": ("RecoveryDecision", "action", {"sighting": "for", "ending": "end"}),
    "reach": ("LogReach", "of", {}),
    "chainVerdict": ("AuditChain", "verdict", {"expected": "expected"}),
    "newestNumber": ("History", "newestNumber", {}), "restored": ("History", "restored", {}),
    "replacing": ("History", "replacing", {"entries": "in"}),
}
LABELS = {"contentPlan": {"grows": "grows"}, "needsAttributes": {"extended": "extended"}, "needsCreation": {"isLink": "isLink"},
          "renamePlan": {"replaced": "over"}, "allowsName": {"directory": "in"}, "checking": {"event": "_", "transaction": "inside"}, "difference": {"present": "from"}, "isSameObject": {"other": "as"}}
# An equality that is given as a function in Coq is `==` of a type that has one.
EQUALITY = "same"
TYPES = {("recoveryAction", "changes"): "Int"}
INTERNAL = {"isLogged", "isOlder", "mayStand", "isInEffect", "hasEffect", "entering", "setting", "moving", "reach", "timesDifference", "hasContent", "standing", "replacing", "close", "newestNumber", "newestIn", "isOpen", "isDone", "isUndone",
            "doneIn", "undoneIn", "redoableIn", "restored", "applying"}
