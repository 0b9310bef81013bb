// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Enters every builtin of this module into the table of `shell`.
public func registerBuiltins(_ shell: Shell) {
    shell.register(controlRows())
    shell.register(setRows())
    shell.register(declarationRows())
    shell.register(trapRows())
    shell.register(workingDirectoryRows())
    shell.register(readRows())
    shell.register(getoptsRows())
    shell.register(commandNameRows())
    shell.register(aliasRows())
    shell.register(killRows())
    shell.register(limitRows())
    shell.register(historyRows())
    shell.register(jobRows())
    shell.register(echoRows())
    shell.register(printfRows())
    shell.register(testRows())
    shell.register(helpRows())
    shell.register(undoRows())
}
