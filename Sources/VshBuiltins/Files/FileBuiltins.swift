// SPDX-License-Identifier: MPL-2.0
import VshRuntime

/// Enters the file utilities into the table of `shell`.
public func registerFileBuiltins(_ shell: Shell) {
    registerDirectory(shell)
    registerRemove(shell)
    registerObliterate(shell)
    registerPermission(shell)
    registerLink(shell)
    registerTouch(shell)
    registerCopy(shell)
}
