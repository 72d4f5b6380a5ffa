/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_FR_IMPL_H
#define TS_FR_IMPL_H

#include "fr.h"
#include "fr_constants.h"

#ifdef TS_VERIFY
static TS_NOINLINE void ts_fr_assert_reduced(const ts_fr *a) {
    TS_ASSERT(ts_limbs_less(a->l, ts_fr_modulus, TS_FR_LIMBS));
}
#else
#define ts_fr_assert_reduced(a) ((void)0)
#endif

TS_INLINE void ts_fr_add(ts_fr *out, const ts_fr *a, const ts_fr *b) {
    ts_fr s;
    ts_fr_assert_reduced(a);
    ts_fr_assert_reduced(b);
    /* 2 r < 2^256, so the sum has no carry. */
    (void)ts_limbs_add(s.l, a->l, b->l, TS_FR_LIMBS);
    ts_limbs_reduce_once(out->l, s.l, ts_fr_modulus, TS_FR_LIMBS);
}

TS_INLINE void ts_fr_sub(ts_fr *out, const ts_fr *a, const ts_fr *b) {
    ts_fr d, m;
    ts_fr_assert_reduced(a);
    ts_fr_assert_reduced(b);
    uint64_t mask = ts_ct_mask(ts_limbs_sub(d.l, a->l, b->l, TS_FR_LIMBS));
    TS_UNROLL(4)
    for (int i = 0; i < TS_FR_LIMBS; i++) m.l[i] = ts_fr_modulus[i] & mask;
    (void)ts_limbs_add(out->l, d.l, m.l, TS_FR_LIMBS);
}

TS_INLINE void ts_fr_neg(ts_fr *out, const ts_fr *a) {
    const ts_fr zero = {{0}};
    ts_fr_sub(out, &zero, a);
}

TS_INLINE void ts_fr_mul(ts_fr *out, const ts_fr *a, const ts_fr *b) {
    ts_fr_assert_reduced(a);
    ts_montmul4(out->l, a->l, b->l, ts_fr_modulus, TS_FR_INV);
    ts_fr_assert_reduced(out);
}

TS_INLINE void ts_fr_cmov(ts_fr *out, uint64_t mask, const ts_fr *a) {
    ts_limbs_select(out->l, mask, a->l, out->l, TS_FR_LIMBS);
}

TS_INLINE uint64_t ts_fr_is_zero(const ts_fr *a) { return ts_limbs_is_zero(a->l, TS_FR_LIMBS); }

TS_INLINE uint64_t ts_fr_equal(const ts_fr *a, const ts_fr *b) {
    return ts_limbs_equal(a->l, b->l, TS_FR_LIMBS);
}

TS_INLINE void ts_fr_from_limbs(ts_fr *out, const uint64_t in[TS_FR_LIMBS]) {
    ts_montmul4(out->l, ts_fr_r2.l, in, ts_fr_modulus, TS_FR_INV);
}

TS_INLINE void ts_fr_to_limbs(uint64_t out[TS_FR_LIMBS], const ts_fr *a) {
    static const uint64_t one[TS_FR_LIMBS] = {1};
    ts_montmul4(out, a->l, one, ts_fr_modulus, TS_FR_INV);
}

/* The inverse of value * 2^256 is value^-1 / 2^256; 2^512 short of Montgomery form. */
static void ts_fr_inv(ts_fr *out, const ts_fr *a) {
    uint64_t v[TS_FR_LIMBS];
    ts_limbs_inverse(v, a->l, ts_fr_modulus, TS_FR_INV, TS_FR_LIMBS, TS_FR_SIGNED_LIMBS, TS_INVERSE_BATCHES_255);
    ts_montmul4(out->l, ts_fr_r3.l, v, ts_fr_modulus, TS_FR_INV);
    ts_wipe(v, sizeof v);
}

#endif
