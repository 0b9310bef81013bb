// SPDX-License-Identifier: MPL-2.0
// What Swift cannot say of libedit: its variadic functions, and a stdio stream that swallows what libedit draws.
#ifndef VSH_CEDIT_SHIM_H
#define VSH_CEDIT_SHIM_H
#include <histedit.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <wctype.h>

typedef ssize_t (*vsh_edit_sink)(void *data, const char *bytes, size_t count);
typedef unsigned char (*vsh_edit_function)(EditLine *edit, wint_t character);

/// cookie_io_functions_t of glibc, which its header hides without _GNU_SOURCE.
struct vsh_cookie_functions {
    void *read;
    vsh_edit_sink write;
    void *seek;
    void *close;
};
extern FILE *vsh_fopencookie(void *cookie, const char *mode, struct vsh_cookie_functions functions) __asm__("fopencookie");

/// Character classes of UTF-8 for libedit, whatever the environment says. (C.UTF-8 is part of the C library.)
static inline void vsh_edit_use_utf8(void) { setlocale(LC_CTYPE, "C.UTF-8"); }

/// The letter in the other case; what is no letter is itself.
static inline uint32_t vsh_edit_upper(uint32_t letter) { return (uint32_t)towupper((wint_t)letter); }
static inline uint32_t vsh_edit_lower(uint32_t letter) { return (uint32_t)towlower((wint_t)letter); }

/// An editor on the terminal `fd` that draws into `sink` and gets its characters from `read`; NULL: no memory.
static inline EditLine *vsh_edit_open(int fd, void *data, vsh_edit_sink sink, el_rfunc_t read) {
    struct vsh_cookie_functions functions = {0, sink, 0, 0};
    FILE *stream = vsh_fopencookie(data, "w", functions);
    if (!stream) return 0;
    EditLine *edit = el_init_fd("vsh", stream, stream, stream, fd, fd, fd);
    if (!edit) return 0;
    el_wset(edit, EL_CLIENTDATA, data);
    el_wset(edit, EL_SIGNAL, 0);
    el_wset(edit, EL_GETCFN, read);
    return edit;
}

static inline void *vsh_edit_data(EditLine *edit) {
    void *data = 0;
    el_wget(edit, EL_CLIENTDATA, &data);
    return data;
}

/// `mode` is L"emacs" or L"vi"; its key map replaces the one there.
static inline int vsh_edit_set_mode(EditLine *edit, const wchar_t *mode) { return el_wset(edit, EL_EDITOR, mode); }

/// The terminal's modes while a line is edited and after it: ^C is a key, and throws nothing away.
static inline void vsh_edit_keep_queues(EditLine *edit) {
    el_wset(edit, EL_SETTY, L"-d", L"-isig", L"+noflsh", (wchar_t *)0);
    el_wset(edit, EL_SETTY, L"-x", L"+noflsh", (wchar_t *)0);
}

/// A screen of one row, until the next line is begun.
static inline void vsh_edit_flatten(EditLine *edit) {
    el_wset(edit, EL_SETTC, L"li", L"1", (wchar_t *)0);
    el_wset(edit, EL_REFRESH);
}

static inline int vsh_edit_add(EditLine *edit, const wchar_t *name, vsh_edit_function function) {
    return el_wset(edit, EL_ADDFN, name, L"", function);
}

/// Binds a character in the map of insert mode, or with `is_alternative` in that of vi's command mode.
static inline int vsh_edit_bind(EditLine *edit, int is_alternative, const wchar_t *key, const wchar_t *function) {
    return is_alternative ? el_wset(edit, EL_BIND, L"-a", key, function, (wchar_t *)0)
                          : el_wset(edit, EL_BIND, key, function, (wchar_t *)0);
}
#endif
