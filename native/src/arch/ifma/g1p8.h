/* SPDX-License-Identifier: Apache-2.0 */
/* Eight points at a time, homogeneous projective: the complete formulas of Renes, Costello and Batina for a = 0
 * (see curve/g1.h), eight lanes wide. Constant time.
 *
 * Coordinates are clean and below 4 p; infinity is (0 : Y : 0). */
#ifndef TS_G1P8_H
#define TS_G1P8_H

#include "../../curve/g1_impl.h"
#include "fp8_impl.h"

typedef struct {
    ts_fp8 x, y, z;
} ts_g1p8;

/* Affine points with a mask for those at infinity, whose coordinates do not matter; coordinates below 4 p. */
typedef struct {
    ts_fp8 x, y;
    __mmask8 infinity;
} ts_g1a8;

static void ts_g1p8_add(ts_g1p8 *out, const ts_g1p8 *a, const ts_g1p8 *b);
static void ts_g1p8_add_affine(ts_g1p8 *out, const ts_g1p8 *a, const ts_g1a8 *b);
static void ts_g1p8_double(ts_g1p8 *out, const ts_g1p8 *a);

/* Vectors that ts_g1_from_projective8 takes at a time; they share an inversion. */
#define TS_G1P8_BATCH 8

/* Writes the lanes of n <= TS_G1P8_BATCH vectors, as affine points, to out[0], out[1], ..., count points in all. */
static void ts_g1_from_projective8(ts_g1 *out, const ts_g1p8 *a, size_t n, size_t count);

/* The first count of eight affine points; the others are infinity. */
static void ts_g1a8_load(ts_g1a8 *out, const ts_g1 *a, size_t count);

#endif
