/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of Fr on AVX-512 IFMA: replacements for loops of field/fr_vec_impl.h; contracts in tallystick.h. */
#ifndef TS_FR8_VEC_IMPL_H
#define TS_FR8_VEC_IMPL_H

#include "../../field/fr_vec_impl.h"
#include "chacha20x16_impl.h"
#include "fr8_impl.h"

TS_INLINE size_t ts_min(size_t a, size_t b) { return a < b ? a : b; }

/* ---- products ---- */

#define TS_MAP_SCALE 1 /* the second factor is one element */
#define TS_MAP_ADD 2   /* adds c */

/* The inputs of a map; the flags are compile-time constants, so each kernel gets its own loop. */
typedef struct {
    const ts_fr *a, *b, *c;
    size_t n;
    ts_fr8 scale;
} ts_fr8_map_in;

/* Loads the block at element k and starts its columns; the result will lie in [-r, r), or with
 * TS_MAP_ADD in [-2 r, r): the product and the reduction give [0, 2 r), the summand [0, r). */
TS_INLINE void ts_fr8_map_load(ts_fr8w *w, ts_fr8 *x, ts_fr8 *y, const ts_fr8_map_in *in, size_t k, const ts_fr8c *c,
                               int flags) {
    ts_v8 words[4];
    ts_v8_load4(words, in->a + k, in->n - k);
    if (flags & TS_MAP_SCALE) {
        *x = ts_fr8_from_words(words);
        *y = in->scale;
    } else {
        *x = ts_fr8_from_words_x16(words);
        ts_v8_load4(words, in->b + k, in->n - k);
        *y = ts_fr8_from_words(words);
    }
    *w = ts_fr8w_start(c, flags & TS_MAP_ADD ? 2 : 1);
    if (flags & TS_MAP_ADD) {
        ts_v8_load4(words, in->c + k, in->n - k);
        ts_fr8 summand = ts_fr8_from_words(words);
        ts_fr8_clean(&summand, c);
        ts_fr8w_add_high(w, &summand);
    }
}

/* out = a b, or a b + c. The reduction is one long chain of dependent steps, so the product of the
 * next block is interleaved with it, a row a step. */
TS_INLINE void ts_fr8_map(ts_fr *out, const ts_fr8_map_in *in, int flags) {
    const ts_fr8c c = ts_fr8_constants();
    ts_fr8w w, next_w;
    ts_fr8 x, y;
    ts_v8 words[4];
    ts_fr8_map_load(&w, &x, &y, in, 0, &c, flags);
    ts_fr8w_add_product(&w, &x, &y);
    for (size_t k = 0; k < in->n; k += 8) {
        ts_fr8_map_load(&next_w, &x, &y, in, ts_min(k + 8, in->n), &c, flags);
        TS_UNROLL(5)
        for (int i = 0; i < 5; i++) {
            ts_fr8w_reduce_step(&w, i, &c);
            ts_fr8w_row(&next_w, i, &x, &y);
        }
        ts_fr8 value = ts_fr8w_high(&w);
        if (flags & TS_MAP_ADD) ts_fr8_lift(&value, &c);
        ts_fr8_finish(words, value, &c);
        ts_v8_store4(out + k, words, in->n - k);
        w = next_w;
    }
}

/* Sixteen times one element, in all lanes, for TS_MAP_SCALE. */
TS_INLINE ts_fr8 ts_fr8_scale_factor(const uint64_t s[TS_FR_LIMBS]) {
    ts_v8 words[4];
    ts_v8_broadcast4(words, s);
    return ts_fr8_from_words_x16(words);
}

static void ifma_fr_vec_mul(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    const ts_fr8_map_in in = {.a = a, .b = b, .n = n};
    ts_fr8_map(out, &in, 0);
}

static void ifma_fr_vec_muladd(ts_fr *out, const ts_fr *a, const ts_fr *b, const ts_fr *c, size_t n) {
    const ts_fr8_map_in in = {.a = a, .b = b, .c = c, .n = n};
    ts_fr8_map(out, &in, TS_MAP_ADD);
}

static void ifma_fr_vec_scale(ts_fr *out, const ts_fr *s, const ts_fr *a, size_t n) {
    const ts_fr8_map_in in = {.a = a, .n = n, .scale = ts_fr8_scale_factor(s->l)};
    ts_fr8_map(out, &in, TS_MAP_SCALE);
}

static void ifma_fr_vec_outer(ts_fr *out, const ts_fr *a, size_t n, const ts_fr *b, size_t m) {
    for (size_t i = 0; i < n; i++) ifma_fr_vec_scale(out + i * m, a + i, b, m);
}

static void ifma_fr_vec_axpy(ts_fr *out, const ts_fr *s, const ts_fr *a, const ts_fr *b, size_t n) {
    const ts_fr8_map_in in = {.a = a, .c = b, .n = n, .scale = ts_fr8_scale_factor(s->l)};
    ts_fr8_map(out, &in, TS_MAP_SCALE | TS_MAP_ADD);
}

/* Powers in the cache before the rest follows block by block. */
#define TS_FR8_POWERS_BLOCK 1024

static void ifma_fr_vec_powers(ts_fr *out, size_t n, const ts_fr *x, const ts_fr *first) {
    ts_fr step = *x; /* x^done */
    size_t done = 1;
    if (n == 0) return;
    out[0] = *first;
    while (done < n) {
        ifma_fr_vec_scale(out + done, &step, out + (done >= TS_FR8_POWERS_BLOCK ? done - TS_FR8_POWERS_BLOCK : 0),
                          ts_min(n - done, ts_min(done, TS_FR8_POWERS_BLOCK)));
        if (done < TS_FR8_POWERS_BLOCK) ts_fr_mul(&step, &step, &step);
        done += ts_min(done, TS_FR8_POWERS_BLOCK);
    }
    ts_wipe(&step, sizeof step);
}

/* ---- sums and differences ---- */

/* Results from this many elements on are written past the cache if they are aligned: they would push out the operands, and
 * storing in the cache reads first what it overwrites. */
#define TS_FR8_STREAM ((size_t)1 << 19)

#define TS_SUM_ADD 0
#define TS_SUM_SUB 1
#define TS_SUM_NEG 2

/* The block at element k, on words: a + b, less r unless that goes below zero; a - b, and -b, plus r where they do. */
TS_INLINE void ts_fr8_sum_block(ts_v8 out[4], const ts_fr *a, const ts_fr *b, size_t left, int op, const ts_v8 r[4]) {
    const ts_v8 zero = ts_v8_zero();
    ts_v8 x[4] = {zero, zero, zero, zero}, y[4], s[4], t[4];
    if (op != TS_SUM_NEG) ts_v8_load4(x, a, left);
    ts_v8_load4(y, b, left);
    if (op == TS_SUM_ADD) {
        ts_v8_add4(s, x, y);
        const __mmask8 below = ts_v8_sub4(t, s, r);
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) out[i] = _mm512_mask_mov_epi64(t[i], below, s[i]);
    } else {
        const __mmask8 below = ts_v8_sub4(s, x, y);
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) t[i] = _mm512_mask_mov_epi64(zero, below, r[i]);
        ts_v8_add4(out, s, t);
    }
}

TS_INLINE void ts_fr8_map_sum(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n, int op) {
    const size_t whole = n >= TS_FR8_STREAM && (uintptr_t)out % 64 == 0 ? n / 8 * 8 : 0;
    ts_v8 words[4], r[4];
    ts_v8_broadcast4(r, ts_fr_modulus);
    for (size_t k = 0; k < whole; k += 8) {
        ts_v8_prefetch4(a + k);
        ts_v8_prefetch4(b + k);
        ts_fr8_sum_block(words, a + k, b + k, 8, op, r);
        ts_v8_stream4(out + k, words);
    }
    _mm_sfence();
    for (size_t k = whole; k < n; k += 8) {
        ts_fr8_sum_block(words, a + k, b + k, n - k, op, r);
        ts_v8_store4(out + k, words, n - k);
    }
}

static void ifma_fr_vec_add(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    ts_fr8_map_sum(out, a, b, n, TS_SUM_ADD);
}

static void ifma_fr_vec_sub(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    ts_fr8_map_sum(out, a, b, n, TS_SUM_SUB);
}

static void ifma_fr_vec_neg(ts_fr *out, const ts_fr *a, size_t n) { ts_fr8_map_sum(out, a, a, n, TS_SUM_NEG); }

/* ---- conversion ---- */

static void ifma_fr_vec_from_i64(ts_fr *out, const int64_t *in, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    const ts_v8 order = _mm512_set_epi64(7, 5, 6, 4, 3, 1, 2, 0);
    const ts_fr8 r2 = ts_fr8_scale_factor(ts_fr_r2.l);
    for (size_t k = 0; k < n; k += 8) {
        const __mmask8 valid = n - k >= 8 ? 0xff : (__mmask8)((1U << (n - k)) - 1);
        const ts_v8 v = _mm512_permutexvar_epi64(order, _mm512_maskz_loadu_epi64(valid, in + k));
        const __mmask8 negative = _mm512_movepi64_mask(v);
        ts_v8 words[4] = {_mm512_abs_epi64(v), ts_v8_zero(), ts_v8_zero(), ts_v8_zero()};
        const ts_fr8 x = ts_fr8_from_words(words);
        ts_fr8w w = ts_fr8w_start(&c, 1);
        /* A magnitude has two limbs that are not zero. */
        ts_fr8w_row(&w, 0, &x, &r2);
        ts_fr8w_row(&w, 1, &x, &r2);
        /* In (-r, r) where x != 0, so its negative is a proper input for the last step, too. */
        ts_fr8 value = ts_fr8w_reduce(&w, &c);
        TS_UNROLL(5)
        for (int i = 0; i < 5; i++) value.l[i] = _mm512_mask_sub_epi64(value.l[i], negative, ts_v8_zero(), value.l[i]);
        ts_fr8_finish(words, value, &c);
        ts_v8_store4(out + k, words, n - k);
    }
}

/* Lanes that are not below r. */
TS_INLINE __mmask8 ts_fr8_too_large(const ts_v8 words[4], const ts_fr8c *c) {
    ts_fr8 x = ts_fr8_from_words(words);
    ts_fr8_clean(&x, c);
    ts_v8 carry = ts_v8_zero();
    TS_UNROLL(5)
    for (int i = 0; i < 4; i++) carry = ts_v8_carry(ts_v8_add(ts_v8_sub(x.l[i], c->r[i]), carry));
    return (__mmask8)~_mm512_movepi64_mask(ts_v8_add(ts_v8_sub(x.l[4], c->r[4]), carry));
}

/* 2^256 a mod r for words of a below r: a quotient that is known in advance up to a factor, so no reduction need wait for the
 * product (V. Shoup's modular multiplication by a constant).
 *
 * With x = 16 a < 2^259 and mu = floor(2^512 / r), the estimate q = floor(x mu / 2^260) of x 2^252 / r is not above it, and
 * less than 1.5 + 2^-48 below: rounding mu costs less than x / 2^260 < 1/2, the columns below 2^208 that are left out less than
 * 7 * 2^208 / 2^260, the floor less than 1. So x 2^252 - q r - r lies in [-r, r), and 260 bits tell it. */
TS_INLINE void ts_fr8_enter(ts_v8 words[4], const ts_fr8c *c) {
    const ts_fr8 x = ts_fr8_from_words_x16(words);
    ts_v8 t[10], v[5];
    TS_UNROLL(10)
    for (int i = 4; i < 10; i++) t[i] = ts_v8_zero();
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        TS_UNROLL(5)
        for (int j = 0; j < 5; j++) {
            const ts_v8 mu = ts_v8_set1(ts_fr8_enter_mu[j]);
            if (i + j >= 4) t[i + j] = ts_v8_lo(t[i + j], x.l[i], mu);
            if (i + j >= 3) t[i + j + 1] = ts_v8_hi(t[i + j + 1], x.l[i], mu);
        }
    }
    TS_UNROLL(5)
    for (int i = 4; i < 9; i++) t[i + 1] = ts_v8_add(t[i + 1], ts_v8_carry_unsigned(t[i]));
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) v[i] = ts_v8_sub(ts_v8_zero(), c->r[i]);
    /* x 2^252 mod 2^260. */
    v[4] = ts_v8_add(v[4], _mm512_slli_epi64(x.l[0], TS_LIMB_BITS - 8));
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        TS_UNROLL(5)
        for (int j = 0; i + j < 5; j++) {
            const ts_v8 minus = ts_v8_set1(ts_fr8_minus_modulus[j]);
            v[i + j] = ts_v8_lo(v[i + j], t[i + 5], minus);
            if (i + j < 4) v[i + j + 1] = ts_v8_hi(v[i + j + 1], t[i + 5], minus);
        }
    }
    ts_fr8 value = {{v[0], v[1], v[2], v[3], v[4]}};
    ts_fr8_carry(&value, c);
    value.l[4] = _mm512_srai_epi64(_mm512_slli_epi64(value.l[4], 64 - TS_LIMB_BITS), 64 - TS_LIMB_BITS);
    ts_fr8_finish(words, value, c);
}

static int ifma_fr_vec_from_bytes(ts_fr *out, size_t *bad, const uint8_t *in, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    unsigned any = 0;
    for (size_t k = 0; k < n; k += 8) {
        ts_v8 words[4];
        ts_v8_load4(words, in + 32 * k, n - k);
        any |= ts_fr8_too_large(words, &c);
        ts_fr8_enter(words, &c);
        ts_v8_store4(out + k, words, n - k);
    }
    ts_ct_declassify(&any, sizeof any);
    /* Once it is known to fail, the slow loop finds the place and clears the output. */
    return any ? fr_vec_from_bytes(out, bad, in, n) : TS_OK;
}

/* a / 2^256 of count blocks, of which the last may be short: the reduction alone, of 16 a. It gives at most r, and r only for a
 * multiple of r, but for a = 0 every q is zero: the result is below r as it stands. The blocks' steps alternate, as each waits
 * for its predecessor. */
TS_INLINE void ts_fr8_leave(uint8_t *out, const ts_fr *a, size_t n, const int count, const ts_fr8c *c) {
    ts_fr8w w[2];
    ts_v8 words[4];
    TS_UNROLL(2)
    for (int h = 0; h < count; h++) {
        ts_v8_load4(words, a + 8 * h, n - 8 * (size_t)h);
        ts_fr8 x = ts_fr8_from_words_x16(words);
        ts_fr8_clean(&x, c);
        w[h] = ts_fr8w_start(c, 0);
        TS_UNROLL(5)
        for (int i = 0; i < 5; i++) w[h].t[i] = x.l[i];
    }
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        TS_UNROLL(2)
        for (int h = 0; h < count; h++) ts_fr8w_reduce_step(&w[h], i, c);
    }
    TS_UNROLL(2)
    for (int h = 0; h < count; h++) {
        ts_fr8 value = ts_fr8w_high(&w[h]);
        ts_fr8_carry(&value, c);
        ts_fr8_to_words(words, &value);
        ts_v8_store4(out + 256 * h, words, n - 8 * (size_t)h);
    }
}

static void ifma_fr_vec_to_bytes(uint8_t *out, const ts_fr *a, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    size_t k = 0;
    for (; n - k >= 16; k += 16) ts_fr8_leave(out + 32 * k, a + k, 16, 2, &c);
    for (; k < n; k += 8) ts_fr8_leave(out + 32 * k, a + k, n - k, 1, &c);
}

/* Eight 512-bit integers, word i in vector i, modulo r. Halves l and h: l R^2 / R + h R^3 / R, each below 2^256 r / 2^256 = r, and
 * the reduction adds up to r, so the value less 2 r lies in [-2 r, r). */
TS_INLINE void ts_fr8_from_wide(ts_v8 out[4], const ts_v8 words[8], const ts_fr8 *r2, const ts_fr8 *r3, const ts_fr8c *c) {
    const ts_fr8 low = ts_fr8_from_words(words), high = ts_fr8_from_words(words + 4);
    ts_fr8w w = ts_fr8w_start(c, 2);
    ts_fr8w_add_product(&w, &low, r2);
    ts_fr8w_add_product(&w, &high, r3);
    ts_fr8 value = ts_fr8w_reduce(&w, c);
    ts_fr8_lift(&value, c);
    ts_fr8_finish(out, value, c);
}

static void ifma_fr_vec_expand(ts_fr *out, size_t n, const uint8_t *key32, const uint8_t *nonce12, uint64_t first) {
    const ts_fr8c c = ts_fr8_constants();
    const ts_fr8 r2 = ts_fr8_scale_factor(ts_fr_r2.l), r3 = ts_fr8_scale_factor(ts_fr_r3.l);
    uint32_t state[16];
    ts_v8 block[2][8], words[4];
    ts_chacha20x16_words(state, key32, nonce12);
    for (size_t k = 0; k < n; k += 16) {
        ts_chacha20x16_pairs(block[0], block[1], state, (uint32_t)(first + k));
        for (size_t j = 0; j < 16 && k + j < n; j += 8) {
            ts_fr8_from_wide(words, block[j / 8], &r2, &r3, &c);
            ts_v8_store4(out + k + j, words, n - k - j);
        }
    }
    ts_wipe(state, sizeof state);
    ts_wipe(block, sizeof block);
}

/* ---- inner products ---- */

/* The low and high halves of products in columns of their own: with one set, the additions to
 * the middle columns would wait for each other. */
typedef struct {
    ts_v8 lo[9], hi[9]; /* hi[i] has the weight of column i + 1 */
} ts_fr8_acc;

TS_INLINE ts_fr8_acc ts_fr8_acc_zero(void) {
    ts_fr8_acc s;
    TS_UNROLL(9)
    for (int i = 0; i < 9; i++) s.lo[i] = s.hi[i] = ts_v8_zero();
    return s;
}

TS_INLINE void ts_fr8_acc_add(ts_fr8_acc *s, const ts_fr8 *a, const ts_fr8 *b) {
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        TS_UNROLL(5)
        for (int j = 0; j < 5; j++) {
            s->lo[i + j] = ts_v8_lo(s->lo[i + j], a->l[i], b->l[j]);
            s->hi[i + j] = ts_v8_hi(s->hi[i + j], a->l[i], b->l[j]);
        }
    }
}

/* Words of the sum modulo r. Up to TS_FR8_TERMS products 16 a b with a, b < r: the reduced value is
 * below 192 * 16 r^2 / 2^260 + r < 2^7 r. */
TS_INLINE void ts_fr8_acc_settle(ts_v8 words[4], const ts_fr8_acc *s, const ts_fr8c *c) {
    ts_fr8w w;
    w.t[0] = s->lo[0];
    TS_UNROLL(9)
    for (int i = 1; i < 9; i++) w.t[i] = ts_v8_add(s->lo[i], s->hi[i - 1]);
    w.t[9] = s->hi[8];
    ts_fr8_settle(words, ts_fr8w_reduce(&w, c), c);
}

/* The sum of eight lanes. */
static void ts_fr8_sum_lanes(ts_fr *out, const ts_v8 words[4]) {
    ts_fr lane[8];
    ts_v8_store4(lane, words, 8);
    for (int i = 4; i >= 1; i /= 2)
        for (int j = 0; j < i; j++) ts_fr_add(&lane[j], &lane[j], &lane[j + i]);
    *out = lane[0];
    ts_wipe(lane, sizeof lane);
}

static void ifma_fr_vec_dot(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    ts_v8 words[4], total[4];
    for (int i = 0; i < 4; i++) total[i] = ts_v8_zero();
    for (size_t k = 0; k < n;) {
        ts_fr8_acc s = ts_fr8_acc_zero();
        for (const size_t end = ts_min(n, k + 8 * TS_FR8_TERMS); k < end; k += 8) {
            ts_v8_load4(words, a + k, n - k);
            const ts_fr8 x = ts_fr8_from_words_x16(words);
            ts_v8_load4(words, b + k, n - k);
            const ts_fr8 y = ts_fr8_from_words(words);
            ts_fr8_acc_add(&s, &x, &y);
        }
        ts_fr8_acc_settle(words, &s, &c);
        ts_fr8_add_words(total, total, words, &c);
    }
    ts_fr8_sum_lanes(out, total);
}

static void ifma_fr_vec_matvec(ts_fr *out, const ts_fr *rows, const ts_fr *v, size_t m, size_t c) {
    for (size_t i = 0; i < m; i++) ifma_fr_vec_dot(&out[i], rows + i * c, v, c);
}

/* Limbs of 16 times each weight, to be broadcast one by one. */
static void ts_fr8_weight_limbs(uint64_t limbs[][5], const ts_fr *weights, size_t m) {
    for (size_t i = 0; i < m; i++) {
        const uint64_t *w = weights[i].l;
        limbs[i][0] = w[0] << 4;
        limbs[i][1] = w[0] >> 48 | w[1] << 16;
        limbs[i][2] = w[1] >> 36 | w[2] << 28;
        limbs[i][3] = w[2] >> 24 | w[3] << 40;
        limbs[i][4] = w[3] >> 12;
    }
}

/* words = the combination of up to TS_FR8_TERMS rows, for the first n of eight columns. */
TS_INLINE void ts_fr8_combine_block(ts_v8 words[4], const ts_fr *rows, uint64_t limbs[][5], size_t m, size_t stride,
                                    size_t n, const ts_fr8c *c) {
    ts_fr8_acc s = ts_fr8_acc_zero();
    for (size_t i = 0; i < m; i++) {
        ts_fr8 y;
        ts_v8_prefetch4(rows + i * stride);
        ts_v8_load4(words, rows + i * stride, n);
        const ts_fr8 x = ts_fr8_from_words(words);
        TS_UNROLL(5)
        for (int j = 0; j < 5; j++) y.l[j] = ts_v8_set1(limbs[i][j]);
        ts_fr8_acc_add(&s, &x, &y);
    }
    ts_fr8_acc_settle(words, &s, c);
}

static void ifma_fr_vec_combine(ts_fr *out, const ts_fr *rows, const ts_fr *weights, size_t m, size_t c) {
    const ts_fr8c constants = ts_fr8_constants();
    uint64_t limbs[TS_FR8_TERMS][5];
    ts_v8 words[4], before[4];
    if (m == 0) memset(out, 0, c * sizeof *out);
    for (size_t i = 0; i < m; i += TS_FR8_TERMS) {
        const size_t count = ts_min(m - i, TS_FR8_TERMS);
        ts_fr8_weight_limbs(limbs, weights + i, count);
        for (size_t j = 0; j < c; j += 8) {
            ts_fr8_combine_block(words, rows + i * c + j, limbs, count, c, c - j, &constants);
            if (i > 0) {
                ts_v8_load4(before, out + j, c - j);
                ts_fr8_add_words(words, words, before, &constants);
            }
            ts_v8_store4(out + j, words, c - j);
        }
    }
    ts_wipe(limbs, sizeof limbs);
}

/* ---- plain sums ---- */

/* Elements added to a lane before it is settled: columns stay below 2^(52 + 10), values below 2^10 r. */
#define TS_FR8_SUM_TERMS 1024

TS_INLINE void ts_fr8_add_clean(ts_fr8 *s, const ts_v8 words[4], const ts_fr8c *c) {
    ts_fr8 x = ts_fr8_from_words(words);
    ts_fr8_clean(&x, c);
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) s->l[i] = ts_v8_add(s->l[i], x.l[i]);
}

TS_INLINE ts_fr8 ts_fr8_zero(void) {
    ts_fr8 s;
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) s.l[i] = ts_v8_zero();
    return s;
}

static void ifma_fr_vec_sum(ts_fr *out, const ts_fr *a, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    ts_v8 words[4], total[4];
    for (int i = 0; i < 4; i++) total[i] = ts_v8_zero();
    for (size_t k = 0; k < n;) {
        ts_fr8 s = ts_fr8_zero();
        for (const size_t end = ts_min(n, k + 8 * TS_FR8_SUM_TERMS); k < end; k += 8) {
            ts_v8_load4(words, a + k, n - k);
            ts_fr8_add_clean(&s, words, &c);
        }
        ts_fr8_settle(words, s, &c);
        ts_fr8_add_words(total, total, words, &c);
    }
    ts_fr8_sum_lanes(out, total);
}

/* Eight outputs of sum_axis; at[i] walks down the n summands of output i. */
TS_INLINE void ts_fr8_sum_walk(ts_v8 total[4], const ts_fr *at[8], size_t n, size_t stride, const ts_fr8c *c) {
    ts_v8 words[4];
    for (int i = 0; i < 4; i++) total[i] = ts_v8_zero();
    for (size_t k = 0; k < n;) {
        ts_fr8 s = ts_fr8_zero();
        for (const size_t end = ts_min(n, k + TS_FR8_SUM_TERMS); k < end; k++) {
            ts_v8_gather4(words, (const void *const *)at);
            ts_fr8_add_clean(&s, words, c);
            TS_UNROLL(8)
            for (int i = 0; i < 8; i++) at[i] += stride;
        }
        ts_fr8_settle(words, s, c);
        ts_fr8_add_words(total, total, words, c);
    }
}

/* Long rows of one column are summed along the row, everything else eight outputs at a time. */
#define TS_FR8_LONG_ROW 64

static void ifma_fr_vec_sum_axis(ts_fr *out, const ts_fr *a, size_t outer, size_t n, size_t inner) {
    const ts_fr8c c = ts_fr8_constants();
    const size_t outputs = outer * inner;
    ts_v8 total[4];
    if (inner == 1 && n >= TS_FR8_LONG_ROW) {
        for (size_t i = 0; i < outer; i++) ifma_fr_vec_sum(&out[i], a + i * n, n);
        return;
    }
    for (size_t k = 0; k < outputs; k += 8) {
        const ts_fr *at[8];
        for (size_t i = 0; i < 8; i++) {
            const size_t p = ts_min(k + i, outputs - 1);
            at[i] = a + (p / inner * n) * inner + p % inner;
        }
        ts_fr8_sum_walk(total, at, n, inner, &c);
        ts_v8_store4(out + k, total, outputs - k);
    }
}

/* ---- batch inversion ---- */

/* Chains of Montgomery's trick that run side by side; each lane of each is a chain of its own. */
#define TS_FR8_CHAINS 2

/* Multiplies the running product of each chain by the next block, keeping the product before it. */
TS_INLINE void ts_fr8_inv_forward(ts_v8 acc[TS_FR8_CHAINS][4], ts_fr *out, const ts_fr *a, size_t length,
                                  const ts_fr8c *c) {
    ts_v8 words[4];
    for (size_t k = 0; k < length; k += 8) {
        TS_UNROLL(2)
        for (int j = 0; j < TS_FR8_CHAINS; j++) {
            ts_v8_store4(out + j * length + k, acc[j], 8);
            ts_v8_load4(words, a + j * length + k, 8);
            ts_fr8_mul_words(acc[j], acc[j], words, c);
        }
    }
}

TS_INLINE void ts_fr8_inv_backward(ts_v8 inv[TS_FR8_CHAINS][4], ts_fr *out, const ts_fr *a, size_t length,
                                   const ts_fr8c *c) {
    ts_v8 words[4], before[4];
    for (size_t k = length; k > 0; k -= 8) {
        TS_UNROLL(2)
        for (int j = 0; j < TS_FR8_CHAINS; j++) {
            ts_v8_load4(before, out + j * length + k - 8, 8);
            ts_v8_load4(words, a + j * length + k - 8, 8);
            ts_fr8_mul_words(before, before, inv[j], c);
            ts_v8_store4(out + j * length + k - 8, before, 8);
            ts_fr8_mul_words(inv[j], inv[j], words, c);
        }
    }
}

/* The chains cover whole blocks; their last products and the elements left over are inverted together. */
static int ifma_fr_vec_inv(ts_fr *out, const ts_fr *a, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    const size_t length = n / (8 * TS_FR8_CHAINS) * 8, whole = length * TS_FR8_CHAINS;
    ts_fr rest[16 * TS_FR8_CHAINS], inverse[16 * TS_FR8_CHAINS];
    ts_v8 acc[TS_FR8_CHAINS][4];
    for (int j = 0; j < TS_FR8_CHAINS; j++) ts_v8_broadcast4(acc[j], ts_fr_one.l);
    ts_fr8_inv_forward(acc, out, a, length, &c);
    for (int j = 0; j < TS_FR8_CHAINS; j++) ts_v8_store4(rest + 8 * j, acc[j], 8);
    memcpy(rest + 8 * TS_FR8_CHAINS, a + whole, (n - whole) * sizeof *a);
    const int code = fr_vec_inv(inverse, rest, 8 * TS_FR8_CHAINS + n - whole);
    /* If an element is zero then every inverse is, and so is every output. */
    for (int j = 0; j < TS_FR8_CHAINS; j++) ts_v8_load4(acc[j], inverse + 8 * j, 8);
    ts_fr8_inv_backward(acc, out, a, length, &c);
    memcpy(out + whole, inverse + 8 * TS_FR8_CHAINS, (n - whole) * sizeof *a);
    ts_wipe(rest, sizeof rest);
    ts_wipe(inverse, sizeof inverse);
    return code;
}

#endif
