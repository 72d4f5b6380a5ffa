/* SPDX-License-Identifier: Apache-2.0 */
/* Points as bytes: the 48-byte compressed encoding (Zcash/IETF; spec/conventions.md), and plain coordinates. */
#ifndef TS_G1_CODEC_IMPL_H
#define TS_G1_CODEC_IMPL_H

#include "g1_impl.h"

#define TS_G1_FLAG_COMPRESSED 0x80
#define TS_G1_FLAG_INFINITY 0x40
#define TS_G1_FLAG_LARGER_Y 0x20
#define TS_G1_FLAGS 0xe0

/* Reads a big-endian coordinate; TS_ERR_ENCODING unless it is below p. */
static int ts_fp_decode(uint64_t v[TS_FP_LIMBS], const uint8_t in[TS_FP_BYTES]) {
    for (int i = 0; i < TS_FP_LIMBS; i++) v[i] = ts_load_be64(in + 8 * (TS_FP_LIMBS - 1 - i));
    return ts_limbs_less(v, ts_fp_modulus, TS_FP_LIMBS) ? TS_OK : TS_ERR_ENCODING;
}

static void ts_fp_encode(uint8_t out[TS_FP_BYTES], const ts_fp *a) {
    uint64_t v[TS_FP_LIMBS];
    ts_fp_to_limbs(v, a);
    for (int i = 0; i < TS_FP_LIMBS; i++) ts_store_be64(out + 8 * (TS_FP_LIMBS - 1 - i), v[i]);
}

/* out = x^3 + 4. */
static void ts_g1_right_side(ts_fp *out, const ts_fp *x) {
    ts_fp cube;
    ts_fp_sqr(&cube, x);
    ts_fp_mul(&cube, &cube, x);
    ts_fp_add(out, &cube, &ts_g1_b);
}

/* Reads the x below the flag bits. */
static int ts_g1_decode_x(uint64_t x[TS_FP_LIMBS], const uint8_t in[TS_G1_BYTES]) {
    uint8_t bytes[TS_G1_BYTES];
    memcpy(bytes, in, sizeof bytes);
    bytes[0] &= (uint8_t)~TS_G1_FLAGS;
    return ts_fp_decode(x, bytes);
}

static int ts_g1_decode_var(ts_g1 *out, const uint8_t in[TS_G1_BYTES]) {
    uint64_t x[TS_FP_LIMBS];
    ts_fp square;
    memset(out, 0, sizeof *out);
    if (!(in[0] & TS_G1_FLAG_COMPRESSED) || ts_g1_decode_x(x, in) != TS_OK) return TS_ERR_ENCODING;
    if (in[0] & TS_G1_FLAG_INFINITY) {
        int clean = ts_limbs_is_zero(x, TS_FP_LIMBS) && !(in[0] & TS_G1_FLAG_LARGER_Y);
        return clean ? TS_OK : TS_ERR_ENCODING;
    }
    ts_fp_from_limbs(&out->x, x);
    ts_g1_right_side(&square, &out->x);
    if (!ts_fp_sqrt(&out->y, &square)) return TS_ERR_CURVE;
    if (!ts_fp_is_large(&out->y) != !(in[0] & TS_G1_FLAG_LARGER_Y)) ts_fp_neg(&out->y, &out->y);
    return ts_g1_in_subgroup(out) ? TS_OK : TS_ERR_SUBGROUP;
}

static int g1_vec_from_bytes_var(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    for (size_t k = 0; k < n; k++) {
        int code = ts_g1_decode_var(&out[k], in + TS_G1_BYTES * k);
        if (code == TS_OK) continue;
        *bad = k;
        return ts_refuse(code, out, n * sizeof *out);
    }
    return TS_OK;
}

static void g1_vec_to_bytes(uint8_t *out, const ts_g1 *a, size_t n) {
    for (size_t k = 0; k < n; k++, out += TS_G1_BYTES) {
        uint64_t infinity = ts_g1_is_identity(&a[k]);
        ts_fp_encode(out, &a[k].x);
        out[0] |= (uint8_t)(TS_G1_FLAG_COMPRESSED | (infinity & TS_G1_FLAG_INFINITY) |
                            (ts_fp_is_large(&a[k].y) & TS_G1_FLAG_LARGER_Y));
    }
}

/* ---- the 96-byte affine form, for bytes that a digest vouches for ---- */

static int ts_g1_decode_affine_var(ts_g1 *out, const uint8_t in[2 * TS_FP_BYTES]) {
    uint64_t x[TS_FP_LIMBS], y[TS_FP_LIMBS];
    ts_fp left, right;
    memset(out, 0, sizeof *out);
    if (ts_fp_decode(x, in) != TS_OK || ts_fp_decode(y, in + TS_FP_BYTES) != TS_OK) return TS_ERR_ENCODING;
    if (ts_limbs_is_zero(x, TS_FP_LIMBS) && ts_limbs_is_zero(y, TS_FP_LIMBS)) return TS_OK;
    ts_fp_from_limbs(&out->x, x);
    ts_fp_from_limbs(&out->y, y);
    ts_fp_sqr(&left, &out->y);
    ts_g1_right_side(&right, &out->x);
    return ts_fp_equal(&left, &right) ? TS_OK : TS_ERR_CURVE;
}

static int g1_vec_from_affine_var(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    for (size_t k = 0; k < n; k++) {
        int code = ts_g1_decode_affine_var(&out[k], in + 2 * TS_FP_BYTES * k);
        if (code == TS_OK) continue;
        *bad = k;
        return ts_refuse(code, out, n * sizeof *out);
    }
    return TS_OK;
}

static void g1_vec_to_affine(uint8_t *out, const ts_g1 *a, size_t n) {
    for (size_t k = 0; k < n; k++, out += 2 * TS_FP_BYTES) {
        ts_fp_encode(out, &a[k].x);
        ts_fp_encode(out + TS_FP_BYTES, &a[k].y);
    }
}

#endif
