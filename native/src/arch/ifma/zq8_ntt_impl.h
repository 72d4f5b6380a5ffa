/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of cpu/kernels.h on AVX-512 IFMA: the layers of ring/zq_impl.h, three at a time in registers.
 *
 * Blocks of butterflies form a binary tree: the block at node has the twiddle of that index, and its two halves are
 * the nodes 2 node and 2 node + 1. The recursion goes depth first, so that from blocks of 32 KiB on the data stay in the L1
 * cache. A leaf has 64 coefficients in eight vectors: three layers between the vectors, a transposition, and
 * three layers between what were the lanes, for which each lane needs a twiddle of its own. */
#ifndef TS_ZQ8_NTT_IMPL_H
#define TS_ZQ8_NTT_IMPL_H

#include "zq8.h"

#define TS_ZQ8_LEAF 64

/* Rewrites the twiddles of the last two layers in the order in which a leaf loads them: a leaf's butterflies of
 * layer 1 << s come in 1 << s vectors, of which vector v takes blocks v, v + (1 << s), ... */
static void ifma_zq_arrange(const ts_zq *m) {
    const size_t n = (size_t)1 << m->bits;
    if (n < TS_ZQ8_LEAF) return;
    for (size_t vectors = 2; vectors <= 4; vectors *= 2) {
        for (size_t at = n / 8 * vectors; at < n / 4 * vectors; at += 8 * vectors) {
            uint64_t w[32], q[32];
            for (size_t k = 0; k < 8 * vectors; k++) {
                w[k] = m->w[at + k % 8 * vectors + k / 8];
                q[k] = m->q[at + k % 8 * vectors + k / 8];
            }
            memcpy(m->w + at, w, 8 * vectors * sizeof *w);
            memcpy(m->q + at, q, 8 * vectors * sizeof *q);
        }
    }
}

/* The twiddles of three layers: one, then two, then four. */
typedef struct {
    ts_v8 w[7], q[7];
} ts_zq8_twiddles;

/* Of the block at node and its parts, each in all lanes. */
TS_INLINE void ts_zq8_broadcast(ts_zq8_twiddles *t, const ts_zq *m, size_t node, int layers) {
    const size_t end = (size_t)1 << layers;
    TS_UNROLL(7)
    for (size_t i = 1; i < end; i++) {
        const int layer = i >= 4 ? 2 : i >= 2 ? 1 : 0;
        const size_t at = ((node - 1) << layer) + i;
        t->w[i - 1] = ts_v8_set1(m->w[at]);
        t->q[i - 1] = ts_v8_set1(m->q[at]);
    }
}

/* Of the last three layers of the leaf at node, one for each lane. */
TS_INLINE void ts_zq8_lanes(ts_zq8_twiddles *t, const ts_zq *m, size_t node) {
    TS_UNROLL(7)
    for (size_t i = 1; i < 8; i++) {
        const int layer = i >= 4 ? 2 : i >= 2 ? 1 : 0;
        const size_t at = (node << (3 + layer)) + 8 * (i - ((size_t)1 << layer));
        t->w[i - 1] = ts_zq8_load(m->w + at);
        t->q[i - 1] = ts_zq8_load(m->q + at);
    }
}

/* ---- layers in registers ---- */

/* (x, y) = (x + w y, x - w y), below 4 p on both sides. */
TS_INLINE void ts_zq8_forward(ts_v8 *x, ts_v8 *y, ts_v8 w, ts_v8 q, const ts_zq8 *c) {
    const ts_v8 u = ts_zq8_less(*x, c->twice), t = ts_zq8_twiddle(*y, w, q, c);
    *x = ts_v8_add(u, t);
    *y = ts_v8_sub(ts_v8_add(u, c->twice), t);
}

/* (x, y) = (x + y, (y - x) w), below 2 p on both sides. */
TS_INLINE void ts_zq8_inverse(ts_v8 *x, ts_v8 *y, ts_v8 w, ts_v8 q, const ts_zq8 *c) {
    const ts_v8 sum = ts_v8_add(*x, *y), d = ts_v8_add(ts_v8_sub(*y, *x), c->twice);
    *x = ts_zq8_less(sum, c->twice);
    *y = ts_zq8_twiddle(d, w, q, c);
}

TS_INLINE void ts_zq8_forward_layers(ts_v8 x[8], int layers, const ts_zq8_twiddles *t, const ts_zq8 *c) {
    TS_UNROLL(3)
    for (int layer = 0; layer < layers; layer++) {
        const int half = 1 << (layers - 1 - layer), blocks = 1 << layer;
        TS_UNROLL(4)
        for (int i = 0; i < blocks; i++) {
            const int at = blocks - 1 + i;
            TS_UNROLL(4)
            for (int k = 0; k < half; k++)
                ts_zq8_forward(&x[2 * half * i + k], &x[2 * half * i + half + k], t->w[at], t->q[at], c);
        }
    }
}

/* The twiddles are those of the mirror image of the block, in reverse: the inverses of its own, negated. */
TS_INLINE void ts_zq8_inverse_layers(ts_v8 x[8], int layers, const ts_zq8_twiddles *t, const ts_zq8 *c) {
    TS_UNROLL(3)
    for (int layer = layers - 1; layer >= 0; layer--) {
        const int half = 1 << (layers - 1 - layer), blocks = 1 << layer;
        TS_UNROLL(4)
        for (int i = 0; i < blocks; i++) {
            const int at = 2 * blocks - 2 - i;
            TS_UNROLL(4)
            for (int k = 0; k < half; k++)
                ts_zq8_inverse(&x[2 * half * i + k], &x[2 * half * i + half + k], t->w[at], t->q[at], c);
        }
    }
}

/* Word k of vector i becomes word i of vector k. */
TS_INLINE void ts_zq8_transpose(ts_v8 x[8]) {
    ts_v8 t[8];
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_unpacklo_epi64(x[2 * i], x[2 * i + 1]);
        t[4 + i] = _mm512_unpackhi_epi64(x[2 * i], x[2 * i + 1]);
    }
    TS_UNROLL(2)
    for (int i = 0; i < 2; i++) {
        const ts_v8 *y = t + 4 * i;
        const ts_v8 a = _mm512_shuffle_i64x2(y[0], y[1], 0x88), b = _mm512_shuffle_i64x2(y[2], y[3], 0x88);
        const ts_v8 d = _mm512_shuffle_i64x2(y[0], y[1], 0xdd), e = _mm512_shuffle_i64x2(y[2], y[3], 0xdd);
        x[i] = _mm512_shuffle_i64x2(a, b, 0x88);
        x[2 + i] = _mm512_shuffle_i64x2(d, e, 0x88);
        x[4 + i] = _mm512_shuffle_i64x2(a, b, 0xdd);
        x[6 + i] = _mm512_shuffle_i64x2(d, e, 0xdd);
    }
}

/* ---- passes over memory ---- */

TS_INLINE void ts_zq8_forward_leaf(uint64_t *a, const ts_zq *m, size_t node, const ts_zq8 *c) {
    ts_zq8_twiddles t;
    ts_v8 x[8];
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++) x[i] = ts_zq8_load(a + 8 * i);
    ts_zq8_broadcast(&t, m, node, 3);
    ts_zq8_forward_layers(x, 3, &t, c);
    ts_zq8_transpose(x);
    ts_zq8_lanes(&t, m, node);
    ts_zq8_forward_layers(x, 3, &t, c);
    ts_zq8_transpose(x);
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++)
        ts_zq8_store(a + 8 * i, ts_zq8_less(ts_zq8_less(x[i], c->twice), c->p));
}

/* mirror is the mirror image of the leaf's node in its layer. Its lanes are in reverse order too, so the vectors are. */
TS_INLINE void ts_zq8_inverse_leaf(uint64_t *a, const ts_zq *m, size_t mirror, const ts_zq8 *c) {
    ts_zq8_twiddles t;
    ts_v8 x[8], y[8];
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++) x[7 - i] = ts_zq8_load(a + 8 * i);
    ts_zq8_transpose(x);
    ts_zq8_lanes(&t, m, mirror);
    ts_zq8_inverse_layers(x, 3, &t, c);
    ts_zq8_transpose(x);
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++) y[i] = x[7 - i];
    ts_zq8_broadcast(&t, m, mirror, 3);
    ts_zq8_inverse_layers(y, 3, &t, c);
    TS_UNROLL(8)
    for (size_t i = 0; i < 8; i++) ts_zq8_store(a + 8 * i, y[i]);
}

/* The first layers of the block at node, size coefficients. */
TS_INLINE void ts_zq8_forward_pass(uint64_t *a, const ts_zq *m, size_t node, size_t size, int layers,
                                   const ts_zq8 *c) {
    const size_t stride = size >> layers, parts = (size_t)1 << layers;
    ts_zq8_twiddles t;
    ts_zq8_broadcast(&t, m, node, layers);
    for (size_t k = 0; k < stride; k += 8) {
        ts_v8 x[8];
        TS_UNROLL(8)
        for (size_t i = 0; i < parts; i++) x[i] = ts_zq8_load(a + i * stride + k);
        ts_zq8_forward_layers(x, layers, &t, c);
        TS_UNROLL(8)
        for (size_t i = 0; i < parts; i++) ts_zq8_store(a + i * stride + k, x[i]);
    }
}

TS_INLINE void ts_zq8_inverse_pass(uint64_t *a, const ts_zq *m, size_t mirror, size_t size, int layers,
                                   const ts_zq8 *c) {
    const size_t stride = size >> layers, parts = (size_t)1 << layers;
    ts_zq8_twiddles t;
    ts_zq8_broadcast(&t, m, mirror, layers);
    for (size_t k = 0; k < stride; k += 8) {
        ts_v8 x[8];
        TS_UNROLL(8)
        for (size_t i = 0; i < parts; i++) x[i] = ts_zq8_load(a + i * stride + k);
        ts_zq8_inverse_layers(x, layers, &t, c);
        TS_UNROLL(8)
        for (size_t i = 0; i < parts; i++) ts_zq8_store(a + i * stride + k, x[i]);
    }
}

/* As many layers as leave a multiple of three for the passes after it: 1, 2 or 3. */
TS_INLINE int ts_zq8_layers(size_t size) {
    int layers = 0;
    for (size_t k = TS_ZQ8_LEAF; k < size; k *= 2) layers++;
    return layers % 3 ? layers % 3 : 3;
}

static void ts_zq8_forward_block(uint64_t *a, const ts_zq *m, size_t node, size_t size, const ts_zq8 *c) {
    if (size == TS_ZQ8_LEAF) {
        ts_zq8_forward_leaf(a, m, node, c);
        return;
    }
    const int layers = ts_zq8_layers(size);
    if (layers == 1) ts_zq8_forward_pass(a, m, node, size, 1, c);
    if (layers == 2) ts_zq8_forward_pass(a, m, node, size, 2, c);
    if (layers == 3) ts_zq8_forward_pass(a, m, node, size, 3, c);
    for (size_t i = 0; i < (size_t)1 << layers; i++)
        ts_zq8_forward_block(a + i * (size >> layers), m, (node << layers) + i, size >> layers, c);
}

static void ts_zq8_inverse_block(uint64_t *a, const ts_zq *m, size_t mirror, size_t size, const ts_zq8 *c) {
    if (size == TS_ZQ8_LEAF) {
        ts_zq8_inverse_leaf(a, m, mirror, c);
        return;
    }
    const int layers = ts_zq8_layers(size);
    const size_t parts = (size_t)1 << layers;
    for (size_t i = 0; i < parts; i++)
        ts_zq8_inverse_block(a + i * (size >> layers), m, (mirror << layers) + parts - 1 - i, size >> layers, c);
    if (layers == 1) ts_zq8_inverse_pass(a, m, mirror, size, 1, c);
    if (layers == 2) ts_zq8_inverse_pass(a, m, mirror, size, 2, c);
    if (layers == 3) ts_zq8_inverse_pass(a, m, mirror, size, 3, c);
}

static void ifma_zq_ntt(uint64_t *a, const ts_zq *m) {
    const size_t n = (size_t)1 << m->bits;
    const ts_zq8 c = ts_zq8_constants(m);
    if (n < TS_ZQ8_LEAF) zq_ntt(a, m);
    else ts_zq8_forward_block(a, m, 1, n, &c);
}

static void ifma_zq_intt(uint64_t *a, const ts_zq *m, int scale) {
    const size_t n = (size_t)1 << m->bits;
    const ts_zq8 c = ts_zq8_constants(m);
    const ts_v8 w = ts_v8_set1(m->scale[scale]), q = ts_v8_set1(m->scale[scale] * m->inverse);
    if (n < TS_ZQ8_LEAF) {
        zq_intt(a, m, scale);
        return;
    }
    ts_zq8_inverse_block(a, m, 1, n, &c);
    for (size_t k = 0; k < n; k += 8)
        ts_zq8_store(a + k, ts_zq8_less(ts_zq8_twiddle(ts_zq8_load(a + k), w, q, &c), c.p));
}

#endif
