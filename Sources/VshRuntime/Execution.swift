// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import VshSystem

/// The interpreter: walks the tables of a `Code` by index.
extension Shell {
    /// Runs a command; `status` is its exit status.
    ///
    /// `tail`: nothing is left to do for this process afterwards, so that a program may take its place.
    func run(_ code: Code, _ index: Int32, tail: Bool) throws(ShellError) -> Flow {
        let node = code.nodes[index]
        switch node.kind {
        case .simpleCommand: return try runSimple(code, node, tail: tail)
        case .assignment: return try runAssignment(code, node)
        case .sequence:
            let last = node.n &- 1
            for place in 0..<node.n {
                let flow = try run(code, code.ints[node.a &+ place], tail: tail && place == last)
                if flow != .normal { return flow }
            }
            return .normal
        case .andOr: return try runAndOr(code, node, tail: tail)
        case .ifClause:
            let flow = try runCondition(code, node.a)
            if flow != .normal { return flow }
            if status == 0 { return try run(code, node.b, tail: tail) }
            if node.c >= 0 { return try run(code, node.c, tail: tail) }
            status = 0
            return .normal
        case .whileClause: return try runLoop(code, node, until: false)
        case .untilClause: return try runLoop(code, node, until: true)
        case .forClause: return try runFor(code, node)
        case .caseClause: return try runCase(code, node, tail: tail)
        case .braceGroup: return try run(code, node.a, tail: tail)
        default: return try runOther(code, index, tail: tail)
        }
    }

    @inline(never)
    private func runOther(_ code: Code, _ index: Int32, tail: Bool) throws(ShellError) -> Flow {
        let node = code.nodes[index]
        if needsAttention {
            let isCommand = node.kind == .conditionalCommand || node.kind == .arithmeticCommand
            let flow = isCommand ? try attend(code, node) : try runPendingTraps()
            if flow != .normal { return flow }
        }
        switch node.kind {
        case .not:
            let flow = try runCondition(code, node.a)
            // `! return 5` and `! exit 5` leave with 5.
            if flow != .returned && flow != .exited {
                let before = status
                status = status == 0 ? 1 : 0
                if lastPipeline != nil { noteInverted(before, isPipeline: code.nodes[node.a].kind == .pipeline) }
            }
            return flow
        case .pipeline:
            let flow = try runPipeline(code, index, tail: tail)
            return flow == .normal ? checkErrexit() : flow
        case .background:
            try runBackground(code, node)
            return .normal
        case .redirected: return try runRedirected(code, node, tail: tail)
        case .subshell:
            if tail && isForkedChild && !isVirtualSubshell && traps.isEmpty {
                // This process is itself a subshell that ends here: no second environment is needed.
                loopDepth = 0
                let flow = try run(code, node.a, tail: true)
                return flow == .exited ? .exited : .normal
            }
            if usesJobControl { try runSubshellJob(code, index) } else { try runInSubshell(code, node.a) }
            return checkErrexit()
        case .functionDefinition:
            defineFunction(node.a, FunctionBody(code: code, node: node.b))
            status = 0
            return .normal
        case .empty:
            status = 0
            return .normal
        case .text:
            currentPosition = node.position
            return try runString(code.constants[node.b], origin: .eval, name: name, isTail: tail)
        default: return try runExtended(code, index)
        }
    }

    /// After a command that `errexit` watches.
    @inline(__always)
    func checkErrexit() -> Flow {
        if status != 0 && !options.isDisjoint(with: [.errexit, .hasErrorTrap]) && errexitIgnored == 0 {
            return afterFailure()
        }
        return .normal
    }

    /// Runs a command whose failure does not end the shell (XCU `set -e`).
    @inline(__always)
    private func runCondition(_ code: Code, _ index: Int32) throws(ShellError) -> Flow {
        errexitIgnored &+= 1
        defer { errexitIgnored &-= 1 }
        return try run(code, index, tail: false)
    }

    private func runAndOr(_ code: Code, _ node: Node, tail: Bool) throws(ShellError) -> Flow {
        var flow = try runCondition(code, code.ints[node.a])
        if flow != .normal { return flow }
        let last = node.n &- 1
        var place: Int32 = 1
        while place <= last {
            let isOr = code.ints[node.a &+ 2 &* place &+ 1] == 1
            if isOr != (status == 0) {
                let child = code.ints[node.a &+ 2 &* place]
                flow = place == last ? try run(code, child, tail: tail) : try runCondition(code, child)
                if flow != .normal { return flow }
            }
            place &+= 1
        }
        return .normal
    }

    private func runLoop(_ code: Code, _ node: Node, until: Bool) throws(ShellError) -> Flow {
        loopDepth &+= 1
        defer { loopDepth &-= 1 }
        var last: Int32 = 0
        while true {
            let condition = try runCondition(code, node.a)
            if condition != .normal {
                if let flow = endOfLoop(condition) { return flow }
                continue
            }
            if (status == 0) == until { break }
            let flow = try run(code, node.b, tail: false)
            if flow != .normal, let flow = endOfLoop(flow) { return flow }
            last = status
        }
        status = last
        return .normal
    }

    /// What a flow that came out of a loop's body means for the loop: nil to go on with the next round.
    @inline(__always)
    func endOfLoop(_ flow: Flow) -> Flow? {
        switch flow {
        case .breaking:
            pendingLevels &-= 1
            return pendingLevels > 0 ? .breaking : .normal
        case .continuing:
            pendingLevels &-= 1
            return pendingLevels > 0 ? .continuing : nil
        default: return flow
        }
    }

    /// The words of `for` and `select` on `fields`: without `in`, the positional parameters.
    func pushLoopWords(_ code: Code, _ node: Node) throws(ShellError) {
        currentPosition = node.position
        if node.d == 0 {
            for index in 0..<paramCount { fields.append(params[paramBase + index]) }
        } else {
            for index in node.a..<node.a &+ node.n { try expand(code, index) }
        }
    }

    private func runFor(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        let mark = fields.count
        defer { fields.pop(to: mark) }
        try pushLoopWords(code, node)
        let end = fields.count
        if end == mark { status = 0 }
        loopDepth &+= 1
        defer { loopDepth &-= 1 }
        // A reference (`declare -n`) refers to one name after the other.
        let isReference = variables[node.b].flags.contains(.reference)
        for index in mark..<end {
            if isReference { setReference(node.b, fields[index]) } else { try assign(node.b, fields[index]) }
            var flow = try run(code, node.c, tail: false)
            if flow != .normal, let flow = endOfLoop(flow) { return flow }
            // A trap that is due sees the variable as it was.
            if needsAttention {
                flow = try runPendingTraps()
                if flow != .normal, let flow = endOfLoop(flow) { return flow }
            }
        }
        return .normal
    }

    private func runCase(_ code: Code, _ node: Node, tail: Bool) throws(ShellError) -> Flow {
        currentPosition = node.position
        let subject = try expandToText(code, node.a)
        return try runCase(code, node, subject, from: 0, tail: tail)
    }

    @inline(__always)
    private func runCase(_ code: Code, _ node: Node, _ subject: Text, from first: Int32, tail: Bool) throws(ShellError)
        -> Flow
    {
        if options.contains(.nocasematch) {
            return try runCaseIgnoringCase(code, node, subject, from: first, tail: tail)
        }
        var item = first
        while item < node.n {
            let entry = code.caseItems[node.b &+ item]
            for word in entry.firstPattern..<entry.firstPattern &+ entry.patternCount
            where try matches(subject, code, word) {
                return try runCaseBodies(code, node, subject, item, tail: tail)
            }
            item &+= 1
        }
        if first == 0 { status = 0 }
        return .normal
    }

    /// `shopt -s nocasematch`
    @inline(never)
    private func runCaseIgnoringCase(
        _ code: Code, _ node: Node, _ subject: Text, from first: Int32, tail: Bool
    ) throws(ShellError) -> Flow {
        let small = lowercased(subject)
        for item in first..<node.n {
            let entry = code.caseItems[node.b &+ item]
            for word in entry.firstPattern..<entry.firstPattern &+ entry.patternCount {
                let text =
                    code.words[word].form == .constant
                    ? code.constants[code.words[word].a] : try expandToPattern(code, word).text
                if Pattern(extended: lowercased(text), isUTF8: isUTF8).matches(small) {
                    return try runCaseBodies(code, node, subject, item, tail: tail)
                }
            }
        }
        if first == 0 { status = 0 }
        return .normal
    }

    /// `;;&`: what follows is tested too.
    @inline(never)
    private func runCaseAfter(
        _ code: Code, _ node: Node, _ subject: Text, _ item: Int32, tail: Bool
    ) throws(ShellError) -> Flow {
        try runCase(code, node, subject, from: item, tail: tail)
    }

    @inline(__always)
    private func matches(_ subject: Text, _ code: Code, _ word: Int32) throws(ShellError) -> Bool {
        let known = code.words[word]
        if known.form == .constant || known.flags.contains(.isLiteral) {
            return code.constants.isEqual(known.a, subject)
        }
        if let literal = try quotedText(code, word) { return literal == subject }
        let pattern = try expandToPattern(code, word)
        return subject.withBytes { pattern.matches($0) }
    }

    private func runCaseBodies(
        _ code: Code, _ node: Node, _ subject: Text, _ first: Int32, tail: Bool
    ) throws(ShellError) -> Flow {
        var item = first
        while item < node.n {
            let entry = code.caseItems[node.b &+ item]
            let isLast = entry.terminator == .breakCase
            if entry.body >= 0 {
                let flow = try run(code, entry.body, tail: tail && isLast)
                if flow != .normal { return flow }
            } else {
                status = 0
            }
            if isLast { break }
            item &+= 1
            if entry.terminator == .testNext { return try runCaseAfter(code, node, subject, item, tail: tail) }
        }
        return .normal
    }

    private func runRedirected(_ code: Code, _ node: Node, tail: Bool) throws(ShellError) -> Flow {
        currentPosition = node.position
        guard let mark = try beginRedirections(code, node.e) else {
            status = 1
            return checkErrexit()
        }
        defer { endRedirections(to: mark) }
        if tail { settleRedirections(from: mark) }
        return try run(code, node.a, tail: false)
    }

    /// `name() …`
    private func defineFunction(_ symbol: Symbol, _ body: FunctionBody) {
        // A special builtin is found before any function (XCU 2.9.1.4): the definition has no effect.
        if builtinIndex[symbol] >= 0, builtinTable[Int(builtinIndex[symbol])].kind == .special { return }
        setFunction(symbol, body)
        body.code.isKept = true
        if options.contains(.locatesInDefinitions) { locateUtilities(body) }
    }

    /// `set -h`: remembers where the utilities are that a function calls. Its nodes stand before its root, with later places than its start.
    private func locateUtilities(_ body: FunctionBody) {
        let start = body.code.nodes[body.node].position
        var index = body.node
        while index >= 0, body.code.nodes[index].position >= start {
            let node = body.code.nodes[index]
            index -= 1
            guard node.kind == .simpleCommand, node.b >= 0, functions[node.b] == nil, commandPaths[node.b].isEmpty
            else {
                continue
            }
            let name = symbols.name(node.b)
            if builtinNumber(node.b) >= 0 || name.withBytes({ $0.contains(47) }) { continue }
            if let path = findCommand(name) { rememberCommandPath(node.b, path) }
        }
    }

    /// Defines a function, or removes it with nil.
    public func setFunction(_ symbol: Symbol, _ body: FunctionBody?) {
        if isVirtualSubshell { stateTrail.append(.function(symbol, functions[symbol])) }
        functions[symbol] = body
        if !exportedFunctions.isEmpty { environmentIsStale = true }
    }

    /// Defines an alias, or removes it with nil.
    public func setAlias(_ symbol: Symbol, _ text: Text?) {
        if isVirtualSubshell { stateTrail.append(.alias(symbol, aliases[symbol])) }
        aliases[symbol] = text
    }

    // MARK: assignments

    /// `a=1 b=2` without a command (XCU 2.9.1): the status is that of the last command substitution.
    func runAssignment(_ code: Code, _ node: Node) throws(ShellError) -> Flow {
        currentPosition = node.position
        if needsAttention {
            let flow = try attend(code, node)
            if flow != .normal { return flow }
        }
        let substitutions = substitutionCount
        if node.n == 1 && !options.contains(.xtrace) {
            try perform(code, code.assignments[node.a])
        } else {
            for index in node.a..<node.a &+ node.n {
                try perform(code, code.assignments[index])
                if options.contains(.xtrace) {
                    traceAssignment(code.assignments[index].symbol, isLast: index == node.a + node.n - 1)
                }
            }
        }
        status = substitutions == substitutionCount ? 0 : substitutionStatus
        return status == 0 ? .normal : checkErrexit()
    }

    /// One assignment to the shell's variables.
    @inline(__always)
    func perform(_ code: Code, _ assignment: Assignment) throws(ShellError) {
        let word = code.words[assignment.word]
        if word.form == .constant {
            try assign(assignment.symbol, code.constants[word.a])
        } else if word.form == .general && word.count == 1 && code.parts[word.a].kind == .arithmetic {
            try assign(assignment.symbol, integer: evaluate(code, code.parts[word.a]))
        } else if assignment.flags.isEmpty {
            try assign(assignment.symbol, expandToText(code, assignment.word))
        } else if !assignment.flags.isDisjoint(with: [.appendsToSelf, .prependsToSelf]) {
            try extendSelf(code, assignment, word)
        } else {
            try performUnusual(code, assignment, word)
        }
    }

    /// An assignment to an array, or `x+=…` whose text can change x.
    @inline(never)
    private func performUnusual(_ code: Code, _ assignment: Assignment, _ word: Word) throws(ShellError) {
        if !assignment.flags.isDisjoint(with: [.element, .list]) {
            try performArray(code, assignment)
        } else if variables[resolved(assignment.symbol)].flags.contains(.numeric) {
            try performAppend(code, assignment)
        } else {
            try assign(assignment.symbol, expandToText(code, assignment.word))
        }
    }

    /// `x=$x…` and `x=…$x`: the rest is put behind or before the value in place.
    private func extendSelf(_ code: Code, _ assignment: Assignment, _ word: Word) throws(ShellError) {
        let symbol = assignment.symbol
        if !variables[symbol].flags.isDisjoint(with: .assignmentNeedsCare) || options.contains(.allexport)
            || !isSet(symbol) || variables[symbol].epoch != epoch
        {
            if assignment.flags.contains(.append) { return try performUnusual(code, assignment, word) }
            try assign(symbol, expandToText(code, assignment.word))
            return
        }
        if !variables[symbol].flags.contains(.hasText) { _ = value(symbol) }
        let isInFront = assignment.flags.contains(.prependsToSelf)
        var rest = word
        if !isInFront { rest.a += 1 }
        rest.count -= 1
        // As it was before the rest is expanded. Nobody else may hold it when it is extended.
        let isCertain = !isInFront && !assignment.flags.contains(.mayChangeSelf)
        var old: Text? = isInFront || isCertain ? nil : variables[symbol].text
        var builder = WordBuilder(purpose: .text, start: scratch.count, runStart: runs.count)
        do throws(ShellError) {
            try expandParts(code, rest, &builder, splitsLiterals: false)
        } catch {
            scratch.pop(to: builder.start)
            throw error
        }
        defer { scratch.pop(to: builder.start) }
        if !isCertain, isChanged(symbol, since: old) {
            // The rest did it (`x=$x$((x=1))`).
            let added = scratch.text(from: builder.start)
            var whole = isInFront ? added : old ?? Text()
            whole.append(isInFront ? value(symbol) : added)
            return try assign(symbol, whole)
        }
        old = nil
        scratch.withBytes(from: builder.start) {
            if isInFront { variables[symbol].text.prepend($0) } else { variables[symbol].text.append($0) }
        }
        variables[symbol].flags = variables[symbol].flags.subtracting(.hasInteger).union(.textValue)
    }

    /// Whether a variable that was to be extended in place was assigned; nil: its value does not matter.
    private func isChanged(_ symbol: Symbol, since old: Text?) -> Bool {
        let flags = variables[symbol].flags
        if !flags.isDisjoint(with: .assignmentNeedsCare) || !flags.contains(.textValue) { return true }
        return variables[symbol].epoch != epoch || !(old?.isIdentical(to: variables[symbol].text) ?? true)
    }
}
