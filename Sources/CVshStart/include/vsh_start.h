// SPDX-License-Identifier: MPL-2.0
// Nothing is called from outside: the C library's first code calls what start.c defines.
