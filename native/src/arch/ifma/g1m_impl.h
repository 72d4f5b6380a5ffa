/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_G1M_IMPL_H
#define TS_G1M_IMPL_H

#include "g1m.h"

/* Two different x, to fill a batch up to whole vectors. */
static const ts_g1m ts_g1m_filler[2] = {{.x = {1}, .y = {1}}, {.x = {2}, .y = {1}}};

/* The two points of eight additions. */
typedef struct {
    ts_fp8 x1, x2, y1, y2;
    __mmask8 negate1, negate2;
} ts_g1m_pairs;

TS_INLINE void ts_g1m_gather_x(ts_fp8 *x, const ts_g1m_ref *op) {
    ts_v8 z[8];
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) z[i] = _mm512_load_si512(ts_ref_x(op[2 * i]));
    ts_v8_transpose8(x->l, z);
}

TS_INLINE __mmask8 ts_g1m_gather_y(ts_fp8 *y, const ts_g1m_ref *op) {
    ts_v8 z[8];
    unsigned negate = 0;
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        z[i] = _mm512_load_si512(ts_ref_y(op[2 * i]));
        negate |= (unsigned)(op[2 * i] & TS_REF_NEGATE) << i;
    }
    ts_v8_transpose8(y->l, z);
    return (__mmask8)negate;
}

/* Columns of -y + 2 p where the mask says so, else of y: below 2 p + 2^368 in either case. */
TS_INLINE ts_fp8 ts_g1m_negate_columns(ts_fp8 y, __mmask8 negate) {
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) y.l[i] = _mm512_mask_sub_epi64(y.l[i], negate, ts_fp8_p(i, 2), y.l[i]);
    return y;
}

/* What becomes of the lanes with x1 = x2. */
typedef struct {
    __mmask8 twice, infinite;
} ts_g1m_special;

/* y2 = y1 means a doubling, y2 = -y1 the sum infinity. Replaces their denominators by 2 y1 and by 1. Rarely called. */
static TS_NOINLINE ts_g1m_special ts_g1m_specials(ts_fp8 *den, const ts_g1m_ref *op) {
    ts_g1m_special s;
    ts_fp8 y1, y2;
    const __mmask8 negate1 = ts_g1m_gather_y(&y1, op), negate2 = ts_g1m_gather_y(&y2, op + 1);
    const __mmask8 same_x = ts_fp8_is_zero(den, 3);
    y1 = ts_fp8_carry(ts_g1m_negate_columns(y1, negate1));
    y2 = ts_fp8_carry(ts_g1m_negate_columns(y2, negate2));
    /* y2 - y1 + 3 p lies in (0, 5 p]. */
    const ts_fp8 dy = ts_fp8_tidy(ts_fp8_sub_columns(y2, &y1, 3));
    const ts_fp8 twice = ts_fp8_add(&y1, &y1), one = ts_fp8_set(ts_fp8_unit);
    s.twice = same_x & ts_fp8_is_zero(&dy, 2);
    s.infinite = same_x & (__mmask8)~s.twice;
    *den = ts_fp8_blend(*den, s.twice, &twice);
    *den = ts_fp8_blend(*den, s.infinite, &one);
    return s;
}

/* x2 - x1 + 2 p, in (0, 4 p), or what the special lanes want instead, below 4 p + 2^366. */
TS_INLINE ts_g1m_special ts_g1m_denominators(ts_fp8 *den, const ts_fp8 *x1, const ts_fp8 *x2, const ts_g1m_ref *op) {
    ts_g1m_special s = {0, 0};
    *den = ts_fp8_sub(x2, x1, 2);
    if (__builtin_expect(ts_fp8_may_be_zero(den, 3) != 0, 0)) s = ts_g1m_specials(den, op);
    return s;
}

/* Two chains of groups, even and odd ones, run side by side in every step: while the carries of one settle, the products of the
 * other keep the multipliers busy. */
#define TS_G1M_CHAINS 2

/* Forward: product[g] = the product of the denominators before group g of its chain, in each lane. */
static void ts_g1m_multiply_up(ts_fp8 acc[TS_G1M_CHAINS], ts_g1m_products *scratch, const ts_g1m_ref *op,
                               size_t groups) {
    for (int h = 0; h < TS_G1M_CHAINS; h++) acc[h] = ts_fp8_set(ts_fp8_unit);
    for (size_t g = 0; g < groups; g++, op += 16) {
        ts_fp8 x1, x2, den;
        for (int i = 0; i < 16; i++) _mm_prefetch((const char *)ts_ref_y(op[i]), _MM_HINT_T1);
        ts_g1m_gather_x(&x1, op);
        ts_g1m_gather_x(&x2, op + 1);
        (void)ts_g1m_denominators(&den, &x1, &x2, op);
        scratch->product[g] = acc[g % TS_G1M_CHAINS];
        ts_fp8_mul(&acc[g % TS_G1M_CHAINS], &scratch->product[g], &den);
    }
}

/* (3 x^2 in the doubling lanes), columns below 3 p + 2^368. */
static TS_NOINLINE void ts_g1m_tangents(ts_fp8 *num, const ts_fp8 *x1, __mmask8 twice) {
    ts_fp8 square;
    ts_fp8_sqr(&square, x1);
    const ts_fp8 three = ts_fp8_carry(ts_fp8_add_columns(ts_fp8_shift_columns(square, 1), &square));
    *num = ts_fp8_blend(*num, twice, &three);
}

/* Stores the first n of eight sums, behind each other or over their first operands. */
TS_INLINE void ts_g1m_put(ts_g1m *out, const ts_g1m_ref *op, const ts_fp8 *x, const ts_fp8 *y, size_t n) {
    ts_v8 zx[8], zy[8];
    ts_v8_transpose8(zx, x->l);
    ts_v8_transpose8(zy, y->l);
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++) {
        if (i >= n) break;
        ts_g1m *to = out ? out + i : (ts_g1m *)op[2 * i];
        _mm512_store_si512(to->x, zx[i]);
        _mm512_store_si512(to->y, zy[i]);
    }
}

/* One group on its way back. */
typedef struct {
    ts_fp8 x1, y1, den, num, slope, t;
    ts_g1m_special special;
} ts_g1m_group;

/* Loads a group: its denominators again, and the numerators of its slopes. */
TS_INLINE void ts_g1m_prepare(ts_g1m_group *s, ts_fp8 *x12, const ts_g1m_ref *op) {
    ts_fp8 x2, y2;
    ts_g1m_gather_x(&s->x1, op);
    ts_g1m_gather_x(&x2, op + 1);
    s->special = ts_g1m_denominators(&s->den, &s->x1, &x2, op);
    *x12 = ts_fp8_add_columns(s->x1, &x2);
    const __mmask8 negate1 = ts_g1m_gather_y(&s->y1, op), negate2 = ts_g1m_gather_y(&y2, op + 1);
    s->y1 = ts_g1m_negate_columns(s->y1, negate1);
    y2 = ts_g1m_negate_columns(y2, negate2);
    s->num = ts_fp8_sub(&y2, &s->y1, 3); /* in (0, 5 p + 2^368) */
    if (__builtin_expect(s->special.twice != 0, 0)) ts_g1m_tangents(&s->num, &s->x1, s->special.twice);
}

TS_INLINE void ts_g1m_finish(ts_g1m *out, const ts_g1m_ref *op, ts_fp8 *x3, ts_fp8 *y3,
                             const ts_g1m_group *s, size_t n) {
    if (__builtin_expect(s->special.infinite != 0, 0)) {
        const ts_fp8 zero = ts_fp8_zero();
        *x3 = ts_fp8_blend(*x3, s->special.infinite, &zero);
        *y3 = ts_fp8_blend(*y3, s->special.infinite, &zero);
    }
    ts_g1m_put(out, op, x3, y3, n);
}

/* The sums of TS_G1M_CHAINS groups. inverse[h] is the inverse of all denominators of chain h up to its group; afterwards, up to
 * the group before. Returns whether a sum is infinity. */
static int ts_g1m_backward(ts_g1m *out, ts_fp8 inverse[TS_G1M_CHAINS], const ts_fp8 *product, const ts_g1m_ref *op,
                           size_t n) {
    ts_g1m_group s[TS_G1M_CHAINS];
    ts_fp8 x12[TS_G1M_CHAINS], x3[TS_G1M_CHAINS], y3[TS_G1M_CHAINS];
    int infinite = 0;
    for (int h = 0; h < TS_G1M_CHAINS; h++) ts_g1m_prepare(&s[h], &x12[h], op + 16 * h);
    for (int h = 0; h < TS_G1M_CHAINS; h++) ts_fp8_mul(&s[h].t, &inverse[h], &product[h]);
    for (int h = 0; h < TS_G1M_CHAINS; h++) ts_fp8_mul(&s[h].slope, &s[h].t, &s[h].num);
    for (int h = 0; h < TS_G1M_CHAINS; h++) ts_fp8_sqr(&s[h].t, &s[h].slope);
    for (int h = 0; h < TS_G1M_CHAINS; h++) ts_fp8_mul(&inverse[h], &inverse[h], &s[h].den);
    for (int h = 0; h < TS_G1M_CHAINS; h++) {
        /* slope^2 - x1 - x2 + 3 p in (0, 4 p + 2^362). */
        x3[h] = ts_fp8_tidy(ts_fp8_sub_columns(s[h].t, &x12[h], 3));
        s[h].t = ts_fp8_sub(&s[h].x1, &x3[h], 2);
    }
    for (int h = 0; h < TS_G1M_CHAINS; h++) ts_fp8_mul(&s[h].t, &s[h].t, &s[h].slope);
    for (int h = 0; h < TS_G1M_CHAINS; h++) {
        /* slope (x1 - x3) - y1 + 3 p in (0, 4 p + 2^362). */
        y3[h] = ts_fp8_tidy(ts_fp8_sub_columns(s[h].t, &s[h].y1, 3));
        const size_t done = 8 * (size_t)h;
        ts_g1m_finish(out ? out + done : NULL, op + 2 * done, &x3[h], &y3[h], &s[h], n > done ? n - done : 0);
        infinite |= s[h].special.infinite;
    }
    return infinite;
}

static int ts_g1m_add_var(ts_g1m *out, ts_g1m_ref *op, size_t n, ts_g1m_products *scratch) {
    const size_t step = 8 * TS_G1M_CHAINS, rounds = (n + step - 1) / step;
    ts_fp8 acc[TS_G1M_CHAINS], inverse[TS_G1M_CHAINS];
    int infinite = 0;
    TS_ASSERT(n <= TS_G1M_BATCH);
    if (n == 0) return 0;
    for (size_t k = 2 * n; k < 2 * step * rounds; k++) op[k] = (ts_g1m_ref)&ts_g1m_filler[k % 2];
    ts_g1m_multiply_up(acc, scratch, op, TS_G1M_CHAINS * rounds);
    ts_fp8_mul(&inverse[0], &acc[0], &acc[1]);
    ts_fp8_inv_lanes(&inverse[0], &inverse[0]);
    ts_fp8_mul(&inverse[1], &inverse[0], &acc[0]);
    ts_fp8_mul(&inverse[0], &inverse[0], &acc[1]);
    for (size_t g = rounds; g-- > 0;)
        infinite |= ts_g1m_backward(out ? out + step * g : NULL, inverse, scratch->product + TS_G1M_CHAINS * g,
                                    op + 2 * step * g, n - step * g);
    return infinite;
}

#endif
