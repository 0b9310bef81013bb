// SPDX-License-Identifier: MPL-2.0
//
// Floating-point numbers as text, in the POSIX locale: the C library rounds correctly, and knows %a.
#ifndef VSH_NUMBER_H
#define VSH_NUMBER_H
#include <stddef.h>

enum { VSH_FORMAT_LEFT = 1, VSH_FORMAT_PLUS = 2, VSH_FORMAT_BLANK = 4, VSH_FORMAT_ALTERNATE = 8, VSH_FORMAT_ZERO = 16 };

/// Writes `value` as printf would with these flags, `width`, `precision` (negative: none given) and `conversion`, one of
/// aAeEfFgG. The bytes it takes without the NUL, also when `capacity` is too small and only a part was written;
/// -EINVAL for another conversion or a negative width; -ENOMEM, -EOVERFLOW.
int vsh_format_double(
    char *_Nonnull buffer, size_t capacity, unsigned flags, int width, int precision, char conversion, double value);
/// strtod: the bytes read, 0 when there is no number. `*range` is 1 when the value is out of range.
size_t vsh_parse_double(const char *_Nonnull text, double *_Nonnull value, int *_Nonnull range);
#endif
