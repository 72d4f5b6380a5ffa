/* SPDX-License-Identifier: Apache-2.0 */
/* The public interface of Tallystick's native core.
 *
 * cffi parses this file as it stands (include guards and #include lines aside), so it holds plain
 * declarations and nothing else.
 *
 * Every function takes first the code path to run (ts_cpu), then outputs, then inputs; the length
 * of an array follows it. Element types are arrays of 64-bit limbs, least significant first, in
 * Montgomery form and always fully reduced; functions expect that of their inputs and keep it.
 * "out may alias a" means the very same array; partial overlap is never allowed.
 * The plain name of a function promises that time and memory accesses depend on lengths only;
 * a name that ends in _var makes no such promise. Functions that can fail return TS_OK or a TS_ERR_
 * code, and leave zeros in their outputs when they fail. No function allocates.
 */
#ifndef TALLYSTICK_H
#define TALLYSTICK_H

#include <stddef.h>
#include <stdint.h>

#define TS_OK 0
#define TS_ERR_ENCODING 1
#define TS_ERR_CURVE 2
#define TS_ERR_SUBGROUP 3
#define TS_ERR_ZERO 4
#define TS_ERR_INDEX 5
#define TS_ERR_LENGTH 6
#define TS_ERR_NAME 7
#define TS_ERR_CPU 8
#define TS_ERR_RESIDUE 9
#define TS_ERR_PRIME 10

/* A code path: a table of functions compiled for one set of processor features. */
typedef struct ts_cpu ts_cpu;

/* An element of Fr, the scalar field of BLS12-381: value times 2^256 modulo r. */
typedef struct {
    uint64_t l[4];
} ts_fr;

/* What ts_fr_vec_sqrt_var looks up; ts_fr_roots_table fills it. With g = 7^((r-1)/2^32), powers[k][j] is
 * g^(-2^(8 k) j), and logs maps a hash of g^(2^24 j) to j. */
typedef struct {
    ts_fr powers[4][256];
    uint8_t logs[4096];
} ts_fr_roots;

/* An element of Fp, the base field of BLS12-381: value times 2^384 modulo p. */
typedef struct {
    uint64_t l[6];
} ts_fp;

/* An affine point of the curve y^2 = x^3 + 4 over Fp; the point at infinity is all zero. */
typedef struct {
    ts_fp x;
    ts_fp y;
} ts_g1;

/* Finds the code path called name, or the fastest this processor supports if name is empty.
 * TS_ERR_NAME: this build has no such path. TS_ERR_CPU: the processor lacks its features. */
int ts_cpu_select(const ts_cpu **out, const char *name);
const char *ts_cpu_name(const ts_cpu *cpu);

/* ---- Fr: conversion ---- */

/* out[k] = in[k] mod r. */
void ts_fr_vec_from_i64(const ts_cpu *cpu, ts_fr *out, const int64_t *in, size_t n);

/* Decodes 32-byte little-endian elements. TS_ERR_ENCODING if one is not below r, with the
 * index of the first such element in *bad. Valid input is decoded in constant time. */
int ts_fr_vec_from_bytes(const ts_cpu *cpu, ts_fr *out, size_t *bad, const uint8_t *in, size_t n);
void ts_fr_vec_to_bytes(const ts_cpu *cpu, uint8_t *out, const ts_fr *a, size_t n);

/* out[k] = the ChaCha20 block with the given key, nonce and counter first + k, read as a 512-bit
 * little-endian integer, modulo r. first + n must not exceed 2^32 (TS_ERR_LENGTH). */
int ts_fr_vec_expand(const ts_cpu *cpu, ts_fr *out, size_t n, const uint8_t *key32,
                     const uint8_t *nonce12, uint64_t first);

/* ---- Fr: element-wise; out may alias any input unless said otherwise ---- */

void ts_fr_vec_add(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);
void ts_fr_vec_sub(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);
void ts_fr_vec_neg(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n);
void ts_fr_vec_mul(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);

/* out = a * b + c. */
void ts_fr_vec_muladd(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b,
                      const ts_fr *c, size_t n);

/* out = s * a, s one element. */
void ts_fr_vec_scale(const ts_cpu *cpu, ts_fr *out, const ts_fr *s, const ts_fr *a, size_t n);

/* out[i*m + j] = a[i] * b[j], for n elements of a and m of b; out must not alias either. */
void ts_fr_vec_outer(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n, const ts_fr *b, size_t m);

/* out = s * a + b, s one element. */
void ts_fr_vec_axpy(const ts_cpu *cpu, ts_fr *out, const ts_fr *s, const ts_fr *a,
                    const ts_fr *b, size_t n);

/* out[k] = 1 / a[k]; out must not alias a. TS_ERR_ZERO if an element is zero; time does not
 * depend on which. */
int ts_fr_vec_inv(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n);

/* out[k] = the smaller, as canonical integers, of the two square roots of a[k]; out must not alias a.
 * TS_ERR_RESIDUE if an element is no square, with the index of the first such element in *bad. */
int ts_fr_vec_sqrt_var(const ts_cpu *cpu, ts_fr *out, size_t *bad, const ts_fr *a, size_t n,
                       const ts_fr_roots *table);
void ts_fr_roots_table(const ts_cpu *cpu, ts_fr_roots *table);

/* out[k] = first * x^k. */
void ts_fr_vec_powers(const ts_cpu *cpu, ts_fr *out, size_t n, const ts_fr *x, const ts_fr *first);

/* 1 or 0. */
int ts_fr_vec_equal(const ts_cpu *cpu, const ts_fr *a, const ts_fr *b, size_t n);
int ts_fr_vec_is_zero(const ts_cpu *cpu, const ts_fr *a, size_t n);

/* ---- Fr: reductions and linear maps; matrices are row-major; out never aliases an input ---- */

/* out = the sum of all elements, one element. */
void ts_fr_vec_sum(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n);

/* out = <a, b>, one element. */
void ts_fr_vec_dot(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);

/* a of shape (outer, n, inner); out of shape (outer, inner) sums over the middle axis. */
void ts_fr_vec_sum_axis(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t outer, size_t n,
                        size_t inner);

/* rows of shape (m, c); out[j] = sum over i of weights[i] * rows[i][j], c elements. */
void ts_fr_vec_combine(const ts_cpu *cpu, ts_fr *out, const ts_fr *rows, const ts_fr *weights,
                       size_t m, size_t c);

/* rows of shape (m, c); out[i] = <rows[i], v>, m elements. */
void ts_fr_vec_matvec(const ts_cpu *cpu, ts_fr *out, const ts_fr *rows, const ts_fr *v,
                      size_t m, size_t c);

/* out (n elements) = 0, then out[index[k]] += a[k]. TS_ERR_INDEX if an index is outside [0, n).
 * The indices are public. */
int ts_fr_vec_scatter_add(const ts_cpu *cpu, ts_fr *out, size_t n, const ts_fr *a,
                          const int64_t *index, size_t count);

/* ---- Fr: number-theoretic transform ---- */

/* Twiddles, size elements (a power of two of at least 1), in a form of the code path's own; layer h,
 * the powers of a root of order 2 h, is at table[h] to table[2 h - 1]. The table for a size begins
 * with the table for every smaller one, so one table serves all sizes up to its own. */
void ts_fr_ntt_table(const ts_cpu *cpu, ts_fr *table, size_t size);

/* Transforms batches consecutive vectors of size elements each (a power of two from 1 to 2^32); out must
 * not alias a. Forward: coefficients to values at w^0, w^1, ... in natural order, w = 7^((r-1)/size).
 * Inverse: back, including the factor 1 / size. table: from ts_fr_ntt_table on the same code path, for
 * size or more. */
void ts_fr_vec_ntt(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t size, size_t batches,
                   const ts_fr *table, int inverse);

/* ---- G1; points are in G1, out may alias any input unless said otherwise ---- */

/* Decodes 48-byte compressed points and checks that they lie in G1. TS_ERR_ENCODING (flags, or x not below
 * p), TS_ERR_CURVE (no point has this x) or TS_ERR_SUBGROUP, with the index of the first bad point in *bad. */
int ts_g1_vec_from_bytes_var(const ts_cpu *cpu, ts_g1 *out, size_t *bad, const uint8_t *in, size_t n);
void ts_g1_vec_to_bytes(const ts_cpu *cpu, uint8_t *out, const ts_g1 *a, size_t n);

/* The same for 96-byte affine points: x then y, 48 bytes big-endian each, infinity all zero. The subgroup is not
 * checked, so this is only for bytes that a trusted digest vouches for. */
int ts_g1_vec_from_affine_var(const ts_cpu *cpu, ts_g1 *out, size_t *bad, const uint8_t *in, size_t n);
void ts_g1_vec_to_affine(const ts_cpu *cpu, uint8_t *out, const ts_g1 *a, size_t n);

/* Hashes n messages by BLS12381G1_XMD:SHA-256_SSWU_RO_ of RFC 9380. messages is their concatenation, ends[k] the
 * offset where message k ends. TS_ERR_LENGTH unless dst has 1 to 255 bytes. */
int ts_g1_vec_hash(const ts_cpu *cpu, ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends,
                   const uint8_t *dst, size_t dst_len);

/* Complete: equal, opposite and infinite points included. */
void ts_g1_vec_add(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n);
void ts_g1_vec_neg(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, size_t n);

/* 1 or 0. */
int ts_g1_vec_equal(const ts_cpu *cpu, const ts_g1 *a, const ts_g1 *b, size_t n);
int ts_g1_vec_is_identity(const ts_cpu *cpu, const ts_g1 *a, size_t n);

/* out = the sum of all points, one point. */
void ts_g1_vec_sum(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, size_t n);

/* out[k] = scalars[k] * a[k]. */
void ts_g1_vec_mul(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, const ts_fr *scalars, size_t n);

/* The bytes of scratch memory that ts_g1_subset_sums needs for m rows; 0 if m is above 2^30. */
size_t ts_g1_subset_scratch(size_t m);

/* bits of shape (m, n), 0 or 1 each; out[i] = the sum of those points[k] whose bits[i][k] is 1, m points. The scratch
 * memory may have any alignment and overlaps nothing; at the end everything in it that depends on bits is wiped, while
 * sums of the points may stay. TS_ERR_LENGTH if it is too small for m rows, or m is above 2^30. */
int ts_g1_subset_sums(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const uint8_t *bits,
                      void *scratch, size_t scratch_len);

/* The bytes of scratch memory that ts_g1_msm_rows_var needs for n points. */
size_t ts_g1_msm_scratch(const ts_cpu *cpu, size_t n);

/* rows of shape (m, n); out[i] = sum over k of rows[i][k] * points[k], m points. The scratch memory may have any
 * alignment and overlaps nothing; at the end everything in it that depends on rows is wiped, while copies of the points
 * may stay. TS_ERR_LENGTH if it is too small for n points, or n is above 2^30. */
int ts_g1_msm_rows_var(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows,
                       void *scratch, size_t scratch_len);

/* ---- BGV; spec/ring.md has the mathematics and the letters N, L, L', r, psi ----
 *
 * Rows are N residues modulo one prime, below it; a polynomial modulo q is L consecutive rows, after the switch L'.
 * In the evaluation domain, entry i of a row is the value at psi^(2 rev(i) + 1), rev reversing the bits of i.
 * Small polynomials are N signed integers. No output may alias an input unless said otherwise. Scratch memory may
 * have any alignment and overlaps nothing; at the end what a function wrote to it is wiped, except for tables of the
 * shifts that ts_ring_combine_var leaves. */

/* The tables of one parameter set: public, and never changed once made, so any number of threads may share them. It
 * knows its code path. */
typedef struct ts_ring ts_ring;

/* The bytes of memory that ts_ring_init needs; 0 unless degree is a power of two from 4 to 2^20, 1 <= kept <= primes
 * <= 32, and 1 <= wide <= 32. */
size_t ts_ring_size(size_t degree, size_t primes, size_t kept, size_t wide);

/* Lays out a ring in memory, which must outlive it: N = degree, L = primes, L' = kept, wide limbs of 52 bits; psi[l] has
 * order 2 N modulo p[l]. TS_ERR_LENGTH where ts_ring_size is 0 or more than memory_len; TS_ERR_PRIME if an odd p[l]
 * below 2^50 is not 1 modulo 2 N or psi[l]^N is not -1. That p[l] are distinct primes is for the caller to know. */
int ts_ring_init(const ts_cpu *cpu, void *memory, size_t memory_len, const ts_ring **out, size_t degree,
                 const uint64_t *p, const uint64_t *psi, size_t primes, size_t kept, size_t wide);

/* The bytes of scratch memory that any function here takes, ts_ring_combine_var aside. TS_ERR_LENGTH: it has less. */
size_t ts_ring_scratch(const ts_ring *ring);

/* out = small, in the evaluation domain. */
void ts_ring_to_evaluation(const ts_ring *ring, uint64_t *out, const int64_t *small);

/* b = a s + r e. */
int ts_ring_public_key(const ts_ring *ring, uint64_t *b, const uint64_t *a, const int64_t *s, const int64_t *e,
                       void *scratch, size_t scratch_len);

/* c0 = b v + m + r e0, c1 = a v + r e1, in the evaluation domain. */
int ts_ring_encrypt(const ts_ring *ring, uint64_t *c0, uint64_t *c1, const uint64_t *a, const uint64_t *b,
                    const ts_fr *m, const int64_t *e0, const int64_t *v, const int64_t *e1, void *scratch,
                    size_t scratch_len);

/* out = a + b, a - b, 2 a; out may alias an input. */
void ts_ring_add(const ts_ring *ring, uint64_t *out, const uint64_t *a, const uint64_t *b);
void ts_ring_sub(const ts_ring *ring, uint64_t *out, const uint64_t *a, const uint64_t *b);
void ts_ring_double(const ts_ring *ring, uint64_t *out, const uint64_t *a);

/* d0 = y c0 + b v + r u - mask, d1 = y c1 + a v + r e1, switched: L' rows each, in the coefficient domain. u has the
 * shape (wide, N), limbs of 52 bits, lowest first. */
int ts_ring_reply(const ts_ring *ring, uint64_t *d0, uint64_t *d1, const uint64_t *c0, const uint64_t *c1,
                  const ts_fr *y, const uint64_t *a, const uint64_t *b, const int64_t *v, const int64_t *e1,
                  const uint64_t *u, const ts_fr *mask, void *scratch, size_t scratch_len);

/* out = the plaintext coefficients of a reply; s is the secret key in the evaluation domain. */
int ts_ring_decrypt(const ts_ring *ring, ts_fr *out, const uint64_t *d0, const uint64_t *d1, const uint64_t *s,
                    void *scratch, size_t scratch_len);

/* out0[k] = the sum over u of X^shifts[k][u] in0[u], out1[k] of in1[u]; shifts has the shape (outputs, inputs), lies in
 * [0, 2 N), X^N = -1, or is -1 for no term. At most 63 inputs (TS_ERR_LENGTH), and TS_ERR_INDEX for any other
 * shift. Shifts are public; residues are handled in constant time. */
size_t ts_ring_combine_scratch(const ts_ring *ring, size_t outputs, size_t inputs);
int ts_ring_combine_var(const ts_ring *ring, uint64_t *const *out0, uint64_t *const *out1, size_t outputs,
                        const uint64_t *const *in0, const uint64_t *const *in1, size_t inputs, const int64_t *shifts,
                        void *scratch, size_t scratch_len);

/* The first rows of a polynomial as 25 N / 4 bytes each, 50 bits a residue; and back: TS_ERR_ENCODING if a residue is not
 * below its prime, with the index of the first such one in *bad. */
void ts_ring_pack(const ts_ring *ring, uint8_t *out, const uint64_t *a, size_t rows);
int ts_ring_unpack_var(const ts_ring *ring, uint64_t *out, size_t *bad, const uint8_t *in, size_t rows);

/* Uniform residues from a public seed: L rows. */
void ts_ring_uniform(const ts_ring *ring, uint64_t *out, const uint8_t *key32, const uint8_t *nonce12);

/* Coefficients from a secret seed: ternary; centred binomial of variance 10.5; uniform in [-2^bits, 2^bits), bits at most
 * 62; and uniform limbs of 52 bits, at most 32 of them, of the shape (limbs, n). The stream has at most 2^32
 * blocks of 64 bytes (TS_ERR_LENGTH); it takes 8, 8, 8 and 8 limbs bytes a coefficient. */
int ts_sample_ternary(const ts_cpu *cpu, int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12);
int ts_sample_binomial(const ts_cpu *cpu, int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12);
int ts_sample_box(const ts_cpu *cpu, int64_t *out, size_t n, unsigned bits, const uint8_t *key32,
                  const uint8_t *nonce12);
int ts_sample_wide(const ts_cpu *cpu, uint64_t *out, size_t n, size_t limbs, const uint8_t *key32,
                   const uint8_t *nonce12);

#endif
