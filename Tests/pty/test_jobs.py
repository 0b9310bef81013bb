#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Job control on a terminal (XCU 2.11): stopping, continuing, job numbers, the terminal's owner and modes."""
import os
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, has, main, matches  # noqa: E402
from terminal import (  # noqa: E402
    modes, processes, session, start, wait_until, wait_until_ended, wait_until_foreground, wait_until_over, wait_until_running, wait_until_stopped)


def test_stop_and_foreground(shell, folder):
    """^Z stops a program, jobs lists it, fg goes on with it"""
    with session(shell, folder) as terminal:
        start(terminal, "sh -c 'echo started; read x; echo got $x'", "started")
        terminal.send("\x1a")
        said = terminal.wait_for_prompt()
        matches(r"(?s).*\n\[1\] \+ Stopped.*sh -c 'echo started.*", said)
        listed = terminal.command("jobs")
        equal(len(listed), 1)
        matches(r"\[1\] \+ Stopped.*\S +sh -c .*", listed[0])
        terminal.send("fg\r")
        terminal.wait_for(r"^sh -c .*$")
        terminal.send("word\r")
        has(terminal.wait_for_prompt(), "got word")
        equal(terminal.command("jobs"), [])


def test_status_of_a_stopped_job(shell, folder):
    """A job that ^Z stopped has status 128 + SIGTSTP, and one that is killed 128 + its signal"""
    with session(shell, folder) as terminal:
        start(terminal, "sh -c 'echo started; sleep 30'", "started")
        terminal.send("\x1a")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $?"), [str(128 + signal.SIGTSTP)])
        terminal.send("fg\r")
        terminal.wait_for(r"^sh -c .*$")
        wait_until_foreground(terminal)
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $?"), ["130"])


def test_quit(shell, folder):
    """^\\ ends a program with SIGQUIT and leaves the shell alone"""
    with session(shell, folder) as terminal:
        terminal.command("ulimit -c 0")
        start(terminal, "sh -c 'echo started; sleep 30'", "started")
        terminal.send("\x1c")
        has(terminal.wait_for_prompt(), "Quit")
        equal(terminal.command("echo $?"), ["131"])
        terminal.send("\x1c")
        equal(terminal.command("echo on")[-1:], ["on"])


def test_background(shell, folder):
    """bg goes on in the background; its end is told once, at a prompt"""
    with session(shell, folder) as terminal:
        start(terminal, "sh -c 'echo started; sleep 1'", "started")
        terminal.send("\x1a")
        terminal.wait_for_prompt()
        equal([line.startswith("[1] sh -c") for line in terminal.command("bg")], [True])
        equal(terminal.command("echo here"), ["here"])
        listed = terminal.command("jobs")
        matches(r"\[1\] \+ Running +sh -c .*", listed[0])
        wait_until_over(terminal)
        terminal.send("\r")
        said = terminal.wait_for_prompt()
        equal(len(re.findall(r"\[1\] \+ Done +sh -c", said)), 1, said)
        equal(terminal.command("jobs"), [])


def test_job_specs(shell, folder):
    """%n, %%, %+, %-, %string, %?string and what is ambiguous"""
    with session(shell, folder) as terminal:
        for seconds in (101, 102, 203):
            terminal.command(f"sleep {seconds} &")
        listed = terminal.command("jobs")
        equal([line[:5] for line in listed], ["[1]  ", "[2] -", "[3] +"])
        for spec, seconds in (("%1", "101"), ("%2", "102"), ("%-", "102"), ("%+", "203"), ("%%", "203"), ("%?203", "203"),
                              ("%'sleep 101'", "101"), ("%?01", "101")):
            equal([line.split()[-1] for line in terminal.command(f"jobs {spec}")], [seconds], spec)
        equal(len(terminal.command("jobs %?10")), 1)
        equal(terminal.command("echo $?"), ["1"])
        has(terminal.command("kill %sleep")[0], "more than one")
        has(terminal.command("jobs %7")[0], "no such job")
        pids = terminal.command("jobs -p")
        equal(len(pids), 3)
        for line, pid in zip(terminal.command("jobs -l"), pids):
            matches(r"\[\d\] [-+ ] " + pid + r" Running +sleep \d+", line)
        terminal.command("kill %1 %2 %3")
        terminal.command("wait")


def test_current_job(shell, folder):
    """The job stopped last is the current one, and the one before it the previous"""
    with session(shell, folder) as terminal:
        terminal.command("sleep 100 &")
        for text in ("one", "two"):
            start(terminal, f"sh -c 'echo {text}; sleep 30'", text)
            terminal.send("\x1a")
            terminal.wait_for_prompt()
        equal([line[:5] for line in terminal.command("jobs")], ["[1]  ", "[2] -", "[3] +"])
        terminal.command("kill -9 %3")
        wait_until(lambda: sum(state != "Z" for _, state, _ in processes(terminal)) == 3, "the job is not killed")
        terminal.send("\r")
        terminal.wait_for_prompt()
        equal([line[:5] for line in terminal.command("jobs")], ["[1] -", "[2] +"])
        terminal.command("kill -9 %1 %2; wait")


def test_subshell_is_a_job(shell, folder):
    """( … ) is stopped as a whole"""
    with session(shell, folder) as terminal:
        start(terminal, "(echo started; sleep 2; echo inside)", "started")
        terminal.send("\x1a")
        matches(r"(?s).*\[1\] \+ Stopped.*\(echo started; sleep 2; echo inside\)\n", terminal.wait_for_prompt())
        equal(terminal.command("echo here"), ["here"])
        terminal.send("fg\r")
        has(terminal.wait_for_prompt(), "\ninside\n")


def test_pipeline_is_a_job(shell, folder):
    """A pipeline of builtins, functions and programs is one job"""
    with session(shell, folder) as terminal:
        terminal.command("f() { while read line; do echo \"f $line\"; done; }")
        start(terminal, "{ echo started >&2; sleep 2; echo end; } | f | cat", "started")
        terminal.send("\x1a")
        has(terminal.wait_for_prompt(), "Stopped")
        equal(len(terminal.command("jobs")), 1)
        terminal.send("fg\r")
        has(terminal.wait_for_prompt(), "\nf end\n")


def test_pipeline_and_pipefail(shell, folder):
    """The status of a pipeline under job control, with and without pipefail"""
    with session(shell, folder) as terminal:
        equal(terminal.command("false | true; echo $?"), ["0"])
        equal(terminal.command("true | sh -c 'exit 4'; echo $?"), ["4"])
        terminal.command("set -o pipefail")
        equal(terminal.command("sh -c 'exit 3' | true; echo $?"), ["3"])
        equal(terminal.command("sh -c 'exit 3' | nosuchcommand 2>/dev/null | true; echo $?"), ["127"])


def test_first_stage_reads_the_terminal(shell, folder):
    """The first stage of a pipeline has the terminal before it reads"""
    with session(shell, folder) as terminal:
        for round in range(40):
            terminal.send("head -n 1 | tr a-z A-Z\r")
            terminal.wait_for("\n")
            terminal.send(f"line{round}\r")
            said = terminal.wait_for_prompt()
            has(said, f"LINE{round}\n")
            equal("error" in said, False, said)
        for round in range(20):
            terminal.send("{ read x; echo $x; } | tr a-z A-Z\r")
            terminal.wait_for("\n")
            terminal.send(f"line{round}\r")
            has(terminal.wait_for_prompt(), f"LINE{round}\n")


def test_background_reader_stops(shell, folder):
    """A background job that reads the terminal is stopped, and fg lets it read"""
    with session(shell, folder) as terminal:
        said = "".join(terminal.command("sh -c 'read x; echo got $x' &"))
        wait_until_stopped(terminal)
        # At the prompt of this line already, when it was quick; the shell may also be told a moment later.
        for _ in range(50):
            if "Stopped (SIGTTIN)" not in said:
                terminal.send("\r")
                said += terminal.wait_for_prompt()
        has(said, "Stopped (SIGTTIN)")
        terminal.send("fg\r")
        terminal.wait_for(r"^sh -c .*$")
        terminal.send("word\r")
        has(terminal.wait_for_prompt(), "got word")


def test_interrupt_reaches_the_loop(shell, folder):
    """^C of a program in a loop ends the loop"""
    with session(shell, folder) as terminal:
        start(terminal, "while :; do sh -c 'echo started; sleep 30'; done", "started")
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $?"), ["130"])


def test_interrupt_of_substitution(shell, folder):
    """^C ends $( … ), of programs and of builtins, and the list after it"""
    with session(shell, folder) as terminal:
        for body in ("sleep 30", "sleep 30; :", "while :; do :; done"):
            terminal.send(f"echo start; x=$({body}); echo not reached\r")
            terminal.wait_for(r"^start$")
            time.sleep(0.2)
            terminal.send("\x03")
            equal("not reached\n" in terminal.wait_for_prompt(), False)
            equal(terminal.command("echo $?"), ["130"])


def test_interrupt_of_wait_and_read(shell, folder):
    """^C ends wait and read"""
    with session(shell, folder) as terminal:
        terminal.command("sleep 30 &")
        for builtin in ("wait", "read x"):
            terminal.send(f"echo start; {builtin}; echo not reached\r")
            terminal.wait_for(r"^start$")
            time.sleep(0.1)
            terminal.send("\x03")
            equal("not reached\n" in terminal.wait_for_prompt(), False)
            equal(terminal.command("echo $?"), ["130"])
        terminal.command("kill %1; wait")


def test_interrupts_at_the_prompt(shell, folder):
    """No ^C at the prompt is lost, however soon it comes"""
    with session(shell, folder) as terminal:
        for _ in range(40):
            terminal.send("\x03")
            terminal.wait_for_prompt()
        for _ in range(60):
            # The kernel takes the line away, and what was written of the prompt; the shell must not wait for the line.
            terminal.send("true\r\x03")
            terminal.wait_for_prompt()
            # The prompt may have been the one after "true": then the one for ^C comes after the echo of the next line, as in any shell.
            terminal.send("echo on\r")
            terminal.wait_for(r"^(\^C)?(\$ )?on\n\$ \Z")


def test_trap_at_the_prompt(shell, folder):
    """A trap runs while the prompt waits, and may leave the shell"""
    with session(shell, folder) as terminal:
        terminal.command("trap 'echo trapped' USR1; trap 'exit 9' TERM")
        os.kill(terminal.pid, signal.SIGUSR1)
        terminal.wait_for(r"^trapped\n\$ \Z")
        equal(terminal.command("echo on"), ["on"])
        os.kill(terminal.pid, signal.SIGTERM)
        equal(terminal.wait(), 9)


def test_signals_for_the_shell(shell, folder):
    """TERM, QUIT and TSTP do nothing to the shell, but all they should to its children"""
    with session(shell, folder) as terminal:
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP):
            os.kill(terminal.pid, number)
        equal(terminal.command("echo on"), ["on"])
        terminal.command("ulimit -c 0")
        terminal.command("sh -c 'kill -TERM $$; echo alive'")
        equal(terminal.command("echo $?"), ["143"])
        terminal.command("(trap '' TERM; sh -c 'kill -TERM $$; exit 5')")
        equal(terminal.command("echo $?"), ["5"])


def test_exit_with_stopped_jobs(shell, folder):
    """exit and end of file warn of stopped jobs once"""
    for leave in ("exit\r", "\x04"):
        with session(shell, folder) as terminal:
            start(terminal, "sh -c 'echo started; sleep 30'", "started")
            terminal.send("\x1a")
            terminal.wait_for_prompt()
            terminal.send(leave)
            has(terminal.wait_for_prompt(), "stopped job")
            equal(terminal.command("echo on"), ["on"])
            terminal.send(leave)
            has(terminal.wait_for_prompt(), "stopped job")
            terminal.send(leave)
            terminal.wait()


def test_notification_at_once(shell, folder):
    """set -b tells at once, while the prompt waits"""
    with session(shell, folder) as terminal:
        terminal.command("set -b")
        terminal.command("sleep 0.5 &")
        terminal.wait_for(r"^\[1\] \+ Done +sleep 0.5\n\$ \Z")
        equal(terminal.command("echo on"), ["on"])
        terminal.command("sleep 0.5 &")
        terminal.send("sleep 1; echo after\r")
        matches(r"(?s).*\[1\] [+-] Done +sleep 0.5\nafter\n", terminal.wait_for_prompt())


def test_notification_at_the_prompt(shell, folder):
    """Without set -b the end of a job is told before the next prompt"""
    with session(shell, folder) as terminal:
        terminal.command("sleep 0.2 &")
        wait_until_over(terminal)
        equal(terminal.text(), "")
        terminal.send("echo now\r")
        matches(r"(?s).*\nnow\n\[1\] \+ Done +sleep 0.2\n", terminal.wait_for_prompt())
        said = terminal.command("sh -c 'exit 3' &")
        wait_until_over(terminal)
        # At the prompt of this line already, when it was quick.
        terminal.send("\r")
        equal("".join([*said, terminal.wait_for_prompt()]).count("Done(3)"), 1)


def test_wait_after_notification(shell, folder):
    """The status of a job is known after its end was told"""
    with session(shell, folder) as terminal:
        terminal.command("sh -c 'exit 7' &")
        terminal.command("p=$!")
        wait_until_over(terminal)
        terminal.command(":")
        equal(terminal.command("wait $p; echo $?"), ["7"])
        equal(terminal.command("wait $p; echo $?"), ["127"])


def test_modes_after_death(shell, folder):
    """A program that dies leaves the terminal usable"""
    with session(shell, folder) as terminal:
        before = modes(terminal)
        terminal.send("sh -c 'stty raw -echo; kill -9 $$'\r")
        terminal.wait_for(r"Killed\n\$ \Z")
        equal(modes(terminal), before)
        equal(terminal.command("echo on")[-1:], ["on"])


def test_modes_of_a_stopped_job(shell, folder):
    """A stopped job has its modes back when it goes on, and the shell its own meanwhile"""
    with session(shell, folder) as terminal:
        before = modes(terminal)
        start(terminal, "sh -c 'stty -echo; echo started; sleep 0.3; kill -STOP $$; stty -a | grep -o -- -echo\\ ; stty echo'", "started")
        terminal.wait_for_prompt()
        equal(modes(terminal), before)
        terminal.send("fg\r")
        has(terminal.wait_for_prompt(), "\n-echo \n")


def test_set_monitor_off(shell, folder):
    """set +m: no process groups, and ^C still ends the program"""
    with session(shell, folder) as terminal:
        terminal.command("set +m")
        equal(terminal.command("test $(ps -o pgid= -p $$) -eq $(ps -o pgid= -p $(sh -c 'echo $PPID')) && echo same"), ["same"])
        start(terminal, "sh -c 'echo started; sleep 30'", "started")
        terminal.send("\x03")
        terminal.wait_for_prompt()
        equal(terminal.command("echo $?"), ["130"])
        has(terminal.command("fg")[0], "no job control")


def test_script_with_monitor(shell, folder):
    """set -m in a script gives each program the terminal, and takes it back"""
    script = Path(folder) / "script"
    script.write_text("set -m\nsh -c 'ps -o stat= -p $$'\n(ps -o stat= -p $(sh -c 'echo $PPID'))\nps -o stat= -p $$\n"
                      "sh -c 'kill -STOP $$; echo again'\njobs\nfg\necho end\n")
    with session(shell, folder) as terminal:
        said = terminal.command(f"{shell} {script}")
        equal(["+" in line for line in said[:2]], [True, True], str(said))
        has(said[2], "S")
        matches(r"\[1\] \+ Stopped \(SIGSTOP\) +sh -c .*", said[3])
        equal(said[5:], ["again", "end"])


def test_hangup(shell, folder):
    """The end of the terminal ends the shell"""
    terminal = session(shell, folder)
    terminal.send("sleep 30\r")
    wait_until_running(terminal, "sleep")
    os.close(terminal.fd)
    wait_until_ended(terminal.pid)


def test_orphaned_group(shell, folder):
    """A stopped job whose shell ends gets SIGHUP and SIGCONT: its group is an orphaned one then"""
    with session(shell, folder) as terminal:
        start(terminal, "sh -c 'trap \"echo hup >hup; exit\" HUP; echo started; while :; do sleep 0.1; done'", "started")
        terminal.send("\x1a")
        terminal.wait_for_prompt()
        terminal.send("exit\r")
        has(terminal.wait_for_prompt(), "stopped job")
        terminal.send("exit\r")
        terminal.wait()
        wait_until((Path(folder) / "work" / "hup").exists, "the job was not told")


ORPHAN = """import os, sys, time
if os.fork() == 0:
    os.setpgid(0, 0)
    time.sleep(0.3)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.execv(sys.argv[1], ["vsh", "-i"])
"""


def test_no_terminal_to_take(shell, folder):
    """An interactive shell in an orphaned background group says so, and does not wait for ever"""
    orphan = Path(folder) / "orphan.py"
    orphan.write_text(ORPHAN)
    with session(shell, folder) as terminal:
        terminal.send(f"{sys.executable} {orphan} {shell}\r")
        terminal.wait_for("no terminal for job control")


if __name__ == "__main__":
    main(globals())
