/* The kernels of the ring, one row or one tile of it at a time: static functions that every code path has, whose names are
 * the entries of its table.
 *
 * n is a power of two, N or less. Rows are canonical on both sides, and out may be the very same array as an input. */
#ifndef TS_ZQ_KERNELS_H
#define TS_ZQ_KERNELS_H

#include "zq.h"

/* out = a + b, and a - b. */
static void zq_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m);
static void zq_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m);

/* out = a b / 2^52, and a b / 2^52 + c, and (a b + c d) / 2^52: plain where one factor of each product is a constant. */
static void zq_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m);
static void zq_muladd(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n,
                      const ts_zq *m);
static void zq_mul2(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, const uint64_t *d,
                    size_t n, const ts_zq *m);

/* out = start + the sum of constants[i] a[i] over terms, at most TS_ZQ_MAX_TERMS, arrays of words below 2^52, which
 * need not be residues; start is below p. */
static void zq_dot(uint64_t *out, const uint64_t *const *a, const uint64_t *constants, size_t terms,
                   uint64_t start, size_t n, const ts_zq *m);

/* out = a times the factor, a any 64-bit integers. */
static void zq_small(uint64_t *out, const int64_t *a, size_t n, int factor, const ts_zq *m);

/* out[c] = the sum over u of weights[u] b[u] a[c][u], c = 0, 1: constants weights and b, rows a. */
static void zq_sum(uint64_t *const out[2], const uint64_t *const *const a[2], const uint64_t *const *b,
                   const uint64_t *weights, size_t terms, size_t n, const ts_zq *m);

/* Puts the twiddles, given in the order of their indices, into the order of the code path. */
static void zq_arrange(const ts_zq *m);

/* Coefficients to values in bit-reversed order, in place; and back, times the scale of that name. */
static void zq_ntt(uint64_t *a, const ts_zq *m);
static void zq_intt(uint64_t *a, const ts_zq *m, int scale);

/* out[k] = the sum over l of t[l][k] weights[l] + round(the sum of t[l][k] inverse[l]) weights[terms], for t[l][k] below 2^50,
 * at most TS_ZQ_MAX_TERMS terms, and a rounded sum of at most 64. */
static void zq_crt(ts_fr *out, const uint64_t *const *t, const ts_fr *weights, const double *inverse, size_t terms,
                   size_t n);

/* Rows of n residues to bytes, 50 bits each, and back. zq_unpack returns n, or the index of the first word that
 * is not below p; variable time only in that. n is a multiple of 4. */
static void zq_pack(uint8_t *out, const uint64_t *a, size_t n);
static size_t zq_unpack(uint64_t *out, const uint8_t *in, size_t n, const ts_zq *m);

#endif
