// SPDX-License-Identifier: MPL-2.0

/// Programs that look after the system.
extension OwnSpecs {
    static var apt: StaticString {
        """
        @ apt | Package manager
        -y --yes --assume-yes | Answer yes
        -s --simulate --dry-run | Only show
        -d --download-only | Only download
        --no-install-recommends | Without recommended packages
        --reinstall | Install again
        -f --fix-broken | Mend broken dependencies
        -t --target-release =none | From this release
        -q --quiet | Say less
        @@ install | Install packages
        < package
        @@ remove | Remove packages
        < installed
        @@ purge | Remove packages and their configuration
        < installed
        @@ reinstall | Install again
        < installed
        @@ update | Fetch the lists of packages
        @@ upgrade | Install newer versions
        @@ full-upgrade | The same, removing packages where needed
        @@ autoremove | Remove packages nothing needs
        @@ autoclean | Remove old package files
        @@ clean | Remove package files
        @@ search | Search descriptions
        < none
        @@ show | Show a package
        < package
        @@ policy | Show versions and where they come from
        < package
        @@ depends | Show what a package needs
        < package
        @@ rdepends | Show what needs a package
        < package
        @@ list | List packages
        --installed | Installed ones
        --upgradable | Those with newer versions
        -a --all-versions | All versions
        < package
        @@ download | Download package files
        < package
        @@ changelog | Show the changelog
        < package
        @@ source | Fetch source packages
        < package
        @@ build-dep | Install what building needs
        < package
        @@ edit-sources | Edit the list of sources
        @@ showsrc | Show a source package
        < package
        """
    }

    static var aptGet: StaticString {
        """
        @ apt-get | Package manager, for scripts
        -y --yes --assume-yes | Answer yes
        -s --simulate --dry-run | Only show
        -d --download-only | Only download
        --no-install-recommends | Without recommended packages
        --reinstall | Install again
        -f --fix-broken | Mend broken dependencies
        -t --target-release =none | From this release
        -q --quiet | Say less
        --purge | Remove configuration too
        @@ install | Install packages
        < package
        @@ remove | Remove packages
        < installed
        @@ purge | Remove packages and their configuration
        < installed
        @@ update | Fetch the lists of packages
        @@ upgrade | Install newer versions
        @@ dist-upgrade | The same, removing packages where needed
        @@ autoremove | Remove packages nothing needs
        @@ autoclean | Remove old package files
        @@ clean | Remove package files
        @@ source | Fetch source packages
        < package
        @@ build-dep | Install what building needs
        < package
        @@ download | Download package files
        < package
        @@ check | Look for broken dependencies
        @@ changelog | Show the changelog
        < package
        """
    }

    static var aptCache: StaticString {
        """
        @ apt-cache | Look at the lists of packages
        @@ search | Search descriptions
        -n --names-only | Only names
        < none
        @@ show | Show a package
        < package
        @@ policy | Show versions and where they come from
        < package
        @@ depends | Show what a package needs
        < package
        @@ rdepends | Show what needs a package
        < package
        @@ madison | Show versions, one a line
        < package
        @@ pkgnames | List names
        @@ stats | Show statistics
        """
    }

    static var dpkg: StaticString {
        """
        @ dpkg | Package files
        -i --install =file | Install package files
        -r --remove =installed | Remove
        -P --purge =installed | Remove with configuration
        -l --list =?installed | List packages
        -L --listfiles =installed | List files of a package
        -S --search =file | Find the package of a file
        -s --status =installed | Show the state of a package
        -c --contents =file | List what a package file holds
        -I --info =file | Show a package file
        -x --extract =file | Unpack a package file
        --configure =installed | Configure
        -V --verify =?installed | Check files of a package
        --get-selections | List selections
        --audit | Look for broken packages
        < file
        """
    }

    static var systemctl: StaticString {
        """
        @ systemctl | Manage systemd
        --user | The user's manager
        --system | The system's manager
        -t --type =(service socket timer target mount path slice scope) | Only this type
        --state =(active inactive failed running enabled disabled) | Only in this state
        -a --all | Inactive ones too
        -l --full | Do not shorten
        --no-pager | Write without a pager
        --now | Start or stop too
        -n --lines =none | Lines of the journal
        -p --property =none | Only these properties
        -q --quiet | Say less
        -f --force | Force
        @@ start | Start units
        < service
        @@ stop | Stop units
        < service
        @@ restart | Restart units
        < service
        @@ reload | Let units read their configuration anew
        < service
        @@ reload-or-restart | Reload, or restart
        < service
        @@ try-restart | Restart units that run
        < service
        @@ status | Show the state of units
        < service
        @@ show | Show properties of units
        < service
        @@ cat | Show the files of units
        < service
        @@ edit | Edit the files of units
        < service
        @@ enable | Start units at boot
        < service
        @@ disable | Do not start units at boot
        < service
        @@ reenable | Disable and enable
        < service
        @@ mask | Make units impossible to start
        < service
        @@ unmask | Take that back
        < service
        @@ is-active | Whether units are active
        < service
        @@ is-enabled | Whether units are enabled
        < service
        @@ is-failed | Whether units have failed
        < service
        @@ list-units | List units in memory
        @@ list-unit-files | List installed units
        @@ list-timers | List timers
        @@ list-sockets | List sockets
        @@ list-jobs | List jobs
        @@ list-dependencies | Show what a unit needs
        < service
        @@ daemon-reload | Read all units anew
        @@ reset-failed | Forget failures
        < service
        @@ kill | Send a signal to processes of units
        -s --signal =signal | The signal
        < service
        @@ isolate | Start a unit and stop all others
        < service
        @@ get-default | Show the default target
        @@ set-default | Set the default target
        < service
        @@ poweroff | Switch off
        @@ reboot | Restart the machine
        @@ halt | Halt
        @@ suspend | Suspend
        @@ hibernate | Hibernate
        @@ rescue | Enter rescue mode
        """
    }

    static var journalctl: StaticString {
        """
        @ journalctl | Read the systemd journal
        -u --unit =service | Only of this unit
        --user-unit =service | Only of this unit of the user
        -f --follow | Go on with new entries
        -n --lines =none | So many of the newest
        -r --reverse | The newest first
        -e --pager-end | Begin at the end
        -b --boot =?none | Only of this boot
        -k --dmesg | Only of the kernel
        -p --priority =(emerg alert crit err warning notice info debug) | At least this priority
        -S --since =none | From this time on
        -U --until =none | Up to this time
        -o --output =(short short-iso verbose json json-pretty cat) | How to show entries
        -x --catalog | With explanations
        -g --grep =none | Only messages that match
        -t --identifier =none | Only with this identifier
        --no-pager | Write without a pager
        --list-boots | List boots
        --disk-usage | Show the space used
        --vacuum-size =none | Remove old files above this size
        --vacuum-time =none | Remove old files
        --user | The user's journal
        < none
        """
    }

    static var sudo: StaticString {
        """
        @ sudo | Run a command as another user
        -u --user =user | As this user
        -g --group =group | With this group
        -i --login | As a login shell
        -s --shell | A shell
        -E --preserve-env | Keep the environment
        -H --set-home | Set HOME
        -k --reset-timestamp | Ask for the password next time
        -l --list | List what is allowed
        -n --non-interactive | Do not ask
        -v --validate | Prolong the time without password
        -b --background | In the background
        -e --edit =file | Edit a file
        < command-line
        """
    }

    static var su: StaticString {
        """
        @ su | Become another user
        - -l --login | A login shell
        -c --command =none | Run this command
        -s --shell =file | Run this shell
        -m -p --preserve-environment | Keep the environment
        < user
        """
    }

    static var mount: StaticString {
        """
        @ mount | Attach a file system
        -a --all | All of fstab
        -t --types =(ext4 xfs btrfs vfat ntfs tmpfs nfs cifs iso9660 overlay proc sysfs) | Type
        -o --options =(ro rw remount bind noexec nosuid nodev loop) | Options
        -r --read-only | Read only
        -B --bind | A directory elsewhere
        -v --verbose | Say more
        < device dir
        """
    }

    static var umount: StaticString {
        """
        @ umount | Detach a file system
        -f --force | Force
        -l --lazy | Now from the tree, later for good
        -R --recursive | What is below too
        -a --all | All
        < mount
        """
    }

    static var df: StaticString {
        """
        @ df | Show free space
        -h --human-readable | Sizes such as 1K 234M
        -H --si | The same by powers of 1000
        -i --inodes | Inodes
        -T --print-type | With types
        -t --type =(ext4 xfs btrfs tmpfs vfat overlay) | Only this type
        -x --exclude-type =(tmpfs devtmpfs overlay squashfs) | Not this type
        -l --local | Only local ones
        -a --all | All
        --total | With a sum
        < file
        """
    }

    static var du: StaticString {
        """
        @ du | Show space that files use
        -s --summarize | Only sums of operands
        -h --human-readable | Sizes such as 1K 234M
        -a --all | Files too
        -d --max-depth =none | Only so deep
        -c --total | With a sum
        -x --one-file-system | Stay on one file system
        -k | In kB
        -m | In MB
        --apparent-size | Lengths of files
        --exclude =none | Not what matches
        --inodes | Inodes
        < file
        """
    }

    static var ps: StaticString {
        """
        @ ps | Show processes
        -e -A | All
        -f | Full
        -F | Very full
        -l | Long
        -u --user =user | Of this user
        -U =user | Of this real user
        -p --pid =pid | These
        -C =process | With this name
        -o =(pid,ppid,user,args pid,comm,rss pid,pcpu,pmem,args) | These columns
        -H | As a tree
        --forest | As a drawn tree
        --sort =(-pcpu -rss pid start_time) | Order
        -L | Threads
        --no-headers | No headings
        < (aux auxf ax axjf)
        """
    }

    static var pkill: StaticString {
        """
        @ pkill | Send a signal to processes by name
        -f --full | Look at the whole command line
        -u --euid =user | Of this user
        -x --exact | The whole name
        -n --newest | Only the newest
        -o --oldest | Only the oldest
        -t --terminal =none | On this terminal
        -P --parent =pid | Children of this one
        -e --echo | Show what is killed
        --signal =signal | The signal
        < process
        """
    }

    static var pgrep: StaticString {
        """
        @ pgrep | Find processes by name
        -f --full | Look at the whole command line
        -l --list-name | With names
        -a --list-full | With command lines
        -u --euid =user | Of this user
        -x --exact | The whole name
        -n --newest | Only the newest
        -o --oldest | Only the oldest
        -c --count | Count
        -P --parent =pid | Children of this one
        < process
        """
    }

    static var killall: StaticString {
        """
        @ killall | Send a signal to processes by name
        -e --exact | The whole name
        -I --ignore-case | In any case
        -i --interactive | Ask
        -q --quiet | Say nothing
        -r --regexp | An expression
        -s --signal =signal | The signal
        -u --user =user | Of this user
        -w --wait | Wait until they are gone
        < process
        """
    }

    static var ip: StaticString {
        """
        @ ip | Network interfaces and routes
        -4 | IPv4
        -6 | IPv6
        -br -brief | Short
        -c -color | In colours
        -j -json | JSON
        -s -stats | With statistics
        @@ address,addr,a | Addresses
        @@@ show | Show
        < interface
        @@@ add | Add
        @@@ del | Remove
        @@ link,l | Interfaces
        @@@ show | Show
        < interface
        @@@ set | Change
        < interface
        @@ route,r | Routes
        @@@ show | Show
        @@@ get | Which is taken
        @@@ add | Add
        @@@ del | Remove
        @@ neighbour,neigh,n | Neighbours
        @@ rule | Rules of routing
        @@ netns | Namespaces
        """
    }
}
