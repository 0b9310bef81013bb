// SPDX-License-Identifier: MPL-2.0
import VshBase

/// What `help TOPIC` says of things that are no builtins.
public enum HelpTopics {
    public static var all: [(name: StaticString, summary: StaticString)] {
        [
            ("completion", "Tab: what is completed, and from where"),
            ("files", "Start-up files and where vsh keeps things"),
            ("history", "The command history: keys, search, secrets"),
            ("keys", "Keys of the line editor"),
            ("prompt", "PS1 and its escapes"),
            ("recording", "What can be undone, and what cannot"),
            ("transactions", "begin, commit, rollback"),
            ("undo", "Taking back what commands did"),
            ("variables", "Variables that vsh reads"),
        ]
    }

    /// The text of a topic; nil when there is none of that name.
    public static func text(_ name: Text) -> StaticString? {
        switch name.withBytes({ String(decoding: $0, as: UTF8.self) }) {
        case "completion": completion
        case "files", "startup": files
        case "history": history
        case "keys": keys
        case "prompt": prompt
        case "recording", "record": recording
        case "transactions", "transaction": transactions
        case "undo": undo
        case "variables": variables
        default: nil
        }
    }

    private static var undo: StaticString {
        """
        Every command line that changes files is an operation. `undo` takes back the newest, `undo 3` the newest three,
        `undo @12` that one, `undo PATH` what the newest operation did to a path; `redo` takes back an undo. `ops` lists
        operations, `ops show @12` what one changed, `undo -n` shows what would be undone. When a file was changed since,
        nothing is undone and the file is named; --skip leaves such files alone, --force saves them and goes on.
        """
    }

    private static var transactions: StaticString {
        """
        `begin NAME` opens a transaction; the prompt shows it with the number of operations in it. `commit` makes all of
        them one operation, `rollback` takes all of them back. Transactions can stand inside each other.
        """
    }

    private static var recording: StaticString {
        """
        Recorded is what the shell's own file utilities, redirections and the programs it starts change in files. Not
        recorded: what runs under `norecord`, with VSH_NORECORD set, after `set +o record`, or with other privileges
        (sudo), what other machines, daemons and devices do, and anything in a shell called as sh or with --no-undo.
        """
    }

    private static var history: StaticString {
        """
        Every line is kept with its directory, time, duration and status, in a database that all shells of a user share.
        Up and Down go through lines that begin with what was typed, this shell's first; ^R searches, and ^R again changes
        between this shell, this directory and all. A line that begins with a space is not kept, nor one with what looks like
        a secret (TOKEN=…, --password=…) unless VSH_HISTORY_SECRETS=keep. `history search TEXT`, `history delete TEXT`,
        `history -d NUMBER`, `history redact TEXT`, `history import FILE` (of bash, zsh or fish). HISTFILE= keeps nothing.
        """
    }

    private static var completion: StaticString {
        """
        Tab completes commands, options, subcommands, files, variables ($), users (~), hosts, jobs (%), signals, processes
        and operations (@). Options come from the builtins' table, vsh's own descriptions of about fifty programs, fish's
        completion files where fish is installed, and manual pages. No program is run for it. What was typed may also be in
        another case, or stand inside a name, or be letters of it in order, when nothing begins with it.
        """
    }

    private static var prompt: StaticString {
        """
        PS1 takes bash's escapes (\\u \\h \\w \\W \\$ \\t \\j \\! \\e …) and segments, which are empty when there is nothing to say:
        \\{user} \\{directory} \\{git} \\{transaction} \\{sandbox} \\{status} \\{duration} \\{jobs}
        VSH_RPROMPT is shown at the right edge. PROMPT_COMMAND runs before each prompt, with VSH_DURATION (milliseconds) and
        VSH_JOBS set. VSH_COLORS='directory=1;34:git=35' changes colours; NO_COLOR=1 turns them off.
        """
    }

    private static var keys: StaticString {
        """
        Tab completes; Right or End takes the grey suggestion, Alt-Right a word of it; Up, Down and ^R search the history;
        Alt-Enter begins a new line; ^_ undoes an edit of the line, Alt-/ redoes it; Alt-E opens $VISUAL; F1 shows help on the
        word; ^C gives up the line, ^D leaves the shell. `set -o vi` and `set -o emacs` choose the other keys.
        """
    }

    private static var files: StaticString {
        """
        A login shell reads /etc/profile and ~/.profile; an interactive shell $ENV and then ~/.config/vsh/vshrc
        (XDG_CONFIG_HOME). --norc skips them, --rcfile FILE reads FILE instead. History, operation log and what undo needs lie
        in ~/.local/state/vsh (XDG_STATE_HOME), what was read of manual pages in ~/.cache/vsh. `config` shows what is set, and
        where.
        """
    }

    private static var variables: StaticString {
        """
        PS1 PS2 PS4 VSH_RPROMPT PROMPT_COMMAND PROMPT_DIRTRIM   prompts
        VSH_THEME VSH_COLORS NO_COLOR VSH_NO_OSC                what the terminal gets
        HISTSIZE HISTFILE VSH_HISTORY_SECRETS                   history
        VSH_NORECORD                                            recording
        VSH_HINTS=off                                           no hints after commands
        ENV FCEDIT EDITOR VISUAL HOME PATH CDPATH IFS MAIL      as POSIX has them
        """
    }
}
