/* SPDX-License-Identifier: Apache-2.0 */
/* Wiping what a call has left on the stack: spilled registers and dead locals, which no kernel can name.
 *
 * The exported functions do it at their end, as deep as a kernel goes on any path and by either compiler;
 * tests/constant_time.c sees what is left of secrets. What a kernel keeps in arrays it wipes itself all the same. */
#ifndef TS_STACK_H
#define TS_STACK_H

#include "util.h"

/* A function for each depth that is asked for, in KiB. Ten take about a tenth of a microsecond. */
#define TS_DEFINE_WIPE_STACK(kib)                                 \
    static TS_NOINLINE TS_UNUSED void ts_wipe_stack_##kib(void) { \
        uint8_t dead[(kib) << 10];                                \
        ts_wipe(dead, sizeof dead);                               \
    }

TS_DEFINE_WIPE_STACK(2)
TS_DEFINE_WIPE_STACK(8)
TS_DEFINE_WIPE_STACK(16)
TS_DEFINE_WIPE_STACK(24)
TS_DEFINE_WIPE_STACK(64)
#undef TS_DEFINE_WIPE_STACK
#define ts_wipe_stack_0() ((void)0)

#endif
