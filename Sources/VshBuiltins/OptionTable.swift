// SPDX-License-Identifier: MPL-2.0
import VshBase

/// The options of the builtins, the second half of their table: `--help` and completion read it. It stands apart from the rows
/// so that a start of the shell does not touch it.
///
/// One line for each option: its names, `=kind` when it takes an argument, ` | ` and what it does. A line `< kind…` says what
/// the operands are, `@@ name | text` begins a subcommand.
public enum BuiltinOptions {
    /// The lines for a builtin; nil when it has no row here.
    public static func text(_ name: Text) -> StaticString? {
        name.withBytes { text(String(decoding: $0, as: UTF8.self)) }
    }

    private static func text(_ name: String) -> StaticString? {
        if let found = fileUtility(name) { return found }
        switch name {
        case ":", "true", "false", "times": return "< none"
        case ".", "source": return "< file"
        case "[", "test": return test
        case "alias": return "< alias"
        case "audit": return audit
        case "abbr": return "-e | Erase the abbreviations named\n< none"
        case "begin": return "< none"
        case "bind":
            return "-s | Bind a text to type; a newline at its end enters the line\n-r | Take a binding back\n< none"
        case "commit": return "< none"
        case "bg", "fg": return "< job"
        case "break", "continue", "exit", "logout", "return", "shift": return "< none"
        case "cd":
            return
                "-L | Keep symbolic links in the path (default)\n-P | Resolve symbolic links\n-e | With -P, fail when the new path cannot be found out\n< dir"
        case "command":
            return
                "-p | Search the standard utilities' path\n-v | Write what the name stands for, as a command\n-V | Write a sentence about what the name stands for\n< command-line"
        case "compgen":
            return
                "-W | Words to choose from\n-A | A list by its name (alias, builtin, command, directory, file, user, variable)\n-P | Write this before each\n-S | Write this behind each\n< none"
        case "complete":
            return
                "-W | Words to choose from\n-F | A function that sets COMPREPLY\n-C | A command that writes the words\n-o | nospace: no blank behind the word\n-r | Remove definitions\n-p | Write the definitions\n< none"
        case "compopt": return "-o | Switch an option on: nospace\n< none"
        case "config": return "--json | Write JSON\n< none"
        case "diff": return "< operation"
        case "explain": return "< command-line"
        case "replay": return replay
        case "sandbox": return "< (write strict)"
        case "store": return store
        case "try":
            return
                "-d | Show the changes as a diff\n-y | Keep what it changes\n-n | Take back what it changes\n< command-line"
        case "echo":
            return "-n | No newline at the end\n-e | Read backslash escapes\n-E | Leave backslashes alone\n< file"
        case "exec":
            return
                "-a =none | What the program finds as its name\n-c | Give it no variables\n-l | As a login shell: a hyphen before its name\n< command-line"
        case "eval", "norecord", "unconfined": return "< command-line"
        case "export":
            return
                "-n | Take them out of the environment again\n-p | Write the exported variables as commands\n< variable"
        case "readonly":
            return
                "-a | Indexed arrays\n-A | Associative arrays\n-p | Write the read-only variables as commands\n< variable"
        case "local": return local
        case "fc": return fc
        case "getopts": return "< none variable"
        case "hash":
            return
                "-d | Forget where this command is\n-l | Write commands that remember the same\n-p =file | Remember this path\n-r | Forget where commands are\n-t | Write where the command is\n< command"
        case "help": return "< builtin"
        case "history": return history
        case "jobs": return "-l | Show process groups too\n-p | Show process groups only\n< job"
        case "kill":
            return
                "-s =signal | Send this signal\n-n =none | Send the signal with this number\n-l | List the signals\n< pid"
        case "obliterate": return obliterate
        case "ops": return ops
        case "printf": return "-v =variable | Assign the text to this variable instead\n< none file"
        case "pwd":
            return "-L | The path as it was walked, with symbolic links (default)\n-P | The path without symbolic links"
        case "read": return read
        case "redo":
            return
                "-n --dry-run | Show what would be redone\n--skip | Leave alone what was changed since\n--force | Save what was changed since, and restore\n< none"
        case "checkpoint": return "< none"
        case "restore":
            return
                "-n --dry-run | Show what would be done\n--skip | Leave alone what was changed since\n--force | Save what was changed since, and restore\n< operation"
        case "graph": return "-n =none | At most so many\n--all | Those of other sessions too\n< none"
        case "rollback":
            return
                "--skip | Leave alone what was changed since\n--force | Save what was changed since, and restore\n< none"
        case "set": return set
        case "trap": return "-l | List the signals\n-p | Write the actions as commands\n< none signal"
        case "type":
            return
                "-a | All that the name stands for\n-f | No functions\n-p | The path of a program\n-P | The path, also where the name stands for something else\n-t | One word: alias, keyword, function, builtin or file\n< command"
        case "ulimit": return ulimit
        case "umask": return "-p | Write the mask as a command\n-S | Write the mask as letters\n< none"
        case "unalias": return "-a | Remove all aliases\n< alias"
        case "undo": return undo
        case "unset":
            return
                "-f | Remove functions\n-v | Remove variables (default)\n-n | Remove references, not what they refer to\n< variable"
        case "wait":
            return "-n | Wait until one job is done\n-p =variable | Assign the pid of what was waited for\n< job"
        default: return nil
        }
    }

    private static var audit: StaticString {
        """
        @@ log | List what was done
        -n =none | At most so many
        --since =none | Only those since this time
        --user =user | Only of this user
        --path =file | Only those that changed this path
        --type =none | Only of this type
        --json | Write JSON
        --csv | Write CSV
        < none
        @@ verify | Check that nothing of the log was changed
        --head =none | Check that this head is part of it
        < none
        @@ head | Write the newest link of the chain
        < none
        @@ push | Send the log to a server
        --follow | Go on with what is added
        < none
        """
    }

    private static var fc: StaticString {
        """
        -e =command | Edit with this program
        -l | List instead of editing
        -n | List without numbers
        -r | The newest first
        -s | Run again without editing
        < none
        """
    }

    private static var history: StaticString {
        """
        -c | Forget all entries
        -d =none | Delete the entries with these numbers, or from-to
        -s =none | Enter this command in place of the line that says so
        -a -n -r -w | Nothing: lines are kept and shared as they run
        @@ search | Show entries that contain a text, with time, status and duration
        --session | Only of this shell
        --here | Only of this directory
        -n =none | At most so many
        < none
        @@ delete | Delete entries that are a text
        --exact | that are the text (default)
        --prefix | that begin with it
        --contains | that contain it
        < none
        @@ redact | Put *** in place of a text wherever it stands
        < none
        @@ import | Take in a history file of bash, zsh or fish
        < file
        """
    }

    private static var obliterate: StaticString {
        """
        -f | Do not ask
        -r | Directories with all they hold
        --level =(clear purge destroy) | How thoroughly
        --all-links | Other names of the files too
        --operation =operation | What is kept of this operation
        < file
        """
    }

    private static var replay: StaticString {
        """
        --into =dir | In this directory
        -n | Show what would be run
        < operation
        """
    }

    private static var store: StaticString {
        """
        @@ gc | Remove what nothing needs
        < none
        @@ purge | Give up what is kept of operations
        --all | Of all
        < operation
        @@ quota | Show or set how much may be kept
        < none
        """
    }

    private static var ops: StaticString {
        """
        -n =none | At most so many
        --path =file | Only those that changed this path
        --since =none | Only those since this time
        --all | Undos and those of other sessions too
        --json | Write JSON
        @@ show | Show what one operation changed
        --json | Write JSON
        < operation
        """
    }

    private static var undo: StaticString {
        """
        -n --dry-run | Show what would be undone
        --skip | Leave alone what was changed since
        --force | Save what was changed since, and restore
        < operation
        """
    }

    private static var local: StaticString {
        """
        -a | An indexed array
        -A | An associative array
        -i | What is assigned is arithmetic
        -l | What is assigned becomes small letters
        -n | A reference to the variable that the value names
        -r | Unchangeable
        -u | What is assigned becomes capital letters
        -x | In the environment of commands
        < variable
        """
    }

    private static var read: StaticString {
        """
        -r | Backslashes mean nothing
        -a =variable | Make the fields the elements of this array
        -d =none | Read up to this character instead of a newline
        -n =none | Read at most so many characters
        -N =none | Read exactly so many characters, newlines too
        -p =none | Show this first, on a terminal
        -s | Do not show what is typed
        -t =none | Give up after so many seconds
        -u =none | Read from this descriptor
        < variable
        """
    }

    private static var set: StaticString {
        """
        -a | Export variables that are assigned (allexport)
        -b | Tell of background jobs at once (notify)
        -C | > does not overwrite files (noclobber)
        -e | Leave the shell when a command fails (errexit)
        -f | No pathname expansion (noglob)
        -h | Remember where commands are (hashall)
        -m | Job control (monitor)
        -n | Read commands without running them (noexec)
        -u | Unset parameters are errors (nounset)
        -v | Show input as it is read (verbose)
        -x | Show commands before they run (xtrace)
        -o =shell-option | Set an option by its name
        +o =shell-option | Unset an option by its name
        < none
        """
    }

    private static var test: StaticString {
        """
        -e | exists
        -f | is a regular file
        -d | is a directory
        -L -h | is a symbolic link
        -r | can be read
        -w | can be written
        -x | can be executed
        -s | is not empty
        -b | is a block device
        -c | is a character device
        -p | is a FIFO
        -S | is a socket
        -t | is a terminal (descriptor)
        -u | has the set-user-ID bit
        -g | has the set-group-ID bit
        -k | has the sticky bit
        -n | the text is not empty
        -z | the text is empty
        -o | is an option of the shell that is on
        -v | is a variable that is set
        -R | is a variable that names another
        -eq | the numbers are equal
        -ne | the numbers differ
        -lt | is less than
        -le | is less than or equal to
        -gt | is greater than
        -ge | is greater than or equal to
        -nt | is newer than
        -ot | is older than
        -ef | is the same file as
        < file
        """
    }

    private static var ulimit: StaticString {
        """
        -H | The hard limit
        -S | The soft limit
        -a | Write all limits
        -c | Size of core files (512-byte blocks)
        -d | Size of the data segment (kB)
        -e | Scheduling priority
        -f | Size of files written (512-byte blocks)
        -i | Pending signals
        -l | Locked memory (kB)
        -m | Resident memory (kB)
        -n | Open files
        -p | Size of a pipe's buffer
        -q | Bytes in message queues
        -r | Real-time priority
        -R | Real-time processor time without a wait (microseconds)
        -s | Size of the stack (kB)
        -t | Processor time (seconds)
        -u | Processes
        -v | Virtual memory (kB)
        -x | File locks
        < (unlimited soft hard)
        """
    }
}
