#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""starship's set-up for bash in vsh, with a stand-in for the program: what it prints for `init bash` is written from
knowledge of the real script, what it gets as arguments is the prompt."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import Session  # noqa: E402

STANDIN = r"""#!/bin/bash
case $1 in
time) date +%s%3N ;;
prompt)
    shift
    if [ "$1" = --continuation ]; then printf 'more> '; exit; fi
    line=
    for argument; do
        case $argument in
        --terminal-width=*|--shlvl=*) ;;
        *) line="$line ${argument#--}" ;;
        esac
    done
    printf '\\[\033[1;32m\\]<%s>\\[\033[0m\\] ' "${line# }" ;;
init)
    if [ "$3" = --print-full-init ]; then cat "${0%/*}/init.bash"; exit; fi
    cat <<END
__main() {
    local major="\${BASH_VERSINFO[0]}"
    local minor="\${BASH_VERSINFO[1]}"

    if ((major > 4)) || { ((major == 4)) && ((minor >= 1)); }; then
        source <("$0" init bash --print-full-init)
    else
        source /dev/stdin <<<"\$("$0" init bash --print-full-init)"
    fi
}
__main
unset -f __main
END
esac
"""

INIT = r"""
# Will be run before *every* command (even ones in pipes!)
starship_preexec() {
    # Save previous command's last argument, otherwise it will be set to "starship_preexec"
    local PREV_LAST_ARG=$1

    # Avoid restarting the timer for commands in the same pipeline
    if [ "${STARSHIP_PREEXEC_READY:-}" = "true" ]; then
        STARSHIP_PREEXEC_READY=false
        STARSHIP_START_TIME=$(starship time)
    fi

    : "$PREV_LAST_ARG"
}

# Will be run before the prompt is drawn
starship_precmd() {
    # Save the status, because commands in this pipeline will change $?
    STARSHIP_CMD_STATUS=$? STARSHIP_PIPE_STATUS=(${PIPESTATUS[@]})
    if [[ ${BLE_ATTACHED-} && ${#BLE_PIPESTATUS[@]} -gt 0 ]]; then
        STARSHIP_PIPE_STATUS=("${BLE_PIPESTATUS[@]}")
    fi
    if [[ -n "${BP_PIPESTATUS-}" ]] && [[ "${#BP_PIPESTATUS[@]}" -gt 0 ]]; then
        STARSHIP_PIPE_STATUS=(${BP_PIPESTATUS[@]})
    fi

    # Due to a bug in certain Bash versions, any external process launched
    # inside $PROMPT_COMMAND will be reported by `jobs` as a background job.
    jobs &>/dev/null

    local NUM_JOBS=0
    # Evaluate the number of jobs before running the preserved prompt command, so that tools
    # like z/autojump, which background certain jobs, do not cause spurious background jobs
    # to be displayed by starship. Also avoids forking to run `wc`, slightly improving perf.
    for job in $(jobs -p); do [[ $job ]] && ((NUM_JOBS++)); done

    # Run the bash precmd function, if it's set. If not set, evaluates to no-op
    "${starship_precmd_user_func-:}"

    # Set $? to the preserved value before running additional parts of the prompt
    # command pipeline, which may rely on it.
    _starship_set_return "$STARSHIP_CMD_STATUS"

    eval "${_PRESERVED_PROMPT_COMMAND-}"

    local -a ARGS=(--terminal-width="${COLUMNS}" --status="${STARSHIP_CMD_STATUS}" --pipestatus="${STARSHIP_PIPE_STATUS[*]}" --jobs="${NUM_JOBS}" --shlvl="${SHLVL}")
    # Prepare the timer data, if needed.
    if [[ -n "${STARSHIP_START_TIME-}" ]]; then
        STARSHIP_END_TIME=$(starship time)
        STARSHIP_DURATION=$((STARSHIP_END_TIME - STARSHIP_START_TIME))
        ARGS+=( --cmd-duration="${STARSHIP_DURATION}")
        STARSHIP_START_TIME=""
    fi
    PS1="$(starship prompt "${ARGS[@]}")"
    if [[ ${BLE_ATTACHED-} ]]; then
        local nlns=${PS1//[!$'\n']}
        bleopt prompt_rps1="$nlns$(starship prompt --right "${ARGS[@]}")"
    fi
    STARSHIP_PREEXEC_READY=true  # Signal that we can safely restart the timer
}

# Set $? to the first argument
_starship_set_return() { return "${1:-0}"; }

# If the user appears to be using https://github.com/akinomyoga/ble.sh,
# then hook our functions into their framework.
if [[ ${BLE_VERSION-} && _ble_version -ge 400 ]]; then
    blehook PREEXEC!='starship_preexec "$_"'
    blehook PRECMD!='starship_precmd'
# If the user appears to be using https://github.com/rcaloras/bash-preexec,
# then hook our functions into their framework.
elif [[ "${__bp_imported:-}" == "defined" || $preexec_functions || $precmd_functions ]]; then
    # bash-preexec needs a single function--wrap the args into a closure and pass
    starship_preexec_all(){ starship_preexec "$_"; }
    preexec_functions+=(starship_preexec_all)
    precmd_functions+=(starship_precmd)
else
    if [[ -n "${BASH_VERSION-}" ]] && [[ "${BASH_VERSINFO[0]}" -gt 4 || ( "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 ) ]]; then
        starship_preexec_ps0() {
            starship time
        }
        # In order to set STARSHIP_START_TIME use an arithmetic expansion that evaluates to 0
        # To avoid printing anything, use the return value in an ${var:offset:length} substring expansion
        # with offset and length evaluating to 0
        PS0='${STARSHIP_START_TIME:$((STARSHIP_START_TIME="$(starship_preexec_ps0)",STARSHIP_PREEXEC_READY=0,0)):0}'"${PS0-}"
    else
        # We want to avoid destroying an existing DEBUG hook. If we detect one, create
        # a new function that runs both the existing function AND our function, then
        # re-trap DEBUG to use this new function. This prevents a trap clobber.
        dbg_trap="$(trap -p DEBUG | cut -d' ' -f3 | tr -d \')"
        if [[ -z "$dbg_trap" ]]; then
            trap 'starship_preexec "$_"' DEBUG
        elif [[ "$dbg_trap" != 'starship_preexec "$_"' && "$dbg_trap" != 'starship_preexec_all "$_"' ]]; then
            starship_preexec_all() {
                local PREV_LAST_ARG=$1 ; $dbg_trap; starship_preexec; : "$PREV_LAST_ARG";
            }
            trap 'starship_preexec_all "$_"' DEBUG
        fi
    fi

    # Finally, prepare the precmd function and set up the start time. We will avoid to
    # add multiple instances of the starship function and keep other user functions if any.
    if [[ -z "${PROMPT_COMMAND-}" ]]; then
        PROMPT_COMMAND="starship_precmd"
    elif [[ "$PROMPT_COMMAND" != *"starship_precmd"* ]]; then
        # Appending to PROMPT_COMMAND breaks exit status ($?) checking.
        # Prepending to PROMPT_COMMAND breaks "command duration" module.
        # So, we are preserving the existing PROMPT_COMMAND
        # which will be executed later in the starship_precmd function
        _PRESERVED_PROMPT_COMMAND="$PROMPT_COMMAND"
        PROMPT_COMMAND="starship_precmd"
    fi
fi

# Ensure that $COLUMNS gets set
shopt -s checkwinsize

# Set up the start time and STARSHIP_SHELL, which controls shell-specific sequences
STARSHIP_START_TIME=$(starship time)
export STARSHIP_SHELL="bash"

# Set up the session key that will be used to store logs
STARSHIP_SESSION_KEY="$RANDOM$RANDOM$RANDOM$RANDOM$RANDOM"; # Random generates a number b/w 0 - 32767
STARSHIP_SESSION_KEY="${STARSHIP_SESSION_KEY}0000000000000000" # Pad it to 16+ chars.
export STARSHIP_SESSION_KEY=${STARSHIP_SESSION_KEY:0:16}; # Trim to 16-digits if excess.

# Set the continuation prompt
PS2="$(starship prompt --continuation)"
"""


def session(shell, folder, before=""):
    """A shell whose start-up file has starship's line in it."""
    for name in ["bin", "work", ".config/vsh"]:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    program = Path(folder, "bin", "starship")
    program.write_text(STANDIN)
    program.chmod(0o755)
    Path(folder, "bin", "init.bash").write_text(INIT)
    Path(folder, ".config/vsh/vshrc").write_text(before + 'eval "$(starship init bash)"\n')
    return Session(
        [shell], cwd=os.path.join(folder, "work"), home=folder, columns=150, term="xterm-256color",
        env={"PATH": f"{folder}/bin:/usr/local/bin:/usr/bin:/bin"})


def test_prompt(shell, folder):
    """Status, statuses of a pipeline, jobs and duration reach the program; nothing is written beside the prompt"""
    with session(shell, folder) as terminal:
        first = terminal.wait_for(r"<status=0 pipestatus=0 jobs=0 cmd-duration=\d+> \Z")
        equal("error" in first or "vsh:" in first, False, first)
        terminal.send("(exit 3)\r")
        terminal.wait_for(r"<status=3 pipestatus=3 jobs=0 cmd-duration=\d+> \Z")
        terminal.send("false | (exit 4) | true\r")
        terminal.wait_for(r"<status=0 pipestatus=1 4 0 jobs=0 cmd-duration=\d+> \Z")
        terminal.send(":\r")
        terminal.wait_for(r"<status=0 pipestatus=0 jobs=0 cmd-duration=\d+> \Z")
        terminal.send("sleep 20 &\r")
        terminal.wait_for(r"<status=0 pipestatus=0 jobs=1 cmd-duration=\d+> \Z")
        terminal.send("sleep 1.2\r")
        shown = terminal.wait_for(r"<status=0 pipestatus=0 jobs=1 cmd-duration=\d+> \Z")
        milliseconds = int(shown.rsplit("cmd-duration=", 1)[1].split(">")[0])
        equal(1200 <= milliseconds < 6000, True, f"{milliseconds} ms")
        terminal.send("echo 'a\r")
        terminal.wait_for(r"more> ")
        terminal.send("b'; kill %1\r")
        terminal.wait_for(r"<status=0 pipestatus=0 ")


def test_other_hooks_are_kept(shell, folder):
    """A PROMPT_COMMAND and a DEBUG trap of one's own go on being run"""
    with session(shell, folder, "PROMPT_COMMAND='kept=$((kept + 1))'\nmine() { seen=yes; }\ntrap mine DEBUG\n") as terminal:
        terminal.wait_for(r"<status=0 [^>]*> \Z")
        terminal.send("echo \"$((kept > 0)) $seen\"\r")
        terminal.wait_for(r"(?m)^1 yes")


def test_ps0(shell, folder):
    """PS0 is expanded before a command, with what it assigns"""
    with session(shell, folder) as terminal:
        terminal.wait_for(r"<status=0 [^>]*> \Z")
        terminal.send("PS0='${n:$((n = n + 1, 0)):0}[$n]'; :\r")
        terminal.wait_for(r"<status=0 [^>]*> \Z")
        terminal.send("echo x\r")
        terminal.wait_for(r"(?m)^\[1\]x")


if __name__ == "__main__":
    main(globals())
