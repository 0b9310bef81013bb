// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSyntax
import XCTest

final class UnparseTests: XCTestCase {
    private func text(_ script: String, _ style: UnparseStyle) -> String {
        parse(Array(script.utf8), style: style).texts.map { String(decoding: $0, as: UTF8.self) }.joined(
            separator: "\n")
    }

    func testSingleLine() {
        let cases = [
            ("if a\nthen b; c\nelse\nd & fi", "if a; then b; c; else d & fi"),
            ("f() {\na\nb &\nc\n}", "f() { a; b & c; }"),
            ("case $x in\n(a|b) c ;;\n*) esac", "case $x in a | b) c ;; *) ;; esac"),
            ("while a;do b;done<c 2>&1|d", "while a; do b; done <c 2>&1 | d"),
            ("for i in a  'b c';do d;done", "for i in a 'b c'; do d; done"),
            ("x=1 a\\ b \"c$d\"e `f` $( (g) )", "x=1 'a b' \"c$d\"e $(f) $( (g))"),
            ("a<<E\nb $c\nE", "a <<E\nb $c\nE"),
            ("! a&&b||c", "! a && b || c"),
            ("( ( a ) )", "( (a))"),
            ("<x if", "<x if"),
        ]
        for (script, expected) in cases { XCTAssertEqual(text(script, .singleLine), expected) }
    }

    func testMultiLine() {
        XCTAssertEqual(
            text(
                "f() { if a; then b; elif c; then d; else e; fi; for i in x; do y; done; case z in a) b; c;; esac; (d; e) & g; }",
                .multiLine),
            """
            f() {
                if a; then
                    b
                elif c; then
                    d
                else
                    e
                fi
                for i in x; do
                    y
                done
                case z in
                a)
                    b
                    c
                    ;;
                esac
                (
                    d
                    e
                ) &
                g
            }
            """)
        XCTAssertEqual(
            text("f() { cat <<E; while a; b; do c; done; }\nx\nE\n", .multiLine),
            """
            f() {
                cat <<E
            x
            E
                while a
                    b
                do
                    c
                done
            }
            """)
    }

    func testRoundTrips() {
        let scripts = [
            #"case x in "a"* | [a"-"z] | \** | "" | '' | "~"* | ' '* | $x* | "$x"* ) ;; esac"#,
            ##"echo ${x#"#"} ${x##\#} ${x#%} ${x%\%} ${x%%%} "${x#"}"}" ${x# *} ${x#" "*} ${x#""} ${x%'a b'}"##,
            #"echo "${x-a"b c"d}" "${x-}" "${x-""}" "${x-$y""}" ${x-} ${x-""} ${x-''a} ${x-a b "c d"  e} ${x-~} ${x-~u/f} ${x:=\}}"#,
            "cat <<-E\n\\\n\tfoo\n\\\nE\n\t$x\\\n\tE\n$(cat <<F\nx\nF\n)\n`a \\`b\\``\n${x-\"a b\"}\"q\"'s'\\\\ \\$x \\a\n\tE\n",
            "cat << -x\nfoo\n-x\n", "cat <<'a b'\n$x\na b\n", "cat <<\"it's\"\nx\nit's\n", "cat <<''\nfoo\n\n",
            #"export A=~/x:~b B="c d" C="" D= E=$x"y"'z' F="$@" "G=h" H\I=j"#,
            #"a=~:~/b:c~ b="~" c=~"x" d=\~"#, #"echo "$@"'' ""$@ "$@""" $x"" ''$x "$x"''"#,
            "echo ${x}y \"${x}y\" ${1}0 $10 ${10} ${10}1 $x-y", #"echo $"a" $'\n' a$ $"" $ "$" \$ a$`b`"#,
            "echo $((a)) $(($a)) $(( $a + ${b-3} )) $(( \\$ )) $(( \"a\" )) $(((1))) $((`a`))",
            "(( a ); b) ; ( (a) ); $( (a) ); $( (a); b )",
            "{ a & }; ( a & ); { a & b; }; if a & then b & fi; while a & do b & done; case x in y) a & ;; esac",
            "if a; then b; else if c; then d; fi; fi", "a <b >c >>d >|e <>f <&3 >&- 4<g 5>&6", ">a <b", "<x if",
            "<x { a",
            "case x in (esac|y) a;; z) ;& w) b; esac",
            "x=$(cat <<E\nfoo\nE\n) y=`cat <<E\nbar\nE\n`",
            "cat <<A; cat <<B && cat <<C | cat <<D\na\nA\nb\nB\nc\nC\nd\nD\n",
            "if cat <<E; then\nx\nE\ncat <<E; fi\ny\nE\n",
            "echo \"$(echo \"$(cat <<E\n\"$(a)\"\nE\n)\")\"", "echo ${x//a/b} \"${x:1:2}\" ${!x} \"${x[0]}\"",
            "echo 'it'\\''s' \"it's\"", "echo {a,b} [ ] [] [a a] [!a]*", "echo \"\\a\\\"\\`\\$\\\\\"",
            "echo é\\é\"é\"*", "a \\",
            "echo ${#x} ${#} ${#-} ${##} ${#?} ${##x} ${#-x} ${#:-x} ${#%x}", "* ? '*' \"a\"* \\** *'\n'*",
            "\"${x-'a'$y}\" ${x-'a'$y} ${x-\"$y\"} ${x-\"$@\"} \"${x-$@}\" ${x-$1} ${x-$*}",
        ]
        for script in scripts {
            XCTAssertNil(parse(script).error, script)
            expectRoundTrip(Array(script.utf8))
        }
    }

    func testExtensionsRoundTrip() {
        let scripts = [
            #"[[ -n $x && ( a == b* || ! "$y" =~ ^(a|"b.c")+$ ) ]]"#, "[[ a < b || x -nt y && -f 'a b' ]]",
            "[[ $x ]] && b", #"[[ $a == "$b"* && c != 'x y'* ]]"#, "((x += 1, y))", "if ((a < b)); then c; fi",
            "$( ((a)) ); $((a))", "for ((i = 0; i < $n; i++)); do a; done", "for ((;;)) { a; }",
            "select x in a b; do c; done", "select x; do c; done", "time -p a | b", "time", "time { a; }", "! time a",
            "function f { a; }", "function g() (a)", "for x in a b; { c; }", "echo $[a + 1] a=~/b:~ ${x/a/&\"&\"}",
            "a |& b", "a >x |& b | c", "{ a; } |& b", "cat <<<x",
            "cat 3<<< \"$x y\"", "cat <(a; b) >(c) --d=<(e)", "while a; do b; done < <(c)",
            "x+=y", "x+= y+=\"$z a\" x+='a b'\"c\"$d e", "export x+=y",
            #"echo {a,b}c{1..3} "{a,b}"* \{a,b}* '{a,b}'"#,
            "echo ${x:1} \"${x:1:2}\" ${x: -1:$n} ${x:(a?b:c):d} ${@:2} \"${*:1:2}\"",
            "echo ${x^} ${x^^} ${x,[ab]} \"${x,,a}\"", "echo ${!x} \"${!x:-y}\" ${!x*} \"${!x@}\" ${!#} ${!1}",
            "echo $((2**10)) $((16#ff))", "echo ${BASH_REMATCH[1]}",
        ]
        for script in scripts {
            XCTAssertNil(parse(script).error, script)
            expectRoundTrip(Array(script.utf8))
        }
    }
}
