/* SPDX-License-Identifier: Apache-2.0 */
/* The number-theoretic transform over Fr on AVX-512 IFMA: decimation in time, as in field/fr_ntt_impl.h,
 * with the layers grouped into passes over memory.
 *
 * A pass loads a tile of 2^t vectors, runs t layers on it in the L1 cache, and stores it, reduced. The
 * eight lanes of a tile are eight transforms side by side: in the first pass eight rows of 2^t
 * neighbours (of the bit-reversed vector), in later passes eight neighbouring columns.
 *
 * Twiddles are stored times 2^260 instead of 2^256, so that a product w b reduced by 2^260 needs no
 * shift and lies below b r / 2^260 + r <= 2 r for every b < 2^260. A butterfly thus adds at most 2 r to
 * the larger of its inputs: after TS_NTT_LAYERS layers that start below r, values lie below
 * (1 + 2 * 8) r < 2^260, and nothing is reduced between the layers of a pass. */
#ifndef TS_FR8_NTT_IMPL_H
#define TS_FR8_NTT_IMPL_H

#include "../../field/fr_ntt_impl.h"
#include "../../util/stack.h"
#include "fr8_vec_impl.h"

/* At most this many layers a pass: a tile of 2^8 vectors takes 80 KiB of stack. */
#define TS_NTT_LAYERS 8

/* Smaller transforms have too few rows for eight lanes. */
#define TS_NTT_SMALL 64

static void ifma_fr_ntt_table(ts_fr *table, size_t size) {
    ts_fr w = ts_fr_omega, first = ts_fr_one;
    TS_ASSERT(size >= 1 && (size & (size - 1)) == 0);
    memset(table, 0, sizeof *table);
    for (int i = 0; i < 4; i++) ts_fr_add(&first, &first, &first); /* 2^260 mod r */
    for (int order = TS_FR_TWO_ADICITY; ((uint64_t)1 << order) > size; order--) ts_fr_mul(&w, &w, &w);
    for (size_t h = size / 2; h >= 1; h /= 2) {
        ifma_fr_vec_powers(table + h, h, &w, &first);
        ts_fr_mul(&w, &w, &w);
    }
}

/* The lowest bits of i in reverse order. */
TS_INLINE size_t ts_bit_reverse(size_t i, int bits) {
    size_t out = 0;
    for (int k = 0; k < bits; k++) out |= (i >> k & 1) << (bits - 1 - k);
    return out;
}

/* (a, b) = (a + w b, a - w b + 2 r); columns are signed and unnormalised, values in [0, 2^260). */
TS_INLINE void ts_fr8_butterfly(ts_fr8 *a, ts_fr8 *b, const ts_fr8 *twiddle, const ts_fr8c *c) {
    ts_fr8w w = ts_fr8w_start(c, 0);
    ts_fr8 x = *b;
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) x.l[i + 1] = ts_v8_add(x.l[i + 1], ts_v8_carry(x.l[i]));
    ts_v8_assert_below(x.l[4], (uint64_t)1 << TS_LIMB_BITS);
    ts_fr8w_add_product(&w, &x, twiddle);
    const ts_fr8 t = ts_fr8w_reduce(&w, c);
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        const ts_v8 r = c->r[i];
        b->l[i] = ts_v8_sub(ts_v8_add(a->l[i], ts_v8_add(r, r)), t.l[i]);
        a->l[i] = ts_v8_add(a->l[i], t.l[i]);
    }
}

/* The butterfly with w = 1 on reduced inputs: (a + b, a - b + r). */
TS_INLINE void ts_fr8_butterfly_one(ts_fr8 *a, ts_fr8 *b, const ts_fr8c *c) {
    TS_UNROLL(5)
    for (int i = 0; i < 5; i++) {
        const ts_v8 t = b->l[i];
        b->l[i] = ts_v8_sub(ts_v8_add(a->l[i], c->r[i]), t);
        a->l[i] = ts_v8_add(a->l[i], t);
    }
}

/* All butterflies of a tile whose rows differ by h and that share a twiddle: rows j, j + 2 h, ... */
TS_INLINE void ts_fr8_butterflies(ts_fr8 *tile, size_t rows, size_t h, size_t j, const ts_v8 words[4],
                                  const ts_fr8c *c) {
    const ts_fr8 twiddle = ts_fr8_from_words(words);
    for (size_t s = j; s < rows; s += 2 * h) ts_fr8_butterfly(&tile[s], &tile[s + h], &twiddle, c);
}

TS_INLINE void ts_fr8_tile_load(ts_fr8 *row, const ts_v8 words[4], const ts_fr8c *c) {
    *row = ts_fr8_from_words(words);
    ts_fr8_clean(row, c);
}

/* One transform from a to out, which do not overlap. */
typedef struct {
    ts_fr *out;
    const ts_fr *a, *table;
    int bits; /* log2 of the size */
    int inverse;
    ts_fr8 scale; /* inverse: 2^260 / size */
} ts_fr8_ntt;

/* Layers 1 .. 2^(t-1) on eight rows of 2^t. Row number, reversed, is column + lane, so the lanes load
 * neighbours. The inverse transform is the forward one on the inputs 1 .. size-1 in reverse order. */
static void ts_fr8_ntt_rows(ts_fr8 *tile, const ts_fr8_ntt *ntt, size_t column, int t, const ts_fr8c *c) {
    const size_t rows = (size_t)1 << t, size = (size_t)1 << ntt->bits;
    ts_v8 words[4];
    for (size_t q = 0; q < rows; q++) {
        const size_t from = (ts_bit_reverse(q, t) << (ntt->bits - t)) + column;
        if (ntt->inverse) {
            const void *at[8];
            for (size_t i = 0; i < 8; i++) at[i] = ntt->a + ((size - from - i) & (size - 1));
            ts_v8_gather4(words, at);
        } else {
            ts_v8_load4(words, ntt->a + from, 8);
        }
        ts_fr8_tile_load(&tile[q], words, c);
    }
    for (size_t q = 0; q < rows; q += 2) ts_fr8_butterfly_one(&tile[q], &tile[q + 1], c);
    for (size_t h = 2; h < rows; h *= 2) {
        for (size_t j = 0; j < h; j++) {
            ts_v8_broadcast4(words, ntt->table[h + j].l);
            ts_fr8_butterflies(tile, rows, h, j, words, c);
        }
    }
    void *to[8];
    for (size_t i = 0; i < 8; i++) to[i] = ntt->out + (ts_bit_reverse(column + i, ntt->bits - t) << t);
    for (size_t q = 0; q < rows; q++) {
        ts_fr8_settle(words, tile[q], c);
        ts_v8_scatter4(to, words);
        for (size_t i = 0; i < 8; i++) to[i] = (ts_fr *)to[i] + 1;
    }
}

/* Layers stride .. stride 2^(t-1) on the eight columns from out[first] on. */
static void ts_fr8_ntt_columns(ts_fr8 *tile, const ts_fr8_ntt *ntt, size_t first, size_t stride, int t,
                               const ts_fr8c *c) {
    const size_t rows = (size_t)1 << t, column = first & (stride - 1);
    const int last = stride << t == (size_t)1 << ntt->bits;
    ts_v8 words[4];
    for (size_t q = 0; q < rows; q++) {
        ts_v8_load4(words, ntt->out + first + q * stride, 8);
        ts_fr8_tile_load(&tile[q], words, c);
    }
    for (size_t h = 1; h < rows; h *= 2) {
        for (size_t j = 0; j < h; j++) {
            ts_v8_load4(words, ntt->table + (h + j) * stride + column, 8);
            ts_fr8_butterflies(tile, rows, h, j, words, c);
        }
    }
    for (size_t q = 0; q < rows; q++) {
        if (last && ntt->inverse) {
            /* Below 2^260 r / 2^260 + r, minus r. */
            ts_fr8w w = ts_fr8w_start(c, 1);
            ts_fr8_carry(&tile[q], c);
            ts_fr8w_add_product(&w, &tile[q], &ntt->scale);
            ts_fr8_finish(words, ts_fr8w_reduce(&w, c), c);
        } else {
            ts_fr8_settle(words, tile[q], c);
        }
        ts_v8_store4(ntt->out + first + q * stride, words, 8);
    }
}

/* The layers of the pass that comes after done of them, with passes left. */
TS_INLINE int ts_fr8_ntt_layers(int bits, int done, int passes) { return (bits - done + passes - 1) / passes; }

static void ts_fr8_ntt_run(const ts_fr8_ntt *ntt, ts_fr8 *tile) {
    const ts_fr8c c = ts_fr8_constants();
    const size_t size = (size_t)1 << ntt->bits;
    int passes = (ntt->bits + TS_NTT_LAYERS - 1) / TS_NTT_LAYERS;
    if (passes < 2) passes = 2;
    int done = ts_fr8_ntt_layers(ntt->bits, 0, passes);
    for (size_t column = 0; column < size >> done; column += 8) ts_fr8_ntt_rows(tile, ntt, column, done, &c);
    for (passes--; passes > 0; passes--) {
        const int t = ts_fr8_ntt_layers(ntt->bits, done, passes);
        const size_t stride = (size_t)1 << done;
        for (size_t start = 0; start < size; start += stride << t)
            for (size_t j = 0; j < stride; j += 8) ts_fr8_ntt_columns(tile, ntt, start + j, stride, t, &c);
        done += t;
    }
}

/* The few twiddles in the form that the scalar code wants. */
static void ts_fr8_ntt_small(ts_fr *out, const ts_fr *a, size_t size, size_t batches, int inverse) {
    ts_fr table[TS_NTT_SMALL];
    fr_ntt_table(table, size);
    fr_vec_ntt(out, a, size, batches, table, inverse);
}

/* Apart, so that small transforms do without the tile on their stack; it wipes below its own. */
static TS_NOINLINE void ts_fr8_ntt_large(ts_fr *out, const ts_fr *a, size_t size, size_t batches, const ts_fr *table,
                                         int inverse) {
    ts_fr8 tile[1 << TS_NTT_LAYERS];
    ts_fr8_ntt ntt = {.table = table, .inverse = inverse};
    ts_fr scale = ts_fr_one;
    ts_v8 words[4];
    for (size_t k = size; k > 1; k /= 2) {
        ts_fr_mul(&scale, &scale, &ts_fr_half);
        ntt.bits++;
    }
    for (int i = 0; i < 4; i++) ts_fr_add(&scale, &scale, &scale);
    ts_v8_broadcast4(words, scale.l);
    ntt.scale = ts_fr8_from_words(words);
    for (size_t k = 0; k < batches; k++) {
        ntt.out = out + k * size;
        ntt.a = a + k * size;
        ts_fr8_ntt_run(&ntt, tile);
    }
    ts_wipe(tile, sizeof tile);
    ts_wipe_stack_2();
}

static void ifma_fr_vec_ntt(ts_fr *out, const ts_fr *a, size_t size, size_t batches, const ts_fr *table,
                            int inverse) {
    TS_ASSERT(size >= 1 && (size & (size - 1)) == 0);
    if (size < TS_NTT_SMALL)
        ts_fr8_ntt_small(out, a, size, batches, inverse);
    else
        ts_fr8_ntt_large(out, a, size, batches, table, inverse);
}

#endif
