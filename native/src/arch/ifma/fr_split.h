/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting scalars for the endomorphism of G1: k = low + high z^2, where z^2 (x, y) = -(beta x, y). Constant time. */
#ifndef TS_FR_SPLIT_H
#define TS_FR_SPLIT_H

#include "../../curve/g1_impl.h"
#include "ifma_constants.h"

/* (-1)^low_negative low + (-1)^high_negative high z^2, both magnitudes at most z^2 / 2 + 1 < 2^127; the signs are masks. */
typedef struct {
    ts_u128 low, high;
    uint64_t low_negative, high_negative;
} ts_fr_halves;

TS_INLINE ts_u128 ts_u128_mask(uint64_t mask) { return (ts_u128)mask << 64 | mask; }

/* The upper half of a product of 128-bit integers. */
TS_INLINE ts_u128 ts_u128_mul_high(ts_u128 a, ts_u128 b) {
    const uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    const ts_u128 p00 = (ts_u128)a0 * b0, p01 = (ts_u128)a0 * b1, p10 = (ts_u128)a1 * b0, p11 = (ts_u128)a1 * b1;
    const ts_u128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;
    return p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
}

/* v is the scalar as an integer below r.
 *
 * First v becomes r - v where v > r / 2, so v < 2^254. With t = floor(v / 2^126) and mu = floor(2^254 / z^2) the quotient
 * q = floor(t mu / 2^128) is at most v / z^2, and less than 3 below it: rounding mu costs t / 2^128 < 1, rounding t costs
 * 2^126 / z^2 < 1, the last floor less than 1. The remainder v - q z^2 lies in [0, 3 z^2); it takes up to three
 * subtractions of z^2, each while more than half of it is left, to bring it into [-z^2 / 2, z^2 / 2]. */
static void ts_fr_split_signed(ts_fr_halves *out, const uint64_t v[TS_FR_LIMBS]) {
    const ts_u128 zz = (ts_u128)ts_g1_z_squared[1] << 64 | ts_g1_z_squared[0], half = zz >> 1;
    const ts_u128 mu = (ts_u128)TS_FR_SPLIT_MU_HIGH << 64 | TS_FR_SPLIT_MU_LOW;
    uint64_t u[TS_FR_LIMBS];
    (void)ts_limbs_sub(u, ts_fr_modulus, v, TS_FR_LIMBS);
    const uint64_t negative = ts_ct_mask(ts_limbs_less(u, v, TS_FR_LIMBS));
    ts_limbs_select(u, negative, u, v, TS_FR_LIMBS);
    const ts_u128 t = (ts_u128)(u[3] << 2 | u[2] >> 62) << 64 | (u[2] << 2 | u[1] >> 62);
    ts_u128 q = ts_u128_mul_high(t, mu);
    /* Words 0 to 2 of u - q z^2; the third one is the sign, or an overflow past 128 bits. */
    const ts_u128 low = q * zz, value = (ts_u128)u[1] << 64 | u[0];
    ts_u128 rest = value - low;
    uint64_t top = u[2] - (uint64_t)ts_u128_mul_high(q, zz) - (value < low);
    for (int i = 0; i < 3; i++) {
        const uint64_t beyond = (top != 0) & (top >> 63 ^ 1), more = beyond | ((top == 0) & (rest > half));
        const ts_u128 take = zz & ts_u128_mask(ts_ct_mask(more));
        top -= rest < take;
        rest -= take;
        q += more;
    }
    const uint64_t low_negative = ts_ct_mask(top >> 63);
    out->low = (rest ^ ts_u128_mask(low_negative)) - ts_u128_mask(low_negative);
    out->high = q;
    out->low_negative = negative ^ low_negative;
    out->high_negative = negative;
    TS_ASSERT(out->low >> 127 == 0 && out->high >> 127 == 0);
    ts_wipe(u, sizeof u);
}

#endif
