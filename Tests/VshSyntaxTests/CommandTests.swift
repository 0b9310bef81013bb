// SPDX-License-Identifier: MPL-2.0
import XCTest

final class CommandTests: XCTestCase {
    func testLists() {
        expect("a", "(cmd a)")
        expect("a; b", "(seq (cmd a) (cmd b))")
        expect("a;b;", "(seq (cmd a) (cmd b))")
        expect("a & b", "(seq (bg (cmd a)) (cmd b))")
        expect("a &", "(bg (cmd a))")
        expect(
            "a\nb",
            "(cmd a)\n(cmd b)")
        expect("\n\n\n# c\n  # d\n\na", "(cmd a)")
        expect("a && b || c", "(andor (cmd a) && (cmd b) || (cmd c))")
        expect("a && b; c || d &", "(seq (andor (cmd a) && (cmd b)) (bg (andor (cmd c) || (cmd d))))")
        expect("a | b | c", "(pipe (cmd a) (cmd b) (cmd c))")
        expect("a | b && c | d", "(andor (pipe (cmd a) (cmd b)) && (pipe (cmd c) (cmd d)))")
        expect("! a", "(not (cmd a))")
        expect("! a | b && ! c", "(andor (not (pipe (cmd a) (cmd b))) && (not (cmd c)))")
        expect("a &&\n\n# c\nb |\n c", "(andor (cmd a) && (pipe (cmd b) (cmd c)))")
        expect("a # b; c", "(cmd a)")
        expect("a;#b", "(cmd a)")
        expect("(a; b) && { c; }", "(andor (sub (seq (cmd a) (cmd b))) && (brace (cmd c)))")
    }

    func testSimpleCommands() {
        expect("a=1", "(set a=1)")
        expect("a=1 b=2", "(set a=1 b=2)")
        expect("a=1 b", "(cmd a=1 b)")
        expect("a=1 b c=2", "(cmd a=1 b c=2)")
        expect("a= b", "(cmd a= b)")
        expect(#"a="$b"c d"#, #"(cmd a=["$b" c] d)"#)
        expect("=a", "(cmd =a)")
        expect("1a=b a-b=c a[1]=b", "(cmd 1a=b a-b=c a[1]=b*(a[1]=b))")
        expect("a=$(b)", "(set a=[$(cmd b)])")
        expect("a=1 >b", "(cmd a=1 1>b)")
        expect(">a", "(cmd 1>a)")
        expect("a=1 x=2 >f cmd y=3 <g", "(cmd a=1 x=2 cmd y=3 1>f 0<g)")
        expect(#""a"=b 'a=b' a\=b"#, "(cmd 'a=b' 'a=b' 'a=b')")
        expect(
            #"x=$x-a x="$x$y" x=a$x x=$x$x x=$x$(a) x=$x${y-$x} x="${x}b" x=$x x=$xy"#,
            #"(set x+=[$x -a] x+=["$x" "$y"] x=[a $x] x+=[$x $x] x+=[$x $(cmd a)] x+=[$x ${y-$x}] x+=["$x" "b"] x=$x x=$xy)"#
        )
    }

    func testSubshells() {
        expect("(a)", "(sub (cmd a))")
        expect("( a ; b )", "(sub (seq (cmd a) (cmd b)))")
        expect("(a)|(b)", "(pipe (sub (cmd a)) (sub (cmd b)))")
        expect("( (a) )", "(sub (sub (cmd a)))")
        expect("((a); b)", "(sub (seq (sub (cmd a)) (cmd b)))")
        expect("(a\nb\n)", "(sub (seq (cmd a) (cmd b)))")
        expect("(a&)", "(sub (bg (cmd a)))")
    }

    func testBraces() {
        expect("{ a; }", "(brace (cmd a))")
        expect("{ a\n}", "(brace (cmd a))")
        expect("{ a; b & }", "(brace (seq (cmd a) (bg (cmd b))))")
        expect("{ a; } >b", "(redir (brace (cmd a)) 1>b)")
        expect("{ { a; }; }", "(brace (brace (cmd a)))")
        expect("{ { a; } }", "(brace (brace (cmd a)))")
        expect("{a", "(cmd {a)")
        expect("{ echo }; }", "(brace (cmd echo }))")
    }

    func testIf() {
        expect("if a; then b; fi", "(if (cmd a) (cmd b))")
        expect("if a; then b; else c; fi", "(if (cmd a) (cmd b) (cmd c))")
        expect(
            "if a; then b; elif c; then d; elif e; then f; else g; fi",
            "(elif (cmd a) (cmd b) (elif (cmd c) (cmd d) (if (cmd e) (cmd f) (cmd g))))")
        expect("if a\nthen b\nelse c\nfi", "(if (cmd a) (cmd b) (cmd c))")
        expect("if { a; } then (b) fi", "(if (brace (cmd a)) (sub (cmd b)))")
        expect("if a; b & then c; fi", "(if (seq (cmd a) (bg (cmd b))) (cmd c))")
        expect("if a; then if b; then c; fi; fi", "(if (cmd a) (if (cmd b) (cmd c)))")
        expect("if a; then b; fi >x 2>&1", "(redir (if (cmd a) (cmd b)) 1>x 2>&1)")
        expect("echo if then fi", "(cmd echo if then fi)")
    }

    func testLoops() {
        expect("while a; do b; done", "(while (cmd a) (cmd b))")
        expect("until a\ndo\nb\ndone", "(until (cmd a) (cmd b))")
        expect("while a; b; do c; done <x | d", "(pipe (redir (while (seq (cmd a) (cmd b)) (cmd c)) 0<x) (cmd d))")
        expect("while (a) do { b; } done", "(while (sub (cmd a)) (brace (cmd b)))")
    }

    func testFor() {
        expect("for x in a b; do c; done", "(for x in a b do (cmd c))")
        expect("for x in; do c; done", "(for x in do (cmd c))")
        expect("for x; do c; done", "(for x do (cmd c))")
        expect("for x do c; done", "(for x do (cmd c))")
        expect("for x\ndo c; done", "(for x do (cmd c))")
        expect("for x\n\nin a\ndo c; done", "(for x in a do (cmd c))")
        expect(#"for x in $y "$@" *.c; do c; done >z"#, #"(redir (for x in $y "$@" *.c*(*.c) do (cmd c)) 1>z)"#)
        expect("for in in in; do c; done", "(for in in in do (cmd c))")
        expect("for for in do; do c; done", "(for for in do do (cmd c))")
        expect("for x in a # b\ndo c; done", "(for x in a do (cmd c))")
    }

    func testCase() {
        expect("case x in esac", "(case x)")
        expect("case x in\nesac", "(case x)")
        expect("case $x in a) b;; esac", "(case $x (/a/ (cmd b)))")
        expect("case x in (a) b;; (c | d) ;; *) e; esac", "(case x (/a/ (cmd b)) (/c/|/d/ -) (/*/ (cmd e)))")
        expect("case x\nin\na)\nb\n;;\n\nesac", "(case x (/a/ (cmd b)))")
        expect("case x in a) b;& c) d;; esac", "(case x (/a/ (cmd b) ;&) (/c/ (cmd d)))")
        expect(
            #"case "$x"y in "a"*) ;; [!b]?) ;; $z) ;; "$z") ;; "") ;; ~) ;; esac"#,
            #"(case ["$x" y] (/a*/ -) (/[!b]?/ -) ([$z]/ -) (["$z"]/ -) (// -) ([~]/ -))"#)
        expect("case x in (esac) a;; esac", "(case x (/esac/ (cmd a)))")
        expect("case esac in (esac|x) ;; esac", "(case esac (/esac/|/x/ -))")
        expect("case in in in) in=in;; if) a; esac", "(case in (/in/ (set in=in)) (/if/ (cmd a)))")
        expect("case x in a) b & ;; esac", "(case x (/a/ (bg (cmd b))))")
        expect("case x in a) case y in b) c;; esac;; esac", "(case x (/a/ (case y (/b/ (cmd c)))))")
    }

    func testFunctions() {
        expect("f() { a; }", "(fun f (brace (cmd a)))")
        expect("f () ( a )", "(fun f (sub (cmd a)))")
        expect("f( )\n\n# c\n{ a; }", "(fun f (brace (cmd a)))")
        expect("f() if a; then b; fi", "(fun f (if (cmd a) (cmd b)))")
        expect("f() { a; } >b 2>&1", "(fun f (redir (brace (cmd a)) 1>b 2>&1))")
        expect("f-g() { a; }", "(fun f-g (brace (cmd a)))")
        expect("f() { g() { a; }; }", "(fun f (brace (fun g (brace (cmd a)))))")
        expect("f() { a; }; f", "(seq (fun f (brace (cmd a))) (cmd f))")
        expect("f() for x do a; done", "(fun f (for x do (cmd a)))")
    }

    func testRedirections() {
        expect("a <b >c >>d <>e >|f", "(cmd a 0<b 1>c 1>>d 0<>e 1>|f)")
        expect("a <&3 >&4 <&- 2>&-", "(cmd a 0<&3 1>&4 0<&- 2>&-)")
        expect("a 2>&1 3<x 10>y", "(cmd a 2>&1 3<x 10>y)")
        expect("a 2 >b", "(cmd a 2 1>b)")
        expect("a2>b", "(cmd a2 1>b)")
        expect(#"a 1\>b "2">c"#, "(cmd a '1>b' '2' 1>c)")
        expect("a>b<c", "(cmd a 1>b 0<c)")
        expect(#"a >$x >"$y" <~/z"#, #"(cmd a 1>$x 1>"$y" 0<[~ /z])"#)
        expect(">a b c", "(cmd b c 1>a)")
        expect("a 00012>b 99999999999>c", "(cmd a 12>b 2147483647>c)")
    }

    func testHereDocuments() {
        expect(
            "cat <<E\na\n$x `b` $(c) $((1)) \\$x \\\\ \\a \"q\" 's'\nE\nd",
            "(cmd cat 0<<E:[\"a\\n\" \"$x\" \"\\s\" \"`(cmd b)\" \"\\s\" \"$(cmd c)\" \"\\s\" \"$((1;'1'))\" \"\\s$x\\s\\\\\\s\\\\a\\s\"q\"\\s's'\\n\"])\n(cmd d)"
        )
        expect("cat <<'E'\n$x \\\n`\nE\n", #"(cmd cat 0<<'E:'$x\s\\\n`\n')"#)
        expect("cat <<\\E <<\"F G\"\na\nE\nb\nF G\n", #"(cmd cat 0<<'E:'a\n' 0<<'F\sG:'b\n')"#)
        expect("cat <<-E\n\t\ta\n\tb\t\n\tE\n", #"(cmd cat 0<<-E:'a\nb\t\n')"#)
        expect(
            "cat <<E; cat <<F && b\na\nE\nc\nF\nd",
            "(seq (cmd cat 0<<E:'a\\n') (andor (cmd cat 0<<F:'c\\n') && (cmd b)))\n(cmd d)")
        expect("cat <<E | b\na\nE", #"(pipe (cmd cat 0<<E:'a\n') (cmd b))"#)
        expect("a <<E && {\nx\nE\nb; }", #"(andor (cmd a 0<<E:'x\n') && (brace (cmd b)))"#)
        expect("if cat <<E; then b; fi\nx\nE", #"(if (cmd cat 0<<E:'x\n') (cmd b))"#)
        expect("cat <<E\na\\\nb\n\\\nE\nE\n", #"(cmd cat 0<<E:'ab\nE\n')"#)
        expect("cat <<E\nE\n", "(cmd cat 0<<E:)")
        expect("cat <<E", "(cmd cat 0<<E:)")
        expect("cat <<E\na", "(cmd cat 0<<E:'a')")
        expect("cat <<E\n E\nEE\nE \nE", #"(cmd cat 0<<E:'\sE\nEE\nE\s\n')"#)
        expect("$(cat <<E\na\nE\n)", #"(cmd [$(cmd cat 0<<E:'a\n')] !sub)"#)
        expect("$(cat <<E)\na\nE\n", #"(cmd [$(cmd cat 0<<E:'a\n')] !sub)"#)
        expect("`cat <<E\na\nE\n`", #"(cmd [`(cmd cat 0<<E:'a\n')] !sub)"#)
        expect("cat <<E $(b\n)\nx\nE\n", #"(cmd cat [$(cmd b)] 0<<E:'x\n' !sub)"#)
        expect(
            "cat <<E\n$(cat <<E\na\nE\n)\nE\nb",
            "(cmd cat 0<<E:[\"$(cmd cat 0<<E:'a\\n')\" \"\\n\"])\n(cmd b)")
        expect("cat <<E\n${x-\"a b\"} ${x-'a'}\nE\n", #"(cmd cat 0<<E:["${x-'a\sb'}" "\s" "${x-''a''}" "\n"])"#)
        expect("f() {\ncat <<E\na\nE\n}", #"(fun f (brace (cmd cat 0<<E:'a\n')))"#)
        expect("cat <<$x\n$x\n", "(cmd cat 0<<$x:)")
        expect("cat << -E\na\n-E", #"(cmd cat 0<<-E:'a\n')"#)
        expect("cat 3<<E 4<<-F\na\nE\nb\nF\n", #"(cmd cat 3<<E:'a\n' 4<<-F:'b\n')"#)
        expect("cat <<E\\\nF\na\nEF\n", #"(cmd cat 0<<EF:'a\n')"#)
        expect("cat <<$'\\x45'\n$a\nE\n", #"(cmd cat 0<<'E:'$a\n')"#)
    }
}
