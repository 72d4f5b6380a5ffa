/* SPDX-License-Identifier: Apache-2.0 */
/* Points of E: y^2 = x^3 + 4 over Fp, and of its subgroup G1 of order r.
 *
 * Representations: ts_g1 is affine, all zero for infinity ((0, 0) is not on the curve; and y = 0 is
 * the y of no point, for the order of E(Fp) is odd). ts_g1p is homogeneous projective, x = X/Z,
 * y = Y/Z; infinity is (0 : Y : 0), Y not zero.
 * The projective formulas are those of Renes, Costello and Batina ("Complete addition formulas for
 * prime order elliptic curves", Eurocrypt 2016), algorithms 7 to 9 for a = 0. They hold for every pair of
 * points of a curve without points of order two, so for all of E(Fp), inside G1 or not.
 * Every function runs in constant time unless its name ends in _var, and outputs may alias inputs. */
#ifndef TS_G1_H
#define TS_G1_H

#include "../field/fp.h"
#include "../field/fr.h"

#define TS_G1_BYTES 48

typedef struct {
    ts_fp x, y, z;
} ts_g1p;

static void ts_g1p_set_identity(ts_g1p *out);
static void ts_g1p_from_affine(ts_g1p *out, const ts_g1 *a);
static void ts_g1p_add(ts_g1p *out, const ts_g1p *a, const ts_g1p *b);
static void ts_g1p_add_affine(ts_g1p *out, const ts_g1p *a, const ts_g1 *b);
static void ts_g1p_double(ts_g1p *out, const ts_g1p *a);
static void ts_g1p_cmov(ts_g1p *out, uint64_t mask, const ts_g1p *a);

/* Points handled at a time by the batched conversions; bounds their use of the stack. */
#define TS_G1_BATCH 64

/* out[k] = a[k] in affine form, by one inversion; n <= TS_G1_BATCH. */
static void ts_g1_from_projective(ts_g1 *out, const ts_g1p *a, size_t n);

/* out = |z| a for the parameter z of the curve. */
static void ts_g1p_mul_z(ts_g1p *out, const ts_g1p *a);

/* out = s a for any a in G1; a point outside G1 gives a wrong result. */
static void ts_g1p_mul(ts_g1p *out, const ts_g1 *a, const ts_fr *s);

/* A mask: the point is infinity. */
TS_INLINE uint64_t ts_g1_is_identity(const ts_g1 *a) { return ts_fp_is_zero(&a->y); }

/* A mask: a point of E lies in G1. */
static uint64_t ts_g1_in_subgroup(const ts_g1 *a);

#endif
