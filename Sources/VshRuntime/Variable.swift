// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax

/// What is known of a variable besides its value.
public struct VariableFlags: OptionSet, Sendable {
    public let rawValue: UInt16
    @inline(__always)
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// It has a value (possibly empty).
    public static let isSet = VariableFlags(rawValue: 1)
    /// `text` holds the value. True also of unset variables, whose text is empty.
    public static let hasText = VariableFlags(rawValue: 2)
    /// `integer` holds the value; `text`, when valid too, is its plain decimal form.
    public static let hasInteger = VariableFlags(rawValue: 4)
    public static let exported = VariableFlags(rawValue: 8)
    public static let readonly = VariableFlags(rawValue: 16)
    /// Assigning it changes how the shell works (`IFS`, `PATH`, …): `Shell.variableChanged` is called.
    public static let watched = VariableFlags(rawValue: 32)
    /// Its value is computed when read (`LINENO`, `RANDOM`, `SECONDS`).
    public static let dynamic = VariableFlags(rawValue: 64)
    /// Declared by `local` in the function that runs.
    public static let local = VariableFlags(rawValue: 128)
    /// It is an array: `integer` is the number of its elements (Arrays.swift), `text` its element 0.
    public static let array = VariableFlags(rawValue: 256)
    /// … by keys.
    public static let associative = VariableFlags(rawValue: 512)
    /// `declare -i`: what is assigned is an expression.
    public static let numeric = VariableFlags(rawValue: 1024)
    /// `declare -n`: `text` names the variable that is meant; there is no value.
    public static let reference = VariableFlags(rawValue: 2048)
    /// `declare -l` and `-u`
    public static let lowercase = VariableFlags(rawValue: 4096)
    public static let uppercase = VariableFlags(rawValue: 8192)

    static let value: VariableFlags = [.isSet, .hasText, .hasInteger]
    static let textValue: VariableFlags = [.isSet, .hasText]
    /// Any of these sends an assignment down the slow path.
    static let assignmentNeedsCare: VariableFlags = [
        .exported, .readonly, .watched, .dynamic, .array, .numeric, .reference, .lowercase, .uppercase,
    ]
}

/// A variable: its value as text, as integer or both, and the subshell level that wrote it last. 48 bytes.
public struct Variable {
    public var text: Text
    public var integer: Int
    public var epoch: UInt32
    public var flags: VariableFlags

    @inline(__always)
    init() {
        text = Text()
        integer = 0
        epoch = 0
        flags = .hasText
    }
}

/// A function: its body and the code that holds it, which it keeps alive.
public struct FunctionBody {
    public let code: Code
    public let node: Int32
}

/// An older value, to be put back when the virtual subshell that changed it is left.
struct VariableChange {
    let symbol: Symbol
    let old: Variable

    /// In place of a symbol: the shell's options, in `old.integer`.
    static var options: Symbol { -1 }
    /// Nothing to put back: `unset` did it.
    static var none: Symbol { -2 }
}

/// Older values of state that changes less often than variables.
enum StateChange {
    case function(Symbol, FunctionBody?)
    case alias(Symbol, Text?)
    case trap(Int, TrapEntry?)
    case descriptor(Int, DescriptorEntry)
    case commandPath(Symbol, Text)
    /// An entry of the locals.
    case localVariable(Int, VariableChange)
}
