/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of affine additions of points as they lie in memory, eight lanes wide, for any operands and in constant time.
 *
 * As in g1m.h, the sums of a batch share one inversion. What is different: nothing is assumed of the operands and nothing shown
 * about them, so every lane computes a chord's and a tangent's slope, and masks choose. And nothing is converted: a
 * coordinate in memory is x 2^384, which in the domain of 2^416 is c x with c = 2^-32. For u = c x and v = c y the slope is
 *   s = (v2 - v1) / (u2 - u1), or where the points are equal s = 3 (2^32 u1) u1 / (2 v1),
 * and the sum is u3 = c s^2 - u1 - u2, v3 = s (u1 - u3) - v1. The factor c is a reduction by 32 bits more. */
#ifndef TS_G1A8_IMPL_H
#define TS_G1A8_IMPL_H

#include "g1p8_impl.h"

/* Groups of eight sums in one batch, whose running products the stack has to take; and chains of groups that run side by side,
 * so that one can multiply while carries of the other settle. */
#define TS_G1A8_GROUPS 64
#define TS_G1A8_CHAINS 2
#define TS_G1A8_STEP (8 * TS_G1A8_CHAINS)
#define TS_G1A8_BATCH (8 * TS_G1A8_GROUPS)

/* Eight sums: operands below p, the slope's denominator, and masks for what the formulas do not cover. */
typedef struct {
    ts_fp8 u1, v1, u2, v2, den;
    __mmask8 infinite1, infinite2; /* the operand is infinity */
    __mmask8 twice, opposite;      /* the operands are finite and equal, or opposite */
} ts_g1a8_pair;

/* Words of both coordinates of the first count of eight points; the others are infinity. Returns the points at infinity: the y of
 * a finite point is not zero (curve/g1.h). */
TS_INLINE __mmask8 ts_g1a8_words(ts_v8 x[8], ts_v8 y[8], const ts_g1 *a, size_t count) {
    static const ts_g1 none;
    ts_v8 zx[8], zy[8];
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        const ts_g1 *p = i < count ? a + i : &none;
        zx[i] = _mm512_maskz_loadu_epi64(0x3f, p->x.l);
        zy[i] = _mm512_maskz_loadu_epi64(0x3f, p->y.l);
    }
    ts_v8_transpose8(x, zx);
    ts_v8_transpose8(y, zy);
    ts_v8 any = y[0];
    TS_UNROLL(5)
    for (int i = 1; i < 6; i++) any = _mm512_or_si512(any, y[i]);
    return _mm512_testn_epi64_mask(any, any);
}

TS_INLINE __mmask8 ts_g1a8_same(const ts_v8 a[8], const ts_v8 b[8]) {
    __mmask8 same = 0xff;
    TS_UNROLL(6)
    for (int i = 0; i < 6; i++) same = _mm512_mask_cmpeq_epi64_mask(same, a[i], b[i]);
    return same;
}

/* Loads up to eight pairs. The denominators are u2 - u1 + p, or 2 v1, or 1 where there is no slope: not zero, below 2 p. */
TS_INLINE void ts_g1a8_take(ts_g1a8_pair *s, const ts_g1 *a, const ts_g1 *b, size_t count) {
    ts_v8 x1[8], y1[8], x2[8], y2[8];
    const ts_fp8 one = ts_fp8_set(ts_fp8_unit);
    s->infinite1 = ts_g1a8_words(x1, y1, a, count);
    s->infinite2 = ts_g1a8_words(x2, y2, b, count);
    const __mmask8 none = s->infinite1 | s->infinite2, same = ts_g1a8_same(x1, x2) & (__mmask8)~none;
    s->twice = same & ts_g1a8_same(y1, y2);
    s->opposite = same & (__mmask8)~s->twice;
    s->u1 = ts_fp8_clean(ts_fp8_from_words(x1));
    s->v1 = ts_fp8_clean(ts_fp8_from_words(y1));
    s->u2 = ts_fp8_clean(ts_fp8_from_words(x2));
    s->v2 = ts_fp8_clean(ts_fp8_from_words(y2));
    const ts_fp8 twice = ts_fp8_add_columns(s->v1, &s->v1);
    s->den = ts_fp8_blend(ts_fp8_sub_columns(s->u2, &s->u1, 1), s->twice, &twice);
    s->den = ts_fp8_carry(ts_fp8_blend(s->den, none | s->opposite, &one));
}

/* out = the numerators of the slopes, below 6 p: v2 - v1 + p, or three times a product below 2 p. */
static void ts_g1a8_numerators(ts_fp8 *out, const ts_g1a8_pair *s) {
    const ts_fp8 shifted = ts_fp8_shift_up32(&s->u1);
    ts_fp8 square;
    ts_fp8_mul(&square, &shifted, &s->u1);
    const ts_fp8 three = ts_fp8_add_columns(ts_fp8_shift_columns(square, 1), &square);
    *out = ts_fp8_carry(ts_fp8_blend(ts_fp8_sub_columns(s->v2, &s->v1, 1), s->twice, &three));
}

/* The sums to out, for lanes in the mask; u3 and v3 are tidy. */
static void ts_g1a8_put(ts_g1 *out, __mmask8 lanes, const ts_fp8 *u3, const ts_fp8 *v3, const ts_g1a8_pair *s) {
    const ts_fp8 zero = ts_fp8_zero();
    ts_fp8 u = ts_fp8_blend(ts_fp8_reduce_clean(*u3), s->opposite, &zero);
    ts_fp8 v = ts_fp8_blend(ts_fp8_reduce_clean(*v3), s->opposite, &zero);
    ts_fp *to_x[8], *to_y[8];
    u = ts_fp8_blend(ts_fp8_blend(u, s->infinite1, &s->u2), s->infinite2, &s->u1);
    v = ts_fp8_blend(ts_fp8_blend(v, s->infinite1, &s->v2), s->infinite2, &s->v1);
    for (int i = 0; i < 8; i++) {
        ts_g1 *p = out + (lanes >> i & 1 ? i : 0);
        to_x[i] = &p->x;
        to_y[i] = &p->y;
    }
    ts_fp8_put(to_x, lanes, &u);
    ts_fp8_put(to_y, lanes, &v);
}

/* As many of count elements as group h of a step has. */
TS_INLINE size_t ts_g1a8_share(size_t count, int h) { return count > 8 * (size_t)h ? count - 8 * (size_t)h : 0; }

/* The first count sums of a step. inverse[h] is the inverse of all denominators of chain h up to its group; afterwards, up to the
 * group before. */
static void ts_g1a8_step(ts_g1 *out, ts_fp8 inverse[TS_G1A8_CHAINS], const ts_fp8 *product, const ts_g1 *a,
                         const ts_g1 *b, size_t count) {
    ts_g1a8_pair s[TS_G1A8_CHAINS];
    ts_fp8 num[TS_G1A8_CHAINS], slope[TS_G1A8_CHAINS], t[TS_G1A8_CHAINS], u3[TS_G1A8_CHAINS], v3[TS_G1A8_CHAINS];
    for (int h = 0; h < TS_G1A8_CHAINS; h++) {
        const size_t share = ts_g1a8_share(count, h), at = share ? 8 * (size_t)h : 0;
        ts_g1a8_take(&s[h], a + at, b + at, share);
    }
    for (int h = 0; h < TS_G1A8_CHAINS; h++) ts_g1a8_numerators(&num[h], &s[h]);
    for (int h = 0; h < TS_G1A8_CHAINS; h++) ts_fp8_mul(&t[h], &inverse[h], &product[h]);
    for (int h = 0; h < TS_G1A8_CHAINS; h++) ts_fp8_mul(&slope[h], &t[h], &num[h]);
    for (int h = 0; h < TS_G1A8_CHAINS; h++) ts_fp8_sqr_down32(&t[h], &slope[h]);
    for (int h = 0; h < TS_G1A8_CHAINS; h++) ts_fp8_mul(&inverse[h], &inverse[h], &s[h].den);
    for (int h = 0; h < TS_G1A8_CHAINS; h++) {
        const ts_fp8 both = ts_fp8_add_columns(s[h].u1, &s[h].u2);
        /* c s^2 - u1 - u2 + 2 p in (0, 3 p + 2^350). */
        u3[h] = ts_fp8_tidy(ts_fp8_sub_columns(t[h], &both, 2));
        t[h] = ts_fp8_sub(&s[h].u1, &u3[h], 2);
    }
    for (int h = 0; h < TS_G1A8_CHAINS; h++) ts_fp8_mul(&t[h], &t[h], &slope[h]);
    for (int h = 0; h < TS_G1A8_CHAINS; h++) {
        const size_t share = ts_g1a8_share(count, h);
        const __mmask8 lanes = share >= 8 ? 0xff : (__mmask8)((1U << share) - 1);
        /* s (u1 - u3) - v1 + p in (0, 2 p + 2^362). */
        v3[h] = ts_fp8_tidy(ts_fp8_sub_columns(t[h], &s[h].v1, 1));
        ts_g1a8_put(out + (lanes ? 8 * h : 0), lanes, &u3[h], &v3[h], &s[h]);
    }
}

/* Forward: product[g] = the product of the denominators before group g of its chain, in each lane. */
static void ts_g1a8_multiply_up(ts_fp8 acc[TS_G1A8_CHAINS], ts_fp8 *product, const ts_g1 *a, const ts_g1 *b, size_t n) {
    for (int h = 0; h < TS_G1A8_CHAINS; h++) acc[h] = ts_fp8_set(ts_fp8_unit);
    for (size_t k = 0; k < n; k += 8, product++) {
        ts_fp8 *chain = &acc[k / 8 % TS_G1A8_CHAINS];
        ts_g1a8_pair s;
        ts_g1a8_take(&s, a + k, b + k, n - k);
        *product = *chain;
        ts_fp8_mul(chain, product, &s.den);
    }
}

/* n <= TS_G1A8_BATCH sums; product has room for a group more. */
static void ts_g1a8_add(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n, ts_fp8 *product) {
    ts_fp8 acc[TS_G1A8_CHAINS], inverse[TS_G1A8_CHAINS];
    ts_g1a8_multiply_up(acc, product, a, b, n);
    /* A chain that ends a group early goes on with denominators of 1. */
    product[(n + 7) / 8] = acc[1];
    ts_fp8_mul(&inverse[0], &acc[0], &acc[1]);
    ts_fp8_inv_lanes(&inverse[0], &inverse[0]);
    ts_fp8_mul(&inverse[1], &inverse[0], &acc[0]);
    ts_fp8_mul(&inverse[0], &inverse[0], &acc[1]);
    for (size_t k = (n + TS_G1A8_STEP - 1) / TS_G1A8_STEP * TS_G1A8_STEP; k > 0;) {
        k -= TS_G1A8_STEP;
        ts_g1a8_step(out + k, inverse, product + k / 8, a + k, b + k, n - k);
    }
    ts_wipe(acc, sizeof acc);
    ts_wipe(inverse, sizeof inverse);
}

static void ifma_g1_vec_add(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n) {
    ts_fp8 product[TS_G1A8_GROUPS + 1];
    for (size_t k = 0; k < n; k += TS_G1A8_BATCH)
        ts_g1a8_add(out + k, a + k, b + k, n - k < TS_G1A8_BATCH ? n - k : TS_G1A8_BATCH, product);
    ts_wipe(product, sizeof product);
}

#endif
