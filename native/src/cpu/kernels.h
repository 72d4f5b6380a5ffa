/* SPDX-License-Identifier: Apache-2.0 */
/* Every kernel, each stated once: where its code is, its type and its name. From this list come the table of a code path
 * (cpu.h), the declarations of its functions and its entries (kernels_impl.h and arch), and the exported functions
 * that only pass their arguments on (core.c). It is included wherever it is used, so it has no guard:
 *
 *   TS_KERNEL(code, result, name, parameters)
 *   TS_EXPORTED(code, stack, result, name, parameters, arguments)   the same, and core.c exports ts_<name>
 *
 * code is SHARED where every path compiles the same source, IFMA where arch/ifma has ifma_<name> of its own; elsewhere
 * the function is called <name>. stack is how many KiB of it a call may leave secrets on, 0 where all is public
 * (util/stack.h). Contracts of exported kernels, with or without checks before: tallystick.h. */
#ifndef TS_EXPORTED
#define TS_EXPORTED(code, stack, result, name, parameters, arguments) TS_KERNEL(code, result, name, parameters)
#endif

/* One row, one kernel. */
/* clang-format off */

/* ---- Fr ---- */

TS_EXPORTED(IFMA, 2, void, fr_vec_from_i64, (ts_fr *out, const int64_t *in, size_t n), (out, in, n))
TS_EXPORTED(IFMA, 2, int, fr_vec_from_bytes, (ts_fr *out, size_t *bad, const uint8_t *in, size_t n), (out, bad, in, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_to_bytes, (uint8_t *out, const ts_fr *a, size_t n), (out, a, n))
TS_KERNEL(IFMA, void, fr_vec_expand, (ts_fr *out, size_t n, const uint8_t *key32, const uint8_t *nonce12,
          uint64_t first))
TS_EXPORTED(IFMA, 2, void, fr_vec_add, (ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n), (out, a, b, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_sub, (ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n), (out, a, b, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_neg, (ts_fr *out, const ts_fr *a, size_t n), (out, a, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_mul, (ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n), (out, a, b, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_muladd, (ts_fr *out, const ts_fr *a, const ts_fr *b, const ts_fr *c, size_t n),
            (out, a, b, c, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_scale, (ts_fr *out, const ts_fr *s, const ts_fr *a, size_t n), (out, s, a, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_outer, (ts_fr *out, const ts_fr *a, size_t n, const ts_fr *b, size_t m),
            (out, a, n, b, m))
TS_EXPORTED(IFMA, 2, void, fr_vec_axpy, (ts_fr *out, const ts_fr *s, const ts_fr *a, const ts_fr *b, size_t n),
            (out, s, a, b, n))
TS_KERNEL(IFMA, int, fr_vec_inv, (ts_fr *out, const ts_fr *a, size_t n))
TS_KERNEL(IFMA, int, fr_vec_sqrt_var, (ts_fr *out, size_t *bad, const ts_fr *a, size_t n, const ts_fr_roots *table))
TS_EXPORTED(SHARED, 0, void, fr_roots_table, (ts_fr_roots *table), (table))
TS_EXPORTED(IFMA, 2, void, fr_vec_powers, (ts_fr *out, size_t n, const ts_fr *x, const ts_fr *first), (out, n, x, first))
TS_EXPORTED(SHARED, 2, int, fr_vec_equal, (const ts_fr *a, const ts_fr *b, size_t n), (a, b, n))
TS_EXPORTED(SHARED, 2, int, fr_vec_is_zero, (const ts_fr *a, size_t n), (a, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_sum, (ts_fr *out, const ts_fr *a, size_t n), (out, a, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_dot, (ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n), (out, a, b, n))
TS_EXPORTED(IFMA, 2, void, fr_vec_sum_axis, (ts_fr *out, const ts_fr *a, size_t outer, size_t n, size_t inner),
            (out, a, outer, n, inner))
TS_EXPORTED(IFMA, 2, void, fr_vec_combine, (ts_fr *out, const ts_fr *rows, const ts_fr *weights, size_t m, size_t c),
            (out, rows, weights, m, c))
TS_EXPORTED(IFMA, 2, void, fr_vec_matvec, (ts_fr *out, const ts_fr *rows, const ts_fr *v, size_t m, size_t c),
            (out, rows, v, m, c))
TS_EXPORTED(SHARED, 2, int, fr_vec_scatter_add, (ts_fr *out, size_t n, const ts_fr *a, const int64_t *index, size_t count),
            (out, n, a, index, count))
TS_EXPORTED(IFMA, 0, void, fr_ntt_table, (ts_fr *table, size_t size), (table, size))
TS_KERNEL(IFMA, void, fr_vec_ntt, (ts_fr *out, const ts_fr *a, size_t size, size_t batches, const ts_fr *table,
          int inverse))

/* ---- G1 ---- */

TS_EXPORTED(IFMA, 0, int, g1_vec_from_bytes_var, (ts_g1 *out, size_t *bad, const uint8_t *in, size_t n), (out, bad, in, n))
TS_EXPORTED(IFMA, 2, void, g1_vec_to_bytes, (uint8_t *out, const ts_g1 *a, size_t n), (out, a, n))
TS_EXPORTED(IFMA, 0, int, g1_vec_from_affine_var, (ts_g1 *out, size_t *bad, const uint8_t *in, size_t n),
            (out, bad, in, n))
TS_EXPORTED(IFMA, 2, void, g1_vec_to_affine, (uint8_t *out, const ts_g1 *a, size_t n), (out, a, n))
TS_KERNEL(IFMA, void, g1_vec_hash, (ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends,
          const uint8_t *dst, size_t dst_len))
TS_EXPORTED(IFMA, 64, void, g1_vec_add, (ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n), (out, a, b, n))
TS_EXPORTED(SHARED, 2, void, g1_vec_neg, (ts_g1 *out, const ts_g1 *a, size_t n), (out, a, n))
TS_EXPORTED(SHARED, 2, int, g1_vec_equal, (const ts_g1 *a, const ts_g1 *b, size_t n), (a, b, n))
TS_EXPORTED(SHARED, 2, int, g1_vec_is_identity, (const ts_g1 *a, size_t n), (a, n))
TS_EXPORTED(IFMA, 24, void, g1_vec_sum, (ts_g1 *out, const ts_g1 *a, size_t n), (out, a, n))
TS_EXPORTED(IFMA, 64, void, g1_vec_mul, (ts_g1 *out, const ts_g1 *a, const ts_fr *scalars, size_t n), (out, a, scalars, n))
TS_EXPORTED(IFMA, 0, size_t, g1_msm_scratch, (size_t n), (n))
TS_KERNEL(IFMA, void, g1_msm_rows_var, (ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows,
          void *scratch))

/* ---- rows of a ring ----
 *
 * One row or one tile of it at a time; n is a power of two, N or less. Rows are canonical on both sides, and out may be
 * the very same array as an input. */

/* out = a + b, and a - b. */
TS_KERNEL(IFMA, void, zq_add, (uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m))
TS_KERNEL(IFMA, void, zq_sub, (uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m))

/* out = a b / 2^52, and a b / 2^52 + c, and (a b + c d) / 2^52: plain where one factor of each product is a
 * constant. */
TS_KERNEL(IFMA, void, zq_mul, (uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m))
TS_KERNEL(IFMA, void, zq_muladd, (uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n,
          const ts_zq *m))
TS_KERNEL(IFMA, void, zq_mul2, (uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c,
          const uint64_t *d, size_t n, const ts_zq *m))

/* out = start + the sum of constants[i] a[i] over terms, at most TS_ZQ_MAX_TERMS, arrays of words below 2^52, which
 * need not be residues; start is below p. */
TS_KERNEL(IFMA, void, zq_dot, (uint64_t *out, const uint64_t *const *a, const uint64_t *constants, size_t terms,
          uint64_t start, size_t n, const ts_zq *m))

/* out = a times the factor, a any 64-bit integers. */
TS_KERNEL(IFMA, void, zq_small, (uint64_t *out, const int64_t *a, size_t n, int factor, const ts_zq *m))

/* out[c] = the sum over u of weights[u] b[u] a[c][u], c = 0, 1: constants weights and b, rows a. */
TS_KERNEL(IFMA, void, zq_sum, (uint64_t *const out[2], const uint64_t *const *const a[2], const uint64_t *const *b,
          const uint64_t *weights, size_t terms, size_t n, const ts_zq *m))

/* Puts the twiddles, given in the order of their indices, into the order of the code path. */
TS_KERNEL(IFMA, void, zq_arrange, (const ts_zq *m))

/* Coefficients to values in bit-reversed order, in place; and back, times the scale of that name. */
TS_KERNEL(IFMA, void, zq_ntt, (uint64_t *a, const ts_zq *m))
TS_KERNEL(IFMA, void, zq_intt, (uint64_t *a, const ts_zq *m, int scale))

/* out[k] = the sum over l of t[l][k] weights[l] + round(the sum of t[l][k] inverse[l]) weights[terms], for t[l][k]
 * below 2^50, at most TS_ZQ_MAX_TERMS terms, and a rounded sum of at most 64. */
TS_KERNEL(IFMA, void, zq_crt, (ts_fr *out, const uint64_t *const *t, const ts_fr *weights, const double *inverse,
          size_t terms, size_t n))

/* Rows of n residues to bytes, 50 bits each, and back. zq_unpack returns n, or the index of the first word that
 * is not below p; variable time only in that. n is a multiple of 4. */
TS_KERNEL(SHARED, void, zq_pack, (uint8_t *out, const uint64_t *a, size_t n))
TS_KERNEL(SHARED, size_t, zq_unpack, (uint64_t *out, const uint8_t *in, size_t n, const ts_zq *m))

/* ---- samplers ---- */

/* That many blocks of 64 bytes, from the counter on. */
TS_KERNEL(IFMA, void, chacha20_stream, (uint8_t *out, size_t blocks, const uint8_t *key32, const uint8_t *nonce12,
          uint32_t counter))

/* As exported, with lengths that were checked. */
TS_KERNEL(SHARED, void, sample_ternary, (int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12))
TS_KERNEL(SHARED, void, sample_binomial, (int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12))
TS_KERNEL(SHARED, void, sample_box, (int64_t *out, size_t n, unsigned bits, const uint8_t *key32,
          const uint8_t *nonce12))
TS_KERNEL(SHARED, void, sample_wide, (uint64_t *out, size_t n, size_t limbs, const uint8_t *key32,
          const uint8_t *nonce12))

/* clang-format on */

#undef TS_KERNEL
#undef TS_EXPORTED
