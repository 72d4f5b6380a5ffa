/* SPDX-License-Identifier: Apache-2.0 */
/* Multi-scalar multiplication: Pippenger's bucket method with signed digits, one row of scalars at a
 * time over the same points.
 *
 * A scalar above r/2 stands for its negative with the point negated, so -1 is as cheap as 1; zeros and points at
 * infinity are dropped; a scalar meets only the windows it reaches, so rows of bits cost about one addition
 * for each bit set. Buckets are summed as trees of affine additions that share inversions.
 * Variable time throughout: what the scalars' timing may show is stated in SECURITY.md. */
#ifndef TS_MSM_H
#define TS_MSM_H

#include "../util/limits.h"
#include "g1.h"

/* Additions that share one inversion. */
#define TS_MSM_BATCH 512

/* Few points fill no batch in one window, so several windows are worked on together, as long as their digits fit
 * this many places (or n, or TS_MSM_GROUP n, if that is more or less). */
#define TS_MSM_SLOTS 4096
#define TS_MSM_GROUP 64

#define TS_MSM_MAX_WINDOW 13
#define TS_MSM_MAX_BUCKETS ((size_t)1 << (TS_MSM_MAX_WINDOW - 1))
#define TS_MSM_MAX_WINDOWS (TS_FR_BITS + 1)

/* Up to this many terms are multiplied one by one. */
#define TS_MSM_FEW 4

/* One addition waiting for its slope: work[to] = work[from] + work[from + 1]. */
typedef struct {
    size_t from, to;
} ts_msm_pair;

/* The caller's scratch memory, divided. */
typedef struct {
    uint64_t (*scalar)[TS_FR_LIMBS]; /* absolute values of the terms */
    uint32_t *term;                  /* 2 * index of the point + 1 if negated */
    int32_t *digit;                  /* of the terms, in the windows of the present group */
    uint8_t *carry;                  /* into the next window */
    uint32_t *start;                 /* of each bucket in work; one more for the end */
    uint32_t *count;                 /* of the points left in each bucket */
    ts_g1 *work;                     /* points sorted by bucket */
    ts_msm_pair *pair;
    ts_fp *slope, *inverse;
    ts_g1p *window; /* sums */
    size_t slots; /* in digit and in work */
    size_t terms;
    unsigned longest; /* bits of the longest scalar */
    uint64_t bits;    /* of all scalars together */
} ts_msm;

/* Bytes of scratch that n points need, at any alignment. */
static size_t g1_msm_scratch(size_t n);

static void g1_msm_rows_var(ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows, void *scratch);

#endif
