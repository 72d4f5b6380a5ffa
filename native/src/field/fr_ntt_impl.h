/* SPDX-License-Identifier: Apache-2.0 */
/* The number-theoretic transform over Fr: bit reversal, then decimation in time, so that both
 * sides are in natural order. The twiddles of one layer are consecutive in the table. */
#ifndef TS_FR_NTT_IMPL_H
#define TS_FR_NTT_IMPL_H

#include "fr_vec_impl.h"

static void fr_ntt_table(ts_fr *table, size_t size) {
    ts_fr w = ts_fr_omega;
    TS_ASSERT(size >= 1 && (size & (size - 1)) == 0);
    memset(table, 0, sizeof *table);
    /* After this loop w has order size (or 1, and the table has no layer). */
    for (int order = TS_FR_TWO_ADICITY; ((uint64_t)1 << order) > size; order--) ts_fr_mul(&w, &w, &w);
    for (size_t h = size / 2; h >= 1; h /= 2) {
        fr_vec_powers(table + h, h, &w, &ts_fr_one);
        ts_fr_mul(&w, &w, &w);
    }
}

TS_INLINE void ts_fr_swap(ts_fr *a, ts_fr *b) {
    ts_fr t = *a;
    *a = *b;
    *b = t;
}

static void ts_fr_bit_reverse(ts_fr *a, size_t size) {
    for (size_t i = 0, j = 0; i < size; i++) {
        if (i < j) ts_fr_swap(&a[i], &a[j]);
        /* Adds one to j from its top bit downwards. */
        size_t bit = size / 2;
        for (; bit && (j & bit); bit /= 2) j ^= bit;
        j ^= bit;
    }
}

/* (a, b) = (a + w b, a - w b). */
TS_INLINE void ts_fr_butterfly(ts_fr *a, ts_fr *b, const ts_fr *w) {
    ts_fr t;
    ts_fr_mul(&t, w, b);
    ts_fr_sub(b, a, &t);
    ts_fr_add(a, a, &t);
}

static void ts_fr_ntt_forward(ts_fr *a, size_t size, const ts_fr *table) {
    ts_fr_bit_reverse(a, size);
    for (size_t h = 1; h < size; h *= 2)
        for (size_t start = 0; start < size; start += 2 * h)
            for (size_t j = 0; j < h; j++)
                ts_fr_butterfly(&a[start + j], &a[start + j + h], &table[h + j]);
}

static void fr_vec_ntt(ts_fr *out, const ts_fr *a, size_t size, size_t batches, const ts_fr *table, int inverse) {
    TS_ASSERT(size >= 1 && (size & (size - 1)) == 0);
    ts_fr scale = ts_fr_one;
    for (size_t k = size; k > 1; k /= 2) ts_fr_mul(&scale, &scale, &ts_fr_half);
    if (batches) memcpy(out, a, batches * size * sizeof *a);
    for (size_t k = 0; k < batches; k++, out += size) {
        ts_fr_ntt_forward(out, size, table);
        if (!inverse) continue;
        /* The inverse transform is the forward one at w^-1, that is with the outputs 1 .. size-1
         * in reverse order, divided by the size. */
        for (size_t i = 1; i < size - i; i++) ts_fr_swap(&out[i], &out[size - i]);
        fr_vec_scale(out, &scale, out, size);
    }
}

#endif
