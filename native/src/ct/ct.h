/* SPDX-License-Identifier: Apache-2.0 */
/* Constant-time selection. A mask is all ones (true) or all zeros (false). */
#ifndef TS_CT_H
#define TS_CT_H

#include "../util/util.h"

/* Says that a value is public although it was computed from secrets, to the checks of tests/constant_time.c. */
#ifdef TS_CHECK_TIMING
void ts_ct_declassify(void *p, size_t n);
#else
TS_INLINE void ts_ct_declassify(void *p, size_t n) { (void)p, (void)n; }
#endif

/* Hides a mask's two possible values from the optimiser, which might otherwise branch on it. */
TS_INLINE uint64_t ts_ct_hide(uint64_t v) {
    __asm__("" : "+r"(v));
    return v;
}

/* bit must be 0 or 1. */
TS_INLINE uint64_t ts_ct_mask(uint64_t bit) {
    TS_ASSERT(bit <= 1);
    return 0 - ts_ct_hide(bit);
}

TS_INLINE uint64_t ts_ct_is_zero(uint64_t v) {
    return ts_ct_mask(1 ^ ((v | (0 - v)) >> 63));
}

TS_INLINE uint64_t ts_ct_select(uint64_t mask, uint64_t if_true, uint64_t if_false) {
    return if_false ^ (mask & (if_true ^ if_false));
}

#endif
