/* SPDX-License-Identifier: Apache-2.0 */
/* Multi-scalar multiplication on AVX-512 IFMA: Pippenger's buckets over batches of affine additions (g1m.h).
 *
 * Scalars. A scalar k is written low + high z^2 with |low|, |high| < 2^127 (fr_split.h; R. Gallant, R. Lambert and S.
 * Vanstone, "Faster point multiplication on elliptic curves with efficient endomorphisms", Crypto 2001), where z^2 (x, y) =
 * -(beta x, y). So n points become up to 2 n terms of 127 bits, and what is short stays so: 0 costs nothing, 1 and -1 are
 * one term of one bit.
 *
 * Digits. In windows of c bits, adding 2^(c-1) in every window but the top one and subtracting it from each digit
 * gives digits in [-2^(c-1), 2^(c-1)): 2^(c-1) buckets a window.
 *
 * Sums. The terms of a run of windows are sorted by bucket and taken in chunks that fit the L2 cache. In rounds, the
 * points of each bucket are added in pairs, all pairs of a round in one batch. What a chunk leaves over of buckets
 * that reach into the next one is collected and goes through the same procedure.
 *
 * Weights. Sum over b of (b + 1) B_b over m = 2^(c-1) buckets: with S the sum of all and O_j the sum of those b with
 * bit j set, it is S + sum over j of 2^j O_j. Halving a list by adding neighbours, the odd elements give the list of
 * which O_j is the sum. All lists are halved together, so these additions come in batches, too: 2 m in all.
 *
 * Variable time throughout: what the scalars' timing may show is stated in SECURITY.md. */
#ifndef TS_MSM8_H
#define TS_MSM8_H

#include "../../curve/msm_impl.h"
#include "fr8_vec_impl.h"
#include "fr_split.h"
#include "g1m_impl.h"
#include "g1p8_impl.h"

/* Bits of the halves of a scalar. */
#define TS_MSM8_BITS 127
#define TS_MSM8_MAX_WINDOW 16
#define TS_MSM8_MAX_WINDOWS (TS_MSM8_BITS + 1)

/* Points that one chunk sums, and with how few pairs its rounds stop while there is more to come. */
#define TS_MSM8_CHUNK (2 * TS_G1M_BATCH)
#define TS_MSM8_FEW_PAIRS 32

/* A run takes as many windows as this many terms and buckets allow, and at least one. */
#define TS_MSM8_RUN_TERMS ((size_t)1 << 15)
#define TS_MSM8_RUN_BUCKETS ((size_t)1 << (TS_MSM8_MAX_WINDOW - 1))

/* Points a chunk leaves over at most: those of fewer than TS_MSM8_FEW_PAIRS pairs, three to a pair, and of the two buckets
 * it may share with its neighbours. */
#define TS_MSM8_LEFT_OVER (3 * TS_MSM8_FEW_PAIRS + 2)

/* In a reference to a bucket: it is empty. */
#define TS_REF_EMPTY 4

/* Points with the buckets they belong to, in ascending order. */
typedef struct {
    ts_g1m *point;
    uint32_t *bucket;
    size_t n, capacity;
} ts_msm8_list;

/* Consecutive points of a bucket in a chunk. */
typedef struct {
    uint32_t bucket, count;
    int whole; /* there are no others */
} ts_msm8_segment;

/* The caller's scratch memory, divided, and the state of the present row. */
typedef struct {
    ts_g1m_base *base;
    ts_fr *row;                  /* as plain integers */
    uint64_t *low, *high;        /* words of the terms' absolute values, plus the digits' offset */
    uint32_t *term;              /* 4 * index of the base + TS_REF_ flags */
    uint32_t *key;               /* 2 * bucket + sign of each digit of the run, or TS_MSM8_NO_KEY */
    uint32_t *sorted;            /* terms with the digits' signs, by bucket */
    uint32_t *start;             /* of each bucket in sorted; one more for the end */
    ts_msm8_segment *segment;    /* of the present chunk */
    ts_g1m_ref *ref, *op;
    ts_g1m *work;                /* sums of the present chunk */
    ts_g1m_products *products;
    ts_msm8_list left[2];
    ts_g1m *bucket;
    ts_g1m_ref *list;            /* S of every window of the run, then O_0, O_1, ... */
    ts_g1m *odd;                 /* O_j of window w at w c + j: its weight is 2^(w c + j) */
    ts_g1m *sum;                 /* S of window w */
    size_t touched;              /* buckets that were ever in use */
    size_t terms;
    unsigned longest;            /* bits of the longest term */
    uint32_t lengths[TS_MSM8_MAX_WINDOWS]; /* how many terms have so many bits */
} ts_msm8;

#define TS_MSM8_NO_KEY UINT32_MAX

static size_t ifma_g1_msm_scratch(size_t n);
static void ifma_g1_msm_rows_var(ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows,
                                 void *scratch);

#endif
