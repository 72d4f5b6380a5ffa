/* SPDX-License-Identifier: Apache-2.0 */
/* BGV's ring for one parameter set: what ts_ring_init lays out in the caller's memory. Public numbers only.
 *
 * Letters as in spec/ring.md: L primes p_l, the first L' of them kept; rows are residues modulo one prime each. */
#ifndef TS_RING_H
#define TS_RING_H

#include "../cpu/cpu.h"
#include "zq.h"

#define TS_RING_MIN_DEGREE 4
#define TS_RING_MAX_DEGREE ((size_t)1 << 20)
#define TS_RING_MAX_PRIMES 32
#define TS_RING_MAX_WIDE 32
#define TS_RING_MAX_SHIFTS TS_ZQ_MAX_TERMS

/* An element of Fr as an integer has five limbs of 52 bits. */
#define TS_RING_FR_LIMBS 5

/* Coefficients handled together where all primes are taken in turn: their limbs stay in the L1 cache. */
#define TS_RING_TILE 256

struct ts_ring {
    const ts_cpu *cpu;
    size_t degree, primes, kept, wide;
    ts_zq *zq;
    /* Row l of each: the constants of an inner product modulo p_l. */
    uint64_t *field; /* 2^(52 i), then what lifts the two limbs of a small coefficient times r */
    uint64_t *field_start; /* what a small coefficient times r starts with */
    uint64_t *drown; /* r 2^(52 j) for the wide limbs, then -2^(52 i) */
    uint64_t *switch_in; /* l >= L': (r P/p_l)^-1 */
    uint64_t *switch_out; /* l < L': -(r P/p_j)/P for each dropped j, then 1/P */
    uint64_t *crt_in; /* l < L': (q'/p_l)^-1 */
    double *inverse; /* 1/p_l */
    ts_fr *crt_out; /* l < L': P q'/p_l modulo r; then -P q' modulo r */
};

#define TS_RING_FIELD_TERMS (TS_RING_FR_LIMBS + 2)

#endif
