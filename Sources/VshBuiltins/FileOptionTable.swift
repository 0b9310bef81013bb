// SPDX-License-Identifier: MPL-2.0

extension BuiltinOptions {
    /// The options of the file utilities that run in the shell; with others the external program runs.
    static func fileUtility(_ name: String) -> StaticString? {
        switch name {
        case "cat": cat
        case "chmod": chmod
        case "chown": chown
        case "cp": cp
        case "ln": ln
        case "ls": ls
        case "mkdir":
            "-p --parents | Make parent directories; no error when it is there\n-m --mode =none | Set these permissions\n-v --verbose | Say what is made\n< dir"
        case "mv": mv
        case "rm": rm
        case "rmdir":
            "-p --parents | Remove parent directories too\n-v --verbose | Say what is removed\n--ignore-fail-on-non-empty | Say nothing of directories that are not empty\n< dir"
        case "touch": touch
        default: nil
        }
    }

    private static var cat: StaticString {
        """
        -A --show-all | Show ends, tabs and control characters
        -b --number-nonblank | Number lines that are not empty
        -e | Show ends and control characters
        -E --show-ends | Show $ at line ends
        -n --number | Number all lines
        -s --squeeze-blank | Several empty lines become one
        -t | Show tabs and control characters
        -T --show-tabs | Show tabs as ^I
        -u | Ignored
        -v --show-nonprinting | Show control characters as ^X and M-x
        < file
        """
    }

    private static var chmod: StaticString {
        """
        -R --recursive | Directories with all they hold
        -c --changes | Say what was changed
        -f --silent --quiet | No messages of most errors
        -v --verbose | Say what was done
        --reference =file | Take the permissions of this file
        < (u+x a+r go-w +x -x 644 755 600 700) file
        """
    }

    private static var chown: StaticString {
        """
        -R --recursive | Directories with all they hold
        -h --no-dereference | Symbolic links themselves
        -c --changes | Say what was changed
        -f --silent --quiet | No messages of most errors
        -v --verbose | Say what was done
        -H | With -R, follow links given as operands
        -L | With -R, follow all links
        -P | With -R, follow no links
        --reference =file | Take the owner of this file
        < user file
        """
    }

    private static var cp: StaticString {
        """
        -a --archive | Trees with all attributes
        -r -R --recursive | Trees
        -p | Keep mode, owner and times
        --preserve =(mode ownership timestamps links xattr all) | Keep these attributes
        -P --no-dereference | Do not follow links
        -L --dereference | Follow links
        -H | Follow links given as operands
        -d | Keep links as links
        -f --force | Replace what cannot be opened
        -i --interactive | Ask before overwriting
        -n --no-clobber | Do not overwrite
        -u --update | Only newer files
        -v --verbose | Say what is copied
        -T --no-target-directory | The target is no directory to copy into
        -t --target-directory =dir | Copy into this directory
        -l --link | Link instead of copying
        -s --symbolic-link | Make symbolic links instead
        -x --one-file-system | Stay on one file system
        < file
        """
    }

    private static var ln: StaticString {
        """
        -s --symbolic | Make symbolic links
        -f --force | Replace existing files
        -i --interactive | Ask before replacing
        -n --no-dereference | A link to a directory is no directory
        -v --verbose | Say what is made
        -r --relative | Targets relative to the link
        -T --no-target-directory | The link is no directory to link into
        -L --logical | Follow targets that are symbolic links
        -P --physical | Link to symbolic links themselves
        -t --target-directory =dir | Make the links in this directory
        < file
        """
    }

    private static var ls: StaticString {
        """
        -a --all | Names that begin with a dot too
        -A --almost-all | The same without . and ..
        -b --escape | Escape control characters
        -B --ignore-backups | Not names that end in ~
        -c | Sort by time of change of status
        -C | In columns
        -d --directory | Directories themselves
        -f | Do not sort
        -F --classify | A sign for the type behind names
        -g | Long, without owner
        -G --no-group | Long without group
        -h --human-readable | Sizes such as 1K 234M
        -H --dereference-command-line | Follow links given as operands
        -i --inode | Show inode numbers
        -k --kibibytes | Blocks of 1024 bytes
        -l | Long
        -L --dereference | Follow links
        -m | Separated by commas
        -n --numeric-uid-gid | Long, with numbers of owners
        -N --literal | Names as they are
        -o | Long, without group
        -p | A slash behind directories
        -q --hide-control-chars | Control characters as ?
        -Q --quote-name | Names in double quotes
        -r --reverse | The other way round
        -R --recursive | Directories inside too
        -s --size | Show blocks
        -S | Sort by size
        -t | Sort by time
        -T --tabsize =none | Width of tabs
        -u | Sort by time of access
        -U | As the directory has them
        -w --width =none | Width of lines
        -x | In rows
        -X | Sort by extension
        -1 | One a line
        --color =?(always auto never) | Colours
        < file
        """
    }

    private static var mv: StaticString {
        """
        -f --force | Do not ask
        -i --interactive | Ask before overwriting
        -n --no-clobber | Do not overwrite
        -u --update | Only newer files
        -v --verbose | Say what is moved
        -T --no-target-directory | The target is no directory to move into
        -t --target-directory =dir | Move into this directory
        < file
        """
    }

    private static var rm: StaticString {
        """
        -d --dir | Empty directories too
        -f --force | No question, no error for what is not there
        -i | Ask before each
        -I | Ask once before many
        -r -R --recursive | Directories with all they hold
        -v --verbose | Say what is removed
        < file
        """
    }

    private static var touch: StaticString {
        """
        -a | Only the time of access
        -c --no-create | Make no files
        -m | Only the time of modification
        -h --no-dereference | Symbolic links themselves
        -r --reference =file | The times of this file
        -t =none | This time: [[CC]YY]MMDDhhmm[.ss]
        -d --date =none | This time, as a date
        < file
        """
    }
}
