/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of affine additions that share one inversion (Montgomery's trick), eight lanes wide: the working part of
 * multi-scalar multiplication.
 *
 * A sum costs an inversion's share (three products), a slope (one), a square and a product: 5 M + 1 S, against
 * about 11 M for a projective one. The denominators x2 - x1 of a batch are multiplied up, the product is inverted,
 * and a second pass backwards takes out each inverse. Equal points, which need the denominator 2 y, and opposite
 * ones, which need none, are told apart from the rest by x2 - x1 = 0 and served by the same pass: cost, not
 * correctness, is what they can change. See P. Montgomery, "Speeding the Pollard and elliptic curve methods of
 * factorization", section 10.3.1 (Math. Comp. 48, 1987), for the trick, and the use in Pippenger's method by
 * Bernstein, Doumen, Lange and Oosterwijk, "Faster batch forgery identification" (Indocrypt 2012), section 5.
 *
 * Variable time: running time shows which pairs were equal or opposite. */
#ifndef TS_G1M_H
#define TS_G1M_H

#include "fp8_impl.h"

/* A point, 52-bit limbs in the domain of 2^416, tidy; infinity is all zero. A cache line a coordinate. */
typedef struct {
    uint64_t x[8], y[8];
} __attribute__((aligned(64))) ts_g1m;

/* A base point, its coordinates below p, and the x of its image under (x, y) to (beta x, y). */
typedef struct {
    uint64_t x[8], y[8], image_x[8];
} __attribute__((aligned(64))) ts_g1m_base;

/* A point as an operand: the address of the x to use, and flags in the bits that alignment leaves free. */
typedef uintptr_t ts_g1m_ref;
#define TS_REF_NEGATE 1 /* the negative of the point */
#define TS_REF_IMAGE 2  /* x is image_x, so y comes before it */
#define TS_REF_FLAGS 63

TS_INLINE const uint64_t *ts_ref_x(ts_g1m_ref r) { return (const uint64_t *)(r & ~(uintptr_t)TS_REF_FLAGS); }
TS_INLINE const uint64_t *ts_ref_y(ts_g1m_ref r) { return ts_ref_x(r) + 8 - 8 * (r & TS_REF_IMAGE); }

/* Sums in one batch; the running products of a batch lie on the caller's side, one for eight pairs. */
#define TS_G1M_BATCH 4096
typedef struct {
    ts_fp8 product[TS_G1M_BATCH / 8];
} ts_g1m_products;

/* out[k] = op[2 k] + op[2 k + 1], for n <= TS_G1M_BATCH sums; without out, each sum replaces its first operand, which
 * must be a ts_g1m and occur once. No operand is infinity. op must have room for 32 more references; out does not overlap
 * operands. Returns whether a sum is infinity. */
static int ts_g1m_add_var(ts_g1m *out, ts_g1m_ref *op, size_t n, ts_g1m_products *scratch);

#endif
