/* The 48-byte compressed encoding of points (Zcash/IETF), spec/conventions.md. */
#ifndef TS_G1_CODEC_IMPL_H
#define TS_G1_CODEC_IMPL_H

#include "g1_impl.h"

#define TS_G1_FLAG_COMPRESSED 0x80
#define TS_G1_FLAG_INFINITY 0x40
#define TS_G1_FLAG_LARGER_Y 0x20
#define TS_G1_FLAGS 0xe0

/* Reads the big-endian x below the flag bits; TS_ERR_ENCODING unless it is below p. */
static int ts_g1_decode_x(uint64_t x[TS_FP_LIMBS], const uint8_t in[TS_G1_BYTES]) {
    uint8_t bytes[TS_G1_BYTES];
    memcpy(bytes, in, sizeof bytes);
    bytes[0] &= (uint8_t)~TS_G1_FLAGS;
    for (int i = 0; i < TS_FP_LIMBS; i++) x[i] = ts_load_be64(bytes + 8 * (TS_FP_LIMBS - 1 - i));
    return ts_limbs_less(x, ts_fp_modulus, TS_FP_LIMBS) ? TS_OK : TS_ERR_ENCODING;
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
    ts_fp_sqr(&square, &out->x);
    ts_fp_mul(&square, &square, &out->x);
    ts_fp_add(&square, &square, &ts_g1_b);
    if (!ts_fp_sqrt(&out->y, &square)) return TS_ERR_CURVE;
    if (!ts_fp_is_large(&out->y) != !(in[0] & TS_G1_FLAG_LARGER_Y)) ts_fp_neg(&out->y, &out->y);
    return ts_g1_in_subgroup(out) ? TS_OK : TS_ERR_SUBGROUP;
}

static int g1_vec_from_bytes_var(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    for (size_t k = 0; k < n; k++) {
        int code = ts_g1_decode_var(&out[k], in + TS_G1_BYTES * k);
        if (code == TS_OK) continue;
        *bad = k;
        memset(out, 0, n * sizeof *out);
        return code;
    }
    return TS_OK;
}

static void g1_vec_to_bytes(uint8_t *out, const ts_g1 *a, size_t n) {
    for (size_t k = 0; k < n; k++, out += TS_G1_BYTES) {
        uint64_t x[TS_FP_LIMBS], infinity = ts_g1_is_identity(&a[k]);
        ts_fp_to_limbs(x, &a[k].x);
        for (int i = 0; i < TS_FP_LIMBS; i++) ts_store_be64(out + 8 * (TS_FP_LIMBS - 1 - i), x[i]);
        out[0] |= (uint8_t)(TS_G1_FLAG_COMPRESSED | (infinity & TS_G1_FLAG_INFINITY) |
                            (ts_fp_is_large(&a[k].y) & TS_G1_FLAG_LARGER_Y));
    }
}

#endif
