/* SPDX-License-Identifier: Apache-2.0 */
/* Modular inversion by divsteps: Bernstein and Yang, "Fast constant-time gcd computation and modular
 * inversion", TCHES 2019(3), section 8 (integers, 2-adic), with the transition matrices of 62 steps at
 * a time. Constant time.
 *
 * Numbers are signed, in limbs of 62 bits: all limbs but the top one lie in [0, 2^62), the top one is signed.
 * One divstep takes (delta, f, g), f odd, to
 *   (1 - delta, g, (g - f)/2)          if delta > 0 and g is odd,
 *   (1 + delta, f, (g + (g mod 2) f)/2) otherwise.
 * By theorem 11.2, g is 0 after floor((49 d + 57)/17) steps from delta = 1, f = m, g = a if
 * 4 f^2 + 5 g^2 <= 5 * 4^d and d >= 46; then f is plus or minus gcd(m, a). */
#ifndef TS_INVERSE_H
#define TS_INVERSE_H

#include "limbs.h"

#define TS_DIVSTEPS 62
#define TS_DIVSTEPS_MASK (((uint64_t)1 << TS_DIVSTEPS) - 1)
#define TS_SIGNED_MAX 7

/* Batches of 62 steps: d = 256 for r, so 741 steps; d = 382 for p, so 1,104. */
#define TS_INVERSE_BATCHES_255 12
#define TS_INVERSE_BATCHES_381 18

typedef __int128 ts_i128;

/* 2^62 times the linear map of 62 steps: (f, g) to (u f + v g, q f + r g) / 2^62.
 * |u| + |v| <= 2^62 and |q| + |r| <= 2^62. */
typedef struct {
    int64_t u, v, q, r;
} ts_divsteps;

/* The map of the next 62 steps, which depends on the lowest 62 bits of f and g only. Returns the new delta. */
static int64_t ts_divsteps_run(ts_divsteps *t, int64_t delta, uint64_t f, uint64_t g) {
    uint64_t u = 1, v = 0, q = 0, r = 1;
    for (int i = 0; i < TS_DIVSTEPS; i++) {
        uint64_t odd = ts_ct_mask(g & 1);
        uint64_t positive = ts_ct_mask((uint64_t)-delta >> 63);
        /* The second row gets the first one added, or subtracted where delta > 0. */
        g += ((f ^ positive) - positive) & odd;
        q += ((u ^ positive) - positive) & odd;
        r += ((v ^ positive) - positive) & odd;
        /* Where both hold, the first row becomes the old second one, which is their sum now. */
        uint64_t swap = odd & positive;
        f += g & swap;
        u += q & swap;
        v += r & swap;
        delta = (int64_t)(((uint64_t)delta ^ swap) - swap) + 1;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    *t = (ts_divsteps){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
    return delta;
}

/* The limb that position i of a sum leaves behind, and the carry that it moves up. */
TS_INLINE int64_t ts_signed_limb(ts_i128 *sum) {
    int64_t limb = (int64_t)((uint64_t)*sum & TS_DIVSTEPS_MASK);
    *sum >>= TS_DIVSTEPS;
    return limb;
}

/* (f, g) = (u f + v g, q f + r g) / 2^62; the lowest limbs of the sums are zero. */
TS_INLINE void ts_divsteps_apply(int64_t *f, int64_t *g, const ts_divsteps *t, int n) {
    ts_i128 sf = (ts_i128)t->u * f[0] + (ts_i128)t->v * g[0];
    ts_i128 sg = (ts_i128)t->q * f[0] + (ts_i128)t->r * g[0];
    sf >>= TS_DIVSTEPS;
    sg >>= TS_DIVSTEPS;
    TS_UNROLL(7)
    for (int i = 1; i < n; i++) {
        sf += (ts_i128)t->u * f[i] + (ts_i128)t->v * g[i];
        sg += (ts_i128)t->q * f[i] + (ts_i128)t->r * g[i];
        f[i - 1] = ts_signed_limb(&sf);
        g[i - 1] = ts_signed_limb(&sg);
    }
    f[n - 1] = (int64_t)sf;
    g[n - 1] = (int64_t)sg;
}

/* One row of the same modulo m: (u d + v e) / 2^62 for d, e in (-2 m, m). Adding m where d or e is negative
 * brings them into (-m, m), and the sum s into (-2^62 m, 2^62 m); then (s - k m) / 2^62 with
 * k = s / m mod 2^62 lies in (-2 m, m) again. Returns the factor of m. */
TS_INLINE int64_t ts_divsteps_correction(int64_t u, int64_t v, int64_t d0, int64_t e0, int64_t d_top, int64_t e_top,
                                         const int64_t *m, uint64_t m_inv) {
    const int64_t lift = (int64_t)(((uint64_t)u & ts_ct_mask((uint64_t)d_top >> 63)) +
                                   ((uint64_t)v & ts_ct_mask((uint64_t)e_top >> 63)));
    const uint64_t low = (uint64_t)u * (uint64_t)d0 + (uint64_t)v * (uint64_t)e0 + (uint64_t)lift * (uint64_t)m[0];
    return lift - (int64_t)(low * m_inv & TS_DIVSTEPS_MASK);
}

TS_INLINE void ts_divsteps_apply_mod(int64_t *d, int64_t *e, const ts_divsteps *t, const int64_t *m, uint64_t m_inv,
                                     int n) {
    const int64_t kd = ts_divsteps_correction(t->u, t->v, d[0], e[0], d[n - 1], e[n - 1], m, m_inv);
    const int64_t ke = ts_divsteps_correction(t->q, t->r, d[0], e[0], d[n - 1], e[n - 1], m, m_inv);
    ts_i128 sd = (ts_i128)t->u * d[0] + (ts_i128)t->v * e[0] + (ts_i128)kd * m[0];
    ts_i128 se = (ts_i128)t->q * d[0] + (ts_i128)t->r * e[0] + (ts_i128)ke * m[0];
    sd >>= TS_DIVSTEPS;
    se >>= TS_DIVSTEPS;
    TS_UNROLL(7)
    for (int i = 1; i < n; i++) {
        sd += (ts_i128)t->u * d[i] + (ts_i128)t->v * e[i] + (ts_i128)kd * m[i];
        se += (ts_i128)t->q * d[i] + (ts_i128)t->r * e[i] + (ts_i128)ke * m[i];
        d[i - 1] = ts_signed_limb(&sd);
        e[i - 1] = ts_signed_limb(&se);
    }
    d[n - 1] = (int64_t)sd;
    e[n - 1] = (int64_t)se;
}

/* From words of 64 bits to n limbs of 62, and back for a number in [0, 2^(64 words)). */
TS_INLINE void ts_signed_from_limbs(int64_t *out, const uint64_t *a, int words, int n) {
    TS_UNROLL(7)
    for (int i = 0; i < n; i++) {
        const int bit = TS_DIVSTEPS * i, word = bit / 64, shift = bit % 64;
        uint64_t v = word < words ? a[word] >> shift : 0;
        if (shift > 2 && word + 1 < words) v |= a[word + 1] << (64 - shift);
        out[i] = (int64_t)(v & TS_DIVSTEPS_MASK);
    }
}

TS_INLINE void ts_signed_to_limbs(uint64_t *out, const int64_t *a, int words, int n) {
    TS_UNROLL(7)
    for (int i = 0; i < words; i++) {
        const int limb = 64 * i / TS_DIVSTEPS, shift = 64 * i % TS_DIVSTEPS;
        out[i] = (uint64_t)a[limb] >> shift;
        if (limb + 1 < n) out[i] |= (uint64_t)a[limb + 1] << (TS_DIVSTEPS - shift);
        if (limb + 2 < n && shift > 60) out[i] |= (uint64_t)a[limb + 2] << (2 * TS_DIVSTEPS - shift);
    }
}

/* a = (sign-adjusted a) + (m where the mask is set), limbs normalised. */
TS_INLINE void ts_signed_add_masked(int64_t *a, uint64_t mask, const int64_t *m, int n) {
    int64_t carry = 0;
    TS_UNROLL(7)
    for (int i = 0; i < n; i++) {
        const int64_t s = a[i] + (int64_t)((uint64_t)m[i] & mask) + carry;
        carry = s >> TS_DIVSTEPS;
        a[i] = i + 1 < n ? (int64_t)((uint64_t)s & TS_DIVSTEPS_MASK) : s;
    }
}

/* out = 1/a mod m, or 0 for a = 0; a < m, m an odd prime. m_inv = -1/m mod 2^64. words is 4 or 6, n the limbs of 62
 * bits that hold numbers in (-2 m, m). */
TS_INLINE void ts_limbs_inverse(uint64_t *out, const uint64_t *a, const uint64_t *modulus, uint64_t m_inv, int words,
                                int n, int batches) {
    int64_t f[TS_SIGNED_MAX], g[TS_SIGNED_MAX], m[TS_SIGNED_MAX];
    int64_t d[TS_SIGNED_MAX] = {0}, e[TS_SIGNED_MAX] = {1};
    int64_t delta = 1;
    ts_signed_from_limbs(m, modulus, words, n);
    ts_signed_from_limbs(g, a, words, n);
    memcpy(f, m, sizeof f);
    for (int i = 0; i < batches; i++) {
        ts_divsteps t;
        delta = ts_divsteps_run(&t, delta, (uint64_t)f[0] | (uint64_t)f[1] << TS_DIVSTEPS,
                                (uint64_t)g[0] | (uint64_t)g[1] << TS_DIVSTEPS);
        ts_divsteps_apply(f, g, &t, n);
        ts_divsteps_apply_mod(d, e, &t, m, 0 - m_inv, n);
    }
    /* Now f = 1 or -1 and d = f / a, in (-2 m, m): into (-m, m), times f, into [0, m). */
    const uint64_t negative = ts_ct_mask((uint64_t)f[n - 1] >> 63);
    ts_signed_add_masked(d, ts_ct_mask((uint64_t)d[n - 1] >> 63), m, n);
    TS_UNROLL(7)
    for (int i = 0; i < n; i++) d[i] = (int64_t)(((uint64_t)d[i] ^ negative) - negative);
    ts_signed_add_masked(d, 0, m, n);
    ts_signed_add_masked(d, ts_ct_mask((uint64_t)d[n - 1] >> 63), m, n);
    ts_signed_to_limbs(out, d, words, n);
    ts_wipe(f, sizeof f);
    ts_wipe(g, sizeof g);
    ts_wipe(d, sizeof d);
    ts_wipe(e, sizeof e);
}

#endif
