/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_ZQ_IMPL_H
#define TS_ZQ_IMPL_H

#include "../field/fr_impl.h"
#include "zq.h"

/* ---- element-wise ---- */

static void zq_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m) {
    const uint64_t p = m->p;
    for (size_t k = 0; k < n; k++) out[k] = ts_zq_less(a[k] + b[k], p);
}

static void zq_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m) {
    const uint64_t p = m->p;
    for (size_t k = 0; k < n; k++) out[k] = ts_zq_less(a[k] + p - b[k], p);
}

static void zq_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m) {
    for (size_t k = 0; k < n; k++) out[k] = ts_zq_times(a[k], b[k], m);
}

static void zq_muladd(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n,
                      const ts_zq *m) {
    for (size_t k = 0; k < n; k++) out[k] = ts_zq_less(ts_zq_times(a[k], b[k], m) + c[k], m->p);
}

static void zq_mul2(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, const uint64_t *d,
                    size_t n, const ts_zq *m) {
    for (size_t k = 0; k < n; k++) {
        /* Both products together are below 2^50 p. */
        const uint64_t v = ts_zq_redc((ts_u128)a[k] * b[k] + (ts_u128)c[k] * d[k], m);
        out[k] = ts_zq_less(v, m->p);
    }
}

static void zq_dot(uint64_t *out, const uint64_t *const *a, const uint64_t *constants, size_t terms,
                   uint64_t start, size_t n, const ts_zq *m) {
    const int steps = ts_zq_steps(terms);
    TS_ASSERT(terms <= TS_ZQ_MAX_TERMS && start < m->p);
    for (size_t k = 0; k < n; k++) {
        ts_u128 v = (ts_u128)start << TS_ZQ_BITS;
        for (size_t i = 0; i < terms; i++) {
            TS_ASSERT(a[i][k] <= TS_ZQ_MASK);
            v += (ts_u128)a[i][k] * constants[i];
        }
        out[k] = ts_zq_settle(ts_zq_redc(v, m), steps, m);
    }
}

static void zq_small(uint64_t *out, const int64_t *a, size_t n, int factor, const ts_zq *m) {
    const uint64_t *c = m->small[factor];
    for (size_t k = 0; k < n; k++) {
        const uint64_t u = (uint64_t)a[k] + ((uint64_t)1 << 63);
        const ts_u128 v = (ts_u128)(u & TS_ZQ_MASK) * c[0] + (ts_u128)(u >> TS_ZQ_BITS) * c[1];
        out[k] = ts_zq_settle(ts_zq_redc(v, m) + c[2], 2, m);
    }
}

static void zq_sum(uint64_t *const out[2], const uint64_t *const *const a[2], const uint64_t *const *b,
                   const uint64_t *weights, size_t terms, size_t n, const ts_zq *m) {
    TS_ASSERT(terms <= TS_ZQ_MAX_TERMS);
    for (size_t k = 0; k < n; k++) {
        ts_u128 v[2] = {0, 0};
        for (size_t u = 0; u < terms; u++) {
            const uint64_t c = ts_zq_times(b[u][k], weights[u], m);
            for (int i = 0; i < 2; i++) v[i] += (ts_u128)a[i][u][k] * c;
        }
        for (int i = 0; i < 2; i++) out[i][k] = ts_zq_settle(ts_zq_redc(v[i], m), ts_zq_steps(terms), m);
    }
}

/* ---- from residues to Fr ---- */

/* v += a b, a below 2^52 and v below 2^320 in the end. */
TS_INLINE void ts_zq_crt_add(uint64_t v[TS_FR_LIMBS + 1], uint64_t a, const ts_fr *b) {
    uint64_t carry = 0;
    for (int i = 0; i < TS_FR_LIMBS; i++) {
        const ts_u128 s = (ts_u128)a * b->l[i] + v[i] + carry;
        v[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
    v[TS_FR_LIMBS] += carry;
}

static void zq_crt(ts_fr *out, const uint64_t *const *t, const ts_fr *weights, const double *inverse, size_t terms,
                   size_t n) {
    for (size_t k = 0; k < n; k++) {
        uint64_t v[TS_FR_LIMBS + 1] = {0};
        double wraps = 0.5;
        for (size_t l = 0; l < terms; l++) {
            ts_zq_crt_add(v, t[l][k], &weights[l]);
            wraps += (double)(int64_t)t[l][k] * inverse[l];
        }
        ts_zq_crt_add(v, (uint64_t)(int64_t)wraps, &weights[terms]);
        /* The weights are in Montgomery form, and so is their sum: v modulo r, by products with 2^256 and 2^512. */
        const uint64_t high[TS_FR_LIMBS] = {v[TS_FR_LIMBS]};
        ts_fr a, b;
        ts_montmul4(a.l, ts_fr_one.l, v, ts_fr_modulus, TS_FR_INV);
        ts_montmul4(b.l, ts_fr_r2.l, high, ts_fr_modulus, TS_FR_INV);
        ts_fr_add(&out[k], &a, &b);
    }
}

/* ---- transforms ---- */

static void zq_arrange(const ts_zq *m) { (void)m; }

/* Layers of butterflies (x, y) -> (x + w y, x - w y): block i of layer m has twiddle m + i (Longa and Naehrig, "Speeding up the
 * number theoretic transform", CANS 2016, algorithm 1). Values stay below 4 p (Harvey, "Faster arithmetic for
 * number-theoretic transforms", 2014). */
static void zq_ntt(uint64_t *a, const ts_zq *m) {
    const size_t n = (size_t)1 << m->bits;
    for (size_t blocks = 1, half = n / 2; blocks < n; blocks *= 2, half /= 2) {
        for (size_t i = 0; i < blocks; i++) {
            const uint64_t w = m->w[blocks + i], q = m->q[blocks + i];
            uint64_t *x = a + 2 * half * i, *y = x + half;
            for (size_t k = 0; k < half; k++) {
                const uint64_t u = ts_zq_less(x[k], 2 * m->p), t = ts_zq_twiddle(y[k], w, q, m);
                x[k] = u + t;
                y[k] = u + 2 * m->p - t;
            }
        }
    }
    for (size_t k = 0; k < n; k++) a[k] = ts_zq_settle(a[k], 2, m);
}

/* The layers backwards: (x, y) -> (x + y, (x - y) / w). As psi^N = -1, 1 / w for block i of a layer is minus the twiddle of block
 * blocks - 1 - i. Values stay below 2 p. */
static void zq_intt(uint64_t *a, const ts_zq *m, int scale) {
    const size_t n = (size_t)1 << m->bits;
    for (size_t blocks = n / 2, half = 1; blocks; blocks /= 2, half *= 2) {
        for (size_t i = 0; i < blocks; i++) {
            const uint64_t w = m->w[2 * blocks - 1 - i], q = m->q[2 * blocks - 1 - i];
            uint64_t *x = a + 2 * half * i, *y = x + half;
            for (size_t k = 0; k < half; k++) {
                const uint64_t sum = x[k] + y[k], difference = y[k] + 2 * m->p - x[k];
                x[k] = ts_zq_less(sum, 2 * m->p);
                y[k] = ts_zq_twiddle(difference, w, q, m);
            }
        }
    }
    for (size_t k = 0; k < n; k++) a[k] = ts_zq_times(a[k], m->scale[scale], m);
}

#endif
