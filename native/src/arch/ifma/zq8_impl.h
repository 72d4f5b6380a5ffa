/* SPDX-License-Identifier: Apache-2.0 */
/* The element-wise kernels of a ring (cpu/kernels.h), eight residues to a vector. Rows of fewer go to the portable code. */
#ifndef TS_ZQ8_IMPL_H
#define TS_ZQ8_IMPL_H

#include "fr8_impl.h"
#include "zq8.h"

/* Vectors handled together by inner products, so that additions to one sum do not wait for each other. */
#define TS_ZQ8_WIDTH 4

static void ifma_zq_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m) {
    const ts_v8 p = ts_v8_set1(m->p);
    if (n % 8) {
        zq_add(out, a, b, n, m);
        return;
    }
    for (size_t k = 0; k < n; k += 8)
        ts_zq8_store(out + k, ts_zq8_less(ts_v8_add(ts_zq8_load(a + k), ts_zq8_load(b + k)), p));
}

static void ifma_zq_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m) {
    const ts_v8 p = ts_v8_set1(m->p);
    if (n % 8) {
        zq_sub(out, a, b, n, m);
        return;
    }
    for (size_t k = 0; k < n; k += 8) {
        /* A negative difference is the larger one of the two as an unsigned number. */
        const ts_v8 d = ts_v8_sub(ts_zq8_load(a + k), ts_zq8_load(b + k));
        ts_zq8_store(out + k, _mm512_min_epu64(d, ts_v8_add(d, p)));
    }
}

/* a b / 2^52 in [0, p). */
TS_INLINE ts_v8 ts_zq8_times(ts_v8 a, ts_v8 b, const ts_zq8 *c) {
    const ts_v8 lo = ts_v8_lo(ts_v8_zero(), a, b), hi = ts_v8_hi(c->p, a, b);
    const ts_v8 q = ts_v8_lo(ts_v8_zero(), lo, c->inverse);
    return ts_zq8_less(ts_v8_sub(hi, ts_v8_hi(ts_v8_zero(), q, c->p)), c->p);
}

static void ifma_zq_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m) {
    const ts_zq8 c = ts_zq8_constants(m);
    if (n % 8) {
        zq_mul(out, a, b, n, m);
        return;
    }
    for (size_t k = 0; k < n; k += 8)
        ts_zq8_store(out + k, ts_zq8_times(ts_zq8_load(a + k), ts_zq8_load(b + k), &c));
}

static void ifma_zq_muladd(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *addend, size_t n,
                           const ts_zq *m) {
    const ts_zq8 c = ts_zq8_constants(m);
    if (n % 8) {
        zq_muladd(out, a, b, addend, n, m);
        return;
    }
    for (size_t k = 0; k < n; k += 8) {
        const ts_v8 product = ts_zq8_times(ts_zq8_load(a + k), ts_zq8_load(b + k), &c);
        ts_zq8_store(out + k, ts_zq8_less(ts_v8_add(product, ts_zq8_load(addend + k)), c.p));
    }
}

static void ifma_zq_mul2(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *d, const uint64_t *e,
                         size_t n, const ts_zq *m) {
    const ts_zq8 c = ts_zq8_constants(m);
    if (n % 8) {
        zq_mul2(out, a, b, d, e, n, m);
        return;
    }
    for (size_t k = 0; k < n; k += 8) {
        const ts_v8 x = ts_zq8_load(a + k), y = ts_zq8_load(b + k), z = ts_zq8_load(d + k), t = ts_zq8_load(e + k);
        const ts_v8 lo = ts_v8_lo(ts_v8_lo(ts_v8_zero(), x, y), z, t);
        const ts_v8 hi = ts_v8_hi(ts_v8_hi(c.p, x, y), z, t);
        ts_zq8_store(out + k, ts_zq8_less(ts_zq8_redc(lo, hi, &c), c.p));
    }
}

/* width vectors of zq_dot, from coefficient k on. */
TS_INLINE void ts_zq8_dot(uint64_t *out, const uint64_t *const *a, const uint64_t *constants, size_t terms,
                          ts_v8 start, size_t k, int width, const ts_zq *m, const ts_zq8 *c) {
    const int steps = ts_zq_steps(terms);
    ts_v8 lo[TS_ZQ8_WIDTH], hi[TS_ZQ8_WIDTH];
    TS_UNROLL(4)
    for (int j = 0; j < width; j++) {
        lo[j] = ts_v8_zero();
        hi[j] = start;
    }
    for (size_t i = 0; i < terms; i++) {
        const ts_v8 factor = ts_v8_set1(constants[i]);
        TS_UNROLL(4)
        for (int j = 0; j < width; j++) {
            const ts_v8 x = ts_zq8_load(a[i] + k + 8 * (size_t)j);
            ts_v8_assert_below(x, (uint64_t)1 << TS_ZQ_BITS);
            lo[j] = ts_v8_lo(lo[j], x, factor);
            hi[j] = ts_v8_hi(hi[j], x, factor);
        }
    }
    TS_UNROLL(4)
    for (int j = 0; j < width; j++) {
        const ts_v8 v = ts_zq8_redc(lo[j], hi[j], c);
        ts_zq8_store(out + k + 8 * (size_t)j, ts_zq8_settle(v, steps, m));
    }
}

static void ifma_zq_dot(uint64_t *out, const uint64_t *const *a, const uint64_t *constants, size_t terms,
                        uint64_t start, size_t n, const ts_zq *m) {
    const ts_zq8 c = ts_zq8_constants(m);
    const ts_v8 first = ts_v8_set1(m->p + start);
    size_t k = 0;
    TS_ASSERT(terms <= TS_ZQ_MAX_TERMS && start < m->p);
    if (n % 8) {
        zq_dot(out, a, constants, terms, start, n, m);
        return;
    }
    for (; k + 8 * TS_ZQ8_WIDTH <= n; k += 8 * TS_ZQ8_WIDTH)
        ts_zq8_dot(out, a, constants, terms, first, k, TS_ZQ8_WIDTH, m, &c);
    for (; k < n; k += 8) ts_zq8_dot(out, a, constants, terms, first, k, 1, m, &c);
}

static void ifma_zq_small(uint64_t *out, const int64_t *a, size_t n, int factor, const ts_zq *m) {
    const ts_zq8 c = ts_zq8_constants(m);
    const ts_v8 low = ts_v8_set1(m->small[factor][0]), high = ts_v8_set1(m->small[factor][1]);
    const ts_v8 start = ts_v8_set1(m->small[factor][2] + m->p), offset = ts_v8_set1((uint64_t)1 << 63);
    if (n % 8) {
        zq_small(out, a, n, factor, m);
        return;
    }
    for (size_t k = 0; k < n; k += 8) {
        const ts_v8 u = ts_v8_add(_mm512_loadu_si512(a + k), offset), top = ts_v8_carry_unsigned(u);
        const ts_v8 lo = ts_v8_lo(ts_v8_lo(ts_v8_zero(), u, low), top, high);
        const ts_v8 hi = ts_v8_hi(ts_v8_hi(start, u, low), top, high);
        ts_zq8_store(out + k, ts_zq8_settle(ts_zq8_redc(lo, hi, &c), 2, m));
    }
}

/* width vectors of zq_sum, from coefficient k on. */
TS_INLINE void ts_zq8_sum(uint64_t *const out[2], const uint64_t *const *const a[2], const uint64_t *const *b,
                          const uint64_t *weights, size_t terms, size_t k, int width, const ts_zq *m,
                          const ts_zq8 *c) {
    const int steps = ts_zq_steps(terms);
    ts_v8 lo[2][2], hi[2][2];
    TS_UNROLL(2)
    for (int j = 0; j < width; j++) {
        lo[0][j] = lo[1][j] = ts_v8_zero();
        hi[0][j] = hi[1][j] = c->p;
    }
    for (size_t u = 0; u < terms; u++) {
        const ts_v8 y = ts_v8_set1(weights[u]);
        TS_UNROLL(2)
        for (int j = 0; j < width; j++) {
            const size_t at = k + 8 * (size_t)j;
            /* Below 2 p, which is why the sum of at most 63 products is below 2 * 63 * p / 4. */
            const ts_v8 x = ts_zq8_load(b[u] + at);
            const ts_v8 q = ts_v8_lo(ts_v8_zero(), ts_v8_lo(ts_v8_zero(), x, y), c->inverse);
            const ts_v8 factor = ts_v8_sub(ts_v8_hi(c->p, x, y), ts_v8_hi(ts_v8_zero(), q, c->p));
            TS_UNROLL(2)
            for (int i = 0; i < 2; i++) {
                const ts_v8 v = ts_zq8_load(a[i][u] + at);
                lo[i][j] = ts_v8_lo(lo[i][j], v, factor);
                hi[i][j] = ts_v8_hi(hi[i][j], v, factor);
            }
        }
    }
    TS_UNROLL(2)
    for (int j = 0; j < width; j++)
        for (int i = 0; i < 2; i++)
            ts_zq8_store(out[i] + k + 8 * (size_t)j, ts_zq8_settle(ts_zq8_redc(lo[i][j], hi[i][j], c), steps, m));
}

static void ifma_zq_sum(uint64_t *const out[2], const uint64_t *const *const a[2], const uint64_t *const *b,
                        const uint64_t *weights, size_t terms, size_t n, const ts_zq *m) {
    const ts_zq8 c = ts_zq8_constants(m);
    TS_ASSERT(terms <= TS_ZQ_MAX_TERMS);
    if (n % 8) {
        zq_sum(out, a, b, weights, terms, n, m);
        return;
    }
    size_t k = 0;
    for (; k + 16 <= n; k += 16) ts_zq8_sum(out, a, b, weights, terms, k, 2, m, &c);
    for (; k < n; k += 8) ts_zq8_sum(out, a, b, weights, terms, k, 1, m, &c);
}

/* ---- from residues to Fr ---- */

/* The limbs of weight 2^52, Montgomery form included, broadcast; one step of the reduction takes 2^52 off again. */
static void ts_zq8_weights(ts_fr8 *out, const ts_fr *weights, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ts_fr w = weights[i];
        ts_v8 words[4];
        for (int k = 0; k < TS_LIMB_BITS; k++) ts_fr_add(&w, &w, &w);
        ts_v8_broadcast4(words, w.l);
        out[i] = ts_fr8_from_words(words);
    }
}

/* w += a b for one limb a. */
TS_INLINE void ts_zq8_crt_add(ts_fr8w *w, ts_v8 a, const ts_fr8 *b) {
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        w->t[i] = ts_v8_lo(w->t[i], a, b->l[i]);
        w->t[i + 1] = ts_v8_hi(w->t[i + 1], a, b->l[i]);
    }
}

#define TS_ZQ8_CRT_TERMS 32

static void ifma_zq_crt(ts_fr *out, const uint64_t *const *t, const ts_fr *weights, const double *inverse,
                        size_t terms, size_t n) {
    const ts_fr8c c = ts_fr8_constants();
    const ts_v8 order = _mm512_set_epi64(7, 5, 6, 4, 3, 1, 2, 0);
    ts_fr8 weight[TS_ZQ8_CRT_TERMS + 1];
    if (n % 8 || terms > TS_ZQ8_CRT_TERMS) {
        zq_crt(out, t, weights, inverse, terms, n);
        return;
    }
    ts_zq8_weights(weight, weights, terms + 1);
    for (size_t k = 0; k < n; k += 8) {
        ts_fr8w w = ts_fr8w_start(&c, 0);
        __m512d wraps = _mm512_set1_pd(0.5);
        ts_v8 words[4];
        ts_fr8 value;
        for (size_t l = 0; l < terms; l++) {
            const ts_v8 x = ts_zq8_load(t[l] + k);
            ts_zq8_crt_add(&w, x, &weight[l]);
            wraps = _mm512_add_pd(wraps, _mm512_mul_pd(_mm512_cvtepi64_pd(x), _mm512_set1_pd(inverse[l])));
        }
        ts_zq8_crt_add(&w, _mm512_cvttpd_epi64(wraps), &weight[terms]);
        /* (terms 2^50 + 64) r + 2^52 r, over 2^52: below 2^12 r. */
        ts_fr8w_reduce_step(&w, 0, &c);
        TS_UNROLL(5)
        for (int i = 0; i < 5; i++) value.l[i] = w.t[i + 1];
        ts_fr8_settle(words, value, &c);
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) words[i] = _mm512_permutexvar_epi64(order, words[i]);
        ts_v8_store4(out + k, words, 8);
    }
}

#endif
