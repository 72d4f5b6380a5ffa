/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_FP_IMPL_H
#define TS_FP_IMPL_H

#include "fp.h"
#include "fp_constants.h"

#ifdef TS_VERIFY
static TS_NOINLINE void ts_fp_assert_reduced(const ts_fp *a) {
    TS_ASSERT(ts_limbs_less(a->l, ts_fp_modulus, TS_FP_LIMBS));
}
#else
#define ts_fp_assert_reduced(a) ((void)0)
#endif

TS_INLINE void ts_fp_add(ts_fp *out, const ts_fp *a, const ts_fp *b) {
    ts_fp s;
    ts_fp_assert_reduced(a);
    ts_fp_assert_reduced(b);
    /* 2 p < 2^384, so the sum has no carry. */
    (void)ts_limbs_add(s.l, a->l, b->l, TS_FP_LIMBS);
    ts_limbs_reduce_once(out->l, s.l, ts_fp_modulus, TS_FP_LIMBS);
}

TS_INLINE void ts_fp_sub(ts_fp *out, const ts_fp *a, const ts_fp *b) {
    ts_fp d, m;
    ts_fp_assert_reduced(a);
    ts_fp_assert_reduced(b);
    uint64_t mask = ts_ct_mask(ts_limbs_sub(d.l, a->l, b->l, TS_FP_LIMBS));
    TS_UNROLL(6)
    for (int i = 0; i < TS_FP_LIMBS; i++) m.l[i] = ts_fp_modulus[i] & mask;
    (void)ts_limbs_add(out->l, d.l, m.l, TS_FP_LIMBS);
}

TS_INLINE void ts_fp_neg(ts_fp *out, const ts_fp *a) {
    const ts_fp zero = {{0}};
    ts_fp_sub(out, &zero, a);
}

/* Not inlined: a point addition has a dozen of them, and the code has to stay in the cache. */
static TS_NOINLINE void ts_fp_mul(ts_fp *out, const ts_fp *a, const ts_fp *b) {
    ts_fp_assert_reduced(a);
    ts_montmul6(out->l, a->l, b->l, ts_fp_modulus, TS_FP_INV);
    ts_fp_assert_reduced(out);
}

static TS_NOINLINE void ts_fp_sqr(ts_fp *out, const ts_fp *a) {
    ts_fp_assert_reduced(a);
    ts_montmul6(out->l, a->l, a->l, ts_fp_modulus, TS_FP_INV);
}

TS_INLINE void ts_fp_cmov(ts_fp *out, uint64_t mask, const ts_fp *a) {
    ts_limbs_select(out->l, mask, a->l, out->l, TS_FP_LIMBS);
}

TS_INLINE uint64_t ts_fp_is_zero(const ts_fp *a) { return ts_limbs_is_zero(a->l, TS_FP_LIMBS); }

TS_INLINE uint64_t ts_fp_equal(const ts_fp *a, const ts_fp *b) {
    return ts_limbs_equal(a->l, b->l, TS_FP_LIMBS);
}

TS_INLINE void ts_fp_from_limbs(ts_fp *out, const uint64_t in[TS_FP_LIMBS]) {
    ts_montmul6(out->l, ts_fp_r2.l, in, ts_fp_modulus, TS_FP_INV);
}

TS_INLINE void ts_fp_to_limbs(uint64_t out[TS_FP_LIMBS], const ts_fp *a) {
    static const uint64_t one[TS_FP_LIMBS] = {1};
    ts_montmul6(out, a->l, one, ts_fp_modulus, TS_FP_INV);
}

/* A fixed window of four bits. */
static void ts_fp_pow_public(ts_fp *out, const ts_fp *a, const uint64_t e[TS_FP_LIMBS]) {
    ts_fp power[16], acc = ts_fp_one;
    power[0] = ts_fp_one;
    for (int i = 1; i < 16; i++) ts_fp_mul(&power[i], &power[i - 1], a);
    for (int i = 16 * TS_FP_LIMBS - 1; i >= 0; i--) {
        for (int k = 0; k < 4; k++) ts_fp_sqr(&acc, &acc);
        ts_fp_mul(&acc, &acc, &power[ts_limbs_nibble(e, i)]);
    }
    *out = acc;
    ts_wipe(power, sizeof power);
    ts_wipe(&acc, sizeof acc);
}

/* The inverse of value * 2^384 is value^-1 / 2^384; 2^768 short of Montgomery form. */
static void ts_fp_inv(ts_fp *out, const ts_fp *a) {
    uint64_t v[TS_FP_LIMBS];
    ts_limbs_inverse(v, a->l, ts_fp_modulus, TS_FP_INV, TS_FP_LIMBS, TS_FP_SIGNED_LIMBS, TS_INVERSE_BATCHES_381);
    ts_montmul6(out->l, ts_fp_r3.l, v, ts_fp_modulus, TS_FP_INV);
    ts_wipe(v, sizeof v);
}

/* p = 3 mod 4, so a^((p+1)/4) is a root if there is one. */
static uint64_t ts_fp_sqrt(ts_fp *out, const ts_fp *a) {
    ts_fp root, check;
    ts_fp_pow_public(&root, a, ts_fp_sqrt_exponent);
    ts_fp_sqr(&check, &root);
    uint64_t square = ts_fp_equal(&check, a);
    *out = root;
    return square;
}

/* Montgomery's trick, with zeros replaced by ones on the way. */
static void ts_fp_batch_inv(ts_fp *out, const ts_fp *a, size_t n) {
    ts_fp acc = ts_fp_one, inv, t;
    for (size_t k = 0; k < n; k++) {
        out[k] = acc;
        ts_fp_mul(&t, &acc, &a[k]);
        ts_fp_cmov(&acc, ~ts_fp_is_zero(&a[k]), &t);
    }
    ts_fp_inv(&inv, &acc);
    for (size_t k = n; k-- > 0;) {
        uint64_t zero = ts_fp_is_zero(&a[k]);
        const ts_fp none = {{0}};
        ts_fp_mul(&out[k], &out[k], &inv);
        ts_fp_cmov(&out[k], zero, &none);
        ts_fp_mul(&t, &inv, &a[k]);
        ts_fp_cmov(&inv, ~zero, &t);
    }
    ts_wipe(&acc, sizeof acc);
    ts_wipe(&inv, sizeof inv);
    ts_wipe(&t, sizeof t);
}

static uint64_t ts_fp_is_large(const ts_fp *a) {
    uint64_t v[TS_FP_LIMBS];
    ts_fp_to_limbs(v, a);
    return ts_ct_mask(ts_limbs_less(ts_fp_modulus_half, v, TS_FP_LIMBS));
}

static uint64_t ts_fp_is_odd(const ts_fp *a) {
    uint64_t v[TS_FP_LIMBS];
    ts_fp_to_limbs(v, a);
    return ts_ct_mask(v[0] & 1);
}

#endif
