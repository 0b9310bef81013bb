// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshRuntime

/// Enters every builtin of this module into the table of `shell`.
public func registerBuiltins(_ shell: Shell) {
    registerControl(shell)
    registerSet(shell)
    registerDeclaration(shell)
    registerTrap(shell)
    registerWorkingDirectory(shell)
    registerRead(shell)
    registerGetopts(shell)
    registerCommandName(shell)
    registerAlias(shell)
    registerKill(shell)
    registerLimit(shell)
    registerHistory(shell)
    registerJob(shell)
    registerEcho(shell)
    registerPrintf(shell)
    registerTest(shell)
    registerLet(shell)
    registerDeclare(shell)
    registerMapFile(shell)
    registerShopt(shell)
    registerBuiltinCommand(shell)
    registerDirectoryStack(shell)
    registerHelp(shell)
    registerUndo(shell)
    registerTrials(shell)
    registerAudit(shell)
    registerStore(shell)
    registerSandbox(shell)
    registerProofs(shell)
}
