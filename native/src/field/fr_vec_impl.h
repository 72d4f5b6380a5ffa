/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of Fr: the loops behind the ts_fr_vec_ functions of tallystick.h, which states their
 * contracts. */
#ifndef TS_FR_VEC_IMPL_H
#define TS_FR_VEC_IMPL_H

#include "../hash/chacha20.h"
#include "fr_impl.h"

/* Columns handled at a time by ts_fr_vec_combine, so that the running sums stay in the L1 cache. */
#define TS_FR_COMBINE_BLOCK 256

/* ---- conversion ---- */

static void fr_vec_from_i64(ts_fr *out, const int64_t *in, size_t n) {
    for (size_t k = 0; k < n; k++) {
        uint64_t negative = ts_ct_mask((uint64_t)in[k] >> 63);
        uint64_t magnitude[TS_FR_LIMBS] = {((uint64_t)in[k] ^ negative) - negative};
        ts_fr v, minus_v;
        ts_fr_from_limbs(&v, magnitude);
        ts_fr_neg(&minus_v, &v);
        ts_fr_cmov(&v, negative, &minus_v);
        out[k] = v;
    }
}

static int fr_vec_from_bytes(ts_fr *out, size_t *bad, const uint8_t *in, size_t n) {
    for (size_t k = 0; k < n; k++) {
        uint64_t v[TS_FR_LIMBS];
        for (int i = 0; i < TS_FR_LIMBS; i++) v[i] = ts_load_le64(in + 32 * k + 8 * i);
        uint64_t good = ts_limbs_less(v, ts_fr_modulus, TS_FR_LIMBS);
        ts_ct_declassify(&good, sizeof good);
        if (!good) {
            *bad = k;
            return ts_refuse(TS_ERR_ENCODING, out, n * sizeof *out);
        }
        ts_fr_from_limbs(&out[k], v);
    }
    return TS_OK;
}

static void fr_vec_to_bytes(uint8_t *out, const ts_fr *a, size_t n) {
    for (size_t k = 0; k < n; k++) {
        uint64_t v[TS_FR_LIMBS];
        ts_fr_to_limbs(v, &a[k]);
        for (int i = 0; i < TS_FR_LIMBS; i++) ts_store_le64(out + 32 * k + 8 * i, v[i]);
    }
}

/* lo + 2^256 hi, both any 256-bit integers, into Montgomery form. */
TS_INLINE void ts_fr_from_wide(ts_fr *out, const uint64_t lo[TS_FR_LIMBS], const uint64_t hi[TS_FR_LIMBS]) {
    ts_fr l, h;
    ts_montmul4(l.l, ts_fr_r2.l, lo, ts_fr_modulus, TS_FR_INV);
    ts_montmul4(h.l, ts_fr_r3.l, hi, ts_fr_modulus, TS_FR_INV);
    ts_fr_add(out, &l, &h);
}

static void fr_vec_expand(ts_fr *out, size_t n, const uint8_t *key32, const uint8_t *nonce12, uint64_t first) {
    uint8_t blocks[TS_CHACHA20_LANES * TS_CHACHA20_BLOCK];
    for (size_t k = 0; k < n; k += TS_CHACHA20_LANES) {
        ts_chacha20_blocks(blocks, key32, nonce12, (uint32_t)(first + k));
        for (size_t j = 0; j < TS_CHACHA20_LANES && k + j < n; j++) {
            uint64_t v[2 * TS_FR_LIMBS];
            for (int i = 0; i < 2 * TS_FR_LIMBS; i++) v[i] = ts_load_le64(blocks + TS_CHACHA20_BLOCK * j + 8 * i);
            ts_fr_from_wide(&out[k + j], v, v + TS_FR_LIMBS);
            ts_wipe(v, sizeof v);
        }
    }
    ts_wipe(blocks, sizeof blocks);
}

/* ---- element-wise ---- */

static void fr_vec_add(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    for (size_t k = 0; k < n; k++) ts_fr_add(&out[k], &a[k], &b[k]);
}

static void fr_vec_sub(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    for (size_t k = 0; k < n; k++) ts_fr_sub(&out[k], &a[k], &b[k]);
}

static void fr_vec_neg(ts_fr *out, const ts_fr *a, size_t n) {
    for (size_t k = 0; k < n; k++) ts_fr_neg(&out[k], &a[k]);
}

static void fr_vec_mul(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    for (size_t k = 0; k < n; k++) ts_fr_mul(&out[k], &a[k], &b[k]);
}

static void fr_vec_muladd(ts_fr *out, const ts_fr *a, const ts_fr *b, const ts_fr *c, size_t n) {
    for (size_t k = 0; k < n; k++) {
        ts_fr t;
        ts_fr_mul(&t, &a[k], &b[k]);
        ts_fr_add(&out[k], &t, &c[k]);
    }
}

static void fr_vec_scale(ts_fr *out, const ts_fr *s, const ts_fr *a, size_t n) {
    const ts_fr factor = *s;
    for (size_t k = 0; k < n; k++) ts_fr_mul(&out[k], &factor, &a[k]);
}

static void fr_vec_outer(ts_fr *out, const ts_fr *a, size_t n, const ts_fr *b, size_t m) {
    for (size_t i = 0; i < n; i++) fr_vec_scale(out + i * m, a + i, b, m);
}

static void fr_vec_axpy(ts_fr *out, const ts_fr *s, const ts_fr *a, const ts_fr *b, size_t n) {
    const ts_fr factor = *s;
    for (size_t k = 0; k < n; k++) {
        ts_fr t;
        ts_fr_mul(&t, &factor, &a[k]);
        ts_fr_add(&out[k], &t, &b[k]);
    }
}

/* Montgomery's trick: out holds the running products, one inversion, then a pass backwards. */
static int fr_vec_inv(ts_fr *out, const ts_fr *a, size_t n) {
    ts_fr acc = ts_fr_one, inv, t;
    for (size_t k = 0; k < n; k++) {
        out[k] = acc;
        ts_fr_mul(&acc, &acc, &a[k]);
    }
    int zero = (int)(ts_fr_is_zero(&acc) & 1);
    ts_fr_inv(&inv, &acc);
    for (size_t k = n; k-- > 0;) {
        ts_fr_mul(&t, &inv, &a[k]);
        ts_fr_mul(&out[k], &out[k], &inv);
        inv = t;
    }
    ts_wipe(&acc, sizeof acc);
    ts_wipe(&inv, sizeof inv);
    ts_wipe(&t, sizeof t);
    /* A zero anywhere makes every product, and so every output, zero. */
    return zero ? TS_ERR_ZERO : TS_OK;
}

static void fr_vec_powers(ts_fr *out, size_t n, const ts_fr *x, const ts_fr *first) {
    ts_fr acc = *first;
    const ts_fr base = *x;
    for (size_t k = 0; k < n; k++) {
        out[k] = acc;
        ts_fr_mul(&acc, &acc, &base);
    }
}

static int fr_vec_equal(const ts_fr *a, const ts_fr *b, size_t n) {
    uint64_t any = 0;
    for (size_t k = 0; k < n; k++)
        for (int i = 0; i < TS_FR_LIMBS; i++) any |= a[k].l[i] ^ b[k].l[i];
    return (int)(ts_ct_is_zero(any) & 1);
}

static int fr_vec_is_zero(const ts_fr *a, size_t n) {
    uint64_t any = 0;
    for (size_t k = 0; k < n; k++)
        for (int i = 0; i < TS_FR_LIMBS; i++) any |= a[k].l[i];
    return (int)(ts_ct_is_zero(any) & 1);
}

/* ---- reductions and linear maps ---- */

static void fr_vec_sum(ts_fr *out, const ts_fr *a, size_t n) {
    ts_fr acc = {{0}};
    for (size_t k = 0; k < n; k++) ts_fr_add(&acc, &acc, &a[k]);
    *out = acc;
}

static void fr_vec_dot(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    ts_fr acc = {{0}};
    for (size_t k = 0; k < n; k++) {
        ts_fr t;
        ts_fr_mul(&t, &a[k], &b[k]);
        ts_fr_add(&acc, &acc, &t);
    }
    *out = acc;
}

static void fr_vec_sum_axis(ts_fr *out, const ts_fr *a, size_t outer, size_t n, size_t inner) {
    memset(out, 0, outer * inner * sizeof *out);
    for (size_t i = 0; i < outer; i++)
        for (size_t k = 0; k < n; k++)
            fr_vec_add(out + i * inner, out + i * inner, a + (i * n + k) * inner, inner);
}

static void fr_vec_combine(ts_fr *out, const ts_fr *rows, const ts_fr *weights, size_t m, size_t c) {
    memset(out, 0, c * sizeof *out);
    for (size_t j = 0; j < c; j += TS_FR_COMBINE_BLOCK) {
        size_t width = c - j < TS_FR_COMBINE_BLOCK ? c - j : TS_FR_COMBINE_BLOCK;
        for (size_t i = 0; i < m; i++) fr_vec_axpy(out + j, &weights[i], rows + i * c + j, out + j, width);
    }
}

static void fr_vec_matvec(ts_fr *out, const ts_fr *rows, const ts_fr *v, size_t m, size_t c) {
    for (size_t i = 0; i < m; i++) fr_vec_dot(&out[i], rows + i * c, v, c);
}

static int fr_vec_scatter_add(ts_fr *out, size_t n, const ts_fr *a, const int64_t *index, size_t count) {
    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < count; k++) {
        /* A negative index becomes one of at least 2^63. */
        if ((uint64_t)index[k] >= n) {
            return ts_refuse(TS_ERR_INDEX, out, n * sizeof *out);
        }
        ts_fr_add(&out[index[k]], &out[index[k]], &a[k]);
    }
    return TS_OK;
}

#endif
