// SPDX-License-Identifier: MPL-2.0
#include "vsh_number.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vsh_format_double(
    char *buffer, size_t capacity, unsigned flags, int width, int precision, char conversion, double value) {
  if (width < 0 || conversion == 0 || !strchr("aAeEfFgG", conversion)) return -EINVAL;
  char format[16];
  char *at = format;
  *at++ = '%';
  if (flags & VSH_FORMAT_LEFT) *at++ = '-';
  if (flags & VSH_FORMAT_PLUS) *at++ = '+';
  if (flags & VSH_FORMAT_BLANK) *at++ = ' ';
  if (flags & VSH_FORMAT_ALTERNATE) *at++ = '#';
  if (flags & VSH_FORMAT_ZERO) *at++ = '0';
  // A negative precision given by an asterisk counts as none.
  *at++ = '*';
  *at++ = '.';
  *at++ = '*';
  *at++ = conversion;
  *at = 0;
  int length = snprintf(buffer, capacity, format, width, precision, value);
  return length < 0 ? -errno : length;
}

size_t vsh_parse_double(const char *text, double *value, int *range) {
  char *end;
  errno = 0;
  *value = strtod(text, &end);
  *range = errno == ERANGE && (*value == HUGE_VAL || *value == -HUGE_VAL);
  return end - text;
}
