/* SPDX-License-Identifier: Apache-2.0 */
/* Residues modulo primes below 2^50, eight to a vector; the arithmetic is that of ring/zq.h.
 *
 * VPMADD52 reads only the low 52 bits of its factors, so a product modulo 2^52 needs no mask before it is one. */
#ifndef TS_ZQ8_H
#define TS_ZQ8_H

#include "../../ring/zq_impl.h"
#include "vec52.h"

/* Constants a kernel keeps in registers. */
typedef struct {
    ts_v8 p, twice, inverse;
} ts_zq8;

TS_INLINE ts_zq8 ts_zq8_constants(const ts_zq *m) {
    return (ts_zq8){.p = ts_v8_set1(m->p), .twice = ts_v8_set1(2 * m->p), .inverse = ts_v8_set1(m->inverse)};
}

TS_INLINE ts_v8 ts_zq8_load(const uint64_t *a) { return _mm512_loadu_si512(a); }
TS_INLINE void ts_zq8_store(uint64_t *out, ts_v8 a) { _mm512_storeu_si512(out, a); }

/* a - bound where that is not negative, else a. */
TS_INLINE ts_v8 ts_zq8_less(ts_v8 a, ts_v8 bound) { return _mm512_min_epu64(a, ts_v8_sub(a, bound)); }

/* a below 2^steps p to a modulo p. */
TS_INLINE ts_v8 ts_zq8_settle(ts_v8 a, int steps, const ts_zq *m) {
    for (int i = steps - 1; i >= 0; i--) a = ts_zq8_less(a, ts_v8_set1(m->p << i));
    ts_v8_assert_below(a, m->p);
    return a;
}

/* (lo + 2^52 hi) / 2^52 modulo p, not negative if hi holds p besides. */
TS_INLINE ts_v8 ts_zq8_redc(ts_v8 lo, ts_v8 hi, const ts_zq8 *c) {
    const ts_v8 q = ts_v8_lo(ts_v8_zero(), lo, c->inverse);
    return ts_v8_sub(ts_v8_add(hi, ts_v8_carry_unsigned(lo)), ts_v8_hi(ts_v8_zero(), q, c->p));
}

/* a w in (0, 2 p), a below 2^52; see ts_zq_twiddle. */
TS_INLINE ts_v8 ts_zq8_twiddle(ts_v8 a, ts_v8 w, ts_v8 q, const ts_zq8 *c) {
    const ts_v8 k = ts_v8_lo(ts_v8_zero(), a, q);
    ts_v8_assert_below(a, (uint64_t)1 << TS_ZQ_BITS);
    return ts_v8_sub(ts_v8_hi(c->p, a, w), ts_v8_hi(ts_v8_zero(), k, c->p));
}

#endif
