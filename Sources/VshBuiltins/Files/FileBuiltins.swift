// SPDX-License-Identifier: MPL-2.0
import VshRuntime

/// Enters the file utilities into the table of `shell`.
public func registerFileBuiltins(_ shell: Shell) {
    shell.register(directoryRows())
    shell.register(removeRows())
    shell.register(permissionRows())
    shell.register(linkRows())
    shell.register(touchRows())
    shell.register(copyRows())
}
