// SPDX-License-Identifier: MPL-2.0
import VshRuntime

/// Enters the utilities that show files into the table of `shell`.
public func registerListingBuiltins(_ shell: Shell) {
    registerCat(shell)
    registerList(shell)
}
