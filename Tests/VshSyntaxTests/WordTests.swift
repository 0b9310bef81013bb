// SPDX-License-Identifier: MPL-2.0
import XCTest

final class WordTests: XCTestCase {
    func testConstants() {
        expect("a", "(cmd a)")
        expect("echo a b  c\t d", "(cmd echo a b c d)")
        expect("a#b c#", "(cmd a#b c#)")
        expect("{a,b} a{ }b {} =x", "(cmd { a b } a{ }b {} =x)")
        expect("a\\ b \\$x \\\n", #"(cmd 'a\sb' '$x')"#)
        expect("x!y ! [ ] [a", "(cmd x!y ! [ ] [a)")
        expect("a-b:c/d.e@f+g%h,i^j", "(cmd a-b:c/d.e@f+g%h,i^j)")
    }

    func testQuotes() {
        expect("'a b'", #"(cmd 'a\sb')"#)
        expect(#""a b""#, #"(cmd 'a\sb')"#)
        expect(#"a'b'"c"\d"#, "(cmd 'abcd')")
        expect(#"''  "" a''"#, "(cmd '' '' 'a')")
        expect(#""a'b" 'a"b'"#, #"(cmd 'a'b' 'a"b')"#)
        expect(#""\$ \` \" \\ \a""#, #"(cmd '$\s`\s"\s\\\s\\a')"#)
        expect(#"'a\b'"#, #"(cmd 'a\\b')"#)
        expect("'a\nb' \"c\nd\"", #"(cmd 'a\nb' 'c\nd')"#)
        expect("\"a\\\nb\" 'a\\\nb' a\\\nb", #"(cmd 'ab' 'a\\\nb' ab)"#)
    }

    func testDollarSingleQuotes() {
        expect(#"$'a\nb\t\'\"\\'"#, #"(cmd 'a\nb\t'"\\')"#)
        expect(#"$'\x41\101\e\cA\q'"#, "(cmd 'AA\u{1b}\u{1}\\\\q')")
        expect(#"$'a\0b' c"#, "(cmd 'a' c)")
        expect(#""$'a'""#, "(cmd '$'a'')")
        expect(#"${x-$'a b'} "${x-$'a'}" ${x#$'*'}"#, #"(cmd [${x-'a\sb'}] ["${x-'$'a''}"] [${x#/\\*/}])"#)
    }

    func testVariables() {
        expect(#"$x ${x} "$x" "${x}""#, #"(cmd $x $x "$x" "$x")"#)
        expect(#"$1 "$1" ${10} $10 ${01}"#, #"(cmd $1 "$1" $10 [$1 0] $1)"#)
        expect(
            #""$@" $@ "$*" $* $# $? $- $$ $! $0 ${0} ${@}"#,
            #"(cmd "$@" [$@] ["$*"] [$*] [$#] [$?] [$-] [$$] [$!] [$0] [$0] [$@])"#)
        expect(#"a$x "a$x" $x"" ""$x $x$y "$x$y""#, #"(cmd [a $x] ["a" "$x"] [$x ""] ["" $x] [$x $y] ["$x" "$y"])"#)
        expect(#"$ "$" a$ $% $" ""#, #"(cmd $ '$' a$ $% '\s')"#)
        expect(#"${x}y "${x}y""#, #"(cmd [$x y] ["$x" "y"])"#)
        expect(#""$@"'' ""$@"#, #"(cmd ["$@" ""] ["" $@])"#)
    }

    func testGlobs() {
        expect("*", "(cmd **(*))")
        expect("a* b?c [ab] [!a-z]*", "(cmd a**(a*) b?c*(b?c) [ab]*([ab]) [!a-z]**([!a-z]*))")
        expect(#""*" \* "a"*"#, "(cmd '*' '*' a**(a*))")
        expect(#"a\** "[a"]*"#, #"(cmd a***(a\\**) [a]**(\\[a]*))"#)
        expect(#"[a"-"z]* [ab"#, #"(cmd [a-z]**([a\\-z]*) [ab)"#)
        expect("[ -f x ]", "(cmd [ -f x ])")
        expect("x=* >* <?", "(cmd x=* 1>* 0<?)")
    }

    func testTildes() {
        expect("~ ~root ~/x ~root/x", "(cmd [~] [~root] [~ /x] [~root /x])")
        expect(#"a~ "~" \~ ~"x" ~$x ~\x"#, "(cmd a~ '~' '~' '~x' [~ $x] '~x')")
        expect("x=~ x=~:~a/b:~ x=a~ x=a:~", "(set x=[~] x=[~ : ~a /b: ~] x=a~ x=[a: ~])")
        expect(#"x=~"a" x=a=~ x="a":~"#, #"(set x='~a' x=a=~ x=["a" : ~])"#)
        expect("echo x=~ --x=~/a", "(cmd echo [x= ~] --x=~/a)")
        expect("~a*", "(cmd ~a**(~a*))")
        expect("> ~/x", "(cmd 1>[~ /x])")
    }

    func testDeclarationUtilities() {
        expect(#"export a=~ b=~/x:~y "c=~" d=* e=$x"#, "(cmd export @[a= ~] @[b= ~ /x: ~y] 'c=~' @d=* @[e= $x])")
        expect(
            "command export a=~ ; command -p readonly a=~",
            "(seq (cmd command export @[a= ~]) (cmd command -p readonly @[a= ~]))")
        expect("echo a=~; command echo a=~", "(seq (cmd echo [a= ~]) (cmd command echo [a= ~]))")
        expect(#"export a\=~ $x=~ 1a=~"#, "(cmd export 'a=~' [$x =~] 1a=~)")
        expect("local a=b c; typeset x=*", "(seq (cmd local @a=b c) (cmd typeset @x=*))")
    }

    func testOperands() {
        expect(
            "${x-a} ${x:-a b} ${x=a} ${x:=a} ${x?a} ${x:?} ${x+a} ${x:+a}",
            #"(cmd [${x-a}] [${x:-a\sb}] [${x=a}] [${x:=a}] [${x?a}] [${x:?}] [${x+a}] [${x:+a}])"#)
        expect(#"${x-} ${x-""} "${x-}" "${x-""}""#, #"(cmd [${x-}] [${x-''}] ["${x-}"] ["${x-''}"])"#)
        expect(#"${x-'a b' c} ${x-a'b'} ${x-"a b"}"#, #"(cmd [${x-["a\sb" \sc]}] [${x-[a "b"]}] [${x-'a\sb'}])"#)
        expect(#""${x-'a'}" "${x-"a b"}" "${x-a\}b\$}""#, #"(cmd ["${x-''a''}"] ["${x-'a\sb'}"] ["${x-'a}b$'}"])"#)
        expect(
            #"${x-a\}b} ${x-"}"} ${x-'}'} "${x#'}'}""#,
            #"(cmd [${x-[a "}" b]}] [${x-'}'}] [${x-'}'}] ["${x#/}/}"])"#)
        expect(
            #"${x-$y} "${x-$y}" ${x-"$y"} ${x-"$@"} "${x-$@}""#,
            #"(cmd [${x-$y}] ["${x-"$y"}"] [${x-"$y"}] [${x-"$@"}] ["${x-"$@"}"])"#)
        expect(#"${x-${y-${z-w}}} "${x-${y-'}}""#, #"(cmd [${x-[${y-[${z-w}]}]}] ["${x-["${y-'''}"]}"])"#)
        expect(#"${x-~} ${x-~/a:~b} "${x-~}""#, #"(cmd [${x-[~]}] [${x-[~ /a:~b]}] ["${x-'~'}"])"#)
        expect("${x-*}", "(cmd [${x-*}])")
        expect("${x-a\nb} ${x-(;&|)}", #"(cmd [${x-a\nb}] [${x-(;&|)}])"#)
    }

    func testPatterns() {
        expect(#"${x#a} ${x##a*} ${x%\*} ${x%%"*"}"#, #"(cmd [${x#/a/}] [${x##/a*/}] [${x%/\\*/}] [${x%%/\\*/}])"#)
        expect(
            #""${x#a*}" "${x#"$y"*}" "${x#$y}" ${x#'$y'}"#,
            #"(cmd ["${x#/a*/}"] ["${x#["$y" *]/}"] ["${x#[$y]/}"] [${x#/$y/}])"#)
        expect("${x#} ${x##} ${x###} ${x#\\#} ${x%%%}", "(cmd [${x#//}] [${x##//}] [${x##/#/}] [${x#/#/}] [${x%%/%/}])")
        expect(#"${x#[a"-"z]} ${x#a"-"b}"#, #"(cmd [${x#/[a\\-z]/}] [${x#/a-b/}])"#)
    }

    func testLengths() {
        expect(
            #"${#x} ${#1} ${#10} ${#} ${#@} ${#*} "${#x}""#,
            #"(cmd [${#x}] [${#1}] [${#10}] [$#] [${#@}] [${#*}] ["${#x}"])"#)
        expect("${##} ${#?} ${#-} ${#$} ${#!}", "(cmd [${##}] [${#?}] [${#-}] [${#$}] [${#!}])")
        expect(
            "${##x} ${#?x} ${#-x} ${#:-x} ${#%x} ${#+x} ${#=x}",
            "(cmd [${##/x/}] [${#?x}] [${#-x}] [${#:-x}] [${#%/x/}] [${#+x}] [${#=x}])")
    }

    func testBadSubstitutions() {
        expect(
            #"${x!y} ${} "${x:}" ${x[1]}"#,
            #"(cmd [!bad:${x!y}] [!bad:${}] ["!bad:${x:}"] [$x[]])"#)
        expect("${#x-y} ${x-a", "error: '${' is not closed")
        expect("${", "error: '${' is not closed")
    }

    func testReplacements() {
        expect("${x//a/b}", "(cmd [${x///a//b}])")
    }

    func testSubstitutions() {
        expect(#"$(a) "$(a)" `a` "`a`""#, #"(cmd [$(cmd a)] ["$(cmd a)"] [`(cmd a)] ["`(cmd a)"] !sub)"#)
        expect("$() $( ) ``", "(cmd [$(empty)] [$(empty)] [`(empty)] !sub)")
        expect("a$(b)c", "(cmd [a $(cmd b) c] !sub)")
        expect("$(a; b\nc) $(a &)", "(cmd [$(seq (cmd a) (cmd b) (cmd c))] [$(bg (cmd a))] !sub)")
        expect(#"$(echo ")" ')' \))"#, "(cmd [$(cmd echo ')' ')' ')')] !sub)")
        expect("$(case x in x) a;; esac)", "(cmd [$(case x (/x/ (cmd a)))] !sub)")
        expect("$(a # )\n)", "(cmd [$(cmd a)] !sub)")
        expect(#"`a \`b\`` `echo \$x \\ \a`"#, #"(cmd [`(cmd a [`(cmd b)] !sub)] [`(cmd echo $x '\sa')] !sub)"#)
        expect(#""`echo \"a\"`""#, #"(cmd ["`(cmd echo 'a')"] !sub)"#)
        expect(#"$(echo "$(echo "a")")"#, #"(cmd [$(cmd echo ["$(cmd echo 'a')"] !sub)] !sub)"#)
        expect("x=$(a) >$(b)", "(cmd x=[$(cmd a)] 1>[$(cmd b)] !sub)")
        expect("$( (a) ) $((a); (b))", "(cmd [$(sub (cmd a))] [$(seq (sub (cmd a)) (sub (cmd b)))] !sub)")
    }

    func testLineContinuations() {
        expect(
            "ec\\\nho $\\\nx $\\\n{x\\\ny\\\n-a} $\\\n(a) a&\\\n&b |\\\n| c",
            "(andor (cmd echo $x [${xy-a}] [$(cmd a)] a !sub) && (cmd b) || (cmd c))")
        expect("x\\\ny=1 i\\\nf", "(cmd xy=1 if)")
        expect("i\\\nf a; t\\\nhen b; f\\\ni", "(if (cmd a) (cmd b))")
        expect("a >\\\n> b 2\\\n>c <\\\n<\\\n-E\nE", "(cmd a 1>>b 2>c 0<<-E:)")
        expect("$x\\\ny ${1\\\n0} ~\\\na", "(cmd $xy $10 [~a])")
    }
}
