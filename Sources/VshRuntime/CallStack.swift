// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// A function or a dot script that runs. Both codes are kept alive by whoever runs it.
struct CallRecord {
    /// The function, or -1 for a dot script.
    let symbol: Symbol
    /// Where it was called.
    let position: Int32
    let caller: Unmanaged<Code>?
    /// What it runs.
    let callee: Unmanaged<Code>
}

/// Arrays of bash whose elements are found when they are asked for.
extension Shell {
    func computedArray(_ symbol: Symbol) -> ArrayValue? {
        if options.contains(.posix) { return nil }
        switch symbol {
        case KnownSymbol.pipestatus.rawValue: return ArrayValue(pipelineStatuses.map { Text(decimal: Int($0)) })
        case KnownSymbol.funcname.rawValue: return ArrayValue(callNames)
        case KnownSymbol.bashSource.rawValue: return ArrayValue(callSources)
        case KnownSymbol.bashLineno.rawValue: return ArrayValue(callLines.map { Text(decimal: $0) })
        case KnownSymbol.groups.rawValue:
            let own = System.effectiveGroupID
            let groups = [own] + ((try? System.groups()) ?? []).filter { $0 != own }
            return ArrayValue(groups.map { Text(decimal: Int($0)) })
        case KnownSymbol.dirstack.rawValue:
            let below = symbols.find(Text("directory stack")).map { value($0).bytes.split(separator: 0) } ?? []
            return ArrayValue([workingDirectory] + below.map { Text($0) })
        default: return nil
        }
    }

    /// The statuses of the last pipeline: that of the last command when no pipeline came after it.
    private var pipelineStatuses: [Int32] {
        if let last = lastPipeline, last.status == status { return last.statuses }
        return [status]
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
        for index in stride(from: callStack.count - 1, through: 0, by: -1) {
            names.append(sourceName(callStack[index].callee.takeUnretainedValue().source))
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

    /// What `caller n` says: line, function and file; nil when there is no such call.
    public func caller(_ level: Int) -> (line: Int, function: Text, file: Text)? {
        let names = callNames
        let sources = callSources
        let lines = callLines
        if level < 0 || level >= lines.count || level >= callStack.count { return nil }
        let isLast = level + 1 >= names.count
        return (
            lines[level], isLast ? Text("main") : names[level + 1],
            level + 1 < sources.count ? sources[level + 1] : Text("NULL")
        )
    }
}
