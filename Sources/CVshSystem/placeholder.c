// SPDX-License-Identifier: MPL-2.0
#include "CVshSystem.h"
int vsh_placeholder(void) { return 0; }
