// SPDX-License-Identifier: MPL-2.0

/// Programs that work on files and text.
extension OwnSpecs {
    static var tar: StaticString {
        """
        @ tar | Archives
        -c --create | Make an archive
        -x --extract --get | Take out of an archive
        -t --list | List an archive
        -r --append | Add to an archive
        -u --update | Add newer files
        -d --diff --compare | Compare with files
        -f --file =file | The archive
        -v --verbose | Say what is done
        -z --gzip | Packed by gzip
        -j --bzip2 | Packed by bzip2
        -J --xz | Packed by xz
        --zstd | Packed by zstd
        -a --auto-compress | By the name of the archive
        -C --directory =dir | Go there first
        -p --preserve-permissions | Keep permissions
        -k --keep-old-files | Do not overwrite
        -O --to-stdout | Write to standard output
        -h --dereference | Follow links
        -T --files-from =file | Names from a file
        -X --exclude-from =file | Patterns to leave out from a file
        --exclude =none | Leave out what matches
        --strip-components =none | Drop so many leading directories
        --remove-files | Remove files that were added
        --wildcards | Patterns in names
        --numeric-owner | Numbers of owners
        --same-owner | Keep owners
        -S --sparse | Keep holes
        < (cf czf cjf cJf xf xzf xjf xJf tf tzf czvf xzvf) file
        """
    }

    static var grep: StaticString {
        """
        @ grep | Find lines
        -i --ignore-case | In any case
        -v --invert-match | Lines that do not match
        -r --recursive | Directories with all they hold
        -R --dereference-recursive | The same, following links
        -n --line-number | With line numbers
        -l --files-with-matches | Only names of files
        -L --files-without-match | Names of files without a match
        -c --count | Count lines
        -o --only-matching | Only what matches
        -w --word-regexp | Whole words
        -x --line-regexp | Whole lines
        -E --extended-regexp | Extended expressions
        -F --fixed-strings | Plain text
        -P --perl-regexp | Perl's expressions
        -e --regexp =none | The expression
        -f --file =file | Expressions from a file
        -q --quiet --silent | Only the status
        -s --no-messages | No messages of files that cannot be read
        -h --no-filename | Without names of files
        -H --with-filename | With names of files
        -A --after-context =none | With lines after
        -B --before-context =none | With lines before
        -C --context =none | With lines around
        -m --max-count =none | At most so many lines
        -a --text | Binary files as text
        -I | No binary files
        -z --null-data | Lines end in NUL
        -Z --null | NUL behind names
        --include =none | Only files that match
        --exclude =none | Not files that match
        --exclude-dir =none | Not directories that match
        --color =?(always auto never) | Colours
        < none file
        """
    }

    static var sed: StaticString {
        """
        @ sed | Edit a stream
        -n --quiet --silent | Write only what p says
        -e --expression =none | Commands
        -f --file =file | Commands from a file
        -i --in-place =?none | Change files themselves
        -E -r --regexp-extended | Extended expressions
        -s --separate | Each file by itself
        -z --null-data | Lines end in NUL
        -u --unbuffered | Write at once
        --debug | Explain the program
        < none file
        """
    }

    static var awk: StaticString {
        """
        @ awk | Scan for patterns
        -F --field-separator =none | Separator of fields
        -v --assign =none | Set a variable
        -f --file =file | Program from a file
        < none file
        """
    }

    static var find: StaticString {
        """
        @ find | Find files
        -name =none | Whose name matches
        -iname =none | The same in any case
        -path =none | Whose path matches
        -ipath =none | The same in any case
        -regex =none | Whose path matches an expression
        -type =(f d l b c p s) | Of this type
        -size =none | Of this size: +10M, -4k
        -empty | Empty
        -mtime =none | Changed so many days ago
        -mmin =none | Changed so many minutes ago
        -newer =file | Newer than this file
        -atime =none | Read so many days ago
        -user =user | Of this user
        -group =group | Of this group
        -perm =none | With these permissions
        -maxdepth =none | Not deeper
        -mindepth =none | Not less deep
        -mount -xdev | Stay on one file system
        -depth | What is in directories first
        -prune | Do not go down
        -print | Write the path
        -print0 | The same with NUL
        -printf =none | Write as a format says
        -ls | Write as ls does
        -exec =command-line | Run a command
        -execdir =command-line | The same in the file's directory
        -ok =command-line | Ask, then run a command
        -delete | Delete
        -quit | End
        -not | Not
        -and -a | And
        -or -o | Or
        -L | Follow links
        -H | Follow links given as operands
        -P | Follow no links
        -links =none | With so many links
        -inum =none | With this inode number
        -samefile =file | The same file
        -readable | Readable
        -writable | Writable
        -executable | Executable
        < dir
        """
    }

    static var xargs: StaticString {
        """
        @ xargs | Make command lines from input
        -0 --null | Items end in NUL
        -n --max-args =none | At most so many arguments
        -I =none | Put items in place of this
        -P --max-procs =none | So many at once
        -L --max-lines =none | At most so many lines
        -r --no-run-if-empty | Nothing without items
        -t --verbose | Show commands
        -p --interactive | Ask
        -d --delimiter =none | What separates items
        -a --arg-file =file | Items from a file
        < command-line
        """
    }

    static var sort: StaticString {
        """
        @ sort | Sort lines
        -n --numeric-sort | As numbers
        -h --human-numeric-sort | As sizes such as 2K 1G
        -r --reverse | The other way round
        -u --unique | Equal lines once
        -k --key =none | By this field
        -t --field-separator =none | What separates fields
        -f --ignore-case | In any case
        -V --version-sort | As versions
        -R --random-sort | At random
        -M --month-sort | As months
        -b --ignore-leading-blanks | Without leading blanks
        -s --stable | Keep the order of equal lines
        -c --check | Only check
        -m --merge | Merge sorted files
        -o --output =file | Write to this file
        -z --zero-terminated | Lines end in NUL
        < file
        """
    }

    static var uniq: StaticString {
        """
        @ uniq | Equal neighbouring lines once
        -c --count | With counts
        -d --repeated | Only lines that are repeated
        -u --unique | Only lines that are not
        -i --ignore-case | In any case
        -f --skip-fields =none | Without the first fields
        -s --skip-chars =none | Without the first characters
        -w --check-chars =none | Only so many characters
        < file
        """
    }

    static var cut: StaticString {
        """
        @ cut | Parts of lines
        -d --delimiter =none | What separates fields
        -f --fields =none | These fields
        -c --characters =none | These characters
        -b --bytes =none | These bytes
        -s --only-delimited | Only lines with fields
        --complement | All but these
        --output-delimiter =none | What separates the output
        < file
        """
    }

    static var head: StaticString {
        """
        @ head | The first lines
        -n --lines =none | So many lines
        -c --bytes =none | So many bytes
        -q --quiet --silent | Without names
        -v --verbose | With names
        < file
        """
    }

    static var tail: StaticString {
        """
        @ tail | The last lines
        -n --lines =none | So many lines
        -c --bytes =none | So many bytes
        -f --follow | Go on with what is added
        -F | The same by name
        --pid =pid | End when this process ends
        -s --sleep-interval =none | Seconds between looks
        -q --quiet --silent | Without names
        -v --verbose | With names
        < file
        """
    }

    static var wc: StaticString {
        """
        @ wc | Count
        -l --lines | Lines
        -w --words | Words
        -c --bytes | Bytes
        -m --chars | Characters
        -L --max-line-length | The longest line
        < file
        """
    }

    static var diff: StaticString {
        """
        @ diff | Compare files
        -u --unified | With context
        -U =none | With so many lines of context
        -r --recursive | Directories with all they hold
        -q --brief | Only whether they differ
        -y --side-by-side | Side by side
        -w --ignore-all-space | Ignore white space
        -b --ignore-space-change | Ignore changes of white space
        -B --ignore-blank-lines | Ignore blank lines
        -i --ignore-case | In any case
        -N --new-file | Missing files as empty
        -x --exclude =none | Not what matches
        --color =?(always auto never) | Colours
        < file
        """
    }

    static var less: StaticString {
        """
        @ less | Show a file page by page
        -N --LINE-NUMBERS | Line numbers
        -R --RAW-CONTROL-CHARS | Colours as they are
        -S --chop-long-lines | Do not wrap
        -i --ignore-case | Search in any case
        -F --quit-if-one-screen | End when all is seen
        -X --no-init | Leave it on the screen
        -p --pattern =none | Begin at this
        < file
        """
    }

    static var gzip: StaticString {
        """
        @ gzip | Pack files
        -d --decompress | Unpack
        -k --keep | Keep the files
        -c --stdout | Write to standard output
        -f --force | Overwrite
        -l --list | List
        -r --recursive | Directories with all they hold
        -t --test | Check
        -v --verbose | Say what is done
        -1 --fast | Fast
        -9 --best | Small
        < file
        """
    }

    static var zip: StaticString {
        """
        @ zip | Make zip files
        -r | Directories with all they hold
        -e | With a password
        -j | Without directories
        -m | Move into the archive
        -u | Only newer files
        -d | Delete entries
        -x =none | Not what matches
        -q | Say less
        -9 | Small
        < file
        """
    }

    static var unzip: StaticString {
        """
        @ unzip | Unpack zip files
        -l | List
        -d =dir | Unpack there
        -o | Overwrite
        -n | Do not overwrite
        -p | Write to standard output
        -t | Check
        -q | Say less
        -j | Without directories
        < file
        """
    }

    static var man: StaticString {
        """
        @ man | Show manual pages
        -k --apropos =none | Search descriptions
        -f --whatis =manual | Show descriptions
        -a --all | All pages of the name
        -w --where | Show where the page is
        -K --global-apropos =none | Search texts
        -s --sections =(1 2 3 4 5 6 7 8) | In these sections
        < manual
        """
    }

    static var date: StaticString {
        """
        @ date | Show or set the time
        -u --utc | UTC
        -d --date =none | This time
        -r --reference =file | The time of a file
        -I --iso-8601 =?(date hours minutes seconds ns) | ISO 8601
        -R --rfc-email | As in mail
        -s --set =none | Set the time
        < none
        """
    }
}
