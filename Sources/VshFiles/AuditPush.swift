// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

extension AuditCommand {
    mutating func push(_ words: [[UInt8]]) throws(StoreError) { wrong("push: not there yet") }
}
