/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_FR8_IMPL_H
#define TS_FR8_IMPL_H

#include "fr8.h"

TS_INLINE ts_fr8c ts_fr8_constants(void) {
    ts_fr8c c;
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) c.r[i] = ts_v8_set1(ts_fr8_modulus[i]);
    c.inv = ts_v8_set1(TS_FR8_INV);
    c.mask = ts_v8_set1(TS_LIMB_MASK);
    return c;
}

/* ---- words and limbs ---- */

/* Limbs 0..3 are dirty. */
TS_INLINE ts_fr8 ts_fr8_from_words(const ts_v8 w[4]) {
    ts_fr8 a;
    a.l[0] = w[0];
    a.l[1] = _mm512_shrdi_epi64(w[0], w[1], 52);
    a.l[2] = _mm512_shrdi_epi64(w[1], w[2], 40);
    a.l[3] = _mm512_shrdi_epi64(w[2], w[3], 28);
    a.l[4] = _mm512_srli_epi64(w[3], 16);
    return a;
}

/* 16 times the value; limbs 0..3 are dirty. */
TS_INLINE ts_fr8 ts_fr8_from_words_x16(const ts_v8 w[4]) {
    ts_fr8 a;
    a.l[0] = _mm512_slli_epi64(w[0], 4);
    a.l[1] = _mm512_shrdi_epi64(w[0], w[1], 48);
    a.l[2] = _mm512_shrdi_epi64(w[1], w[2], 36);
    a.l[3] = _mm512_shrdi_epi64(w[2], w[3], 24);
    a.l[4] = _mm512_srli_epi64(w[3], 12);
    return a;
}

TS_INLINE void ts_fr8_clean(ts_fr8 *a, const ts_fr8c *c) {
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) a->l[i] = ts_v8_and(a->l[i], c->mask);
}

/* Bits above 52 of limbs 0..3 are ignored: their carries must have been moved up already. */
TS_INLINE void ts_fr8_to_words(ts_v8 w[4], const ts_fr8 *a) {
    w[0] = ts_v8_and_or(a->l[0], ts_v8_set1(TS_LIMB_MASK), _mm512_slli_epi64(a->l[1], 52));
    w[1] = ts_v8_and_or(_mm512_srli_epi64(a->l[1], 12), ts_v8_set1(TS_LIMB_MASK >> 12), _mm512_slli_epi64(a->l[2], 40));
    w[2] = ts_v8_and_or(_mm512_srli_epi64(a->l[2], 24), ts_v8_set1(TS_LIMB_MASK >> 24), _mm512_slli_epi64(a->l[3], 28));
    w[3] = ts_v8_and_or(_mm512_srli_epi64(a->l[3], 36), ts_v8_set1(TS_LIMB_MASK >> 36), _mm512_slli_epi64(a->l[4], 16));
}

/* ---- columns ---- */

/* Zero minus k r 2^260, k = 0, 1 or 2: after the reduction the result lies k r lower. */
TS_INLINE ts_fr8w ts_fr8w_start(const ts_fr8c *c, int k) {
    ts_fr8w w;
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        w.t[i] = ts_v8_zero();
        w.t[i + 5] = ts_v8_zero();
        if (k >= 1) w.t[i + 5] = ts_v8_sub(w.t[i + 5], c->r[i]);
        if (k >= 2) w.t[i + 5] = ts_v8_sub(w.t[i + 5], c->r[i]);
    }
    return w;
}

/* w += a_i 2^(52 i) b, row i of a product; factors may be dirty. */
TS_INLINE void ts_fr8w_row(ts_fr8w *w, int i, const ts_fr8 *a, const ts_fr8 *b) {
    TS_UNROLL(5)
    for (int j = 0; j < 5; j++) {
        w->t[i + j] = ts_v8_lo(w->t[i + j], a->l[i], b->l[j]);
        w->t[i + j + 1] = ts_v8_hi(w->t[i + j + 1], a->l[i], b->l[j]);
    }
}

/* w += a b; factors may be dirty. A column takes at most nine halves below 2^52. */
TS_INLINE void ts_fr8w_add_product(ts_fr8w *w, const ts_fr8 *a, const ts_fr8 *b) {
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) ts_fr8w_row(w, i, a, b);
}

/* w += 2^260 a: what a adds to the result of the reduction. Limbs must be clean. */
TS_INLINE void ts_fr8w_add_high(ts_fr8w *w, const ts_fr8 *a) {
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) w->t[i + 5] = ts_v8_add(w->t[i + 5], a->l[i]);
}

/* Step i of the reduction clears column i: w += q r 2^(52 i) with q = -w_i / r mod 2^52.
 *
 * The low half of q r_0 is never computed. It is -w_i mod 2^52, so it makes column i a multiple of
 * 2^52, and the carry is ceil(w_i / 2^52) = floor((w_i + 2^52 - 1) / 2^52), which need not wait for q.
 * This asks for 0 <= w_i < 2^64 - 2^52. The five steps together add at most 9 * 2^52 + 2^12 to a column. */
TS_INLINE void ts_fr8w_reduce_step(ts_fr8w *w, int i, const ts_fr8c *c) {
    ts_v8_assert_below(w->t[i], UINT64_MAX - TS_LIMB_MASK);
    const ts_v8 q = ts_v8_lo(ts_v8_zero(), w->t[i], c->inv);
    const ts_v8 carry = ts_v8_carry_unsigned(ts_v8_add(w->t[i], c->mask));
    /* Two short chains into column i + 1 instead of a long one: the next q waits for it. */
    const ts_v8 high = ts_v8_hi(ts_v8_add(w->t[i + 1], carry), q, c->r[0]);
    w->t[i + 1] = ts_v8_add(high, ts_v8_lo(ts_v8_zero(), q, c->r[1]));
    w->t[i + 2] = ts_v8_hi(w->t[i + 2], q, c->r[1]);
    TS_UNROLL(5)
    for (int j = 2; j < 5; j++) {
        w->t[i + j] = ts_v8_lo(w->t[i + j], q, c->r[j]);
        w->t[i + j + 1] = ts_v8_hi(w->t[i + j + 1], q, c->r[j]);
    }
}

/* Columns 5..9, the value once columns 0..4 are cleared. */
TS_INLINE ts_fr8 ts_fr8w_high(const ts_fr8w *w) {
    ts_fr8 a;
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) a.l[i] = w->t[i + 5];
    return a;
}

/* (w + q r) / 2^260 with 0 <= q < 2^260, so at most w / 2^260 + r; unnormalised columns. */
TS_INLINE ts_fr8 ts_fr8w_reduce(ts_fr8w *w, const ts_fr8c *c) {
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) ts_fr8w_reduce_step(w, i, c);
    return ts_fr8w_high(w);
}

/* ---- from columns back to reduced words ---- */

/* Moves signed carries up and cleans limbs 0..3; limb 4 keeps what is left, sign included. */
TS_INLINE void ts_fr8_carry(ts_fr8 *a, const ts_fr8c *c) {
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) a->l[i + 1] = ts_v8_add(a->l[i + 1], ts_v8_carry(a->l[i]));
    ts_fr8_clean(a, c);
}

/* Adds r to the lanes whose value is negative; columns are signed. */
TS_INLINE void ts_fr8_lift(ts_fr8 *a, const ts_fr8c *c) {
    ts_v8 carry = ts_v8_carry(a->l[0]);
    TS_UNROLL(4)
    for (int i = 1; i < 4; i++) carry = ts_v8_carry(ts_v8_add(a->l[i], carry));
    const __mmask8 negative = _mm512_movepi64_mask(ts_v8_add(a->l[4], carry));
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) a->l[i] = _mm512_mask_add_epi64(a->l[i], negative, a->l[i], c->r[i]);
}

/* Signed columns of a value in [-r, r) to words of it modulo r. */
TS_INLINE void ts_fr8_finish(ts_v8 w[4], ts_fr8 a, const ts_fr8c *c) {
    ts_fr8_lift(&a, c);
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) a.l[i + 1] = ts_v8_add(a.l[i + 1], ts_v8_carry(a.l[i]));
    /* A value outside [-r, r) would leave a top limb that is negative or above that of r. */
    ts_v8_assert_below(a.l[4], ts_fr8_modulus[4] + 1);
    ts_fr8_to_words(w, &a);
}

/* Signed columns of a value in [0, 2^12 r) to words of it modulo r.
 *
 * Let top = floor(a / 2^208) < 2^59 and mu = floor(2^59 / (r_4 + 1)), r_4 the top limb of r. The estimate
 * q = floor(floor(top / 2^7) mu / 2^52) is not above a / r, and less than 3 below it: rounding mu costs less than
 * floor(top / 2^7) / 2^52 < 1, the last floor less than 1, the two inner ones less than 2^-38, and r_4 + 1 in the place of
 * r / 2^208 less than 2^59 / r_4^2 < 2^-34. So a - (q + 2) r lies in [-2 r, r). */
TS_INLINE void ts_fr8_settle(ts_v8 w[4], ts_fr8 a, const ts_fr8c *c) {
    ts_fr8_carry(&a, c);
    ts_v8_assert_below(a.l[4], (uint64_t)1 << 59);
    const ts_v8 estimate = ts_v8_hi(ts_v8_zero(), _mm512_srli_epi64(a.l[4], 7), ts_v8_set1(TS_FR8_MU));
    const ts_v8 q = ts_v8_add(estimate, ts_v8_set1(2));
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        const ts_v8 high = ts_v8_hi(ts_v8_zero(), q, c->r[i]);
        a.l[i] = ts_v8_sub(a.l[i], ts_v8_lo(ts_v8_zero(), q, c->r[i]));
        /* q r_4 < 2^13 2^47 does not fit 52 bits, but limb 4 has room for it. */
        if (i < 4) a.l[i + 1] = ts_v8_sub(a.l[i + 1], high);
        else a.l[i] = ts_v8_sub(a.l[i], _mm512_slli_epi64(high, TS_LIMB_BITS));
    }
    ts_fr8_lift(&a, c);
    ts_fr8_finish(w, a, c);
}

/* ---- whole operations on words ---- */

/* out = a b mod r for a < r and any 256-bit b: a b / 2^256 + r - r lies in [-r, r). */
TS_INLINE void ts_fr8_mul_words(ts_v8 out[4], const ts_v8 a[4], const ts_v8 b[4], const ts_fr8c *c) {
    const ts_fr8 x = ts_fr8_from_words_x16(a), y = ts_fr8_from_words(b);
    ts_fr8w w = ts_fr8w_start(c, 1);
    ts_fr8w_add_product(&w, &x, &y);
    ts_fr8_finish(out, ts_fr8w_reduce(&w, c), c);
}

/* out = a + b mod r for words below r. */
TS_INLINE void ts_fr8_add_words(ts_v8 out[4], const ts_v8 a[4], const ts_v8 b[4], const ts_fr8c *c) {
    ts_fr8 x = ts_fr8_from_words(a), y = ts_fr8_from_words(b);
    ts_fr8_clean(&x, c);
    ts_fr8_clean(&y, c);
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) x.l[i] = ts_v8_sub(ts_v8_add(x.l[i], y.l[i]), c->r[i]);
    ts_fr8_finish(out, x, c);
}

#endif
