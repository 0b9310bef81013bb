// SPDX-License-Identifier: MPL-2.0
import XCTest

final class ArithmeticTests: XCTestCase {
    func testOperands() {
        expect(#"$((1)) $((x)) $(($x)) "$((1))""#, #"(cmd [$((1;'1'))] [$((x;'x'))] [$(("$x";"$x"))] ["$((1;'1'))"])"#)
        expect(
            "$((0x1F)) $((017)) $((9223372036854775807)) $((18446744073709551615))",
            "(cmd [$((31;'0x1F'))] [$((15;'017'))] [$((9223372036854775807;'9223372036854775807'))] [$((-1;'18446744073709551615'))])"
        )
        expect("$(( )) $(())", #"(cmd [$((0;'\s'))] [$((0;))])"#)
        expect(
            "$(($1)) $((${x-1})) $(($(a))) $((`a`)) $(($#))",
            #"(cmd [$(("$1";"$1"))] [$((#0;["${x-'1'}"]))] [$((#0;["$(cmd a)"]))] [$((#0;["`(cmd a)"]))] [$((#0;["$#"]))] !sub)"#
        )
    }

    func testOperators() {
        expect(
            "$((1+2*3)) $(((1+2)*3)) $((1-2-3)) $((-x)) $((- -x)) $((!~+x))",
            #"(cmd [$(((add 1 (multiply 2 3));'1+2*3'))] [$(((multiply (add 1 2) 3);'(1+2)*3'))] [$(((subtract (subtract 1 2) 3);'1-2-3'))] [$(((negate x);'-x'))] [$(((negate (negate x));'-\s-x'))] [$(((not (complement (plus x)));'!~+x'))])"#
        )
        expect(
            "$((a||b&&c|d^e&f==g<h<<i+j*k))",
            "(cmd [$(((or a (and b (bitOr c (bitXor d (bitAnd e (equal f (less g (shiftLeft h (add i (multiply j k))))))))));'a||b&&c|d^e&f==g<h<<i+j*k'))])"
        )
        expect(
            "$((a<=b)) $((a>=b)) $((a!=b)) $((a>>b)) $((a/b%c))",
            "(cmd [$(((lessOrEqual a b);'a<=b'))] [$(((greaterOrEqual a b);'a>=b'))] [$(((notEqual a b);'a!=b'))] [$(((shiftRight a b);'a>>b'))] [$(((remainder (divide a b) c);'a/b%c'))])"
        )
        expect(
            "$((a?b:c)) $((a?b:c?d:e)) $((a?b,c:d)) $((a,b))",
            "(cmd [$(((conditional a b c);'a?b:c'))] [$(((conditional a b (conditional c d e));'a?b:c?d:e'))] [$(((conditional a (comma b c) d);'a?b,c:d'))] [$(((comma a b);'a,b'))])"
        )
        expect(
            "$((x=1)) $((x+=y=2)) $((x<<=1)) $((x%=2)) $((x^=1)) $((x|=1)) $((x&=1)) $((x>>=1)) $((x/=1)) $((x*=1)) $((x-=1))",
            "(cmd [$(((x = 1);'x=1'))] [$(((x add = (y = 2));'x+=y=2'))] [$(((x shiftLeft = 1);'x<<=1'))] [$(((x remainder = 2);'x%=2'))] [$(((x bitXor = 1);'x^=1'))] [$(((x bitOr = 1);'x|=1'))] [$(((x bitAnd = 1);'x&=1'))] [$(((x shiftRight = 1);'x>>=1'))] [$(((x divide = 1);'x/=1'))] [$(((x multiply = 1);'x*=1'))] [$(((x subtract = 1);'x-=1'))])"
        )
        expect(
            "$((x++)) $((++x)) $((x--)) $((--x)) $((x++ + ++y)) $((x--1)) $((--1))",
            #"(cmd [$(((postIncrement x);'x++'))] [$(((preIncrement x);'++x'))] [$(((postDecrement x);'x--'))] [$(((preDecrement x);'--x'))] [$(((add (postIncrement x) (preIncrement y));'x++\s+\s++y'))] [$(((subtract x (negate 1));'x--1'))] [$(((negate (negate 1));'--1'))])"#
        )
        expect("$((\n1\n+\t2))", #"(cmd [$(((add 1 2);'\n1\n+\t2'))])"#)
    }

    func testTexts() {
        expect(
            "$((1+)) $((09)) $((1 2)) $((x y)) $((1=2)) $((0x)) $((1x))",
            #"(cmd [$((!;'1+'))] [$((!;'09'))] [$((!;'1\s2'))] [$((!;'x\sy'))] [$((!;'1=2'))] [$((!;'0x'))] [$((!;'1x'))])"#
        )
        expect(
            "$((a$x)) $(($x$y)) $(($x=1)) $((1$x)) $((a $op b))",
            #"(cmd [$((!;["a" "$x"]))] [$((!;["$x" "$y"]))] [$((!;["$x" "=1"]))] [$((!;["1" "$x"]))] [$((!;["a\s" "$op" "\sb"]))])"#
        )
        expect(
            #"$(("1"+"$x")) $((\$x)) $(('1'))"#,
            #"(cmd [$(((add 1 "$x");["1+" "$x"]))] [$((!;'$x'))] [$((!;''1''))])"#)
        expect("$(($x+(y)))", #"(cmd [$(((add "$x" y);["$x" "+(y)"]))])"#)
        expect("$(((a)+(b)))", "(cmd [$(((add a b);'(a)+(b)'))])")
    }

    func testAmbiguities() {
        expect("$((a); b)", "(cmd [$(seq (sub (cmd a)) (cmd b))] !sub)")
        expect("$((a) )", "(cmd [$(sub (cmd a))] !sub)")
        expect("$((a)\n)", "(cmd [$(sub (cmd a))] !sub)")
        expect("$( (a))", "(cmd [$(sub (cmd a))] !sub)")
        expect("$((case x in x) a;; esac); b)", "(cmd [$(seq (sub (case x (/x/ (cmd a)))) (cmd b))] !sub)")
        expect("$((echo ')'); echo)", "(cmd [$(seq (sub (cmd echo ')')) (cmd echo))] !sub)")
        expect("$((a b); c) $((1))", "(cmd [$(seq (sub (cmd a b)) (cmd c))] [$((1;'1'))] !sub)")
        expect("$((1+(2)", "error: '$((' is not closed")
        expect("$((1", "error: '$((' is not closed")
    }
}
