/* SPDX-License-Identifier: Apache-2.0 */
/* Eight elements of Fr, five limbs of 52 bits.
 *
 * In memory an element is value * 2^256 mod r, below r. A product of limbs is reduced by 2^260, so one
 * factor is loaded shifted left by four bits: (16 a) b / 2^260 = a b / 2^256 is in the domain of 2^256 again.
 *
 * Kernels put these steps together: load, start the columns at -k r, add products, reduce, finish.
 * Column sums are 64-bit lanes; every function states what it adds, so that each kernel can bound them. */
#ifndef TS_FR8_H
#define TS_FR8_H

#include "../../field/fr_impl.h"
#include "vec52.h"
#include "ifma_constants.h"

/* Products that may be added up before a reduction. Columns take 9 * 2^52 a product, so
 * 192 * 9 * 2^52 < 2^62.8; with the reduction's 2^56 that stays below 2^63, and signed carries work. */
#define TS_FR8_TERMS 192

/* Limb i has weight 2^(52 i). */
typedef struct {
    ts_v8 l[5];
} ts_fr8;

/* Columns of a sum of products; column i has weight 2^(52 i). */
typedef struct {
    ts_v8 t[10];
} ts_fr8w;

/* Constants a kernel keeps in registers: a factor in memory costs half a multiplication more. */
typedef struct {
    ts_v8 r[5];
    ts_v8 inv; /* -1/r mod 2^52 */
    ts_v8 mask; /* 2^52 - 1 */
} ts_fr8c;

#endif
