// SPDX-License-Identifier: MPL-2.0

/// Programs of developers.
extension OwnSpecs {
    static var make: StaticString {
        """
        @ make | Bring targets up to date
        -f --file =file | The makefile
        -C --directory =dir | Go there first
        -j --jobs =?none | So many at once
        -k --keep-going | Go on after errors
        -n --dry-run --just-print | Only show
        -B --always-make | Make everything
        -s --silent --quiet | Do not show commands
        -i --ignore-errors | Ignore errors
        -q --question | Only whether something is to be done
        -t --touch | Only touch
        -p --print-data-base | Show rules
        -d | Explain
        --debug | Explain
        -I --include-dir =dir | Look for makefiles there
        -l --load-average =none | No more jobs above this load
        -r --no-builtin-rules | Without built-in rules
        -e --environment-overrides | The environment goes before makefiles
        < target
        """
    }

    static var docker: StaticString {
        """
        @ docker | Containers
        @@ run | Run a command in a new container
        -d --detach | In the background
        -i --interactive | Keep standard input open
        -t --tty | With a terminal
        --rm | Remove it at the end
        -p --publish =none | Publish a port
        -P --publish-all | Publish all ports
        -v --volume =file | Mount a directory
        --mount =none | Mount
        -e --env =none | Set a variable
        --env-file =file | Variables from a file
        --name =none | Name
        -w --workdir =none | Working directory
        -u --user =none | User
        --network =network | Network
        --restart =(no always on-failure unless-stopped) | When to restart it
        --entrypoint =none | Entry point
        --platform =(linux/amd64 linux/arm64) | Platform
        --privileged | With all rights
        -m --memory =none | Limit of memory
        --cpus =none | Limit of processors
        --pull =(always missing never) | When to pull the image
        < image command-line
        @@ exec | Run a command in a container
        -i --interactive | Keep standard input open
        -t --tty | With a terminal
        -d --detach | In the background
        -e --env =none | Set a variable
        -u --user =none | User
        -w --workdir =none | Working directory
        < running command-line
        @@ ps | List containers
        -a --all | Those that ended too
        -q --quiet | Only numbers
        -f --filter =none | Only those
        --format =none | Format
        @@ build | Build an image
        -t --tag =none | Name
        -f --file =file | Dockerfile
        --build-arg =none | Argument
        --no-cache | Without the cache
        --target =none | Stage
        --platform =(linux/amd64 linux/arm64) | Platform
        --pull | Newest base images
        --progress =(auto plain tty) | Progress
        < dir
        @@ images | List images
        -a --all | All
        -q --quiet | Only numbers
        @@ pull | Fetch an image
        < none
        @@ push | Send an image
        < image
        @@ stop | Stop containers
        -t --time =none | Seconds to wait
        < running
        @@ start | Start containers
        < container
        @@ restart | Restart containers
        < container
        @@ kill | Kill containers
        -s --signal =signal | The signal
        < running
        @@ rm | Remove containers
        -f --force | Running ones too
        -v --volumes | With volumes
        < container
        @@ rmi | Remove images
        -f --force | Force
        < image
        @@ logs | Show output
        -f --follow | Go on
        -n --tail =none | So many lines
        -t --timestamps | With times
        --since =none | From this time on
        < container
        @@ inspect | Show details
        -f --format =none | Format
        < container
        @@ cp | Copy files
        < file
        @@ top | Show processes
        < running
        @@ stats | Show use of resources
        < running
        @@ tag | Name an image
        < image none
        @@ login | Log in to a registry
        @@ logout | Log out
        @@ pause | Stop processes for a while
        < running
        @@ unpause | Let processes go on
        < container
        @@ attach | Connect to a container's terminal
        < running
        @@ rename | Give a container another name
        < container none
        @@ port | Show ports
        < running
        @@ diff | Show changed files
        < container
        @@ commit | Make an image of a container
        < container none
        @@ history | Show the layers of an image
        < image
        @@ save | Write an image to a file
        -o --output =file | The file
        < image
        @@ network | Networks
        @@@ ls | List
        @@@ create | Make
        @@@ rm | Remove
        < network
        @@@ inspect | Show
        < network
        @@@ connect | Connect a container
        < network container
        @@@ disconnect | Disconnect a container
        < network container
        @@@ prune | Remove unused ones
        @@ volume | Volumes
        @@@ ls | List
        @@@ create | Make
        @@@ rm | Remove
        < volume
        @@@ inspect | Show
        < volume
        @@@ prune | Remove unused ones
        @@ system | The daemon
        @@@ df | Show space used
        @@@ prune | Remove what is unused
        @@@ info | Show information
        @@ compose | Several containers
        -f --file =file | File
        @@@ up | Start
        -d --detach | In the background
        --build | Build first
        @@@ down | Stop and remove
        -v --volumes | With volumes
        @@@ ps | List
        @@@ logs | Show output
        -f --follow | Go on
        @@@ build | Build
        @@@ exec | Run a command
        @@@ restart | Restart
        @@@ pull | Fetch images
        @@@ config | Show the configuration
        @@ info | Show information
        @@ version | Show versions
        """
    }

    static var tmux: StaticString {
        """
        @ tmux | Terminal multiplexer
        -L =none | Name of the server's socket
        -S =file | Path of the server's socket
        -f =file | Configuration
        -2 | 256 colours
        @@ new-session,new | Make a session
        -s =none | Name
        -d | Do not attach
        -A | Attach when it is there
        -c =dir | Directory
        < command-line
        @@ attach-session,attach,a | Attach to a session
        -t =session | Which
        -d | Detach others
        @@ list-sessions,ls | List sessions
        @@ kill-session | End a session
        -t =session | Which
        @@ kill-server | End all
        @@ detach-client,detach | Detach
        @@ new-window,neww | Make a window
        -t =session | In this session
        @@ split-window,splitw | Split a pane
        -h | Side by side
        -v | One above the other
        @@ send-keys,send | Type
        @@ source-file,source | Read configuration
        < file
        @@ list-keys,lsk | List keys
        @@ rename-session,rename | Rename a session
        -t =session | Which
        < none
        @@ switch-client,switchc | Show another session
        -t =session | Which
        @@ has-session,has | Whether there is a session
        -t =session | Which
        @@ list-windows,lsw | List windows
        -t =session | Of this session
        """
    }

    static var python: StaticString {
        """
        @ python3 | Python
        -c =none | Run this program
        -m =(venv pip http.server json.tool unittest pdb timeit zipfile ensurepip) | Run a module
        -i | Stay interactive
        -u | No buffers
        -V --version | Show the version
        -B | Write no .pyc files
        -O | Optimize
        -W =(default error ignore always) | Warnings
        -X =(dev importtime utf8 tracemalloc) | Option of the implementation
        -v | Say more
        -q | Say less
        -E | Ignore the environment
        -s | Without the user's packages
        -I | Isolated
        < file
        """
    }

    static var pip: StaticString {
        """
        @ pip | Packages of Python
        @@ install | Install
        -r --requirement =file | From a list
        -e --editable =dir | From a directory, in place
        -U --upgrade | Newest versions
        --user | For the user
        -t --target =dir | There
        --no-deps | Without dependencies
        --pre | Versions before releases too
        --break-system-packages | Although the system manages packages
        < file
        @@ uninstall | Remove
        -y --yes | Answer yes
        < none
        @@ list | List
        -o --outdated | Old ones
        --format =(columns freeze json) | Format
        @@ show | Show one
        @@ freeze | List versions
        @@ download | Download
        @@ check | Look for conflicts
        @@ cache | The cache
        @@ config | The configuration
        """
    }

    static var npm: StaticString {
        """
        @ npm | Packages of Node
        @@ install,i,add | Install
        -g --global | For all
        -D --save-dev | For development
        --no-save | Without a note
        < file
        @@ uninstall,rm,remove | Remove
        -g --global | For all
        < none
        @@ run,run-script | Run a script
        < script
        @@ start | Run the start script
        @@ test,t | Run the tests
        @@ ci | Install exactly
        @@ init | Make a package
        -y --yes | Answer yes
        @@ update | Newer versions
        @@ outdated | Show old versions
        @@ ls,list | List
        @@ publish | Publish
        @@ audit | Look for known faults
        @@ exec | Run a program of a package
        @@ view | Show a package
        @@ cache | The cache
        @@ config | The configuration
        @@ link | Link a package
        """
    }

    static var cargo: StaticString {
        """
        @ cargo | Packages of Rust
        @@ build,b | Compile
        -r --release | Optimized
        -p --package =none | This package
        --all-features | All features
        --features =none | These features
        --target =none | For this machine
        -j --jobs =none | So many at once
        @@ check,c | Only check
        @@ run,r | Compile and run
        -r --release | Optimized
        --bin =none | This program
        --example =none | This example
        @@ test,t | Run the tests
        -r --release | Optimized
        --lib | Only the library's
        --no-fail-fast | Go on after failures
        @@ bench | Measure
        @@ clean | Remove what was built
        @@ doc,d | Build documentation
        --open | Show it
        @@ new | Make a package
        --lib | A library
        < dir
        @@ init | Make a package here
        @@ add | Add a dependency
        @@ remove | Remove a dependency
        @@ update | Newer versions
        @@ install | Install a program
        --path =dir | From a directory
        @@ publish | Publish
        @@ fmt | Format
        @@ clippy | Lint
        @@ tree | Show dependencies
        @@ search | Search
        @@ metadata | Show all
        """
    }

    static var go: StaticString {
        """
        @ go | Packages of Go
        @@ build | Compile
        -o =file | Write there
        -race | Look for races
        -tags =none | Tags
        -v | Say more
        < file
        @@ run | Compile and run
        < file
        @@ test | Run the tests
        -v | Say more
        -run =none | Only those that match
        -bench =none | Measure those that match
        -race | Look for races
        -cover | Show coverage
        -count =none | So often
        < file
        @@ get | Add a dependency
        @@ mod | Modules
        @@@ init | Make one
        @@@ tidy | Put the list in order
        @@@ download | Download
        @@@ vendor | Copy
        @@@ graph | Show
        @@ fmt | Format
        @@ vet | Lint
        @@ install | Install
        @@ list | List
        @@ clean | Remove what was built
        @@ doc | Show documentation
        @@ env | Show the environment
        @@ generate | Run generators
        @@ version | Show the version
        @@ work | Workspaces
        """
    }

    static var swift: StaticString {
        """
        @ swift | Swift
        @@ build | Compile
        -c --configuration =(debug release) | Configuration
        --target =none | This target
        --product =none | This product
        --build-tests | The tests too
        -j --jobs =none | So many at once
        -v --verbose | Say more
        @@ run | Compile and run
        -c --configuration =(debug release) | Configuration
        @@ test | Run the tests
        --filter =none | Only those that match
        --skip-build | Do not compile
        --parallel | At once
        @@ package | Packages
        @@@ init | Make one
        @@@ update | Newer dependencies
        @@@ resolve | Fetch dependencies
        @@@ clean | Remove what was built
        @@@ describe | Show
        @@@ show-dependencies | Show dependencies
        @@ format | Format
        @@ repl | Interactive
        < file
        """
    }

    static var gcc: StaticString {
        """
        @ gcc | C compiler
        -o =file | Write there
        -c | Do not link
        -S | Only compile
        -E | Only preprocess
        -g | For debuggers
        -O0 | Do not optimize
        -O1 | Optimize a little
        -O2 | Optimize
        -O3 | Optimize more
        -Os | Optimize for size
        -Og | Optimize for debugging
        -Wall | Warnings
        -Wextra | More warnings
        -Werror | Warnings are errors
        -pedantic | As the standard has it
        -std =(c99 c11 c17 c2x gnu11 gnu17 c++17 c++20 c++23) | Language
        -I =dir | Look for headers there
        -L =dir | Look for libraries there
        -l | Link a library
        -D | Define a macro
        -fPIC | Position-independent
        -shared | A shared library
        -static | Static
        -pthread | With threads
        -fsanitize=address | Find bad accesses
        -fsanitize=undefined | Find undefined behaviour
        -march=native | For this machine
        -MD | Write dependencies
        -v | Say more
        < file
        """
    }
}
