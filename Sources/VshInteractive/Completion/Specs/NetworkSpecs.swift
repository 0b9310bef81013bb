// SPDX-License-Identifier: MPL-2.0

/// Programs of the network.
extension OwnSpecs {
    static var ssh: StaticString {
        """
        @ ssh | Log in on another machine
        -p =none | Port
        -i =file | Key
        -l =user | User
        -L =none | Forward a local port
        -R =none | Forward a remote port
        -D =none | SOCKS proxy on a port
        -J =host | By way of this host
        -N | Run no command
        -f | Go to the background
        -t | With a terminal
        -T | Without a terminal
        -X | Forward X11
        -Y | Forward X11, trusted
        -A | Forward the agent
        -C | Compress
        -F =file | Configuration
        -o =(StrictHostKeyChecking=no UserKnownHostsFile=/dev/null ConnectTimeout=5 BatchMode=yes) | Option
        -q | Say less
        -v | Say more
        -4 | IPv4
        -6 | IPv6
        -W =none | Connect standard input and output to a host
        < host command-line
        """
    }

    static var scp: StaticString {
        """
        @ scp | Copy files between machines
        -r | Directories with all they hold
        -P =none | Port
        -i =file | Key
        -p | Keep times and modes
        -C | Compress
        -q | Say less
        -J =host | By way of this host
        -F =file | Configuration
        -l =none | Limit, in kbit/s
        -3 | Through this machine
        < file
        """
    }

    static var rsync: StaticString {
        """
        @ rsync | Copy what differs
        -a --archive | Trees with all attributes
        -v --verbose | Say what is done
        -z --compress | Compress
        -n --dry-run | Only show
        -r --recursive | Directories with all they hold
        -P | Show progress, keep partial files
        --progress | Show progress
        --delete | Delete what is not in the source
        -e --rsh =command | The remote shell
        -h --human-readable | Sizes such as 1K 234M
        -u --update | Only newer files
        -x --one-file-system | Stay on one file system
        -H --hard-links | Keep hard links
        -A --acls | Keep ACLs
        -X --xattrs | Keep extended attributes
        -c --checksum | Compare contents
        -i --itemize-changes | Show kinds of changes
        --exclude =none | Not what matches
        --exclude-from =file | Patterns to leave out from a file
        --include =none | What matches
        --bwlimit =none | Limit, in kB/s
        --stats | Show statistics
        --partial | Keep partial files
        < file
        """
    }

    static var curl: StaticString {
        """
        @ curl | Transfer a URL
        -o --output =file | Write to this file
        -O --remote-name | Write to a file of the same name
        -L --location | Follow redirections
        -s --silent | Say nothing
        -S --show-error | But say errors
        -f --fail | Fail on errors of the server
        -I --head | Only headers
        -i --include | With headers
        -X --request =(GET POST PUT PATCH DELETE HEAD OPTIONS) | Method
        -H --header =none | A header
        -d --data =none | Send data
        --data-binary =none | Send data as it is
        --json =none | Send JSON
        -F --form =none | Send a form
        -u --user =none | User and password
        -k --insecure | Do not check certificates
        -v --verbose | Say more
        -x --proxy =none | Proxy
        -b --cookie =none | Cookies
        -c --cookie-jar =file | Write cookies
        -A --user-agent =none | Name of the program
        -e --referer =none | Referer
        -T --upload-file =file | Send a file
        -C --continue-at =none | Go on from here
        -m --max-time =none | At most so many seconds
        --connect-timeout =none | At most so many seconds to connect
        --retry =none | Try so often
        -w --write-out =none | Write this at the end
        --compressed | Ask for compression
        -4 --ipv4 | IPv4
        -6 --ipv6 | IPv6
        -g --globoff | No patterns
        < none
        """
    }

    static var wget: StaticString {
        """
        @ wget | Download
        -O --output-document =file | Write to this file
        -c --continue | Go on with a partial file
        -q --quiet | Say nothing
        -r --recursive | Follow links
        -P --directory-prefix =dir | Write there
        -i --input-file =file | URLs from a file
        -N --timestamping | Only newer files
        -m --mirror | Mirror
        -k --convert-links | Make links local
        -p --page-requisites | With all that pages need
        -np --no-parent | Not above
        -b --background | In the background
        --header =none | A header
        --no-check-certificate | Do not check certificates
        --user =none | User
        --spider | Only look
        --limit-rate =none | Limit
        < none
        """
    }

    static var ping: StaticString {
        """
        @ ping | Ask a host for an answer
        -c =none | So often
        -i =none | Seconds between
        -W =none | Seconds to wait for an answer
        -w =none | Seconds in all
        -s =none | Size
        -I =interface | From this interface
        -4 | IPv4
        -6 | IPv6
        -n | Numbers
        -q | Only the sum
        -f | As fast as possible
        < host
        """
    }
}
