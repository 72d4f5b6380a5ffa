/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds on lengths: core.c refuses what exceeds them, the kernels assert them. */
#ifndef TS_LIMITS_H
#define TS_LIMITS_H

#include <stddef.h>

/* RFC 9380 allows longer tags through a hash; nothing here needs one. */
#define TS_MAX_DST 255

/* The counter of ChaCha20 has 32 bits. */
#define TS_MAX_CHACHA20_BLOCKS ((uint64_t)1 << 32)

/* A multi-scalar multiplication keeps 4 * index and two flags in 32 bits. */
#define TS_MSM_MAX_POINTS ((size_t)1 << 30)

/* Subsets summed in one call: the length of the scratch memory must fit a size_t. */
#define TS_SUBSET_MAX_ROWS ((size_t)1 << 30)

#endif
