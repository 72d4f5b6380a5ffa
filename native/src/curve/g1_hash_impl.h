/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing to G1: suite BLS12381G1_XMD:SHA-256_SSWU_RO_ of RFC 9380 (sections 3, 6.6.2, 6.6.3, 8.8.1). */
#ifndef TS_G1_HASH_IMPL_H
#define TS_G1_HASH_IMPL_H

#include "../hash/xmd_impl.h"
#include "g1_hash_constants.h"
#include "g1_impl.h"

/* L of RFC 9380 section 5.2: the bytes drawn for one field element. */
#define TS_HASH_TO_FIELD_BYTES 64

/* A 64-byte big-endian integer modulo p. */
static void ts_fp_from_wide_bytes(ts_fp *out, const uint8_t in[TS_HASH_TO_FIELD_BYTES]) {
    uint64_t v[2 * TS_FP_LIMBS] = {0};
    ts_fp high;
    for (int i = 0; i < 8; i++) v[i] = ts_load_be64(in + 8 * (7 - i));
    ts_fp_from_limbs(out, v);
    ts_montmul6(high.l, ts_fp_r3.l, v + TS_FP_LIMBS, ts_fp_modulus, TS_FP_INV);
    ts_fp_add(out, out, &high);
}

/* out = sqrt(u/v), or sqrt(Z u/v) if u/v is not a square; returns a mask: it is. v is not zero
 * (appendix F.2.1.2, for p = 3 mod 4). */
static uint64_t ts_fp_sqrt_ratio(ts_fp *out, const ts_fp *u, const ts_fp *v) {
    ts_fp uv, y, other, check;
    ts_fp_mul(&uv, u, v);
    ts_fp_sqr(&check, v);
    ts_fp_mul(&check, &check, &uv);
    ts_fp_pow_public(&y, &check, ts_fp_sqrt_ratio_exponent);
    ts_fp_mul(&y, &y, &uv);
    ts_fp_mul(&other, &y, &ts_sswu_sqrt_minus_z);
    ts_fp_sqr(&check, &y);
    ts_fp_mul(&check, &check, v);
    uint64_t square = ts_fp_equal(&check, u);
    *out = other;
    ts_fp_cmov(out, square, &y);
    return square;
}

/* out = x^3 + A' x d^2 + B' d^3 for the isogenous curve with homogeneous x/d, given d^2 and d^3. */
TS_INLINE void ts_sswu_curve(ts_fp *out, const ts_fp *x, const ts_fp *dd, const ts_fp *ddd) {
    ts_fp t;
    ts_fp_sqr(out, x);
    ts_fp_mul(&t, &ts_sswu_a, dd);
    ts_fp_add(out, out, &t);
    ts_fp_mul(out, out, x);
    ts_fp_mul(&t, &ts_sswu_b, ddd);
    ts_fp_add(out, out, &t);
}

/* The simplified SWU map (appendix F.2): a point (xn/xd, y) of the isogenous curve. */
static void ts_sswu_map(ts_fp *xn, ts_fp *xd, ts_fp *y, const ts_fp *u) {
    ts_fp zu2, t, x2, dd, ddd, g, y2;
    ts_fp_sqr(&zu2, u);
    ts_fp_mul(&zu2, &ts_sswu_z, &zu2);
    ts_fp_sqr(&t, &zu2);
    ts_fp_add(&t, &t, &zu2);
    ts_fp_add(xn, &t, &ts_fp_one);
    ts_fp_mul(xn, &ts_sswu_b, xn);
    ts_fp_neg(xd, &t);
    ts_fp_cmov(xd, ts_fp_is_zero(&t), &ts_sswu_z);
    ts_fp_mul(xd, &ts_sswu_a, xd);
    ts_fp_sqr(&dd, xd);
    ts_fp_mul(&ddd, &dd, xd);
    ts_sswu_curve(&g, xn, &dd, &ddd);
    ts_fp_mul(&x2, &zu2, xn);
    uint64_t first = ts_fp_sqrt_ratio(y, &g, &ddd);
    ts_fp_mul(&y2, &zu2, u);
    ts_fp_mul(&y2, &y2, y);
    ts_fp_cmov(xn, ~first, &x2);
    ts_fp_cmov(y, ~first, &y2);
    ts_fp_neg(&t, y);
    ts_fp_cmov(y, ts_fp_is_odd(u) ^ ts_fp_is_odd(y), &t);
}

/* The degree of the isogeny's largest polynomial. */
#define TS_ISO_DEGREE 15

/* out = sum over i of coefficients[i] x^i d^(count-1-i), for x given as a fraction over d;
 * powers[i] = d^i. */
static void ts_iso_eval(ts_fp *out, const ts_fp *coefficients, int count, const ts_fp *x, const ts_fp *powers) {
    ts_fp acc = coefficients[count - 1], t;
    for (int i = count - 2; i >= 0; i--) {
        ts_fp_mul(&acc, &acc, x);
        ts_fp_mul(&t, &coefficients[i], &powers[count - 1 - i]);
        ts_fp_add(&acc, &acc, &t);
    }
    *out = acc;
}

#define TS_ISO_EVAL(out, table) ts_iso_eval(out, table, (int)(sizeof(table) / sizeof(ts_fp)), xn, powers)

/* The 11-isogeny (appendix E.2). As fractions over xd the degrees are 11 and 10 for x, and equal for y, so x
 * has one more xd below. A vanishing denominator gives infinity. */
static void ts_iso_map(ts_g1p *out, const ts_fp *xn, const ts_fp *xd, const ts_fp *y) {
    ts_fp powers[TS_ISO_DEGREE + 1], x_num, x_den, y_num, y_den;
    powers[0] = ts_fp_one;
    for (int i = 1; i <= TS_ISO_DEGREE; i++) ts_fp_mul(&powers[i], &powers[i - 1], xd);
    TS_ISO_EVAL(&x_num, ts_iso_x_num);
    TS_ISO_EVAL(&x_den, ts_iso_x_den);
    TS_ISO_EVAL(&y_num, ts_iso_y_num);
    TS_ISO_EVAL(&y_den, ts_iso_y_den);
    ts_fp_mul(&x_den, &x_den, xd);
    ts_fp_mul(&y_num, &y_num, y);
    ts_fp_mul(&out->x, &x_num, &y_den);
    ts_fp_mul(&out->y, &y_num, &x_den);
    ts_fp_mul(&out->z, &x_den, &y_den);
    ts_g1p infinity;
    ts_g1p_set_identity(&infinity);
    ts_g1p_cmov(out, ts_fp_is_zero(&out->z), &infinity);
}

static void ts_g1p_map(ts_g1p *out, const uint8_t uniform[TS_HASH_TO_FIELD_BYTES]) {
    ts_fp u, xn, xd, y;
    ts_fp_from_wide_bytes(&u, uniform);
    ts_sswu_map(&xn, &xd, &y, &u);
    ts_iso_map(out, &xn, &xd, &y);
}

/* hash_to_curve. The cofactor is cleared by 1 - z = 1 + |z| (section 8.8.1). */
static void ts_g1p_hash(ts_g1p *out, const uint8_t *msg, size_t msg_len, const uint8_t *dst, size_t dst_len) {
    uint8_t uniform[2 * TS_HASH_TO_FIELD_BYTES];
    ts_g1p p, q;
    ts_xmd_expand(uniform, sizeof uniform, msg, msg_len, dst, dst_len);
    ts_g1p_map(&p, uniform);
    ts_g1p_map(&q, uniform + TS_HASH_TO_FIELD_BYTES);
    ts_g1p_add(&p, &p, &q);
    ts_g1p_mul_z(&q, &p);
    ts_g1p_add(out, &p, &q);
    ts_wipe(uniform, sizeof uniform);
    ts_wipe(&p, sizeof p);
    ts_wipe(&q, sizeof q);
}

static void g1_vec_hash(ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends, const uint8_t *dst,
                        size_t dst_len) {
    ts_g1p batch[TS_G1_BATCH];
    uint64_t start = 0;
    for (size_t k = 0; k < n; k += TS_G1_BATCH) {
        size_t width = n - k < TS_G1_BATCH ? n - k : TS_G1_BATCH;
        for (size_t j = 0; j < width; start = ends[k + j], j++)
            ts_g1p_hash(&batch[j], messages + start, ends[k + j] - start, dst, dst_len);
        ts_g1_from_projective(out + k, batch, width);
    }
    ts_wipe(batch, sizeof batch);
}

#endif
