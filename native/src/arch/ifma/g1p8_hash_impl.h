/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing to G1 eight messages at a time; as curve/g1_hash_impl.h, where the formulas are explained. */
#ifndef TS_G1P8_HASH_IMPL_H
#define TS_G1P8_HASH_IMPL_H

#include "../../curve/g1_hash_impl.h"
#include "g1p8_vec_impl.h"

/* One constant: limbs in the domain of 2^416, to be broadcast. */
typedef struct {
    uint64_t l[8];
} ts_fp8_constant;

/* The constants of the map, brought into that domain once a call. */
typedef struct {
    ts_fp8_constant a, b, z, sqrt_minus_z;
    ts_fp8_constant x_num[12], x_den[11], y_num[16], y_den[16];
} ts_sswu8;

/* out[k] = the limbs of a[k], for n constants. */
static void ts_fp8_constants_load(ts_fp8_constant *out, const ts_fp *a, size_t n) {
    for (size_t k = 0; k < n; k += 8) {
        const ts_fp *at[8];
        for (size_t i = 0; i < 8; i++) at[i] = &a[ts_min(k + i, n - 1)];
        const ts_fp8 v = ts_fp8_load(at);
        ts_v8 z[8];
        ts_v8_transpose8(z, v.l);
        for (size_t i = 0; i < 8 && k + i < n; i++) _mm512_storeu_si512(out[k + i].l, z[i]);
    }
}

static void ts_sswu8_load(ts_sswu8 *c) {
    ts_fp8_constants_load(&c->a, &ts_sswu_a, 1);
    ts_fp8_constants_load(&c->b, &ts_sswu_b, 1);
    ts_fp8_constants_load(&c->z, &ts_sswu_z, 1);
    ts_fp8_constants_load(&c->sqrt_minus_z, &ts_sswu_sqrt_minus_z, 1);
    ts_fp8_constants_load(c->x_num, ts_iso_x_num, sizeof ts_iso_x_num / sizeof(ts_fp));
    ts_fp8_constants_load(c->x_den, ts_iso_x_den, sizeof ts_iso_x_den / sizeof(ts_fp));
    ts_fp8_constants_load(c->y_num, ts_iso_y_num, sizeof ts_iso_y_num / sizeof(ts_fp));
    ts_fp8_constants_load(c->y_den, ts_iso_y_den, sizeof ts_iso_y_den / sizeof(ts_fp));
}

/* out = a times a constant. */
TS_INLINE void ts_fp8_mul_constant(ts_fp8 *out, const ts_fp8 *a, const ts_fp8_constant *c) {
    const ts_fp8 by = ts_fp8_set(c->l);
    ts_fp8_mul(out, a, &by);
}

/* Eight 64-byte big-endian integers modulo p, below 2 p + 2^363. */
static void ts_fp8_from_wide_bytes(ts_fp8 *out, const uint8_t in[8][TS_HASH_TO_FIELD_BYTES]) {
    ts_fp_block low, high;
    memset(&high, 0, sizeof high);
    for (int k = 0; k < 8; k++) {
        for (int i = 0; i < 6; i++) low.v[k].l[i] = ts_load_be64(in[k] + 8 * (7 - i));
        for (int i = 6; i < 8; i++) high.v[k].l[i - 6] = ts_load_be64(in[k] + 8 * (7 - i));
    }
    const ts_fp8 l = ts_fp8_load_block(&low, ts_fp8_enter_integer), h = ts_fp8_load_block(&high, ts_fp8_enter_high);
    *out = ts_fp8_add(&l, &h);
}

/* As ts_fp_sqrt_ratio. u is below 4 p, v below 2 p. */
static __mmask8 ts_fp8_sqrt_ratio(ts_fp8 *out, const ts_fp8 *u, const ts_fp8 *v, const ts_sswu8 *c) {
    ts_fp8 uv, y, other, check;
    ts_fp8_mul(&uv, u, v);
    ts_fp8_sqr(&check, v);
    ts_fp8_mul(&check, &check, &uv);
    ts_fp8_pow_public(&y, &check, ts_fp_sqrt_ratio_exponent);
    ts_fp8_mul(&y, &y, &uv);
    ts_fp8_mul_constant(&other, &y, &c->sqrt_minus_z);
    ts_fp8_sqr(&check, &y);
    ts_fp8_mul(&check, &check, v);
    const ts_fp8 d = ts_fp8_sub(&check, u, 4);
    const __mmask8 square = ts_fp8_is_zero(&d, 5);
    *out = ts_fp8_blend(other, square, &y);
    return square;
}

/* As ts_sswu_curve; below 3 p + 2^364. */
static void ts_sswu8_curve(ts_fp8 *out, const ts_fp8 *x, const ts_fp8 *dd, const ts_fp8 *ddd, const ts_sswu8 *c) {
    ts_fp8 t;
    ts_fp8_sqr(out, x);
    ts_fp8_mul_constant(&t, dd, &c->a);
    *out = ts_fp8_add(out, &t);
    ts_fp8_mul(out, out, x);
    ts_fp8_mul_constant(&t, ddd, &c->b);
    *out = ts_fp8_add(out, &t);
}

/* As ts_sswu_map; the results are below 2 p. */
static void ts_sswu8_map(ts_fp8 *xn, ts_fp8 *xd, ts_fp8 *y, const ts_fp8 *u, const ts_sswu8 *c) {
    const ts_fp8 one = ts_fp8_set(ts_fp8_unit), zero = ts_fp8_zero(), z = ts_fp8_set(c->z.l);
    ts_fp8 zu2, t, x2, dd, ddd, g, y2;
    ts_fp8_sqr(&zu2, u);
    ts_fp8_mul_constant(&zu2, &zu2, &c->z);
    ts_fp8_sqr(&t, &zu2);
    t = ts_fp8_add(&t, &zu2);
    *xn = ts_fp8_add(&t, &one);
    ts_fp8_mul_constant(xn, xn, &c->b);
    const ts_fp8 minus_t = ts_fp8_sub(&zero, &t, 3);
    *xd = ts_fp8_blend(minus_t, ts_fp8_is_zero(&t, 2), &z);
    ts_fp8_mul_constant(xd, xd, &c->a);
    ts_fp8_sqr(&dd, xd);
    ts_fp8_mul(&ddd, &dd, xd);
    ts_sswu8_curve(&g, xn, &dd, &ddd, c);
    ts_fp8_mul(&x2, &zu2, xn);
    const __mmask8 first = ts_fp8_sqrt_ratio(y, &g, &ddd, c);
    ts_fp8_mul(&y2, &zu2, u);
    ts_fp8_mul(&y2, &y2, y);
    *xn = ts_fp8_blend(x2, first, xn);
    *y = ts_fp8_blend(y2, first, y);
    *y = ts_fp8_negate(y, ts_fp8_is_odd(u) ^ ts_fp8_is_odd(y));
}

/* As ts_iso_eval; below 2 p + 2^363. */
static void ts_iso8_eval(ts_fp8 *out, const ts_fp8_constant *coefficients, int count, const ts_fp8 *x,
                         const ts_fp8 *powers) {
    ts_fp8 acc = ts_fp8_set(coefficients[count - 1].l), t;
    for (int i = count - 2; i >= 0; i--) {
        ts_fp8_mul(&acc, &acc, x);
        ts_fp8_mul_constant(&t, &powers[count - 1 - i], &coefficients[i]);
        acc = ts_fp8_add(&acc, &t);
    }
    *out = acc;
}

#define TS_ISO8_EVAL(out, table) \
    ts_iso8_eval(out, c->table, (int)(sizeof(c->table) / sizeof(ts_fp8_constant)), xn, powers)

/* As ts_iso_map. */
static void ts_iso8_map(ts_g1p8 *out, const ts_fp8 *xn, const ts_fp8 *xd, const ts_fp8 *y, const ts_sswu8 *c) {
    const ts_g1p8 identity = ts_g1p8_identity();
    ts_fp8 powers[TS_ISO_DEGREE + 1], x_num, x_den, y_num, y_den;
    powers[0] = ts_fp8_set(ts_fp8_unit);
    for (int i = 1; i <= TS_ISO_DEGREE; i++) ts_fp8_mul(&powers[i], &powers[i - 1], xd);
    TS_ISO8_EVAL(&x_num, x_num);
    TS_ISO8_EVAL(&x_den, x_den);
    TS_ISO8_EVAL(&y_num, y_num);
    TS_ISO8_EVAL(&y_den, y_den);
    ts_fp8_mul(&x_den, &x_den, xd);
    ts_fp8_mul(&y_num, &y_num, y);
    ts_fp8_mul(&out->x, &x_num, &y_den);
    ts_fp8_mul(&out->y, &y_num, &x_den);
    ts_fp8_mul(&out->z, &x_den, &y_den);
    *out = ts_g1p8_blend(*out, ts_fp8_is_zero(&out->z, 1), &identity);
}

static void ts_g1p8_map(ts_g1p8 *out, const uint8_t uniform[8][TS_HASH_TO_FIELD_BYTES], const ts_sswu8 *c) {
    ts_fp8 u, xn, xd, y;
    ts_fp8_from_wide_bytes(&u, uniform);
    ts_sswu8_map(&xn, &xd, &y, &u, c);
    ts_iso8_map(out, &xn, &xd, &y, c);
}

/* The uniform bytes of up to eight messages, for either of the two maps; the first message begins at start. */
static uint64_t ts_g1p8_uniform(uint8_t uniform[2][8][TS_HASH_TO_FIELD_BYTES], const uint8_t *messages, uint64_t start,
                                const uint64_t *ends, size_t n, const uint8_t *dst, size_t dst_len) {
    memset(uniform, 0, 2 * 8 * TS_HASH_TO_FIELD_BYTES);
    for (size_t k = 0; k < n && k < 8; start = ends[k], k++) {
        uint8_t bytes[2 * TS_HASH_TO_FIELD_BYTES];
        ts_xmd_expand(bytes, sizeof bytes, messages + start, ends[k] - start, dst, dst_len);
        memcpy(uniform[0][k], bytes, TS_HASH_TO_FIELD_BYTES);
        memcpy(uniform[1][k], bytes + TS_HASH_TO_FIELD_BYTES, TS_HASH_TO_FIELD_BYTES);
        ts_wipe(bytes, sizeof bytes);
    }
    return start;
}

static void ifma_g1_vec_hash(ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends, const uint8_t *dst,
                             size_t dst_len) {
    uint8_t uniform[2][8][TS_HASH_TO_FIELD_BYTES];
    ts_g1p8 point[TS_G1P8_BATCH], other;
    uint64_t start = 0;
    ts_sswu8 c;
    ts_sswu8_load(&c);
    for (size_t k = 0; k < n; k += TS_G1P8_POINTS) {
        const size_t count = ts_min(n - k, TS_G1P8_POINTS);
        for (size_t j = 0; 8 * j < count; j++) {
            const size_t at = k + 8 * j;
            start = ts_g1p8_uniform(uniform, messages, start, ends + at, n - at, dst, dst_len);
            ts_g1p8_map(&point[j], (const uint8_t(*)[TS_HASH_TO_FIELD_BYTES])uniform[0], &c);
            ts_g1p8_map(&other, (const uint8_t(*)[TS_HASH_TO_FIELD_BYTES])uniform[1], &c);
            ts_g1p8_add(&point[j], &point[j], &other);
            ts_g1p8_mul_z(&other, &point[j]);
            ts_g1p8_add(&point[j], &point[j], &other);
        }
        ts_g1_from_projective8(out + k, point, (count + 7) / 8, count);
    }
    ts_wipe(uniform, sizeof uniform);
    ts_wipe(point, sizeof point);
    ts_wipe(&other, sizeof other);
}

#endif
