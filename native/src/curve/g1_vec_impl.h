/* Vectors of points: the loops behind the ts_g1_vec_ functions of tallystick.h, which states their
 * contracts. */
#ifndef TS_G1_VEC_IMPL_H
#define TS_G1_VEC_IMPL_H

#include "g1_impl.h"

static void g1_vec_add(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n) {
    ts_g1p batch[TS_G1_BATCH];
    for (size_t k = 0; k < n; k += TS_G1_BATCH) {
        size_t width = n - k < TS_G1_BATCH ? n - k : TS_G1_BATCH;
        for (size_t j = 0; j < width; j++) {
            ts_g1p_from_affine(&batch[j], &a[k + j]);
            ts_g1p_add_affine(&batch[j], &batch[j], &b[k + j]);
        }
        ts_g1_from_projective(out + k, batch, width);
    }
    ts_wipe(batch, sizeof batch);
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
