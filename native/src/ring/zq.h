/* SPDX-License-Identifier: Apache-2.0 */
/* Residues modulo a prime p below 2^50, p = 1 modulo 2 N: the arithmetic under BGV's ring.
 *
 * A residue is one 64-bit word. Rows, arrays of N residues, are canonical (below p) between kernels; inside them
 * values stay below 4 p < 2^52 and are reduced late. A *constant* is kept in Montgomery form, c 2^52 mod p, so that a
 * product with it reduced by 2^52 is plain; 52 bits because AVX-512 multiplies that many, and one form of
 * the constants serves all code paths.
 *
 * Reduction by 2^52: for v = lo + 2^52 hi and m = lo / p mod 2^52, lo and the low half of m p agree, so
 * (v - m p) / 2^52 = hi + floor(lo / 2^52) - floor(m p / 2^52), which lies in (-p, v / 2^52]. Nothing is carried.
 *
 * Every function runs in constant time. */
#ifndef TS_ZQ_H
#define TS_ZQ_H

#include "../../include/tallystick.h"
#include "../ct/ct.h"

#define TS_ZQ_BITS 52
#define TS_ZQ_MASK (((uint64_t)1 << TS_ZQ_BITS) - 1)
#define TS_ZQ_PRIME_BITS 50

/* Terms of one inner product: sums of low halves stay below 2^58. */
#define TS_ZQ_MAX_TERMS 63

/* The factors a small polynomial is lifted with. */
enum { TS_ZQ_BY_ONE, TS_ZQ_BY_2_52, TS_ZQ_BY_R, TS_ZQ_FACTORS };

/* The factors an inverse transform ends with. */
enum { TS_ZQ_OVER_N, TS_ZQ_2_52_OVER_N, TS_ZQ_SCALES };

/* One prime. Twiddle k of [1, N) is the constant psi^rev(k), rev reversing the log2 N bits of k: w holds it, and q holds
 * w / p mod 2^52. The order of both is the code path's own. */
typedef struct {
    uint64_t p;
    uint64_t inverse; /* 1/p mod 2^52 */
    uint64_t one; /* the constant 1: 2^52 mod p */
    uint64_t square; /* 2^104 mod p, to make constants */
    uint64_t psi; /* a constant of order 2 N */
    uint64_t scale[TS_ZQ_SCALES];
    /* x + 2^63 = u_0 + 2^52 u_1 has the lift u_0 small[f][0] + u_1 small[f][1] + small[f][2]; the last one is plain. */
    uint64_t small[TS_ZQ_FACTORS][3];
    uint64_t *w, *q;
    int bits; /* log2 N */
} ts_zq;

/* floor(a b / 2^52) for a, b below 2^52. */
TS_INLINE uint64_t ts_zq_high(uint64_t a, uint64_t b) {
    TS_ASSERT(a <= TS_ZQ_MASK && b <= TS_ZQ_MASK);
    /* The upper word of a product is cheaper to get at than bits in its middle. */
    return (uint64_t)((ts_u128)(a << (64 - TS_ZQ_BITS)) * b >> 64);
}

/* a - bound if that is not negative, else a; a below 2^63. */
TS_INLINE uint64_t ts_zq_less(uint64_t a, uint64_t bound) {
    const uint64_t d = a - bound;
    return d + (bound & ts_ct_mask(d >> 63));
}

/* v / 2^52 modulo p, in (0, floor(v / 2^52) + p]. */
TS_INLINE uint64_t ts_zq_redc(ts_u128 v, const ts_zq *m) {
    const uint64_t q = (uint64_t)v * m->inverse & TS_ZQ_MASK;
    return (uint64_t)(v >> TS_ZQ_BITS) + m->p - ts_zq_high(q, m->p);
}

/* a c / 2^52 in [0, p), for a below 2^52 and c below p. */
TS_INLINE uint64_t ts_zq_times(uint64_t a, uint64_t c, const ts_zq *m) {
    TS_ASSERT(a <= TS_ZQ_MASK && c < m->p);
    return ts_zq_less(ts_zq_redc((ts_u128)a * c, m), m->p);
}

/* a w in (0, 2 p) for a below 2^52 and a constant w with q = w / p mod 2^52. */
TS_INLINE uint64_t ts_zq_twiddle(uint64_t a, uint64_t w, uint64_t q, const ts_zq *m) {
    return ts_zq_high(a, w) + m->p - ts_zq_high(a * q & TS_ZQ_MASK, m->p);
}

/* base^e for constants and a public e. */
static uint64_t ts_zq_power(uint64_t base, uint64_t e, const ts_zq *m) TS_UNUSED;
static uint64_t ts_zq_power(uint64_t base, uint64_t e, const ts_zq *m) {
    uint64_t out = m->one;
    for (; e; e /= 2) {
        if (e & 1) out = ts_zq_times(out, base, m);
        base = ts_zq_times(base, base, m);
    }
    return out;
}

/* a below 2^steps p to a modulo p. */
TS_INLINE uint64_t ts_zq_settle(uint64_t a, int steps, const ts_zq *m) {
    for (int i = steps - 1; i >= 0; i--) a = ts_zq_less(a, m->p << i);
    TS_ASSERT(a < m->p);
    return a;
}

/* The steps that settle a sum of terms products of words below 2^52 and residues, reduced, and a residue: it is at
 * most (terms + 2) p. */
TS_INLINE int ts_zq_steps(size_t terms) {
    int steps = 2;
    while (((size_t)1 << steps) <= terms + 2) steps++;
    return steps;
}

/* The lowest bits of i in reverse order. */
TS_INLINE size_t ts_zq_reverse(size_t i, int bits) {
    size_t out = 0;
    for (int k = 0; k < bits; k++) out |= (i >> k & 1) << (bits - 1 - k);
    return out;
}

#endif
