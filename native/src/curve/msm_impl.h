/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_MSM_IMPL_H
#define TS_MSM_IMPL_H

#include "../field/fr_impl.h"
#include "g1_impl.h"
#include "msm.h"

#define TS_MSM_ALIGN 64

/* ---- scratch ---- */

/* Returns the present position, aligned, and moves on by size bytes. */
static void *ts_msm_take(uintptr_t *at, size_t size) {
    uintptr_t start = (*at + TS_MSM_ALIGN - 1) / TS_MSM_ALIGN * TS_MSM_ALIGN;
    *at = start + size;
    return (void *)start;
}

/* Lays the areas out from the given address; returns the address after the last. */
static uintptr_t ts_msm_layout(ts_msm *s, uintptr_t at, size_t n) {
    const size_t few = n < TS_MSM_SLOTS / TS_MSM_GROUP ? n * TS_MSM_GROUP : TS_MSM_SLOTS;
    s->slots = n > few ? n : few;
    s->scalar = ts_msm_take(&at, n * sizeof *s->scalar);
    s->term = ts_msm_take(&at, n * sizeof *s->term);
    s->digit = ts_msm_take(&at, s->slots * sizeof *s->digit);
    s->carry = ts_msm_take(&at, n * sizeof *s->carry);
    s->start = ts_msm_take(&at, (TS_MSM_MAX_BUCKETS + 1) * sizeof *s->start);
    s->count = ts_msm_take(&at, TS_MSM_MAX_BUCKETS * sizeof *s->count);
    s->work = ts_msm_take(&at, s->slots * sizeof *s->work);
    s->pair = ts_msm_take(&at, TS_MSM_BATCH * sizeof *s->pair);
    s->slope = ts_msm_take(&at, TS_MSM_BATCH * sizeof *s->slope);
    s->inverse = ts_msm_take(&at, TS_MSM_BATCH * sizeof *s->inverse);
    s->window = ts_msm_take(&at, TS_MSM_MAX_WINDOWS * sizeof *s->window);
    return at;
}

static size_t g1_msm_scratch(size_t n) {
    ts_msm s;
    return (size_t)ts_msm_layout(&s, 0, n) + TS_MSM_ALIGN;
}

/* ---- terms ---- */

static unsigned ts_bit_length_var(const uint64_t v[TS_FR_LIMBS]) {
    for (int i = TS_FR_LIMBS - 1; i >= 0; i--)
        if (v[i]) return (unsigned)(64 * i + 64 - __builtin_clzll(v[i]));
    return 0;
}

/* Keeps the terms that matter, with the absolute values of their scalars. */
static void ts_msm_collect(ts_msm *s, const ts_g1 *points, const ts_fr *scalars, size_t n) {
    s->terms = 0, s->longest = 0, s->bits = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t v[TS_FR_LIMBS], minus[TS_FR_LIMBS];
        if (ts_fr_is_zero(&scalars[i]) || ts_g1_is_identity(&points[i])) continue;
        ts_fr_to_limbs(v, &scalars[i]);
        (void)ts_limbs_sub(minus, ts_fr_modulus, v, TS_FR_LIMBS);
        int negative = (int)ts_limbs_less(minus, v, TS_FR_LIMBS);
        memcpy(s->scalar[s->terms], negative ? minus : v, sizeof v);
        s->term[s->terms] = (uint32_t)(2 * i) + (uint32_t)negative;
        unsigned length = ts_bit_length_var(s->scalar[s->terms]);
        s->longest = length > s->longest ? length : s->longest;
        s->bits += length;
        s->terms++;
    }
}

/* The width that minimises the additions into buckets, one for each digit, and those that add the
 * buckets up, two for each, each at twice the price. */
static unsigned ts_msm_choose_window(const ts_msm *s) {
    unsigned best = 1;
    uint64_t best_cost = UINT64_MAX;
    for (unsigned c = 1; c <= TS_MSM_MAX_WINDOW; c++) {
        uint64_t cost = s->bits / c + (s->longest / c + 1) * ((uint64_t)4 << (c - 1));
        if (cost < best_cost) best = c, best_cost = cost;
    }
    return best;
}

/* Bits at to at + c - 1. */
TS_INLINE uint32_t ts_msm_bits(const uint64_t v[TS_FR_LIMBS], unsigned at, unsigned c) {
    unsigned limb = at / 64, shift = at % 64;
    if (limb >= TS_FR_LIMBS) return 0;
    uint64_t bits = v[limb] >> shift;
    if (shift + c > 64 && limb + 1 < TS_FR_LIMBS) bits |= v[limb + 1] << (64 - shift);
    return (uint32_t)(bits & (((uint64_t)1 << c) - 1));
}

/* Writes the digits of window w, in [-2^(c-1) + 1, 2^(c-1)], times the terms' signs, and counts them in the given
 * buckets. Windows come lowest first, for the sake of the carries. */
static void ts_msm_digits(ts_msm *s, int32_t *digit, uint32_t *count, unsigned w, unsigned c) {
    const uint32_t half = (uint32_t)1 << (c - 1);
    for (size_t i = 0; i < s->terms; i++) {
        uint32_t v = ts_msm_bits(s->scalar[i], w * c, c) + s->carry[i];
        s->carry[i] = v > half;
        uint32_t magnitude = v > half ? 2 * half - v : v;
        int negative = (int)(v > half) ^ (int)(s->term[i] & 1);
        digit[i] = negative ? -(int32_t)magnitude : (int32_t)magnitude;
        if (magnitude) count[magnitude - 1]++;
    }
}

/* Copies the points, negated where the digit is negative, to the places in work of one window's buckets; counts
 * them again on the way. */
static void ts_msm_scatter(ts_msm *s, const int32_t *digit, uint32_t first, const ts_g1 *points) {
    for (size_t i = 0; i < s->terms; i++) {
        int32_t d = digit[i];
        if (d == 0) continue;
        uint32_t b = first + (uint32_t)(d < 0 ? -d : d) - 1;
        ts_g1 *to = &s->work[s->start[b] + s->count[b]++];
        *to = points[s->term[i] / 2];
        if (d < 0) ts_fp_neg(&to->y, &to->y);
    }
}

/* ---- affine additions that share an inversion ---- */

/* The slope's denominator; zero where the sum needs no slope. */
TS_INLINE void ts_g1_slope_den_var(ts_fp *out, const ts_g1 *a, const ts_g1 *b) {
    ts_fp_sub(out, &b->x, &a->x);
    if (ts_fp_is_zero(out) && ts_fp_equal(&a->y, &b->y)) ts_fp_double(out, &a->y);
}

/* out = a + b, given the inverse of the slope's denominator. */
static void ts_g1_add_slope_var(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, const ts_fp *inverse) {
    ts_fp m, x, t;
    if (ts_g1_is_identity(a) || ts_g1_is_identity(b)) {
        *out = ts_g1_is_identity(a) ? *b : *a;
        return;
    }
    if (ts_fp_is_zero(inverse)) {
        memset(out, 0, sizeof *out);
        return;
    }
    ts_fp_sub(&m, &b->y, &a->y);
    if (ts_fp_equal(&a->x, &b->x)) {
        ts_fp_sqr(&m, &a->x);
        ts_fp_mul3(&m, &m);
    }
    ts_fp_mul(&m, &m, inverse);
    ts_fp_sqr(&x, &m);
    ts_fp_add(&t, &a->x, &b->x);
    ts_fp_sub(&x, &x, &t);
    ts_fp_sub(&t, &a->x, &x);
    ts_fp_mul(&m, &m, &t);
    ts_fp_sub(&out->y, &m, &a->y);
    out->x = x;
}

/* Performs the waiting additions in order; a result may overwrite operands of its own addition or of
 * earlier ones, never of later ones. */
static void ts_msm_flush(ts_msm *s, size_t pairs) {
    for (size_t k = 0; k < pairs; k++) {
        const ts_g1 *a = &s->work[s->pair[k].from];
        ts_g1_slope_den_var(&s->slope[k], a, a + 1);
    }
    ts_fp_batch_inv(s->inverse, s->slope, pairs);
    for (size_t k = 0; k < pairs; k++) {
        const ts_g1 *a = &s->work[s->pair[k].from];
        ts_g1_add_slope_var(&s->work[s->pair[k].to], a, a + 1, &s->inverse[k]);
    }
}

/* Halves every bucket that holds more than one point; returns whether there was any. */
static int ts_msm_halve(ts_msm *s, uint32_t buckets) {
    size_t waiting = 0;
    int any = 0;
    for (uint32_t b = 0; b < buckets; b++) {
        uint32_t pairs = s->count[b] / 2, start = s->start[b];
        for (uint32_t j = 0; j < pairs; j++) {
            s->pair[waiting++] = (ts_msm_pair){start + 2 * (size_t)j, start + (size_t)j};
            if (waiting == TS_MSM_BATCH) ts_msm_flush(s, waiting), waiting = 0;
        }
        any |= pairs > 0;
    }
    if (waiting) ts_msm_flush(s, waiting);
    for (uint32_t b = 0; b < buckets; b++) {
        uint32_t pairs = s->count[b] / 2, odd = s->count[b] % 2, start = s->start[b];
        /* The point without a partner moves up behind the sums. */
        if (odd && pairs) s->work[start + pairs] = s->work[start + 2 * (size_t)pairs];
        s->count[b] = pairs + odd;
    }
    return any;
}

/* ---- windows ---- */

/* The sum of (b + 1) * bucket (first + b): running sums from the top. */
static void ts_msm_sum_buckets(ts_g1p *out, const ts_msm *s, uint32_t first, uint32_t buckets) {
    ts_g1p running;
    int started = 0;
    ts_g1p_set_identity(&running);
    ts_g1p_set_identity(out);
    for (uint32_t b = first + buckets; b-- > first;) {
        if (s->count[b]) {
            ts_g1p_add_affine(&running, &running, &s->work[s->start[b]]);
            started = 1;
        }
        if (started) ts_g1p_add(out, out, &running);
    }
}

/* The sums of group windows from window w on, whose buckets lie one after another. */
static void ts_msm_windows(ts_msm *s, const ts_g1 *points, unsigned w, unsigned group, unsigned c) {
    const uint32_t half = (uint32_t)1 << (c - 1), buckets = group * half;
    TS_ASSERT(group * s->terms <= s->slots && buckets <= TS_MSM_MAX_BUCKETS);
    memset(s->count, 0, buckets * sizeof *s->count);
    for (unsigned g = 0; g < group; g++) ts_msm_digits(s, s->digit + g * s->terms, s->count + g * half, w + g, c);
    s->start[0] = 0;
    for (uint32_t b = 0; b < buckets; b++) s->start[b + 1] = s->start[b] + s->count[b];
    memset(s->count, 0, buckets * sizeof *s->count);
    for (unsigned g = 0; g < group; g++) ts_msm_scatter(s, s->digit + g * s->terms, g * half, points);
    while (ts_msm_halve(s, buckets)) {
    }
    for (unsigned g = 0; g < group; g++) ts_msm_sum_buckets(&s->window[w + g], s, g * half, half);
}

static void ts_msm_buckets(ts_g1p *out, ts_msm *s, const ts_g1 *points) {
    const unsigned c = ts_msm_choose_window(s);
    /* The top bit's window may carry out, unless it has bits to spare; one more window takes that. */
    const unsigned windows = s->longest / c + 1;
    const size_t most = s->slots / s->terms < TS_MSM_MAX_BUCKETS >> (c - 1) ? s->slots / s->terms
                                                                          : TS_MSM_MAX_BUCKETS >> (c - 1);
    TS_ASSERT(windows <= TS_MSM_MAX_WINDOWS);
    memset(s->carry, 0, s->terms);
    for (unsigned w = 0, group; w < windows; w += group) {
        group = windows - w < most ? windows - w : (unsigned)most;
        ts_msm_windows(s, points, w, group, c);
    }
    *out = s->window[windows - 1];
    for (unsigned w = windows - 1; w-- > 0;) {
        for (unsigned k = 0; k < c; k++) ts_g1p_double(out, out);
        ts_g1p_add(out, out, &s->window[w]);
    }
}

static void ts_msm_few(ts_g1p *out, const ts_msm *s, const ts_g1 *points, const ts_fr *scalars) {
    ts_g1p_set_identity(out);
    for (size_t i = 0; i < s->terms; i++) {
        ts_g1p t;
        ts_g1p_mul(&t, &points[s->term[i] / 2], &scalars[s->term[i] / 2]);
        ts_g1p_add(out, out, &t);
    }
}

static void g1_msm_rows_var(ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows, void *scratch) {
    ts_msm s;
    ts_g1p batch[TS_G1_BATCH];
    TS_ASSERT(n <= TS_MSM_MAX_POINTS);
    (void)ts_msm_layout(&s, (uintptr_t)scratch, n);
    for (size_t i = 0; i < m; i += TS_G1_BATCH) {
        size_t width = m - i < TS_G1_BATCH ? m - i : TS_G1_BATCH;
        for (size_t j = 0; j < width; j++) {
            const ts_fr *row = rows + (i + j) * n;
            ts_msm_collect(&s, points, row, n);
            if (s.terms <= TS_MSM_FEW)
                ts_msm_few(&batch[j], &s, points, row);
            else
                ts_msm_buckets(&batch[j], &s, points);
        }
        ts_g1_from_projective(out + i, batch, width);
    }
    ts_wipe(scratch, g1_msm_scratch(n));
}

#endif
