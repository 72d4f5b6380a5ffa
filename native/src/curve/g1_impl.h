/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_G1_IMPL_H
#define TS_G1_IMPL_H

#include "g1.h"
#include "g1_constants.h"

/* ---- the group law ---- */

static void ts_g1p_set_identity(ts_g1p *out) {
    memset(out, 0, sizeof *out);
    out->y = ts_fp_one;
}

static void ts_g1p_from_affine(ts_g1p *out, const ts_g1 *a) {
    uint64_t infinity = ts_g1_is_identity(a);
    const ts_fp zero = {{0}};
    out->x = a->x;
    out->y = a->y;
    out->z = ts_fp_one;
    ts_fp_cmov(&out->y, infinity, &ts_fp_one);
    ts_fp_cmov(&out->z, infinity, &zero);
}

static void ts_g1p_cmov(ts_g1p *out, uint64_t mask, const ts_g1p *a) {
    ts_fp_cmov(&out->x, mask, &a->x);
    ts_fp_cmov(&out->y, mask, &a->y);
    ts_fp_cmov(&out->z, mask, &a->z);
}

TS_INLINE void ts_fp_double(ts_fp *out, const ts_fp *a) { ts_fp_add(out, a, a); }

TS_INLINE void ts_fp_mul3(ts_fp *out, const ts_fp *a) {
    ts_fp t;
    ts_fp_double(&t, a);
    ts_fp_add(out, &t, a);
}

/* 3 b = 12 for this curve. */
TS_INLINE void ts_fp_mul12(ts_fp *out, const ts_fp *a) {
    ts_fp t;
    ts_fp_mul3(&t, a);
    ts_fp_double(&t, &t);
    ts_fp_double(out, &t);
}

/* out = (a1 + a2)(b1 + b2) - c1 - c2. */
TS_INLINE void ts_fp_cross(ts_fp *out, const ts_fp *a1, const ts_fp *a2, const ts_fp *b1, const ts_fp *b2,
                           const ts_fp *c1, const ts_fp *c2) {
    ts_fp s, t;
    ts_fp_add(&s, a1, a2);
    ts_fp_add(&t, b1, b2);
    ts_fp_mul(&s, &s, &t);
    ts_fp_add(&t, c1, c2);
    ts_fp_sub(out, &s, &t);
}

/* The common end of algorithms 7 and 8. With xx = X1 X2, yy = Y1 Y2, zz = Z1 Z2 and the cross terms
 * xy = X1 Y2 + X2 Y1, yz = Y1 Z2 + Y2 Z1, xz = X1 Z2 + X2 Z1:
 *   X3 = xy (yy - 3b zz) - 3b yz xz
 *   Y3 = (yy + 3b zz)(yy - 3b zz) + 9b xx xz
 *   Z3 = yz (yy + 3b zz) + 3 xx xy */
TS_INLINE void ts_g1p_add_finish(ts_g1p *out, const ts_fp *xx, const ts_fp *yy, const ts_fp *zz, const ts_fp *xy,
                                 const ts_fp *yz, const ts_fp *xz) {
    ts_fp plus, minus, xx3, xzb, zzb, s, t;
    ts_fp_mul12(&zzb, zz);
    ts_fp_mul12(&xzb, xz);
    ts_fp_mul3(&xx3, xx);
    ts_fp_add(&plus, yy, &zzb);
    ts_fp_sub(&minus, yy, &zzb);
    ts_fp_mul(&s, xy, &minus);
    ts_fp_mul(&t, yz, &xzb);
    ts_fp_sub(&out->x, &s, &t);
    ts_fp_mul(&s, &plus, &minus);
    ts_fp_mul(&t, &xx3, &xzb);
    ts_fp_add(&out->y, &s, &t);
    ts_fp_mul(&s, yz, &plus);
    ts_fp_mul(&t, &xx3, xy);
    ts_fp_add(&out->z, &s, &t);
}

/* Algorithm 7. */
static void ts_g1p_add(ts_g1p *out, const ts_g1p *a, const ts_g1p *b) {
    ts_fp xx, yy, zz, xy, yz, xz;
    ts_fp_mul(&xx, &a->x, &b->x);
    ts_fp_mul(&yy, &a->y, &b->y);
    ts_fp_mul(&zz, &a->z, &b->z);
    ts_fp_cross(&xy, &a->x, &a->y, &b->x, &b->y, &xx, &yy);
    ts_fp_cross(&yz, &a->y, &a->z, &b->y, &b->z, &yy, &zz);
    ts_fp_cross(&xz, &a->x, &a->z, &b->x, &b->z, &xx, &zz);
    ts_g1p_add_finish(out, &xx, &yy, &zz, &xy, &yz, &xz);
}

/* Algorithm 8: Z2 = 1. It does not cover b at infinity, where the sum is a. */
static void ts_g1p_add_affine(ts_g1p *out, const ts_g1p *a, const ts_g1 *b) {
    ts_fp xx, yy, xy, yz, xz;
    ts_g1p sum = *a;
    ts_fp_mul(&xx, &a->x, &b->x);
    ts_fp_mul(&yy, &a->y, &b->y);
    ts_fp_cross(&xy, &a->x, &a->y, &b->x, &b->y, &xx, &yy);
    ts_fp_mul(&yz, &b->y, &a->z);
    ts_fp_add(&yz, &yz, &a->y);
    ts_fp_mul(&xz, &b->x, &a->z);
    ts_fp_add(&xz, &xz, &a->x);
    ts_g1p_add_finish(&sum, &xx, &yy, &a->z, &xy, &yz, &xz);
    ts_g1p_cmov(&sum, ts_g1_is_identity(b), a);
    *out = sum;
}

/* Algorithm 9:
 *   X3 = 2 X Y (Y^2 - 9b Z^2),  Y3 = (Y^2 - 9b Z^2)(Y^2 + 3b Z^2) + 24b Y^2 Z^2,  Z3 = 8 Y^3 Z. */
static void ts_g1p_double(ts_g1p *out, const ts_g1p *a) {
    ts_fp yy, yz, xy, zzb, yy8, plus, minus, t;
    ts_fp_sqr(&yy, &a->y);
    ts_fp_mul(&yz, &a->y, &a->z);
    ts_fp_mul(&xy, &a->x, &a->y);
    ts_fp_sqr(&zzb, &a->z);
    ts_fp_mul12(&zzb, &zzb);
    ts_fp_add(&plus, &yy, &zzb);
    ts_fp_mul3(&t, &zzb);
    ts_fp_sub(&minus, &yy, &t);
    ts_fp_double(&yy8, &yy);
    ts_fp_double(&yy8, &yy8);
    ts_fp_double(&yy8, &yy8);
    ts_fp_mul(&t, &xy, &minus);
    ts_fp_double(&out->x, &t);
    ts_fp_mul(&plus, &plus, &minus);
    ts_fp_mul(&t, &zzb, &yy8);
    ts_fp_add(&out->y, &plus, &t);
    ts_fp_mul(&out->z, &yz, &yy8);
}

static void ts_g1_from_projective(ts_g1 *out, const ts_g1p *a, size_t n) {
    ts_fp z[TS_G1_BATCH], inv[TS_G1_BATCH];
    TS_ASSERT(n <= TS_G1_BATCH);
    for (size_t k = 0; k < n; k++) z[k] = a[k].z;
    ts_fp_batch_inv(inv, z, n);
    /* At infinity the inverse is 0, and so are both coordinates, as they should be. */
    for (size_t k = 0; k < n; k++) {
        ts_fp_mul(&out[k].x, &a[k].x, &inv[k]);
        ts_fp_mul(&out[k].y, &a[k].y, &inv[k]);
    }
    ts_wipe(z, sizeof z);
    ts_wipe(inv, sizeof inv);
}

/* ---- multiplication by the curve's parameter, and what it decides ---- */

static void ts_g1p_mul_z(ts_g1p *out, const ts_g1p *a) {
    const ts_g1p base = *a;
    ts_g1p acc = *a;
    for (int i = 62; i >= 0; i--) {
        ts_g1p_double(&acc, &acc);
        if (TS_G1_Z_ABS >> i & 1) ts_g1p_add(&acc, &acc, &base);
    }
    *out = acc;
}

/* phi(x, y) = (beta x, y) satisfies phi^2 + phi + 1 = 0 on E, so a point with phi(a) = -z^2 a is killed by
 * z^4 - z^2 + 1 = r; and phi acts as -z^2 on G1 by the choice of beta. So the points that pass are
 * exactly those of G1 (M. Scott, "A note on group membership tests for G1, G2 and GT on BLS
 * pairing-friendly curves", ePrint 2021/1130). */
static uint64_t ts_g1_in_subgroup(const ts_g1 *a) {
    ts_g1p p, q;
    ts_fp x, y, sum;
    ts_g1p_from_affine(&p, a);
    ts_g1p_mul_z(&q, &p);
    ts_g1p_mul_z(&q, &q);
    ts_fp_mul(&x, &a->x, &ts_g1_beta);
    ts_fp_mul(&x, &x, &q.z);
    ts_fp_mul(&y, &a->y, &q.z);
    ts_fp_add(&sum, &y, &q.y);
    /* z^2 a at infinity would satisfy both equations, whatever a is; in G1 only infinity has that image. */
    uint64_t proper = ts_fp_equal(&x, &q.x) & ts_fp_is_zero(&sum) & ~ts_fp_is_zero(&q.z);
    return proper | ts_g1_is_identity(a);
}

/* ---- scalar multiplication ---- */

/* s = low + z^2 high with low, high < z^2 < 2^128, by long division. */
static void ts_fr_split(ts_u128 *low, ts_u128 *high, const ts_fr *s) {
    const ts_u128 divisor = (ts_u128)ts_g1_z_squared[1] << 64 | ts_g1_z_squared[0];
    uint64_t v[TS_FR_LIMBS];
    ts_u128 remainder = 0, quotient = 0;
    ts_fr_to_limbs(v, s);
    for (int i = 64 * TS_FR_LIMBS - 1; i >= 0; i--) {
        uint64_t carry = (uint64_t)(remainder >> 127);
        remainder = remainder << 1 | (v[i / 64] >> (i % 64) & 1);
        /* The subtraction goes below zero exactly if remainder < divisor and no bit was shifted out. */
        ts_u128 difference = remainder - divisor;
        uint64_t borrow = (uint64_t)(((~remainder & divisor) | ((~remainder | divisor) & difference)) >> 127);
        uint64_t take = ts_ct_mask(carry | (borrow ^ 1));
        ts_u128 wide = (ts_u128)take << 64 | take;
        remainder ^= wide & (remainder ^ difference);
        quotient = quotient << 1 | (take & 1);
    }
    ts_wipe(v, sizeof v);
    *low = remainder;
    *high = quotient;
}

/* out = table[index] without an index-dependent address. */
static void ts_g1p_lookup(ts_g1p *out, const ts_g1p table[16], uint64_t index) {
    *out = table[0];
    for (uint64_t i = 1; i < 16; i++) ts_g1p_cmov(out, ts_ct_is_zero(i ^ index), &table[i]);
}

/* s a = low a + high z^2 a = low a - high phi(a): half the doublings (Gallant, Lambert and Vanstone,
 * "Faster point multiplication on elliptic curves with efficient endomorphisms", Crypto 2001), in
 * fixed windows of four bits. */
static void ts_g1p_mul(ts_g1p *out, const ts_g1 *a, const ts_fr *s) {
    ts_g1p table[16], image[16], acc, term;
    ts_u128 low, high;
    ts_fr_split(&low, &high, s);
    ts_g1p_set_identity(&table[0]);
    for (int i = 1; i < 16; i++) ts_g1p_add_affine(&table[i], &table[i - 1], a);
    for (int i = 0; i < 16; i++) {
        image[i] = table[i];
        ts_fp_mul(&image[i].x, &table[i].x, &ts_g1_beta);
        ts_fp_neg(&image[i].y, &table[i].y);
    }
    ts_g1p_set_identity(&acc);
    for (int i = 31; i >= 0; i--) {
        for (int k = 0; k < 4; k++) ts_g1p_double(&acc, &acc);
        ts_g1p_lookup(&term, table, (uint64_t)(low >> 4 * i) & 15);
        ts_g1p_add(&acc, &acc, &term);
        ts_g1p_lookup(&term, image, (uint64_t)(high >> 4 * i) & 15);
        ts_g1p_add(&acc, &acc, &term);
    }
    *out = acc;
    ts_wipe(table, sizeof table);
    ts_wipe(image, sizeof image);
    ts_wipe(&acc, sizeof acc);
    ts_wipe(&term, sizeof term);
    ts_wipe(&low, sizeof low);
    ts_wipe(&high, sizeof high);
}

#endif
