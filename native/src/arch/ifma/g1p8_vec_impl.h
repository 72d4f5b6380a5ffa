/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of points on AVX-512 IFMA: replacements for loops of curve/g1_vec_impl.h and curve/g1_codec_impl.h; contracts in
 * tallystick.h. */
#ifndef TS_G1P8_VEC_IMPL_H
#define TS_G1P8_VEC_IMPL_H

#include "../../curve/g1_codec_impl.h"
#include "fr8_vec_impl.h"
#include "fr_split.h"
#include "g1a8_impl.h"
#include "g1p8_impl.h"

#define TS_G1P8_POINTS (8 * TS_G1P8_BATCH)

TS_INLINE __mmask8 ts_v8_first_lanes(size_t n) { return n >= 8 ? 0xff : (__mmask8)((1U << n) - 1); }

/* ---- group operations ---- */

/* out = a with the lanes at the given distance exchanged. */
static void ts_g1p8_swap(ts_g1p8 *out, const ts_g1p8 *a, int distance) {
    out->x = ts_fp8_swap(&a->x, distance);
    out->y = ts_fp8_swap(&a->y, distance);
    out->z = ts_fp8_swap(&a->z, distance);
}

static void ifma_g1_vec_sum(ts_g1 *out, const ts_g1 *a, size_t n) {
    ts_g1p8 acc = ts_g1p8_identity(), other;
    for (size_t k = 0; k < n; k += 8) {
        ts_g1a8 p;
        ts_g1a8_load(&p, a + k, n - k);
        ts_g1p8_add_affine(&acc, &acc, &p);
    }
    ts_g1p8_swap(&other, &acc, 4);
    ts_g1p8_add(&acc, &acc, &other);
    ts_g1p8_swap(&other, &acc, 2);
    ts_g1p8_add(&acc, &acc, &other);
    ts_g1p8_swap(&other, &acc, 1);
    ts_g1p8_add(&acc, &acc, &other);
    ts_g1_from_projective8(out, &acc, 1, 1);
    ts_wipe(&acc, sizeof acc);
    ts_wipe(&other, sizeof other);
}

/* ---- scalar multiplication ---- */

/* Signed digits of four bits, in [-8, 8]: 32 of them for the halves of a scalar, which are below 2^127. */
#define TS_G1P8_DIGITS 32

/* Half of eight scalars: magnitudes plus 8 in every digit but the top one, and lanes to be negated. */
typedef struct {
    ts_v8 low, high;
    __mmask8 negative;
} ts_g1p8_half;

/* 0 .. 8 times a point. */
typedef struct {
    ts_g1p8 multiple[9];
} ts_g1p8_table;

static void ts_g1p8_fill_table(ts_g1p8_table *t, const ts_g1a8 *p) {
    t->multiple[0] = ts_g1p8_identity();
    ts_g1p8_from_affine(&t->multiple[1], p);
    for (int i = 2; i <= 8; i++) {
        if (i % 2 == 0)
            ts_g1p8_double(&t->multiple[i], &t->multiple[i / 2]);
        else
            ts_g1p8_add_affine(&t->multiple[i], &t->multiple[i - 1], p);
    }
}

/* The table of -(beta x, y), which is z^2 times the point. */
static void ts_g1p8_image_table(ts_g1p8_table *out, const ts_g1p8_table *t) {
    const ts_fp8 beta = ts_fp8_set(ts_fp8_beta), zero = ts_fp8_zero();
    for (int i = 0; i <= 8; i++) {
        ts_fp8_mul(&out->multiple[i].x, &t->multiple[i].x, &beta);
        /* Coordinates are below 3 p after an addition or a doubling, so this is below 4 p. */
        out->multiple[i].y = ts_fp8_sub(&zero, &t->multiple[i].y, 3);
        out->multiple[i].z = t->multiple[i].z;
    }
}

/* Adds digit i of half times the point of the table; all entries are read, whatever the digits are. */
static void ts_g1p8_add_digit(ts_g1p8 *acc, const ts_g1p8_table *t, const ts_g1p8_half *half, int i) {
    const ts_v8 word = i < 16 ? half->low : half->high, centre = ts_v8_set1(i < TS_G1P8_DIGITS - 1 ? 8 : 0);
    const ts_v8 bits = ts_v8_and(_mm512_srl_epi64(word, _mm_cvtsi32_si128(4 * (i % 16))), ts_v8_set1(15));
    const ts_v8 digit = ts_v8_sub(bits, centre), magnitude = _mm512_abs_epi64(digit);
    const ts_fp8 zero = ts_fp8_zero();
    ts_g1p8 term = t->multiple[0];
    for (int k = 1; k <= 8; k++)
        term = ts_g1p8_blend(term, _mm512_cmpeq_epi64_mask(magnitude, ts_v8_set1((uint64_t)k)), &t->multiple[k]);
    const ts_fp8 minus = ts_fp8_sub(&zero, &term.y, 4);
    term.y = ts_fp8_blend(term.y, half->negative ^ _mm512_movepi64_mask(digit), &minus);
    ts_g1p8_add(acc, acc, &term);
    ts_wipe(&term, sizeof term);
}

/* Splits up to eight scalars. */
static void ts_g1p8_split(ts_g1p8_half *low, ts_g1p8_half *high, const ts_fr *scalars, size_t n) {
    ts_fr v[8] = {{{0}}};
    uint64_t words[4][8];
    unsigned negative[2] = {0, 0};
    ifma_fr_vec_to_bytes((uint8_t *)v, scalars, ts_min(n, 8));
    for (int k = 0; k < 8; k++) {
        ts_fr_halves h;
        ts_fr_split_signed(&h, v[k].l);
        const ts_u128 offset = ((ts_u128)0x0888888888888888 << 64) | 0x8888888888888888;
        const ts_u128 l = h.low + offset, u = h.high + offset;
        words[0][k] = (uint64_t)l;
        words[1][k] = (uint64_t)(l >> 64);
        words[2][k] = (uint64_t)u;
        words[3][k] = (uint64_t)(u >> 64);
        negative[0] |= (unsigned)(h.low_negative & 1) << k;
        negative[1] |= (unsigned)(h.high_negative & 1) << k;
        ts_wipe(&h, sizeof h);
    }
    *low = (ts_g1p8_half){_mm512_loadu_si512(words[0]), _mm512_loadu_si512(words[1]), (__mmask8)negative[0]};
    *high = (ts_g1p8_half){_mm512_loadu_si512(words[2]), _mm512_loadu_si512(words[3]), (__mmask8)negative[1]};
    ts_wipe(v, sizeof v);
    ts_wipe(words, sizeof words);
}

static void ts_g1p8_mul(ts_g1p8 *out, const ts_g1a8 *p, const ts_g1p8_half *low, const ts_g1p8_half *high) {
    ts_g1p8_table t, image;
    ts_g1p8 acc = ts_g1p8_identity();
    ts_g1p8_fill_table(&t, p);
    ts_g1p8_image_table(&image, &t);
    for (int i = TS_G1P8_DIGITS - 1; i >= 0; i--) {
        if (i < TS_G1P8_DIGITS - 1)
            for (int k = 0; k < 4; k++) ts_g1p8_double(&acc, &acc);
        ts_g1p8_add_digit(&acc, &t, low, i);
        ts_g1p8_add_digit(&acc, &image, high, i);
    }
    *out = acc;
    ts_wipe(&t, sizeof t);
    ts_wipe(&image, sizeof image);
    ts_wipe(&acc, sizeof acc);
}

static void ifma_g1_vec_mul(ts_g1 *out, const ts_g1 *a, const ts_fr *scalars, size_t n) {
    ts_g1p8 product[TS_G1P8_BATCH];
    ts_g1p8_half low, high;
    for (size_t k = 0; k < n; k += TS_G1P8_POINTS) {
        const size_t count = ts_min(n - k, TS_G1P8_POINTS);
        for (size_t j = 0; 8 * j < count; j++) {
            ts_g1a8 p;
            ts_g1a8_load(&p, a + k + 8 * j, count - 8 * j);
            ts_g1p8_split(&low, &high, scalars + k + 8 * j, count - 8 * j);
            ts_g1p8_mul(&product[j], &p, &low, &high);
        }
        ts_g1_from_projective8(out + k, product, (count + 7) / 8, count);
    }
    ts_wipe(product, sizeof product);
    ts_wipe(&low, sizeof low);
    ts_wipe(&high, sizeof high);
}

/* ---- points as bytes ---- */

/* x^3 + 4 for a clean x below 2^8 p; below 2 p + 2^362. */
static void ts_g1a8_right_side(ts_fp8 *out, const ts_fp8 *x) {
    const ts_fp8 b = ts_fp8_set(ts_fp8_b);
    ts_fp8_sqr(out, x);
    ts_fp8_mul(out, out, x);
    *out = ts_fp8_add(out, &b);
}

/* Lanes where y^2 = right for y below 2^8 p. */
static __mmask8 ts_g1a8_is_root(const ts_fp8 *y, const ts_fp8 *right) {
    ts_fp8 square;
    ts_fp8_sqr(&square, y);
    const ts_fp8 d = ts_fp8_sub(&square, right, 3);
    return ts_fp8_is_zero(&d, 4);
}

/* Eight field elements in words, for loads and stores. */
typedef struct {
    ts_fp v[8];
} ts_fp_block;

TS_INLINE ts_fp8 ts_fp8_load_block(const ts_fp_block *a, const uint64_t factor[8]) {
    const ts_fp *at[8];
    for (int i = 0; i < 8; i++) at[i] = &a->v[i];
    return ts_fp8_load_by(at, factor);
}

/* Reads the flags and coordinates of up to eight points; returns lanes that are in order so far. */
static __mmask8 ts_g1a8_parse_var(ts_fp_block *x, __mmask8 *infinity, __mmask8 *larger, const uint8_t *in, size_t n) {
    unsigned good = 0, inf = 0, large = 0;
    memset(x, 0, sizeof *x);
    for (size_t k = 0; k < 8; k++) {
        if (k >= n) {
            good |= 1U << k, inf |= 1U << k;
            continue;
        }
        const uint8_t *p = in + TS_G1_BYTES * k, flags = p[0];
        if (!(flags & TS_G1_FLAG_COMPRESSED) || ts_g1_decode_x(x->v[k].l, p) != TS_OK) continue;
        if (flags & TS_G1_FLAG_INFINITY) {
            if (!ts_limbs_is_zero(x->v[k].l, TS_FP_LIMBS) || (flags & TS_G1_FLAG_LARGER_Y)) continue;
            inf |= 1U << k;
        }
        large |= (unsigned)((flags & TS_G1_FLAG_LARGER_Y) != 0) << k;
        good |= 1U << k;
    }
    *infinity = (__mmask8)inf;
    *larger = (__mmask8)large;
    return (__mmask8)good;
}

/* Stores up to eight points. */
static void ts_g1a8_store(ts_g1 *out, const ts_g1a8 *p, size_t n) {
    const ts_fp8 zero = ts_fp8_zero();
    const ts_fp8 x = ts_fp8_blend(p->x, p->infinity, &zero), y = ts_fp8_blend(p->y, p->infinity, &zero);
    ts_fp *to_x[8], *to_y[8];
    for (size_t i = 0; i < 8; i++) {
        to_x[i] = &out[i < n ? i : 0].x;
        to_y[i] = &out[i < n ? i : 0].y;
    }
    ts_fp8_store(to_x, ts_v8_first_lanes(n), &x);
    ts_fp8_store(to_y, ts_v8_first_lanes(n), &y);
}

/* Decodes up to eight points; returns lanes that are points of G1. */
static __mmask8 ts_g1a8_decode_var(ts_g1a8 *p, const uint8_t *in, size_t n) {
    ts_fp_block words;
    ts_fp8 right;
    __mmask8 larger, good = ts_g1a8_parse_var(&words, &p->infinity, &larger, in, n);
    p->x = ts_fp8_load_block(&words, ts_fp8_enter_integer);
    ts_g1a8_right_side(&right, &p->x);
    ts_fp8_pow_public(&p->y, &right, ts_fp_sqrt_exponent);
    good &= ts_g1a8_is_root(&p->y, &right) | p->infinity;
    p->y = ts_fp8_negate(&p->y, ts_fp8_is_large(&p->y) ^ larger);
    return good & ts_g1a8_in_subgroup(p);
}

typedef __mmask8 (*ts_g1a8_decoder)(ts_g1a8 *p, const uint8_t *in, size_t n);
typedef int (*ts_g1_decoder)(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n);

/* Where the vector decoder does not take all eight points, of so many bytes each, the scalar one has the last word: it names
 * the first bad point and what is wrong with it, and what it accepts stands. */
TS_INLINE int ts_g1a8_vec_decode_var(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n, size_t size,
                                     ts_g1a8_decoder vector, ts_g1_decoder scalar) {
    for (size_t k = 0; k < n; k += 8) {
        ts_g1a8 p;
        if (vector(&p, in + size * k, n - k) == 0xff) {
            ts_g1a8_store(out + k, &p, n - k);
            continue;
        }
        const int code = scalar(out + k, bad, in + size * k, ts_min(n - k, 8));
        if (code == TS_OK) continue;
        *bad += k;
        return ts_refuse(code, out, n * sizeof *out);
    }
    return TS_OK;
}

static int ifma_g1_vec_from_bytes_var(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    return ts_g1a8_vec_decode_var(out, bad, in, n, TS_G1_BYTES, ts_g1a8_decode_var, g1_vec_from_bytes_var);
}

/* Loads up to eight points as integers; returns those at infinity, which read as zero. */
static __mmask8 ts_g1a8_integers(ts_fp8 *x, ts_fp8 *y, const ts_g1 *a, size_t n) {
    ts_v8 wx[8], wy[8];
    const __mmask8 infinity = ts_g1a8_words(wx, wy, a, n);
    *x = ts_fp8_clean(ts_fp8_from_words(wx));
    *y = ts_fp8_clean(ts_fp8_from_words(wy));
    ts_fp8_leave_pair(x, y);
    return infinity;
}

/* words |= flag, in lanes of the mask. */
TS_INLINE ts_v8 ts_v8_flag(ts_v8 words, __mmask8 m, unsigned flag) {
    return _mm512_mask_or_epi64(words, m, words, ts_v8_set1((uint64_t)flag << 56));
}

static void ifma_g1_vec_to_bytes(uint8_t *out, const ts_g1 *a, size_t n) {
    for (size_t k = 0; k < n; k += 8) {
        ts_fp8 x, y;
        ts_v8 w[6];
        const __mmask8 infinity = ts_g1a8_integers(&x, &y, a + k, n - k);
        ts_fp8_to_words(w, &x);
        w[5] = ts_v8_flag(w[5], 0xff, TS_G1_FLAG_COMPRESSED);
        w[5] = ts_v8_flag(w[5], infinity, TS_G1_FLAG_INFINITY);
        w[5] = ts_v8_flag(w[5], ts_fp8_is_large_integer(&y), TS_G1_FLAG_LARGER_Y);
        ts_fp8_put_be(out + TS_G1_BYTES * k, TS_G1_BYTES, w, n - k);
    }
}

static void ifma_g1_vec_to_affine(uint8_t *out, const ts_g1 *a, size_t n) {
    for (size_t k = 0; k < n; k += 8, out += 8 * 2 * TS_FP_BYTES) {
        ts_fp8 x, y;
        ts_v8 w[6];
        (void)ts_g1a8_integers(&x, &y, a + k, n - k);
        ts_fp8_to_words(w, &x);
        ts_fp8_put_be(out, 2 * TS_FP_BYTES, w, n - k);
        ts_fp8_to_words(w, &y);
        ts_fp8_put_be(out + TS_FP_BYTES, 2 * TS_FP_BYTES, w, n - k);
    }
}

/* Up to eight points of 96 bytes; returns lanes that lie on the curve. */
static __mmask8 ts_g1a8_decode_affine_var(ts_g1a8 *p, const uint8_t *in, size_t n) {
    ts_fp_block x, y;
    ts_fp8 right;
    unsigned good = 0, inf = 0;
    memset(&x, 0, sizeof x);
    memset(&y, 0, sizeof y);
    for (size_t k = 0; k < 8; k++) {
        const uint8_t *q = in + 2 * TS_FP_BYTES * k;
        if (k < n && (ts_fp_decode(x.v[k].l, q) != TS_OK || ts_fp_decode(y.v[k].l, q + TS_FP_BYTES) != TS_OK)) continue;
        good |= 1U << k;
        inf |= (unsigned)(ts_limbs_is_zero(x.v[k].l, TS_FP_LIMBS) & ts_limbs_is_zero(y.v[k].l, TS_FP_LIMBS) & 1) << k;
    }
    p->infinity = (__mmask8)inf;
    p->x = ts_fp8_load_block(&x, ts_fp8_enter_integer);
    p->y = ts_fp8_load_block(&y, ts_fp8_enter_integer);
    ts_g1a8_right_side(&right, &p->x);
    return (__mmask8)good & (ts_g1a8_is_root(&p->y, &right) | p->infinity);
}

static int ifma_g1_vec_from_affine_var(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    return ts_g1a8_vec_decode_var(out, bad, in, n, 2 * TS_FP_BYTES, ts_g1a8_decode_affine_var, g1_vec_from_affine_var);
}

#endif
