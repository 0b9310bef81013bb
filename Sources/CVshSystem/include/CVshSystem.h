// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_SYSTEM_H
#define VSH_SYSTEM_H
int vsh_placeholder(void);
#endif
