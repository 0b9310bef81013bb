// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshSystem

/// Placeholder until pathname expansion lands: nothing matches.
func expandPathnames(_ pattern: Text, isUTF8: Bool, into fields: inout Table<Text>) -> Int { 0 }
