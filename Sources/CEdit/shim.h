// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_CEDIT_SHIM_H
#define VSH_CEDIT_SHIM_H
#include <histedit.h>
#endif
