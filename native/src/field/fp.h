/* SPDX-License-Identifier: Apache-2.0 */
/* Fp, the base field of BLS12-381.
 *
 * Representation: ts_fp holds value * 2^384 mod p in six limbs, always below p.
 * Every function runs in constant time, and outputs may alias inputs. */
#ifndef TS_FP_H
#define TS_FP_H

#include "../../include/tallystick.h"
#include "../ct/inverse.h"

#define TS_FP_LIMBS 6
#define TS_FP_BYTES 48
#define TS_FP_SIGNED_LIMBS 7

TS_INLINE void ts_fp_add(ts_fp *out, const ts_fp *a, const ts_fp *b);
TS_INLINE void ts_fp_sub(ts_fp *out, const ts_fp *a, const ts_fp *b);
TS_INLINE void ts_fp_neg(ts_fp *out, const ts_fp *a);
static void ts_fp_mul(ts_fp *out, const ts_fp *a, const ts_fp *b);
static void ts_fp_sqr(ts_fp *out, const ts_fp *a);

/* out = a where the mask is all ones; else out stays. */
TS_INLINE void ts_fp_cmov(ts_fp *out, uint64_t mask, const ts_fp *a);

/* Masks. */
TS_INLINE uint64_t ts_fp_is_zero(const ts_fp *a);
TS_INLINE uint64_t ts_fp_equal(const ts_fp *a, const ts_fp *b);

/* out = any 384-bit integer, reduced modulo p and in Montgomery form; and back. */
TS_INLINE void ts_fp_from_limbs(ts_fp *out, const uint64_t in[TS_FP_LIMBS]);
TS_INLINE void ts_fp_to_limbs(uint64_t out[TS_FP_LIMBS], const ts_fp *a);

/* out = a^e for a public exponent. */
static void ts_fp_pow_public(ts_fp *out, const ts_fp *a, const uint64_t e[TS_FP_LIMBS]);

/* out = 1/a, and 0 for a = 0. */
static void ts_fp_inv(ts_fp *out, const ts_fp *a);

/* out = a root of a if a is a square; returns that as a mask. */
static uint64_t ts_fp_sqrt(ts_fp *out, const ts_fp *a);

/* out[k] = 1/a[k], and 0 for a[k] = 0, by one inversion. out must not alias a. */
static void ts_fp_batch_inv(ts_fp *out, const ts_fp *a, size_t n);

/* A mask: the value is above (p-1)/2, "lexicographically largest" in the point encoding. */
static uint64_t ts_fp_is_large(const ts_fp *a);

/* A mask: the value is odd, sgn0 of RFC 9380. */
static uint64_t ts_fp_is_odd(const ts_fp *a);

#endif
