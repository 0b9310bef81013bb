// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem
import XCTest

@testable import VshInteractive

final class LineContextTests: XCTestCase {
    private func context(_ text: String) -> LineContext {
        LineContext(Array(text.utf8), cursor: text.utf8.count) { name in
            name == Array("dir".utf8) ? Array("/usr/local".utf8) : nil
        }
    }

    private func words(_ text: String) -> [String] { context(text).words.map { String(decoding: $0, as: UTF8.self) } }

    func testWhatTheWordIs() {
        XCTAssertEqual(context("").kind, .command)
        XCTAssertEqual(context("gi").kind, .command)
        XCTAssertEqual(context("git ").kind, .argument)
        XCTAssertEqual(context("a | b").kind, .command)
        XCTAssertEqual(context("if gr").kind, .command)
        XCTAssertEqual(context("x=1 gr").kind, .command)
        XCTAssertEqual(context("PATH=/us").kind, .assignment)
        XCTAssertEqual(context("echo > ").kind, .redirection)
        XCTAssertEqual(context("echo 2>fi").kind, .redirection)
        XCTAssertEqual(context("echo $HO").kind, .variable(isBraced: false))
        XCTAssertEqual(context("echo \"${HO").kind, .variable(isBraced: true))
        XCTAssertEqual(context("echo # no").kind, .nothing)
        XCTAssertEqual(context("echo $((1 + x").kind, .nothing)
        XCTAssertEqual(context("cat <<E\nbody").kind, .nothing)
        XCTAssertEqual(context("cat <<E\nbody\nE\ngr").kind, .command)
        XCTAssertEqual(context("for i in a").kind, .argument)
        XCTAssertEqual(context("for i in a; do gr").kind, .command)
    }

    func testWordsOfTheCommand() {
        XCTAssertEqual(words("git -C 'my dir' add fi"), ["git", "-C", "my dir", "add"])
        XCTAssertEqual(words("a; b c "), ["b", "c"])
        XCTAssertEqual(words("echo $(git sta"), ["git"])
        XCTAssertEqual(words("echo $(date) x"), ["echo", ""])
        XCTAssertEqual(words("echo `git "), ["git"])
        XCTAssertEqual(words("( cd x && ma"), [])
        XCTAssertEqual(words("sort < in -k "), ["sort", "-k"])
        XCTAssertEqual(words("cmd 2>&1 arg "), ["cmd", "arg"])
    }

    func testTheLastComponent() {
        let open = context("cat \"$dir/sha")
        XCTAssertEqual(open.current.value, Array("/usr/local/sha".utf8))
        XCTAssertEqual(open.current.baseStart, "cat \"$dir/".utf8.count)
        XCTAssertEqual(open.current.baseQuote, .double)
        let plain = context("ls a\\ b/c")
        XCTAssertEqual(plain.current.value, Array("a b/c".utf8))
        XCTAssertEqual(plain.current.baseQuote, .none)
    }

    /// Any prefix of any text is read without a trap.
    func testRandomText() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "'", "\"", "\\", "$(", ")", "`", "${", "}", "$((", "))", "|", "&&", ";", "\n", "<<E", ">", " ", "a", "/",
            "=", ":", "#", "$'", "é", "(", "if", "{", "~", "$x", "for", "case",
        ]
        for _ in 0..<4000 {
            let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            let bytes = Array(text.utf8)
            let cursor = Int.random(in: 0...bytes.count, using: &random)
            let context = LineContext(bytes, cursor: cursor)
            XCTAssertLessThanOrEqual(context.current.start, cursor, text)
            XCTAssertLessThanOrEqual(context.current.baseStart, cursor, text)
            XCTAssertLessThanOrEqual(context.current.baseValue, context.current.value.count, text)
        }
    }
}

final class WordQuotingTests: XCTestCase {
    private func quoted(_ text: String, _ quote: LineContext.Quote, closes: Bool = true) -> String {
        String(
            decoding: WordQuoting.quoted(Array(text.utf8), in: quote, isFirst: true, closes: closes), as: UTF8.self)
    }

    func testQuotes() {
        XCTAssertEqual(quoted("a b$c", .none), "a\\ b\\$c")
        XCTAssertEqual(quoted("~x#", .none), "\\~x#")
        XCTAssertEqual(quoted("it's", .single), "it'\\''s'")
        XCTAssertEqual(quoted("a\"$b", .double), "a\\\"\\$b\"")
        XCTAssertEqual(quoted("a\nb", .none), "$'a\\nb'")
        XCTAssertEqual(WordQuoting.quoted([0xFF, 65], in: .none, isFirst: true, closes: true), Array("$'\\377A'".utf8))
        XCTAssertEqual(quoted("é", .none), "é")
    }

    /// What is written is read back as the name, by the reader of lines.
    func testRoundTrip() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let name = (0..<Int.random(in: 1...8, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random)
            }
            if name.contains(47) { continue }
            let text = Array("x ".utf8) + WordQuoting.quoted(name, in: .none, isFirst: true, closes: true)
            let context = LineContext(text + [32], cursor: text.count + 1)
            XCTAssertEqual(context.words.last, name, String(decoding: text, as: UTF8.self))
        }
    }
}

final class MatchingTests: XCTestCase {
    private func matches(_ names: [String], _ typed: String) -> [String] {
        var list = CandidateList(typed: Array(typed.utf8))
        for name in names {
            list.add(Array(name.utf8)) { Candidate(text: Array(name.utf8), display: Array(name.utf8)) }
        }
        return list.finished().map { String(decoding: $0.text, as: UTF8.self) }
    }

    func testTheBestKindOfMatchWins() {
        let names = ["Makefile", "makeshift", "remake", "mock", "xmfxl"]
        XCTAssertEqual(matches(names, "make"), ["makeshift"])
        XCTAssertEqual(matches(names, "MAKE"), ["Makefile", "makeshift"])
        XCTAssertEqual(matches(names, "ema"), ["remake"])
        XCTAssertEqual(matches(names, "mfl"), ["Makefile"])
        XCTAssertEqual(matches(names, "zzz"), [])
        XCTAssertEqual(matches(["b", "a"], ""), ["a", "b"])
    }
}

final class SpecTests: XCTestCase {
    func testReader() {
        let spec = SpecReader.read(
            Array(
                """
                @ tool | A tool
                -f --file =file | The file
                --color =?(always never) | Colours
                @@ add,a | Add
                -n | Not
                < git-ref file
                @@@ deep | Deep
                @@ rm | Remove
                """.utf8))
        XCTAssertEqual(spec.options.count, 2)
        XCTAssertEqual(spec.options[0].names, [Array("-f".utf8), Array("--file".utf8)])
        XCTAssertEqual(spec.options[0].argument, .file)
        XCTAssertTrue(spec.options[1].isArgumentOptional)
        XCTAssertEqual(spec.subcommands.map { $0.names.count }, [2, 1])
        XCTAssertEqual(spec.subcommand(Array("a".utf8))?.operands, [.gitRef, .file])
        XCTAssertNotNil(spec.subcommand(Array("add".utf8))?.subcommand(Array("deep".utf8)))
    }

    /// Every spec can be read, says what it is, and names each option once.
    func testOwnSpecs() {
        XCTAssertGreaterThanOrEqual(OwnSpecs.names.count, 40)
        func check(_ spec: CommandSpec, _ path: String) {
            var seen: Set<[UInt8]> = []
            for option in spec.options {
                XCTAssertFalse(option.names.isEmpty, path)
                XCTAssertFalse(option.description.isEmpty, "\(path) \(option.names)")
                for name in option.names {
                    XCTAssertEqual(name.first, 45, path)
                    XCTAssertTrue(
                        seen.insert(name).inserted, "\(path): \(String(decoding: name, as: UTF8.self)) twice")
                }
            }
            for subcommand in spec.subcommands {
                XCTAssertFalse(subcommand.description.isEmpty, path)
                check(subcommand.spec, "\(path) \(String(decoding: subcommand.names[0], as: UTF8.self))")
            }
        }
        for name in OwnSpecs.names {
            let text = OwnSpecs.text(SystemNames.bytes(name))
            XCTAssertNotNil(text, "\(name)")
            if let text {
                let spec = SpecReader.read(text)
                XCTAssertFalse(spec.description.isEmpty, "\(name)")
                check(spec, "\(name)")
            }
        }
    }

    func testFishFiles() {
        let text = """
            set -l commands start stop
            complete -c tool -s f -l file -r -d 'The file'
            complete -xc tool -l color -a 'always never'
            complete -c tool -n "not __fish_seen_subcommand_from $commands" -a "$commands"
            complete -c tool -n __fish_use_subcommand -a status -d "Show it"
            complete -c tool -n '__fish_seen_subcommand_from start stop' -l now -d 'At once'
            complete -c tool -n '__fish_seen_subcommand_from start' -l how -xa "fast\\t'At once (risky)'
            slow\\t'It\\'s later'"
            complete -c tool -n '__fish_seen_subcommand_from start' -n '__fish_seen_subcommand_from deep' -l deeper
            complete -c tool -a '(rm -rf /)'
            complete -c tool -n 'test -f x' -l never
            complete -c other -l not-ours
            if test 1
                complete -c tool -l conditional
            end
            """
        let spec = FishCompletions.read(Array(text.utf8), command: Array("tool".utf8))
        XCTAssertEqual(
            spec.options.map { String(decoding: $0.names.last ?? [], as: UTF8.self) }, ["--file", "--color"])
        XCTAssertEqual(spec.options[0].description, Array("The file".utf8))
        XCTAssertEqual(
            spec.subcommands.map { String(decoding: $0.names[0], as: UTF8.self) }, ["start", "stop", "status"])
        let start = spec.subcommand(Array("start".utf8))
        XCTAssertEqual(start?.options.map { $0.names.first }, [Array("--now".utf8), Array("--how".utf8)])
        guard case .words(let words)? = start?.options.last?.argument else { return XCTFail("no words") }
        XCTAssertEqual(words.map { String(decoding: $0.name, as: UTF8.self) }, ["fast", "slow"])
        XCTAssertEqual(
            words.map { String(decoding: $0.description, as: UTF8.self) }, ["At once (risky)", "It's later"])
    }
}

final class ManualTests: XCTestCase {
    private func options(_ source: String) -> [(String, String)] {
        ManualPage.options(Array(source.utf8)).map {
            (
                String(decoding: Array($0.names.joined(separator: [32])), as: UTF8.self),
                String(decoding: $0.description, as: UTF8.self)
            )
        }
    }

    func testManMacros() {
        let found = options(
            """
            .TH LS 1
            .SH OPTIONS
            .TP
            \\fB\\-a\\fR, \\fB\\-\\-all\\fR
            do not ignore entries starting with .
            .TP
            \\fB\\-\\-block\\-size\\fR=\\fI\\,SIZE\\/\\fR
            with \\fB\\-l\\fR, scale sizes by SIZE when printing them. More of it.
            .IP "\\fB-x\\fR" 4
            Extract.
            .SH FILES
            """)
        XCTAssertEqual(found.map(\.0), ["-a --all", "--block-size", "-x"])
        XCTAssertEqual(found[0].1, "do not ignore entries starting with")
        XCTAssertEqual(found[1].1, "with -l, scale sizes by SIZE when printing them")
        XCTAssertEqual(found[2].1, "Extract")
    }

    func testDocBookAndMdoc() {
        let docbook = options(
            """
            .SH "OPTIONS"
            .PP
            \\-n, \\-\\-dry\\-run
            .RS 4
            Don\\(cqt actually add the file(s)\\&.
            .RE
            """)
        XCTAssertEqual(docbook.map(\.0), ["-n --dry-run"])
        XCTAssertEqual(docbook[0].1, "Don't actually add the file(s)")
        let mdoc = options(
            """
            .Dd May 1, 2020
            .Dt SSH 1
            .Bl -tag
            .It Fl i Ar identity_file
            Selects a file.
            .It Fl v
            Verbose mode.
            .El
            """)
        XCTAssertEqual(mdoc.map(\.0), ["-i", "-v"])
        XCTAssertEqual(mdoc[0].1, "Selects a file")
    }

    /// Pages that are installed are unpacked as gzip unpacks them.
    func testPackedPages() throws {
        guard let page = ManualOptions.page(Array("ls".utf8)), let packed = SystemNames.contents(page) else {
            throw XCTSkip("no manual page of ls")
        }
        let text = Inflate.gzip(packed)
        XCTAssertNotNil(text)
        XCTAssertTrue(text?.starts(with: Array(".\\\"".utf8)) ?? false)
        let names = Set(ManualOptions.read(page).flatMap { $0.names }.map { String(decoding: $0, as: UTF8.self) })
        for name in ["-a", "--all", "--color", "-l", "--time-style"] { XCTAssertTrue(names.contains(name), name) }
        // Damage is noticed or harmless, never a trap.
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var damaged = packed
            damaged[Int.random(in: 10..<damaged.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            _ = Inflate.gzip(damaged)
        }
    }
}

final class DidYouMeanTests: XCTestCase {
    private func names(_ name: String, _ candidates: [String]) -> [String] {
        DidYouMean.names(like: Array(name.utf8), among: candidates.map { Array($0.utf8) }).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    func testLikelyNames() {
        XCTAssertEqual(names("gti", ["git", "gtk", "ls"]).first, "git")
        XCTAssertEqual(names("sytsemctl", ["systemctl"]), ["systemctl"])
        XCTAssertEqual(names("x", ["y"]), [])
        XCTAssertEqual(names("abcd", ["wxyz"]), [])
        XCTAssertEqual(names("ls", ["ls"]), [])
    }
}

final class GitIndexTests: XCTestCase {
    func testBranchAndState() throws {
        let root = Array("/tmp/vsh-git-\(System.processID)-\(Clock.monotonic)".utf8)
        let git = root + Array("/.git".utf8)
        try System.makeDirectory(root)
        try System.makeDirectory(git)
        defer {
            for name in SystemNames.entries(git) { try? System.unlink(git + [47] + name) }
            try? System.removeDirectory(git + Array("/rebase-merge".utf8))
            try? System.removeDirectory(git)
            try? System.removeDirectory(root)
        }
        func write(_ name: String, _ text: String) throws {
            let file = try FileDescriptor(git + Array("/\(name)".utf8), [.writeOnly, .create, .truncate])
            try file.writeAll(Array(text.utf8))
        }
        XCTAssertNil(GitState.of(git + Array("/x".utf8)))
        try write("HEAD", "ref: refs/heads/feature/x\n")
        XCTAssertEqual(GitState.of(root).map { String(decoding: $0.text, as: UTF8.self) }, "feature/x")
        try write("MERGE_HEAD", "0\n")
        XCTAssertEqual(GitState.of(root).map { String(decoding: $0.text, as: UTF8.self) }, "feature/x|merge")
        try write("HEAD", "0123456789abcdef\n")
        XCTAssertEqual(GitState.of(root).map { String(decoding: $0.text, as: UTF8.self) }, "0123456|merge")
    }

    func testCleanedPrompt() {
        let raw = Array("\u{1B}]0;title\u{7}\u{1B}[31mred\u{1B}[0m\u{1B}[2Ka\tb\u{1}".utf8)
        XCTAssertEqual(PromptRenderer.cleaned(raw), Array("\u{1B}[31mred\u{1B}[0ma b".utf8))
    }
}
