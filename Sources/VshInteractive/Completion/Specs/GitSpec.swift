// SPDX-License-Identifier: MPL-2.0

extension OwnSpecs {
    static var git: StaticString {
        """
        @ git | The stupid content tracker
        -C =dir | Run as if started there
        -c =none | Set a configuration value for this run
        --git-dir =dir | The repository
        --work-tree =dir | The work tree
        --no-pager | Write without a pager
        -p --paginate | Write through a pager
        --bare | Take the repository as bare
        --version | Show the version
        --help | Show help
        @@ add | Add file contents to the index
        -A --all | All changes of the work tree
        -u --update | Changes of tracked files
        -p --patch | Choose parts of changes
        -i --interactive | Choose interactively
        -n --dry-run | Only show what would be added
        -N --intent-to-add | Record only that the path will be added
        -f --force | Ignored files too
        -v --verbose | Say what is added
        < file
        @@ am | Apply patches from a mailbox
        --continue | Go on after a conflict was resolved
        --abort | Go back to the state before
        --skip | Leave out this patch
        -3 --3way | Fall back on a three-way merge
        < file
        @@ apply | Apply a patch to files
        --check | Only see whether it applies
        --index | Apply to the index too
        -R --reverse | The other way round
        --stat | Show a diffstat
        < file
        @@ archive | Make an archive of a tree
        --format =(tar zip tar.gz) | Kind of archive
        -o --output =file | Write to this file
        --prefix =none | Put this before names
        < git-ref
        @@ bisect | Find the commit that brought a bug
        @@@ start | Begin
        @@@ good | This commit is good
        < git-ref
        @@@ bad | This commit is bad
        < git-ref
        @@@ skip | This commit cannot be tested
        @@@ reset | End
        @@@ run | Let a command decide
        < command-line
        @@@ log | Show what was done
        @@ blame | Show who last changed each line
        -L =none | Only these lines
        -w | Ignore white space
        -C | Find lines that were copied
        < file
        @@ branch | List, make or delete branches
        -a --all | Remote branches too
        -r --remotes | Remote branches
        -d --delete | Delete a merged branch
        -D | Delete a branch in any case
        -m --move | Rename
        -M | Rename over another
        -c --copy | Copy
        -v --verbose | Show commits
        -u --set-upstream-to =git-ref | Set the upstream branch
        --unset-upstream | No upstream branch
        --show-current | Show the present branch
        --merged =?git-ref | Only merged branches
        --no-merged =?git-ref | Only branches that are not merged
        --contains =git-ref | Only branches with this commit
        --sort =(refname committerdate -committerdate authordate) | Order
        < git-branch git-ref
        @@ checkout | Switch branches or restore files
        -b =none | Make a branch and switch to it
        -B =none | Make or reset a branch and switch to it
        -f --force | Throw away local changes
        -t --track | Set the upstream branch
        --detach | Detach HEAD
        --ours | Take our version of files
        --theirs | Take their version of files
        -p --patch | Choose parts
        -m --merge | Merge local changes
        < git-ref file
        @@ cherry-pick | Apply the changes of commits
        -e --edit | Edit the message
        -n --no-commit | Do not commit
        -x | Say in the message where it comes from
        --continue | Go on after a conflict was resolved
        --abort | Go back to the state before
        --skip | Leave out this commit
        < git-ref
        @@ clean | Remove untracked files
        -f --force | Do it
        -n --dry-run | Only show what would be removed
        -d | Directories too
        -x | Ignored files too
        -X | Only ignored files
        -i --interactive | Ask
        < file
        @@ clone | Copy a repository
        --depth =none | Only so many commits
        -b --branch =none | Check out this branch
        --bare | Make a bare repository
        --mirror | Make a mirror
        --recurse-submodules | Submodules too
        --single-branch | Only one branch
        -o --origin =none | Name of the remote
        --filter =(blob:none tree:0) | Leave out objects
        < none dir
        @@ commit | Record changes
        -m --message =none | The message
        -a --all | All changes of tracked files
        --amend | Replace the last commit
        --no-edit | Keep the message
        -v --verbose | Show the diff in the editor
        -s --signoff | Add Signed-off-by
        -S --gpg-sign | Sign
        -n --no-verify | Run no hooks
        -p --patch | Choose parts
        --fixup =git-ref | A fixup of this commit
        --squash =git-ref | A squash of this commit
        -C --reuse-message =git-ref | Take message and author of this commit
        -F --file =file | Take the message from a file
        --author =none | Another author
        --date =none | Another date
        --allow-empty | Even without changes
        < file
        @@ config | Read and set options
        --global | The user's configuration
        --local | The repository's configuration
        --system | The system's configuration
        -l --list | List all
        --get | Read a value
        --unset | Remove a value
        -e --edit | Edit the file
        --show-origin | Show where values come from
        < (user.name user.email core.editor core.autocrlf init.defaultBranch pull.rebase push.default alias. merge.tool diff.tool color.ui commit.gpgsign)
        @@ describe | Name a commit after a tag
        --tags | Any tag
        --always | An abbreviation when there is no tag
        --dirty | Mark a changed work tree
        --long | The long form
        < git-ref
        @@ diff | Show changes
        --cached --staged | What is in the index
        --stat | A diffstat
        --name-only | Only names
        --name-status | Names and kinds of changes
        -w --ignore-all-space | Ignore white space
        --word-diff =?(plain color porcelain) | By words
        --color-words | By words, in colours
        -U --unified =none | Lines of context
        --check | Warn of white-space errors
        -M --find-renames | Find renames
        < git-ref file
        @@ difftool | Show changes with a tool
        -t --tool =(vimdiff meld kdiff3 opendiff) | The tool
        -y --no-prompt | Do not ask
        -d --dir-diff | Whole directories
        < git-ref file
        @@ fetch | Get commits from another repository
        --all | From all remotes
        -p --prune | Remove branches that are gone there
        -t --tags | All tags
        --depth =none | Only so many commits
        --unshallow | The whole history
        -v --verbose | Say more
        < git-remote git-ref
        @@ format-patch | Make patches to be mailed
        -o --output-directory =dir | Write them there
        --cover-letter | With a cover letter
        --stdout | Write to standard output
        < git-ref
        @@ fsck | Check the repository
        --full | All of it
        --lost-found | Write dangling objects
        @@ gc | Clean up the repository
        --aggressive | Thoroughly
        --auto | Only when it is worth it
        --prune =?(now) | Remove loose objects
        @@ grep | Search tracked files
        -i --ignore-case | In any case
        -n --line-number | Show line numbers
        -w --word-regexp | Whole words
        -l --files-with-matches | Only names of files
        -c --count | Count lines
        -E --extended-regexp | Extended expressions
        -F --fixed-strings | Plain text
        -P --perl-regexp | Perl's expressions
        < none git-ref file
        @@ init | Make a repository
        --bare | Without a work tree
        -b --initial-branch =none | Name of the first branch
        -q --quiet | Say less
        < dir
        @@ log | Show commits
        --oneline | One line each
        --graph | Draw the history
        --all | All branches
        -n --max-count =none | At most so many
        -p --patch | Show changes
        --stat | With a diffstat
        --name-only | With names of files
        --name-status | With names and kinds of changes
        --author =none | Only of this author
        --since --after =none | Only newer ones
        --until --before =none | Only older ones
        --grep =none | Only with this in the message
        -S =none | Only those that add or remove this text
        -G =none | Only those whose changes match
        --follow | Through renames
        --decorate | Show branches and tags
        --merges | Only merges
        --no-merges | No merges
        --reverse | The oldest first
        --format --pretty =(oneline short medium full fuller reference email raw) | How to show them
        --abbrev-commit | Short names
        --first-parent | Only the first parents
        -L =none | The history of these lines
        < git-ref file
        @@ ls-files | List files of the index
        -c --cached | Tracked files
        -m --modified | Changed files
        -d --deleted | Deleted files
        -o --others | Untracked files
        -i --ignored | Ignored files
        -s --stage | With what is in the index
        --exclude-standard | Apply the usual ignore rules
        < file
        @@ merge | Join histories
        --no-ff | Always make a merge commit
        --ff-only | Only when nothing is to be merged
        --squash | Make one commit of it, later
        --abort | Go back to the state before
        --continue | Go on after conflicts were resolved
        -m =none | The message
        --no-commit | Do not commit
        -X --strategy-option =(ours theirs patience ignore-all-space) | Option of the strategy
        -s --strategy =(ort recursive octopus ours subtree) | The strategy
        < git-ref
        @@ mergetool | Resolve conflicts with a tool
        -t --tool =(vimdiff meld kdiff3 opendiff) | The tool
        -y --no-prompt | Do not ask
        < file
        @@ mv | Move or rename a tracked file
        -f --force | Overwrite
        -n --dry-run | Only show
        < file
        @@ notes | Notes on commits
        @@@ add | Add a note
        @@@ show | Show a note
        @@@ list | List notes
        @@@ remove | Remove a note
        @@ pull | Fetch and merge
        --rebase =?(true false merges interactive) | Rebase instead of merging
        --no-rebase | Merge
        --ff-only | Only when nothing is to be merged
        --autostash | Put local changes aside meanwhile
        --all | From all remotes
        -p --prune | Remove branches that are gone there
        < git-remote git-branch
        @@ push | Send commits
        -u --set-upstream | Set the upstream branch
        -f --force | Overwrite
        --force-with-lease | Overwrite what we know of
        --all | All branches
        --tags | All tags
        --follow-tags | Tags of the commits sent
        -d --delete | Delete there
        -n --dry-run | Only show
        --no-verify | Run no hooks
        < git-remote git-branch
        @@ rebase | Put commits on another base
        -i --interactive | Edit the list of commits
        --onto =git-ref | The new base
        --continue | Go on after conflicts were resolved
        --abort | Go back to the state before
        --skip | Leave out this commit
        --quit | End, and leave things as they are
        --autosquash | Order fixup and squash commits
        --autostash | Put local changes aside meanwhile
        --exec -x =command-line | Run this after each commit
        --root | All commits
        --edit-todo | Edit the list
        -r --rebase-merges | Keep merges
        < git-ref
        @@ reflog | Show where references were
        @@@ show | Show it
        < git-ref
        @@@ expire | Remove old entries
        @@@ delete | Delete entries
        @@ remote | Manage remotes
        -v --verbose | Show addresses
        @@@ add | Add one
        < none
        @@@ remove,rm | Remove one
        < git-remote
        @@@ rename | Rename one
        < git-remote
        @@@ set-url | Change an address
        < git-remote none
        @@@ get-url | Show an address
        < git-remote
        @@@ show | Show one
        < git-remote
        @@@ prune | Remove branches that are gone there
        < git-remote
        @@@ update | Fetch from all
        @@ reset | Move HEAD
        --soft | Keep index and files
        --mixed | Keep files
        --hard | Change index and files
        --keep | Keep local changes
        --merge | Keep changes that are not in the index
        -p --patch | Choose parts
        < git-ref file
        @@ restore | Restore files
        -S --staged | In the index
        -W --worktree | In the work tree
        -s --source =git-ref | From this commit
        -p --patch | Choose parts
        --ours | Our version
        --theirs | Their version
        < file
        @@ revert | Make commits that undo others
        -n --no-commit | Do not commit
        -m --mainline =none | Which parent of a merge to keep
        --no-edit | Keep the message
        --continue | Go on after conflicts were resolved
        --abort | Go back to the state before
        < git-ref
        @@ rev-parse | Name revisions
        --short =?none | Short names
        --show-toplevel | Top of the work tree
        --abbrev-ref | Names of branches
        --git-dir | The repository
        --verify | Exactly one
        < git-ref
        @@ rm | Remove tracked files
        --cached | Only from the index
        -r | Directories
        -f --force | Changed files too
        -n --dry-run | Only show
        < file
        @@ shortlog | Commits by author
        -s --summary | Only numbers
        -n --numbered | By number
        -e --email | With addresses
        < git-ref
        @@ show | Show commits, tags and trees
        --stat | With a diffstat
        --name-only | With names of files
        --format --pretty =(oneline short medium full fuller) | How to show them
        < git-ref
        @@ stash | Put changes aside
        @@@ push | Put aside
        -m --message =none | The message
        -u --include-untracked | Untracked files too
        -a --all | Ignored files too
        -k --keep-index | Keep the index
        -p --patch | Choose parts
        -S --staged | Only what is in the index
        < file
        @@@ pop | Take back and drop
        --index | The index too
        < git-stash
        @@@ apply | Take back
        --index | The index too
        < git-stash
        @@@ list | List
        @@@ show | Show
        -p --patch | As a patch
        < git-stash
        @@@ drop | Drop
        < git-stash
        @@@ clear | Drop all
        @@@ branch | Make a branch of it
        < none git-stash
        @@ status | Show the state of the work tree
        -s --short | Short
        -b --branch | With the branch
        -u --untracked-files =?(no normal all) | Untracked files
        --ignored | Ignored files too
        --porcelain =?(v1 v2) | For programs
        < file
        @@ submodule | Manage submodules
        @@@ add | Add one
        @@@ update | Bring them to the commit recorded
        --init | Those that are new too
        --recursive | Those inside too
        --remote | To the newest commit there
        @@@ init | Make their configuration
        @@@ status | Show their state
        @@@ foreach | Run a command in each
        < command-line
        @@@ sync | Take over changed addresses
        @@@ deinit | Give one up
        @@ switch | Switch branches
        -c --create =none | Make a branch and switch to it
        -C =none | Make or reset a branch and switch to it
        -d --detach | Detach HEAD
        -f --force --discard-changes | Throw away local changes
        -t --track | Set the upstream branch
        < git-branch
        @@ tag | List, make and delete tags
        -a --annotate | With a message
        -m --message =none | The message
        -d --delete | Delete
        -f --force | Replace
        -l --list | List
        -n =?none | Show messages
        -s --sign | Sign
        --sort =(version:refname -creatordate) | Order
        < git-tag git-ref
        @@ worktree | Manage work trees
        @@@ add | Add one
        -b =none | With a new branch
        < dir git-ref
        @@@ list | List
        @@@ remove | Remove one
        < dir
        @@@ prune | Forget those that are gone
        @@ help | Show help
        """
    }
}
