/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of points: the loops behind the ts_g1_vec_ functions of tallystick.h, which states their
 * contracts. */
#ifndef TS_G1_VEC_IMPL_H
#define TS_G1_VEC_IMPL_H

#include "g1_impl.h"

/* Affine sums that share one inversion; bounds their use of the stack. */
#define TS_G1_ADD_BATCH 128

/* The denominator of the slope of a + b: of the tangent where a = b, else of the chord. Zero where there is no slope, and any
 * value where a or b is infinity. */
static void ts_g1_slope_den(ts_fp *out, const ts_g1 *a, const ts_g1 *b) {
    ts_fp tangent;
    ts_fp_sub(out, &b->x, &a->x);
    ts_fp_double(&tangent, &a->y);
    ts_fp_cmov(out, ts_fp_equal(&a->x, &b->x) & ts_fp_equal(&a->y, &b->y), &tangent);
}

/* out = a + b, given the inverse of that denominator, or zero. */
static void ts_g1_add_slope(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, const ts_fp *inverse) {
    const uint64_t same_x = ts_fp_equal(&a->x, &b->x), same_y = ts_fp_equal(&a->y, &b->y);
    const ts_fp zero = {{0}};
    ts_fp slope, tangent, x, y;
    ts_fp_sqr(&tangent, &a->x);
    ts_fp_mul3(&tangent, &tangent);
    ts_fp_sub(&slope, &b->y, &a->y);
    ts_fp_cmov(&slope, same_x & same_y, &tangent);
    ts_fp_mul(&slope, &slope, inverse);
    ts_fp_sqr(&x, &slope);
    ts_fp_sub(&x, &x, &a->x);
    ts_fp_sub(&x, &x, &b->x);
    ts_fp_sub(&y, &a->x, &x);
    ts_fp_mul(&y, &slope, &y);
    ts_fp_sub(&y, &y, &a->y);
    ts_fp_cmov(&x, same_x & ~same_y, &zero);
    ts_fp_cmov(&y, same_x & ~same_y, &zero);
    const uint64_t infinite_a = ts_g1_is_identity(a), infinite_b = ts_g1_is_identity(b);
    ts_fp_cmov(&x, infinite_a, &b->x);
    ts_fp_cmov(&y, infinite_a, &b->y);
    ts_fp_cmov(&x, infinite_b, &a->x);
    ts_fp_cmov(&y, infinite_b, &a->y);
    out->x = x;
    out->y = y;
}

static void g1_vec_add(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n) {
    ts_fp slope[TS_G1_ADD_BATCH], inverse[TS_G1_ADD_BATCH];
    for (size_t k = 0; k < n; k += TS_G1_ADD_BATCH) {
        const size_t width = n - k < TS_G1_ADD_BATCH ? n - k : TS_G1_ADD_BATCH;
        for (size_t j = 0; j < width; j++) ts_g1_slope_den(&slope[j], &a[k + j], &b[k + j]);
        ts_fp_batch_inv(inverse, slope, width);
        for (size_t j = 0; j < width; j++) ts_g1_add_slope(&out[k + j], &a[k + j], &b[k + j], &inverse[j]);
    }
    ts_wipe(slope, sizeof slope);
    ts_wipe(inverse, sizeof inverse);
}

static void g1_vec_neg(ts_g1 *out, const ts_g1 *a, size_t n) {
    for (size_t k = 0; k < n; k++) {
        out[k].x = a[k].x;
        ts_fp_neg(&out[k].y, &a[k].y);
    }
}

static int g1_vec_equal(const ts_g1 *a, const ts_g1 *b, size_t n) {
    uint64_t equal = ~(uint64_t)0;
    for (size_t k = 0; k < n; k++) equal &= ts_fp_equal(&a[k].x, &b[k].x) & ts_fp_equal(&a[k].y, &b[k].y);
    return (int)(equal & 1);
}

static int g1_vec_is_identity(const ts_g1 *a, size_t n) {
    uint64_t all = ~(uint64_t)0;
    for (size_t k = 0; k < n; k++) all &= ts_g1_is_identity(&a[k]);
    return (int)(all & 1);
}

static void g1_vec_sum(ts_g1 *out, const ts_g1 *a, size_t n) {
    ts_g1p acc;
    ts_g1p_set_identity(&acc);
    for (size_t k = 0; k < n; k++) ts_g1p_add_affine(&acc, &acc, &a[k]);
    ts_g1_from_projective(out, &acc, 1);
    ts_wipe(&acc, sizeof acc);
}

static void g1_vec_mul(ts_g1 *out, const ts_g1 *a, const ts_fr *scalars, size_t n) {
    ts_g1p batch[TS_G1_BATCH];
    for (size_t k = 0; k < n; k += TS_G1_BATCH) {
        size_t width = n - k < TS_G1_BATCH ? n - k : TS_G1_BATCH;
        for (size_t j = 0; j < width; j++) ts_g1p_mul(&batch[j], &a[k + j], &scalars[k + j]);
        ts_g1_from_projective(out + k, batch, width);
    }
    ts_wipe(batch, sizeof batch);
}

#endif
