// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_RESULT_H
#define VSH_RESULT_H
#include <errno.h>
/// The value of a libc call, or its errno as a negative number.
#define RESULT(call) \
  ({ \
    __auto_type result_ = (call); \
    result_ < 0 ? (__typeof__(result_))-errno : result_; \
  })
/// The same, repeated after EINTR.
#define RETRY(call) \
  ({ \
    __auto_type retried_ = (call); \
    while (retried_ < 0 && errno == EINTR) retried_ = (call); \
    retried_ < 0 ? (__typeof__(retried_))-errno : retried_; \
  })
#endif
