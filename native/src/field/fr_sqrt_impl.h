/* SPDX-License-Identifier: Apache-2.0 */
/* Square roots of many elements of Fr at once.
 *
 * r - 1 = 2^32 t, t odd. With x = a^((t+1)/2), x^2 = a u for u = a^t, a power g^e of g = 7^t, which has order
 * 2^32; a is a square exactly if e is even, and then x g^(-e/2) is a root. e is found eight bits at a time from tables
 * (Sarkar, "Computing square roots faster than the Tonelli-Shanks/Bernstein algorithm", 2020; windows of eight bits).
 * Every step is a product of two arrays, so a code path only supplies its fr_vec_mul. */
#ifndef TS_FR_SQRT_IMPL_H
#define TS_FR_SQRT_IMPL_H

#include "fr_vec_impl.h"

/* Elements handled together: the sixteen arrays of the exponentiation take 32 KiB. */
#define TS_FR_SQRT_BLOCK 64
#define TS_FR_SQRT_STEPS 4

typedef void (*ts_fr_vec_mul_fn)(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);

TS_INLINE size_t ts_fr_roots_slot(const ts_fr *a) { return (size_t)(a->l[0] * TS_FR_ROOTS_HASH >> 52); }

static void fr_roots_table(ts_fr_roots *table) {
    ts_fr base, h = ts_fr_omega, x = ts_fr_one;
    ts_fr_inv(&base, &h);
    for (int k = 0; k < TS_FR_SQRT_STEPS; k++) {
        fr_vec_powers(table->powers[k], 256, &base, &ts_fr_one);
        for (int i = 0; i < 8; i++) ts_fr_mul(&base, &base, &base);
    }
    for (int i = 0; i < 24; i++) ts_fr_mul(&h, &h, &h);
    memset(table->logs, 0, sizeof table->logs);
    for (int j = 0; j < 256; j++) {
        table->logs[ts_fr_roots_slot(&x)] = (uint8_t)j;
        ts_fr_mul(&x, &x, &h);
    }
}

/* out = a^((t-1)/2): windows of four bits, a public exponent. */
TS_INLINE void ts_fr_sqrt_power(ts_fr *out, const ts_fr *a, size_t n, ts_fr_vec_mul_fn mul) {
    ts_fr power[16][TS_FR_SQRT_BLOCK];
    for (size_t k = 0; k < n; k++) power[0][k] = ts_fr_one;
    for (int i = 1; i < 16; i++) mul(power[i], power[i - 1], a, n);
    memcpy(out, power[0], n * sizeof *out);
    for (int i = 16 * TS_FR_LIMBS - 1; i >= 0; i--) {
        for (int k = 0; k < 4; k++) mul(out, out, out, n);
        mul(out, out, power[ts_limbs_nibble(ts_fr_sqrt_exponent, i)], n);
    }
}

/* out *= g^(-e 2^(8 shift)); the bytes of e that this would move out of 32 bits are zero. */
TS_INLINE void ts_fr_sqrt_turn(ts_fr *out, const uint32_t *e, int shift, size_t n, const ts_fr_roots *table,
                               ts_fr_vec_mul_fn mul) {
    ts_fr factor[TS_FR_SQRT_BLOCK];
    for (int i = 0; i + shift < TS_FR_SQRT_STEPS; i++) {
        for (size_t k = 0; k < n; k++) factor[k] = table->powers[i + shift][e[k] >> 8 * i & 255];
        mul(out, out, factor, n);
    }
}

/* e[k] with u[k] = g^e[k]. */
TS_INLINE void ts_fr_sqrt_logs(uint32_t *e, const ts_fr *u, size_t n, const ts_fr_roots *table,
                               ts_fr_vec_mul_fn mul) {
    ts_fr power[TS_FR_SQRT_STEPS][TS_FR_SQRT_BLOCK];
    memcpy(power[0], u, n * sizeof *u);
    for (int i = 1; i < TS_FR_SQRT_STEPS; i++) {
        mul(power[i], power[i - 1], power[i - 1], n);
        for (int k = 1; k < 8; k++) mul(power[i], power[i], power[i], n);
    }
    memset(e, 0, n * sizeof *e);
    for (int i = 0; i < TS_FR_SQRT_STEPS; i++) {
        ts_fr *rest = power[TS_FR_SQRT_STEPS - 1 - i];
        if (i) ts_fr_sqrt_turn(rest, e, TS_FR_SQRT_STEPS - 1 - i, n, table, mul);
        for (size_t k = 0; k < n; k++) e[k] |= (uint32_t)table->logs[ts_fr_roots_slot(&rest[k])] << 8 * i;
    }
}

/* The smaller of x and -x, as canonical integers. */
TS_INLINE void ts_fr_sqrt_choose(ts_fr *x, size_t n) {
    for (size_t k = 0; k < n; k++) {
        uint64_t v[TS_FR_LIMBS];
        ts_fr_to_limbs(v, &x[k]);
        if (ts_limbs_less(ts_fr_modulus_half, v, TS_FR_LIMBS)) ts_fr_neg(&x[k], &x[k]);
    }
}

/* At most TS_FR_SQRT_BLOCK elements; the index of the first that is no square, or n. */
TS_INLINE size_t ts_fr_sqrt_block(ts_fr *out, const ts_fr *a, size_t n, const ts_fr_roots *table,
                                  ts_fr_vec_mul_fn mul) {
    ts_fr w[TS_FR_SQRT_BLOCK], u[TS_FR_SQRT_BLOCK];
    uint32_t e[TS_FR_SQRT_BLOCK];
    size_t bad = n;
    ts_fr_sqrt_power(w, a, n, mul);
    mul(out, a, w, n);
    mul(u, out, w, n);
    ts_fr_sqrt_logs(e, u, n, table, mul);
    for (size_t k = n; k-- > 0;) {
        /* For a zero the logarithm means nothing, and its root is zero whatever it is multiplied by. */
        if ((e[k] & 1) && !ts_fr_is_zero(&out[k])) bad = k;
        e[k] /= 2;
    }
    ts_fr_sqrt_turn(out, e, 0, n, table, mul);
    ts_fr_sqrt_choose(out, n);
    return bad;
}

TS_INLINE int ts_fr_vec_sqrt_with(ts_fr *out, size_t *bad, const ts_fr *a, size_t n, const ts_fr_roots *table,
                                  ts_fr_vec_mul_fn mul) {
    for (size_t k = 0; k < n; k += TS_FR_SQRT_BLOCK) {
        const size_t count = n - k < TS_FR_SQRT_BLOCK ? n - k : TS_FR_SQRT_BLOCK;
        const size_t first = ts_fr_sqrt_block(out + k, a + k, count, table, mul);
        if (first == count) continue;
        *bad = k + first;
        return ts_refuse(TS_ERR_RESIDUE, out, n * sizeof *out);
    }
    return TS_OK;
}

static int fr_vec_sqrt_var(ts_fr *out, size_t *bad, const ts_fr *a, size_t n, const ts_fr_roots *table) {
    return ts_fr_vec_sqrt_with(out, bad, a, n, table, fr_vec_mul);
}

#endif
