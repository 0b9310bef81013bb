// SPDX-License-Identifier: MPL-2.0
//
// What Swift cannot say. Every function that can fail returns a negative errno; nothing here reads or prints text in
// a locale, looks names up through NSS or allocates unless its comment says so.
#ifndef VSH_SYSTEM_H
#define VSH_SYSTEM_H
#include "vsh_signal.h"
#include "vsh_process.h"
#include "vsh_spawn.h"
#include "vsh_file.h"
#include "vsh_terminal.h"
#include "vsh_stack.h"
#include "vsh_memory.h"
#include "vsh_sandbox.h"
#include "vsh_erase.h"
#include "vsh_number.h"
#include "vsh_machine.h"
#endif
