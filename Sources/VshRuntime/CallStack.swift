// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// A function or a dot script that runs. The caller's code is kept alive by whoever runs that.
struct CallRecord {
    /// The function, or -1 for a dot script.
    let symbol: Symbol
    /// Where it was called.
    let position: Int32
    let caller: Unmanaged<Code>?
}

/// The statuses of a pipeline, for PIPESTATUS.
struct PipelineStatuses {
    let statuses: [Int32]
    /// `$?` after it.
    var status: Int32
    /// A complete command was begun since: the one that may ask for it.
    var isAsked = false
}

/// Arrays of bash whose elements are found when they are asked for.
extension Shell {
    func isComputedArray(_ name: Text) -> Bool { computed(name) != nil }

    private enum Computed { case statuses, functions, sources, lines, directories, groups }

    private func computed(_ name: Text) -> Computed? {
        switch name[0] {
        case UInt8(ascii: "P"): name.equals("PIPESTATUS") ? .statuses : nil
        case UInt8(ascii: "F"): name.equals("FUNCNAME") ? .functions : nil
        case UInt8(ascii: "B"): name.equals("BASH_SOURCE") ? .sources : name.equals("BASH_LINENO") ? .lines : nil
        case UInt8(ascii: "D"): name.equals("DIRSTACK") ? .directories : nil
        case UInt8(ascii: "G"): name.equals("GROUPS") ? .groups : nil
        default: nil
        }
    }

    func computedArray(_ symbol: Symbol) -> ArrayValue? {
        if options.contains(.posix) { return nil }
        switch computed(symbols.name(symbol)) {
        case .statuses: return ArrayValue(pipelineStatuses.map { Text(decimal: Int($0)) })
        case .functions: return ArrayValue(callNames)
        case .sources: return ArrayValue(callSources)
        case .lines: return ArrayValue(callLines.map { Text(decimal: $0) })
        case .groups:
            let own = System.effectiveGroupID
            let groups = [own] + ((try? System.groups()) ?? []).filter { $0 != own }
            return ArrayValue(groups.map { Text(decimal: Int($0)) })
        case .directories:
            let below = symbols.find(Text("directory stack")).map { value($0).bytes.split(separator: 0) } ?? []
            return ArrayValue([workingDirectory] + below.map { Text($0) })
        case nil: return nil
        }
    }

    /// The statuses of the last pipeline: that of the last command when no pipeline came after it.
    private var pipelineStatuses: [Int32] {
        if let last = lastPipeline, last.status == status { return last.statuses }
        return [status]
    }

    /// After `!`, which leaves PIPESTATUS: `before` is the status that it inverted.
    @inline(never)
    func noteInverted(_ before: Int32, isPipeline: Bool) {
        if isPipeline {
            lastPipeline?.status = status
        } else {
            lastPipeline = PipelineStatuses(statuses: [before], status: status)
        }
    }

    /// Before each complete command: PIPESTATUS tells of the one before it.
    @inline(never)
    func agePipeline() {
        if lastPipeline?.isAsked ?? false { lastPipeline = nil } else { lastPipeline?.isAsked = true }
    }

    /// The script at the bottom of the calls.
    private var script: Source? {
        let code = callStack.isEmpty ? currentCode : callStack[0].caller?.takeUnretainedValue()
        guard let source = code?.source, source.origin == .file else { return nil }
        return source
    }

    /// FUNCNAME: nothing outside functions.
    private var callNames: [Text] {
        if functionDepth == 0 { return [] }
        var names: [Text] = []
        for index in stride(from: callStack.count - 1, through: 0, by: -1) {
            let symbol = callStack[index].symbol
            names.append(symbol < 0 ? Text("source") : symbols.name(symbol))
        }
        if script != nil { names.append(Text("main")) }
        return names
    }

    private var callSources: [Text] {
        var names: [Text] = []
        var dots = dotNames.count
        for index in stride(from: callStack.count - 1, through: 0, by: -1) {
            let symbol = callStack[index].symbol
            if symbol < 0 {
                dots -= 1
                names.append(dots >= 0 ? dotNames[dots] : Text())
            } else {
                names.append(functions[symbol].map { sourceName($0.code.source) } ?? Text("environment"))
            }
        }
        if let script { names.append(script.name) }
        return names
    }

    private func sourceName(_ source: Source) -> Text {
        switch source.origin {
        case .file, .dot: source.name
        case .terminal, .standardInput: Text("main")
        default: script?.name ?? Text("environment")
        }
    }

    private var callLines: [Int] {
        var lines: [Int] = []
        for index in stride(from: callStack.count - 1, through: 0, by: -1) {
            let record = callStack[index]
            lines.append(record.caller?.takeUnretainedValue().source.line(at: Int(record.position)) ?? 0)
        }
        if script != nil { lines.append(0) }
        return lines
    }

    /// What `caller n` says: line, function and file; nil when there is no such call. Without a script file nothing but `caller` alone tells
    /// of the call that a function did not make.
    public func caller(_ level: Int, isNamed: Bool) -> (line: Int, function: Text, file: Text)? {
        let names = callNames
        let sources = callSources
        let lines = callLines
        if level < 0 || level >= lines.count || level >= callStack.count { return nil }
        let isLast = level + 1 >= names.count
        if isLast && isNamed { return nil }
        return (
            lines[level], isLast ? Text("main") : names[level + 1],
            level + 1 < sources.count ? sources[level + 1] : Text("NULL")
        )
    }
}
