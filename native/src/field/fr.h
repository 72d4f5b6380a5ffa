/* SPDX-License-Identifier: Apache-2.0 */
/* Fr, the scalar field of BLS12-381.
 *
 * Representation: ts_fr holds value * 2^256 mod r in four limbs, always below r.
 * Every function runs in constant time unless its name ends in _var, and outputs may alias inputs. */
#ifndef TS_FR_H
#define TS_FR_H

#include "../../include/tallystick.h"
#include "../ct/inverse.h"

#define TS_FR_LIMBS 4
#define TS_FR_BITS 255
#define TS_FR_SIGNED_LIMBS 5
#define TS_FR_TWO_ADICITY 32

TS_INLINE void ts_fr_add(ts_fr *out, const ts_fr *a, const ts_fr *b);
TS_INLINE void ts_fr_sub(ts_fr *out, const ts_fr *a, const ts_fr *b);
TS_INLINE void ts_fr_neg(ts_fr *out, const ts_fr *a);
TS_INLINE void ts_fr_mul(ts_fr *out, const ts_fr *a, const ts_fr *b);

/* out = a where the mask is all ones; else out stays. */
TS_INLINE void ts_fr_cmov(ts_fr *out, uint64_t mask, const ts_fr *a);

/* Masks. */
TS_INLINE uint64_t ts_fr_is_zero(const ts_fr *a);
TS_INLINE uint64_t ts_fr_equal(const ts_fr *a, const ts_fr *b);

/* out = any 256-bit integer, reduced modulo r and in Montgomery form; and back. */
TS_INLINE void ts_fr_from_limbs(ts_fr *out, const uint64_t in[TS_FR_LIMBS]);
TS_INLINE void ts_fr_to_limbs(uint64_t out[TS_FR_LIMBS], const ts_fr *a);

/* out = 1/a, and 0 for a = 0. */
static void ts_fr_inv(ts_fr *out, const ts_fr *a);

#endif
