/* SPDX-License-Identifier: Apache-2.0 */
/* Eight elements of Fp, eight limbs of 52 bits.
 *
 * Inside these kernels an element is value * 2^416 modulo p: a product of limbs is reduced by 2^416. As
 * 2^416 > 2^35 p, values need not be reduced between operations: a product of a < A p and b < B p is reduced to
 * (a b + q p) / 2^416 < p + (A B / 2^35) p. Kernels keep A B <= 2^16, so products lie below p + 2^362.
 * What a ts_fp8 holds is one of
 *   columns  signed 64-bit lanes whose weighted sum is the value;
 *   clean    limbs in [0, 2^52), the value as stated by each function;
 *   tidy     clean and below p + 2^368, so that equal elements differ by 0 or p. */
#ifndef TS_FP8_H
#define TS_FP8_H

#include "../../field/fp_impl.h"
#include "ifma_constants.h"
#include "vec52.h"

/* Limb i has weight 2^(52 i). */
typedef struct {
    ts_v8 l[8];
} ts_fp8;

/* Columns of a product; column i has weight 2^(52 i). */
typedef struct {
    ts_v8 t[16];
} ts_fp8w;

#endif
