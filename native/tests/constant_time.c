/* Runs under valgrind's memcheck with every secret marked as undefined: memcheck then reports each branch and each
 * address that depends on one (the idea is A. Langley's ctgrind). Covers what tallystick.h promises to be constant
 * time. Usage: constant_time PATH [leak]. valgrind runs portable, and adx although its CPUID does not admit it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "../src/ring/ring_impl.h"

enum { N = 9, SIZE = 8, ROWS = 2 };

static void secret(void *p, size_t n) { VALGRIND_MAKE_MEM_UNDEFINED(p, n); }
static void public(void *p, size_t n) { VALGRIND_MAKE_MEM_DEFINED(p, n); }

static void run_fr(const ts_cpu *cpu, ts_fr *a, ts_fr *b, ts_fr *out) {
    const size_t size = N * sizeof *a;
    uint8_t key[32] = {1}, nonce[12] = {2}, bytes[32 * N];
    int64_t values[N] = {0, 1, -1, INT64_MIN, INT64_MAX, 5, 6, 7, 8}, index[N] = {0, 0, 1, 5, 4, 4, 4, 8, 8};
    ts_fr table[SIZE];
    cpu->fr_ntt_table(table, SIZE);
    secret(key, sizeof key);
    cpu->fr_vec_expand(a, N, key, nonce, 3);
    secret(values, sizeof values);
    cpu->fr_vec_from_i64(b, values, N);
    secret(a, size), secret(b, size);
    cpu->fr_vec_to_bytes(bytes, a, N);
    cpu->fr_vec_add(out, a, b, N);
    cpu->fr_vec_sub(out, a, b, N);
    cpu->fr_vec_neg(out, a, N);
    cpu->fr_vec_mul(out, a, b, N);
    cpu->fr_vec_muladd(out, a, b, out, N);
    cpu->fr_vec_scale(out, a, b, N);
    cpu->fr_vec_axpy(out, a, b, out, N);
    cpu->fr_vec_powers(out, N, a, b);
    cpu->fr_vec_sum(out, a, N);
    cpu->fr_vec_dot(out, a, b, N);
    cpu->fr_vec_sum_axis(out, a, 1, 3, 3);
    cpu->fr_vec_combine(out, a, b, 3, 3);
    cpu->fr_vec_matvec(out, a, b, 3, 3);
    cpu->fr_vec_ntt(out, a, SIZE, 1, table, 1);
    /* Their verdicts are public. */
    int code = cpu->fr_vec_scatter_add(out, N, a, index, N);
    public(&code, sizeof code);
    if (code != TS_OK) abort();
    code = cpu->fr_vec_inv(out, a, N);
    public(&code, sizeof code);
    if (code != TS_OK) abort();
    code = cpu->fr_vec_equal(a, b, N) | cpu->fr_vec_is_zero(a, N);
    public(&code, sizeof code);
    if (code != 0) abort();
}

static void run_g1(const ts_cpu *cpu, ts_fr *scalars) {
    const uint64_t ends[ROWS] = {1, 2};
    ts_g1 p[ROWS], q[ROWS], out[ROWS];
    uint8_t bytes[96 * ROWS];
    cpu->g1_vec_hash(p, ROWS, (const uint8_t *)"ab", ends, (const uint8_t *)"tag", 3);
    secret(p, sizeof p), secret(scalars, ROWS * sizeof *scalars);
    cpu->g1_vec_mul(q, p, scalars, ROWS);
    secret(q, sizeof q);
    cpu->g1_vec_add(out, p, q, ROWS);
    cpu->g1_vec_neg(out, p, ROWS);
    cpu->g1_vec_sum(out, p, ROWS);
    cpu->g1_vec_to_bytes(bytes, p, ROWS);
    cpu->g1_vec_to_affine(bytes, p, ROWS);
    int code = cpu->g1_vec_equal(p, q, ROWS) | cpu->g1_vec_is_identity(p, ROWS);
    public(&code, sizeof code);
    if (code != 0) abort();
}

static void run_ring(const ts_cpu *cpu) {
    enum { D = 8, L = 2, KEPT = 1, WIDE = 2, ROW = D * L };
    /* The two largest primes below 2^50 that are 1 modulo 16, and roots of order 16. */
    const uint64_t p[L] = {1125899906842273, 1125899906842177}, psi[L] = {181922151378876, 1019921264768368};
    static uint8_t memory[1 << 14], scratch[1 << 16];
    static uint64_t a[ROW], b[ROW], s[ROW], c0[ROW], c1[ROW], d0[ROW], d1[ROW], u[WIDE * D];
    uint8_t key[32] = {1}, nonce[12] = {2}, bytes[25 * ROW / 4];
    int64_t small[4][D];
    ts_fr m[D], y[D];
    const ts_ring *ring;
    int code = ts_ring_init(cpu, memory, sizeof memory, &ring, D, p, psi, L, KEPT, WIDE);
    if (code != TS_OK || ts_ring_scratch(ring) > sizeof scratch) abort();
    ts_ring_uniform(ring, a, key, nonce);
    secret(key, sizeof key);
    cpu->fr_vec_expand(m, D, key, nonce, 0), cpu->fr_vec_expand(y, D, key, nonce, D);
    cpu->sample_ternary(small[0], D, key, nonce);
    cpu->sample_binomial(small[1], D, key, nonce);
    cpu->sample_box(small[2], D, 1000, key, nonce);
    cpu->sample_wide(u, D, WIDE, key, nonce);
    /* Even if what is drawn from a secret were not undefined any more. */
    secret(small, sizeof small), secret(u, sizeof u), secret(m, sizeof m), secret(y, sizeof y);
    ts_ring_to_evaluation(ring, s, small[0]);
    code = ts_ring_public_key(ring, b, a, small[0], small[1], scratch, sizeof scratch);
    secret(b, sizeof b);
    code |= ts_ring_encrypt(ring, c0, c1, a, b, m, small[1], small[2], small[2], scratch, sizeof scratch);
    ts_ring_double(ring, c0, c0), ts_ring_add(ring, c1, c1, c1), ts_ring_sub(ring, c1, c1, c0);
    secret(c0, sizeof c0), secret(c1, sizeof c1);
    code |= ts_ring_reply(ring, d0, d1, c0, c1, y, a, b, small[0], small[1], u, m, scratch, sizeof scratch);
    secret(d0, sizeof d0), secret(d1, sizeof d1);
    code |= ts_ring_decrypt(ring, m, d0, d1, s, scratch, sizeof scratch);
    ts_ring_pack(ring, bytes, b, L);
    const int64_t shifts[2] = {3, 12};
    code |= ts_ring_combine_var(ring, (uint64_t *const[]){d0}, (uint64_t *const[]){d1}, 1,
                                (const uint64_t *const[]){c0, b}, (const uint64_t *const[]){c1, b}, 2, shifts, scratch,
                                sizeof scratch);
    if (code != TS_OK) abort();
}

/* A branch on a secret, to show that the harness sees one. */
static int run_leak(const ts_fr *a) { return a->l[0] & 1 ? puts("odd") : puts("even"); }

int main(int argc, char **argv) {
    const ts_cpu *cpu = NULL;
    ts_fr a[N], b[N], out[N];
    if (argc > 1 && strcmp(argv[1], "portable") == 0) cpu = &ts_cpu_portable;
#if defined(__x86_64__)
    if (argc > 1 && strcmp(argv[1], "adx") == 0) cpu = &ts_cpu_adx;
#endif
    if (cpu == NULL) return 2;
    run_fr(cpu, a, b, out);
    run_g1(cpu, a);
    run_ring(cpu);
    return argc > 2 && strcmp(argv[2], "leak") == 0 ? run_leak(a) < 0 : 0;
}
