/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_FP8_IMPL_H
#define TS_FP8_IMPL_H

#include "fp8.h"

/* Limb i of k p as a constant; k p_i < 2^64. */
TS_INLINE ts_v8 ts_fp8_p(int i, uint64_t k) { return ts_v8_set1(k * ts_fp8_modulus[i]); }

TS_INLINE ts_fp8 ts_fp8_set(const uint64_t limbs[8]) {
    ts_fp8 a;
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = ts_v8_set1(limbs[i]);
    return a;
}

TS_INLINE ts_fp8 ts_fp8_zero(void) {
    ts_fp8 a;
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = ts_v8_zero();
    return a;
}

/* ---- linear operations ---- */

/* Columns to limbs: signed carries move up. The value must be in [0, 2^416). */
TS_INLINE ts_fp8 ts_fp8_carry(ts_fp8 a) {
    TS_UNROLL(8)
    for (int i = 0; i < 7; i++) {
        a.l[i + 1] = ts_v8_add(a.l[i + 1], ts_v8_carry(a.l[i]));
        a.l[i] = ts_v8_and(a.l[i], ts_v8_set1(TS_LIMB_MASK));
    }
    ts_v8_assert_below(a.l[7], (uint64_t)1 << TS_LIMB_BITS);
    return a;
}

/* Dirty limbs of a value below 2^416 to clean ones. */
TS_INLINE ts_fp8 ts_fp8_clean(ts_fp8 a) {
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = ts_v8_and(a.l[i], ts_v8_set1(TS_LIMB_MASK));
    return a;
}

/* Columns of a + b, of a - b + k p, and of 2^s a. */
TS_INLINE ts_fp8 ts_fp8_add_columns(ts_fp8 a, const ts_fp8 *b) {
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = ts_v8_add(a.l[i], b->l[i]);
    return a;
}

TS_INLINE ts_fp8 ts_fp8_sub_columns(ts_fp8 a, const ts_fp8 *b, uint64_t k) {
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = ts_v8_add(ts_v8_sub(a.l[i], b->l[i]), ts_fp8_p(i, k));
    return a;
}

TS_INLINE ts_fp8 ts_fp8_shift_columns(ts_fp8 a, unsigned s) {
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = _mm512_slli_epi64(a.l[i], s);
    return a;
}

TS_INLINE ts_fp8 ts_fp8_add(const ts_fp8 *a, const ts_fp8 *b) { return ts_fp8_carry(ts_fp8_add_columns(*a, b)); }

/* a - b + k p; b must be below k p. */
TS_INLINE ts_fp8 ts_fp8_sub(const ts_fp8 *a, const ts_fp8 *b, uint64_t k) {
    return ts_fp8_carry(ts_fp8_sub_columns(*a, b, k));
}

TS_INLINE ts_fp8 ts_fp8_blend(ts_fp8 a, __mmask8 m, const ts_fp8 *b) {
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = _mm512_mask_mov_epi64(a.l[i], m, b->l[i]);
    return a;
}

/* Columns of a value in [0, 4 p + 2^363) to a tidy one, less j p for the j that the top limbs show.
 *
 * Columns are below 2^60, so the carry out of column 6, taken before the lower carries have arrived, is off by at most one, and
 * top differs by at most one from t = floor(a / 2^364). Let P = floor(p / 2^364). j = floor(top / (P + 2)), or one less than
 * that where TS_FP8_TOP_INV was rounded. If j > 0, t >= j (P + 2) - 1 >= j (P + 1), so a > j p. And top <= (j + 1)(P + 2), so
 * a < (t + 1) 2^364 <= ((j + 1)(P + 2) + 2) 2^364 <= (j + 1) p + 10 * 2^364: a - j p is tidy. j is at most 3. */
TS_INLINE ts_fp8 ts_fp8_tidy(ts_fp8 a) {
    const ts_v8 top = ts_v8_add(a.l[7], ts_v8_carry(a.l[6]));
    const ts_v8 positive = _mm512_max_epi64(top, ts_v8_zero());
    const ts_v8 j = ts_v8_hi(ts_v8_zero(), positive, ts_v8_set1(TS_FP8_TOP_INV));
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        const uint64_t p = ts_fp8_modulus[i];
        const ts_v8 multiples = _mm512_set_epi64(0, 0, 0, 0, (long long)(3 * p), (long long)(2 * p), (long long)p, 0);
        a.l[i] = ts_v8_sub(a.l[i], _mm512_permutexvar_epi64(j, multiples));
    }
    return ts_fp8_carry(a);
}

/* The lanes of a clean value in [0, (k + 1) p), k <= 5, that are a multiple of p. */
TS_INLINE __mmask8 ts_fp8_is_zero(const ts_fp8 *a, int k) {
    __mmask8 zero = 0;
    TS_UNROLL(6)
    for (int j = 0; j <= k; j++) {
        __mmask8 equal = 0xff;
        TS_UNROLL(8)
        for (int i = 0; i < 8; i++)
            equal = _mm512_mask_cmpeq_epi64_mask(equal, a->l[i], ts_v8_set1(ts_fp8_multiples[j][i]));
        zero |= equal;
    }
    return zero;
}

/* The same up to false positives, from the lowest limb. */
TS_INLINE __mmask8 ts_fp8_may_be_zero(const ts_fp8 *a, int k) {
    __mmask8 zero = 0;
    TS_UNROLL(6)
    for (int j = 0; j <= k; j++) zero |= _mm512_cmpeq_epi64_mask(a->l[0], ts_v8_set1(ts_fp8_multiples[j][0]));
    return zero;
}

/* ---- products ---- */

/* w += a_i 2^(52 i) b; factors may be dirty. */
TS_INLINE void ts_fp8w_row(ts_fp8w *w, int i, const ts_fp8 *a, const ts_fp8 *b) {
    TS_UNROLL(8)
    for (int j = 0; j < 8; j++) {
        w->t[i + j] = ts_v8_lo(w->t[i + j], a->l[i], b->l[j]);
        w->t[i + j + 1] = ts_v8_hi(w->t[i + j + 1], a->l[i], b->l[j]);
    }
}

/* Step i of the reduction, as ts_fr8w_reduce_step explains. Columns take at most 16 halves of the product and 16 of
 * the reduction, so they stay below 2^58. */
TS_INLINE void ts_fp8w_reduce_step(ts_fp8w *w, int i) {
    const ts_v8 q = ts_v8_lo(ts_v8_zero(), w->t[i], ts_v8_set1(TS_FP8_INV));
    const ts_v8 carry = ts_v8_carry_unsigned(ts_v8_add(w->t[i], ts_v8_set1(TS_LIMB_MASK)));
    const ts_v8 high = ts_v8_hi(ts_v8_add(w->t[i + 1], carry), q, ts_fp8_p(0, 1));
    w->t[i + 1] = ts_v8_add(high, ts_v8_lo(ts_v8_zero(), q, ts_fp8_p(1, 1)));
    w->t[i + 2] = ts_v8_hi(w->t[i + 2], q, ts_fp8_p(1, 1));
    TS_UNROLL(8)
    for (int j = 2; j < 8; j++) {
        w->t[i + j] = ts_v8_lo(w->t[i + j], q, ts_fp8_p(j, 1));
        w->t[i + j + 1] = ts_v8_hi(w->t[i + j + 1], q, ts_fp8_p(j, 1));
    }
}

TS_INLINE ts_fp8w ts_fp8w_zero(void) {
    ts_fp8w w;
    TS_UNROLL(16)
    for (int i = 0; i < 16; i++) w.t[i] = ts_v8_zero();
    return w;
}

TS_INLINE ts_fp8 ts_fp8w_high(const ts_fp8w *w) {
    ts_fp8 a;
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) a.l[i] = w->t[i + 8];
    return a;
}

/* Columns of a b / 2^416, below p + 2^362. Rows and reduction steps alternate: a step waits for its predecessor, and the row
 * between them fills the gap. a should be the factor that is ready last: its limbs are needed one after the other. */
TS_INLINE ts_fp8 ts_fp8_mul_columns(const ts_fp8 *a, const ts_fp8 *b) {
    ts_fp8w w = ts_fp8w_zero();
    ts_fp8w_row(&w, 0, a, b);
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        if (i < 7) ts_fp8w_row(&w, i + 1, a, b);
        ts_fp8w_reduce_step(&w, i);
    }
    return ts_fp8w_high(&w);
}

/* The products of limb i and higher ones. */
TS_INLINE void ts_fp8w_cross_row(ts_fp8w *w, int i, const ts_fp8 *a) {
    TS_UNROLL(8)
    for (int j = i + 1; j < 8; j++) {
        w->t[i + j] = ts_v8_lo(w->t[i + j], a->l[i], a->l[j]);
        w->t[i + j + 1] = ts_v8_hi(w->t[i + j + 1], a->l[i], a->l[j]);
    }
}

/* Columns of a^2 / 2^416. Products of different limbs are summed once and doubled (a doubled limb would not fit 52 bits). */
TS_INLINE ts_fp8 ts_fp8_sqr_columns(const ts_fp8 *a) {
    ts_fp8w w = ts_fp8w_zero(), cross = ts_fp8w_zero();
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        ts_fp8w_cross_row(&cross, i, a);
        /* Rows 0 .. i complete the columns up to 2 i + 1, of which step i needs column i. */
        const ts_v8 even = ts_v8_add(cross.t[2 * i], cross.t[2 * i]);
        const ts_v8 odd = ts_v8_add(cross.t[2 * i + 1], cross.t[2 * i + 1]);
        w.t[2 * i] = ts_v8_lo(ts_v8_add(w.t[2 * i], even), a->l[i], a->l[i]);
        w.t[2 * i + 1] = ts_v8_hi(ts_v8_add(w.t[2 * i + 1], odd), a->l[i], a->l[i]);
        if (i > 0) ts_fp8w_reduce_step(&w, i - 1);
    }
    ts_fp8w_reduce_step(&w, 7);
    return ts_fp8w_high(&w);
}

TS_INLINE ts_fp8 ts_fp8_mul_inline(const ts_fp8 *a, const ts_fp8 *b) { return ts_fp8_carry(ts_fp8_mul_columns(a, b)); }
TS_INLINE ts_fp8 ts_fp8_sqr_inline(const ts_fp8 *a) { return ts_fp8_carry(ts_fp8_sqr_columns(a)); }

/* Called, not inlined, by formulas with a dozen products: their code has to stay in the cache. */
static TS_NOINLINE void ts_fp8_mul(ts_fp8 *out, const ts_fp8 *a, const ts_fp8 *b) { *out = ts_fp8_mul_inline(a, b); }
static TS_NOINLINE void ts_fp8_sqr(ts_fp8 *out, const ts_fp8 *a) { *out = ts_fp8_sqr_inline(a); }

/* 2^32 a for a clean value below 2^384. */
TS_INLINE ts_fp8 ts_fp8_shift_up32(const ts_fp8 *a) {
    ts_fp8 b;
    b.l[0] = ts_v8_and(_mm512_slli_epi64(a->l[0], 32), ts_v8_set1(TS_LIMB_MASK));
    TS_UNROLL(8)
    for (int i = 1; i < 8; i++)
        b.l[i] = ts_v8_and_or(_mm512_slli_epi64(a->l[i], 32), ts_v8_set1(TS_LIMB_MASK), _mm512_srli_epi64(a->l[i - 1], 20));
    return b;
}

/* out = a^2 / 2^32, clean and below p + 2^350: after the square, a last step of the reduction that clears 32 bits. */
static TS_NOINLINE void ts_fp8_sqr_down32(ts_fp8 *out, const ts_fp8 *a) {
    ts_fp8 w = ts_fp8_sqr_columns(a);
    const ts_v8 q = ts_v8_and(ts_v8_lo(ts_v8_zero(), w.l[0], ts_v8_set1(TS_FP8_INV)), ts_v8_set1(UINT32_MAX));
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        w.l[i] = ts_v8_lo(w.l[i], q, ts_fp8_p(i, 1));
        /* q p_7 has no upper half. */
        if (i < 7) w.l[i + 1] = ts_v8_hi(w.l[i + 1], q, ts_fp8_p(i, 1));
    }
    w = ts_fp8_carry(w);
    TS_UNROLL(8)
    for (int i = 0; i < 7; i++)
        out->l[i] = ts_v8_and_or(_mm512_slli_epi64(w.l[i + 1], 20), ts_v8_set1(TS_LIMB_MASK), _mm512_srli_epi64(w.l[i], 32));
    out->l[7] = _mm512_srli_epi64(w.l[7], 32);
}

/* ---- memory ---- */

/* Limbs 0..6 are dirty. */
TS_INLINE ts_fp8 ts_fp8_from_words(const ts_v8 w[6]) {
    ts_fp8 a;
    a.l[0] = w[0];
    a.l[1] = _mm512_shrdi_epi64(w[0], w[1], 52);
    a.l[2] = _mm512_shrdi_epi64(w[1], w[2], 40);
    a.l[3] = _mm512_shrdi_epi64(w[2], w[3], 28);
    a.l[4] = _mm512_shrdi_epi64(w[3], w[4], 16);
    a.l[5] = _mm512_shrdi_epi64(w[4], w[5], 4);
    a.l[6] = _mm512_shrdi_epi64(w[4], w[5], 56);
    a.l[7] = _mm512_srli_epi64(w[5], 44);
    return a;
}

/* A clean value below 2^384. */
TS_INLINE void ts_fp8_to_words(ts_v8 w[6], const ts_fp8 *a) {
    const ts_v8 *l = a->l;
    w[0] = _mm512_or_si512(l[0], _mm512_slli_epi64(l[1], 52));
    w[1] = _mm512_or_si512(_mm512_srli_epi64(l[1], 12), _mm512_slli_epi64(l[2], 40));
    w[2] = _mm512_or_si512(_mm512_srli_epi64(l[2], 24), _mm512_slli_epi64(l[3], 28));
    w[3] = _mm512_or_si512(_mm512_srli_epi64(l[3], 36), _mm512_slli_epi64(l[4], 16));
    w[4] = _mm512_or_si512(_mm512_srli_epi64(l[4], 48),
                           _mm512_or_si512(_mm512_slli_epi64(l[5], 4), _mm512_slli_epi64(l[6], 56)));
    w[5] = _mm512_or_si512(_mm512_srli_epi64(l[6], 8), _mm512_slli_epi64(l[7], 44));
}

/* A clean value in [0, 2 p) modulo p. */
TS_INLINE ts_fp8 ts_fp8_reduce_clean(ts_fp8 a) {
    ts_fp8 d;
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) d.l[i] = ts_v8_sub(a.l[i], ts_fp8_p(i, 1));
    TS_UNROLL(8)
    for (int i = 0; i < 7; i++) {
        d.l[i + 1] = ts_v8_add(d.l[i + 1], ts_v8_carry(d.l[i]));
        d.l[i] = ts_v8_and(d.l[i], ts_v8_set1(TS_LIMB_MASK));
    }
    return ts_fp8_blend(d, _mm512_movepi64_mask(d.l[7]), &a);
}

/* The same from columns. */
TS_INLINE ts_fp8 ts_fp8_reduce_once(ts_fp8 a) { return ts_fp8_reduce_clean(ts_fp8_carry(a)); }

/* out = factor / 2^416 times eight elements of six words at the given addresses, which may hold any 384-bit integers;
 * below p + 2^362. */
TS_INLINE ts_fp8 ts_fp8_load_by(const ts_fp *const a[8], const uint64_t factor[8]) {
    ts_v8 z[8], w[8];
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) z[i] = _mm512_maskz_loadu_epi64(0x3f, a[i]->l);
    ts_v8_transpose8(w, z);
    const ts_fp8 words = ts_fp8_from_words(w), by = ts_fp8_set(factor);
    return ts_fp8_mul_inline(&words, &by);
}

/* Stores clean values below 2^384, for lanes in the mask. */
TS_INLINE void ts_fp8_put(ts_fp *const out[8], __mmask8 lanes, const ts_fp8 *a) {
    ts_v8 z[8], w[8];
    ts_fp8_to_words(w, a);
    w[6] = w[7] = ts_v8_zero();
    ts_v8_transpose8(z, w);
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++)
        if (lanes >> i & 1) _mm512_mask_storeu_epi64(out[i]->l, 0x3f, z[i]);
}

/* As ts_fp8_load_by on the way out: reduced. a is clean, below 2^16 p. */
TS_INLINE void ts_fp8_store_by(ts_fp *const out[8], __mmask8 lanes, const ts_fp8 *a, const uint64_t factor[8]) {
    const ts_fp8 by = ts_fp8_set(factor), value = ts_fp8_reduce_once(ts_fp8_mul_columns(a, &by));
    ts_fp8_put(out, lanes, &value);
}

/* From and to elements in the domain of 2^384. */
TS_INLINE ts_fp8 ts_fp8_load(const ts_fp *const a[8]) { return ts_fp8_load_by(a, ts_fp8_enter); }
TS_INLINE void ts_fp8_store(ts_fp *const out[8], __mmask8 lanes, const ts_fp8 *a) {
    ts_fp8_store_by(out, lanes, a, ts_fp8_leave);
}

/* One element in all lanes. */
TS_INLINE ts_fp8 ts_fp8_broadcast(const ts_fp *a) {
    const ts_fp *const same[8] = {a, a, a, a, a, a, a, a};
    return ts_fp8_load(same);
}

/* Replaces limbs of x 2^384 and y 2^384, as in memory, by those of x and y: the reduction alone, of 2^32 times each. It gives at
 * most p, and p only for a multiple of p, but for 0 every q is zero: the results are below p. Steps alternate, as each waits for
 * its predecessor. */
static void ts_fp8_leave_pair(ts_fp8 *x, ts_fp8 *y) {
    const ts_fp8 a = ts_fp8_shift_up32(x), b = ts_fp8_shift_up32(y);
    ts_fp8w v = ts_fp8w_zero(), w = ts_fp8w_zero();
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        v.t[i] = a.l[i];
        w.t[i] = b.l[i];
    }
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        ts_fp8w_reduce_step(&v, i);
        ts_fp8w_reduce_step(&w, i);
    }
    *x = ts_fp8_carry(ts_fp8w_high(&v));
    *y = ts_fp8_carry(ts_fp8w_high(&w));
}

/* Stores words as big-endian integers of 48 bytes, the first n of eight, stride bytes apart. */
TS_INLINE void ts_fp8_put_be(uint8_t *out, size_t stride, const ts_v8 words[6], size_t n) {
    const ts_v8 reversed = _mm512_set_epi64(0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607,
                                            0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607);
    ts_v8 z[8], w[8];
    TS_UNROLL(6)
    for (int i = 0; i < 6; i++) w[i] = _mm512_shuffle_epi8(words[5 - i], reversed);
    w[6] = w[7] = ts_v8_zero();
    ts_v8_transpose8(z, w);
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++)
        if (i < n) _mm512_mask_storeu_epi64(out + stride * i, 0x3f, z[i]);
}

/* ---- powers ---- */

/* out = a^e for a public exponent: a fixed window of four bits. a is clean, below 2^8 p. */
static void ts_fp8_pow_public(ts_fp8 *out, const ts_fp8 *a, const uint64_t e[TS_FP_LIMBS]) {
    ts_fp8 power[16], acc;
    int i = 16 * TS_FP_LIMBS - 1;
    power[0] = ts_fp8_set(ts_fp8_unit);
    for (int k = 1; k < 16; k++) ts_fp8_mul(&power[k], &power[k - 1], a);
    while (i > 0 && ts_limbs_nibble(e, i) == 0) i--;
    acc = power[ts_limbs_nibble(e, i)];
    while (i-- > 0) {
        for (int k = 0; k < 4; k++) ts_fp8_sqr(&acc, &acc);
        if (ts_limbs_nibble(e, i)) ts_fp8_mul(&acc, &acc, &power[ts_limbs_nibble(e, i)]);
    }
    *out = acc;
    ts_wipe(power, sizeof power);
    ts_wipe(&acc, sizeof acc);
}

/* Lanes where a = b; both clean, a below 2 p and b below 2 p. */
TS_INLINE __mmask8 ts_fp8_equal(const ts_fp8 *a, const ts_fp8 *b) {
    const ts_fp8 d = ts_fp8_sub(a, b, 2);
    return ts_fp8_is_zero(&d, 3);
}

/* The integers that a clean a below 2^16 p stands for: limbs of values below p. */
TS_INLINE ts_fp8 ts_fp8_integers(const ts_fp8 *a) {
    static const uint64_t one[8] = {1};
    const ts_fp8 factor = ts_fp8_set(one);
    return ts_fp8_reduce_once(ts_fp8_mul_columns(a, &factor));
}

/* Integers above (p - 1) / 2: the sign of (p - 1) / 2 minus it. */
TS_INLINE __mmask8 ts_fp8_is_large_integer(const ts_fp8 *v) {
    ts_v8 carry = ts_v8_zero();
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++)
        carry = ts_v8_carry(ts_v8_add(ts_v8_sub(ts_v8_set1(ts_fp8_modulus_half[i]), v->l[i]), carry));
    return _mm512_movepi64_mask(carry);
}

/* Lanes whose integer is above (p - 1) / 2. */
TS_INLINE __mmask8 ts_fp8_is_large(const ts_fp8 *a) {
    const ts_fp8 v = ts_fp8_integers(a);
    return ts_fp8_is_large_integer(&v);
}

/* Lanes whose integer is odd. */
TS_INLINE __mmask8 ts_fp8_is_odd(const ts_fp8 *a) {
    const ts_fp8 v = ts_fp8_integers(a);
    return _mm512_test_epi64_mask(v.l[0], ts_v8_set1(1));
}

/* -a + 2 p where the mask says so, else a, for a below 2 p. */
TS_INLINE ts_fp8 ts_fp8_negate(const ts_fp8 *a, __mmask8 m) {
    const ts_fp8 zero = ts_fp8_zero(), minus = ts_fp8_sub(&zero, a, 2);
    return ts_fp8_blend(*a, m, &minus);
}

/* ---- inversion ---- */

/* Lanes exchanged at distance 1, 2 or 4. */
TS_INLINE ts_fp8 ts_fp8_swap(const ts_fp8 *a, int distance) {
    ts_fp8 s;
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        if (distance == 1) s.l[i] = _mm512_permutex_epi64(a->l[i], 0xb1);
        if (distance == 2) s.l[i] = _mm512_permutex_epi64(a->l[i], 0x4e);
        if (distance == 4) s.l[i] = _mm512_shuffle_i64x2(a->l[i], a->l[i], 0x4e);
    }
    return s;
}

/* out = 1/a for one element in all lanes, clean and below 2^16 p; 0 for 0. */
static void ts_fp8_inv_same(ts_fp8 *out, const ts_fp8 *a) {
    const ts_fp8 one = ts_fp8_set(ts_fp8_unit), back = ts_fp8_set(ts_fp8_inverse_fix);
    const ts_fp8 value = ts_fp8_reduce_once(ts_fp8_mul_columns(a, &one));
    ts_v8 w[6];
    uint64_t v[TS_FP_LIMBS];
    ts_fp8_to_words(w, &value);
    TS_UNROLL(6)
    for (int i = 0; i < 6; i++) v[i] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(w[i]));
    ts_limbs_inverse(v, v, ts_fp_modulus, TS_FP_INV, TS_FP_LIMBS, TS_FP_SIGNED_LIMBS, TS_INVERSE_BATCHES_381);
    TS_UNROLL(6)
    for (int i = 0; i < 6; i++) w[i] = ts_v8_set1(v[i]);
    const ts_fp8 inverse = ts_fp8_from_words(w);
    ts_fp8_mul(out, &inverse, &back);
    ts_wipe(v, sizeof v);
}

/* out = 1/a in every lane by one inversion; no lane may be zero. a is clean, below 2^8 p. */
static void ts_fp8_inv_lanes(ts_fp8 *out, const ts_fp8 *a) {
    ts_fp8 pair, quad, all, s1, s2, s4;
    s1 = ts_fp8_swap(a, 1);
    ts_fp8_mul(&pair, a, &s1);
    s2 = ts_fp8_swap(&pair, 2);
    ts_fp8_mul(&quad, &pair, &s2);
    s4 = ts_fp8_swap(&quad, 4);
    ts_fp8_mul(&all, &quad, &s4);
    ts_fp8_inv_same(&all, &all);
    ts_fp8_mul(&all, &all, &s4);
    ts_fp8_mul(&all, &all, &s2);
    ts_fp8_mul(out, &all, &s1);
}

#endif
