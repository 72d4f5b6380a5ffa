/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_G1P8_IMPL_H
#define TS_G1P8_IMPL_H

#include "g1p8.h"

TS_INLINE ts_g1p8 ts_g1p8_identity(void) {
    const ts_g1p8 p = {ts_fp8_zero(), ts_fp8_set(ts_fp8_unit), ts_fp8_zero()};
    return p;
}

TS_INLINE ts_g1p8 ts_g1p8_blend(ts_g1p8 a, __mmask8 m, const ts_g1p8 *b) {
    a.x = ts_fp8_blend(a.x, m, &b->x);
    a.y = ts_fp8_blend(a.y, m, &b->y);
    a.z = ts_fp8_blend(a.z, m, &b->z);
    return a;
}

TS_INLINE void ts_g1p8_from_affine(ts_g1p8 *out, const ts_g1a8 *a) {
    const ts_g1p8 identity = ts_g1p8_identity(), p = {a->x, a->y, ts_fp8_set(ts_fp8_unit)};
    *out = ts_g1p8_blend(p, a->infinity, &identity);
}

/* 3 a and 12 a = 3 b a. */
TS_INLINE ts_fp8 ts_fp8_mul3(const ts_fp8 *a) {
    return ts_fp8_carry(ts_fp8_add_columns(ts_fp8_shift_columns(*a, 1), a));
}

TS_INLINE ts_fp8 ts_fp8_mul12(const ts_fp8 *a) {
    const ts_fp8 four = ts_fp8_shift_columns(*a, 2);
    return ts_fp8_carry(ts_fp8_add_columns(ts_fp8_shift_columns(*a, 3), &four));
}

/* out = (a1 + a2)(b1 + b2) - c1 - c2 + 3 p for products c1, c2, so below 5 p. */
TS_INLINE void ts_fp8_cross(ts_fp8 *out, const ts_fp8 *a1, const ts_fp8 *a2, const ts_fp8 *b1, const ts_fp8 *b2,
                            const ts_fp8 *c1, const ts_fp8 *c2) {
    const ts_fp8 s = ts_fp8_add(a1, a2), t = ts_fp8_add(b1, b2), c = ts_fp8_add_columns(*c1, c2);
    ts_fp8_mul(out, &s, &t);
    *out = ts_fp8_sub(out, &c, 3);
}

/* As ts_g1p_add_finish. Products (below p + 2^362) and the cross terms (below 5 p) keep every factor below 64 p. */
TS_INLINE void ts_g1p8_add_finish(ts_g1p8 *out, const ts_fp8 *xx, const ts_fp8 *yy, const ts_fp8 *zz, const ts_fp8 *xy,
                                  const ts_fp8 *yz, const ts_fp8 *xz) {
    const ts_fp8 zzb = ts_fp8_mul12(zz), xzb = ts_fp8_mul12(xz), xx3 = ts_fp8_mul3(xx);
    const ts_fp8 plus = ts_fp8_add(yy, &zzb), minus = ts_fp8_sub(yy, &zzb, 64);
    ts_fp8 s, t;
    ts_fp8_mul(&s, xy, &minus);
    ts_fp8_mul(&t, yz, &xzb);
    out->x = ts_fp8_sub(&s, &t, 2);
    ts_fp8_mul(&s, &plus, &minus);
    ts_fp8_mul(&t, &xx3, &xzb);
    out->y = ts_fp8_add(&s, &t);
    ts_fp8_mul(&s, yz, &plus);
    ts_fp8_mul(&t, &xx3, xy);
    out->z = ts_fp8_add(&s, &t);
}

static TS_NOINLINE void ts_g1p8_add(ts_g1p8 *out, const ts_g1p8 *a, const ts_g1p8 *b) {
    ts_fp8 xx, yy, zz, xy, yz, xz;
    ts_fp8_mul(&xx, &a->x, &b->x);
    ts_fp8_mul(&yy, &a->y, &b->y);
    ts_fp8_mul(&zz, &a->z, &b->z);
    ts_fp8_cross(&xy, &a->x, &a->y, &b->x, &b->y, &xx, &yy);
    ts_fp8_cross(&yz, &a->y, &a->z, &b->y, &b->z, &yy, &zz);
    ts_fp8_cross(&xz, &a->x, &a->z, &b->x, &b->z, &xx, &zz);
    ts_g1p8_add_finish(out, &xx, &yy, &zz, &xy, &yz, &xz);
}

static TS_NOINLINE void ts_g1p8_add_affine(ts_g1p8 *out, const ts_g1p8 *a, const ts_g1a8 *b) {
    ts_fp8 xx, yy, xy, yz, xz;
    ts_g1p8 sum;
    ts_fp8_mul(&xx, &a->x, &b->x);
    ts_fp8_mul(&yy, &a->y, &b->y);
    ts_fp8_cross(&xy, &a->x, &a->y, &b->x, &b->y, &xx, &yy);
    ts_fp8_mul(&yz, &b->y, &a->z);
    yz = ts_fp8_add(&yz, &a->y);
    ts_fp8_mul(&xz, &b->x, &a->z);
    xz = ts_fp8_add(&xz, &a->x);
    ts_g1p8_add_finish(&sum, &xx, &yy, &a->z, &xy, &yz, &xz);
    *out = ts_g1p8_blend(sum, b->infinity, a);
}

static TS_NOINLINE void ts_g1p8_double(ts_g1p8 *out, const ts_g1p8 *a) {
    ts_fp8 yy, yz, xy, zzb, t;
    ts_fp8_sqr(&yy, &a->y);
    ts_fp8_mul(&yz, &a->y, &a->z);
    ts_fp8_mul(&xy, &a->x, &a->y);
    ts_fp8_sqr(&zzb, &a->z);
    zzb = ts_fp8_mul12(&zzb); /* below 13 p */
    const ts_fp8 plus = ts_fp8_add(&yy, &zzb), zzb3 = ts_fp8_mul3(&zzb), minus = ts_fp8_sub(&yy, &zzb3, 40);
    const ts_fp8 yy8 = ts_fp8_carry(ts_fp8_shift_columns(yy, 3));
    ts_fp8_mul(&t, &xy, &minus);
    out->x = ts_fp8_add(&t, &t);
    ts_fp8_mul(&out->y, &plus, &minus);
    ts_fp8_mul(&t, &zzb, &yy8);
    out->y = ts_fp8_add(&out->y, &t);
    ts_fp8_mul(&out->z, &yz, &yy8);
}

static void ts_g1p8_mul_z(ts_g1p8 *out, const ts_g1p8 *a) {
    const ts_g1p8 base = *a;
    ts_g1p8 acc = *a;
    for (int i = 62; i >= 0; i--) {
        ts_g1p8_double(&acc, &acc);
        if (TS_G1_Z_ABS >> i & 1) ts_g1p8_add(&acc, &acc, &base);
    }
    *out = acc;
}

static void ts_g1a8_load(ts_g1a8 *out, const ts_g1 *a, size_t count) {
    static const ts_g1 none;
    const ts_fp *x[8], *y[8];
    for (size_t i = 0; i < 8; i++) {
        const ts_g1 *p = i < count ? a + i : &none;
        x[i] = &p->x;
        y[i] = &p->y;
    }
    out->x = ts_fp8_load(x);
    out->y = ts_fp8_load(y);
    /* The y of a finite point is not zero (curve/g1.h). */
    out->infinity = ts_fp8_is_zero(&out->y, 1);
}

static void ts_g1_from_projective8(ts_g1 *out, const ts_g1p8 *a, size_t n, size_t count) {
    ts_fp8 before[TS_G1P8_BATCH], inverse, acc = ts_fp8_set(ts_fp8_unit);
    __mmask8 infinity[TS_G1P8_BATCH];
    TS_ASSERT(n <= TS_G1P8_BATCH && count <= 8 * n);
    for (size_t k = 0; k < n; k++) {
        const ts_fp8 one = ts_fp8_set(ts_fp8_unit);
        infinity[k] = ts_fp8_is_zero(&a[k].z, 3);
        const ts_fp8 z = ts_fp8_blend(a[k].z, infinity[k], &one);
        before[k] = acc;
        ts_fp8_mul(&acc, &acc, &z);
    }
    ts_fp8_inv_lanes(&acc, &acc);
    for (size_t k = n; k-- > 0;) {
        const ts_fp8 zero = ts_fp8_zero(), one = ts_fp8_set(ts_fp8_unit);
        const ts_fp8 z = ts_fp8_blend(a[k].z, infinity[k], &one);
        const size_t left = count > 8 * k ? count - 8 * k : 0;
        const __mmask8 lanes = left >= 8 ? 0xff : (__mmask8)((1U << left) - 1);
        ts_fp *to_x[8], *to_y[8];
        ts_fp8 x, y;
        for (size_t i = 0; i < 8; i++) {
            ts_g1 *p = out + (i < left ? 8 * k + i : 0);
            to_x[i] = &p->x;
            to_y[i] = &p->y;
        }
        ts_fp8_mul(&inverse, &acc, &before[k]);
        ts_fp8_mul(&acc, &acc, &z);
        inverse = ts_fp8_blend(inverse, infinity[k], &zero);
        ts_fp8_mul(&x, &a[k].x, &inverse);
        ts_fp8_mul(&y, &a[k].y, &inverse);
        ts_fp8_store(to_x, lanes, &x);
        ts_fp8_store(to_y, lanes, &y);
    }
    ts_wipe(before, sizeof before);
    ts_wipe(&acc, sizeof acc);
}

/* As ts_g1_in_subgroup: -z^2 a = (beta x, y). */
static __mmask8 ts_g1a8_in_subgroup(const ts_g1a8 *a) {
    ts_g1p8 q;
    ts_fp8 x, y;
    const ts_fp8 beta = ts_fp8_set(ts_fp8_beta);
    ts_g1p8_from_affine(&q, a);
    ts_g1p8_mul_z(&q, &q);
    ts_g1p8_mul_z(&q, &q);
    ts_fp8_mul(&x, &a->x, &beta);
    ts_fp8_mul(&x, &x, &q.z);
    ts_fp8_mul(&y, &a->y, &q.z);
    /* Coordinates are below 4 p, products below 2 p. */
    const ts_fp8 dx = ts_fp8_sub(&q.x, &x, 2), sum = ts_fp8_add(&q.y, &y);
    const __mmask8 proper = ts_fp8_is_zero(&dx, 5) & ts_fp8_is_zero(&sum, 5) & (__mmask8)~ts_fp8_is_zero(&q.z, 3);
    return proper | a->infinity;
}

#endif
