/* SPDX-License-Identifier: Apache-2.0 */
/* What the core does with secrets: time and addresses do not depend on them, and nothing of them is left behind on the
 * stack. Covers what tallystick.h promises to be constant time.
 *
 * With TS_CHECK_TIMING it runs under valgrind's memcheck with every secret marked as undefined: memcheck then reports each
 * branch and each address that depends on one (the idea is A. Langley's ctgrind). Outputs must still be undefined
 * afterwards: a report could otherwise be missing only because the secret was lost on the way. valgrind runs portable,
 * adx although its CPUID does not admit it, and ifma in the build with emulated.h.
 * Without, every call runs twice on a blank stack, with different secrets, and what it leaves there must be the same.
 * Usage: constant_time PATH [branch | address | residue], the latter to plant a leak of that kind. Ends with 3 if this
 * processor cannot run the path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/core.c"

#ifdef TS_CHECK_TIMING
#include <valgrind/memcheck.h>

static void secret(void *p, size_t n) { VALGRIND_MAKE_MEM_UNDEFINED(p, n); }
static void seed(uint8_t *p, size_t n) { secret(p, n); }
void ts_ct_declassify(void *p, size_t n) { VALGRIND_MAKE_MEM_DEFINED(p, n); }

static int is_secret(const uint8_t p[8]) {
    uint64_t bits = 0;
    return VALGRIND_GET_VBITS(p, &bits, sizeof bits) == 1 && bits != 0;
}

/* Every 8 bytes, the tail aside, still hold something secret. */
static void check_secret(const void *p, size_t n, const char *what) {
    for (size_t k = 0; k + 8 <= n; k += 8) {
        if (is_secret((const uint8_t *)p + k)) continue;
        fprintf(stderr, "%s: bytes %zu to %zu do not depend on secrets any more\n", what, k, k + 8);
        exit(1);
    }
}

#define CALL(call) call
#else
/* The stack below a call: deeper than any function of the core goes. */
enum { DEPTH = 1 << 18, CALLS = 256 };

static uint8_t variant, residue[CALLS][DEPTH];
static size_t calls, leaks;

static void secret(void *p, size_t n) { (void)p, (void)n; }
static void check_secret(const void *p, size_t n, const char *what) { (void)p, (void)n, (void)what; }

/* What all secrets come from: other bytes the second time. */
static void seed(uint8_t *p, size_t n) {
    for (size_t k = 0; k < n; k++) p[k] ^= (uint8_t)(variant * (2 * k + 1));
}

static TS_NOINLINE void stack_blank(void) {
    uint8_t area[DEPTH];
    ts_wipe(area, sizeof area);
}

/* The same bytes of the stack, which nothing has been written to since. */
static TS_NOINLINE void stack_take(uint8_t *out) {
    uint8_t area[DEPTH];
    __asm__ volatile("" : : "r"(area) : "memory");
    for (size_t k = 0; k < sizeof area; k++) out[k] = ((volatile uint8_t *)area)[k];
}

static void stack_check(const char *what) {
    static uint8_t now[DEPTH];
    size_t bytes = 0;
    stack_take(variant ? now : residue[calls]);
    for (size_t k = 0; variant && k < DEPTH; k++) bytes += now[k] != residue[calls][k];
    if (bytes) fprintf(stderr, "%s: leaves %zu bytes on the stack that depend on secrets\n", what, bytes), leaks++;
    if (++calls == CALLS) abort();
}

#define CALL(call)          \
    do {                    \
        stack_blank();      \
        call;               \
        stack_check(#call); \
    } while (0)
#endif

/* A verdict, which is public. */
static void expect(int code, int expected) {
    ts_ct_declassify(&code, sizeof code);
    if (code != expected) abort();
}

/* Enough for whole blocks of eight lanes, for the long rows that ifma takes in another way, and for a rest. */
enum { N = 83, ROWS = 9 };

#define RUN(call)                              \
    do {                                       \
        memset(out, 0, N * sizeof *out);       \
        CALL(call);                            \
        check_secret(out, sizeof *out, #call); \
    } while (0)

static void run_fr(const ts_cpu *cpu, ts_fr *a, ts_fr *b, ts_fr *out) {
    uint8_t key[32] = {1}, nonce[12] = {2}, bytes[32 * N] = {0};
    int64_t values[N] = {0, 1, -1, INT64_MIN, INT64_MAX, 5, 6, 7, 8}, index[N] = {0, 0, 1, 5, 4, 4, 4, 8, 8, 82};
    size_t bad;
    seed(key, sizeof key), seed((uint8_t *)values, sizeof values);
    RUN(expect(ts_fr_vec_expand(cpu, out, N, key, nonce, 3), TS_OK));
    RUN(ts_fr_vec_from_i64(cpu, out, values, N));
    ts_fr_vec_expand(cpu, a, N, key, nonce, 0), ts_fr_vec_expand(cpu, b, N, key, nonce, N);
    CALL(ts_fr_vec_to_bytes(cpu, bytes, a, N));
    check_secret(bytes, sizeof bytes, "fr_vec_to_bytes");
    RUN(expect(ts_fr_vec_from_bytes(cpu, out, &bad, bytes, N), TS_OK));
    RUN(ts_fr_vec_add(cpu, out, a, b, N));
    RUN(ts_fr_vec_sub(cpu, out, a, b, N));
    RUN(ts_fr_vec_neg(cpu, out, a, N));
    RUN(ts_fr_vec_mul(cpu, out, a, b, N));
    RUN(ts_fr_vec_muladd(cpu, out, a, b, b, N));
    RUN(ts_fr_vec_scale(cpu, out, a, b, N));
    RUN(ts_fr_vec_outer(cpu, out, a, 9, b, 9));
    RUN(ts_fr_vec_axpy(cpu, out, a, b, b, N));
    RUN(ts_fr_vec_powers(cpu, out, N, a, b));
    RUN(ts_fr_vec_sum(cpu, out, a, N));
    RUN(ts_fr_vec_dot(cpu, out, a, b, N));
    RUN(ts_fr_vec_sum_axis(cpu, out, a, 1, 3, 27));
    RUN(ts_fr_vec_sum_axis(cpu, out, a, 2, 41, 1));
    RUN(ts_fr_vec_combine(cpu, out, a, b, 9, 9));
    RUN(ts_fr_vec_matvec(cpu, out, a, b, 2, 41));
    /* Where an element goes is public. */
    RUN(expect(ts_fr_vec_scatter_add(cpu, out, N, a, index, N), TS_OK));
    RUN(expect(ts_fr_vec_inv(cpu, out, a, N), TS_OK));
    CALL(expect(ts_fr_vec_equal(cpu, a, b, N) | ts_fr_vec_is_zero(cpu, a, N), 0));
}

/* Sizes that the code paths transform in different ways. */
static void run_ntt(const ts_cpu *cpu, const ts_fr *some, size_t n) {
    enum { SIZE = 1024 };
    static ts_fr table[SIZE], a[SIZE], out[SIZE];
    ts_fr_ntt_table(cpu, table, SIZE);
    for (size_t size = 1; size <= SIZE; size *= 4) {
        for (int inverse = 0; inverse < 2; inverse++) {
            for (size_t k = 0; k < SIZE; k++) a[k] = some[k % n];
            secret(a, sizeof a), memset(out, 0, sizeof out);
            CALL(ts_fr_vec_ntt(cpu, out, a, size, 1, table, inverse));
            check_secret(out, size * sizeof *out, "fr_vec_ntt");
        }
    }
}

static void run_g1(const ts_cpu *cpu, ts_fr *scalars) {
    const uint64_t ends[ROWS] = {1, 2, 2, 3, 4, 5, 6, 7, 80};
    ts_g1 p[ROWS] = {0}, q[ROWS] = {0}, out[ROWS] = {0};
    uint8_t bytes[96 * ROWS] = {0}, messages[80] = "a message that has more than one block to hash, or so";
    seed(messages, sizeof messages), secret(scalars, ROWS * sizeof *scalars);
    CALL(expect(ts_g1_vec_hash(cpu, p, ROWS, messages, ends, (const uint8_t *)"tag", 3), TS_OK));
    check_secret(p, sizeof *p, "g1_vec_hash");
    secret(p, sizeof p);
    CALL(ts_g1_vec_mul(cpu, q, p, scalars, ROWS));
    check_secret(q, sizeof q, "g1_vec_mul");
    CALL(ts_g1_vec_add(cpu, out, p, q, ROWS));
    check_secret(out, sizeof out, "g1_vec_add");
    CALL(ts_g1_vec_neg(cpu, out, p, ROWS));
    memset(out, 0, sizeof out);
    CALL(ts_g1_vec_sum(cpu, out, p, ROWS));
    check_secret(out, sizeof *out, "g1_vec_sum");
    CALL(ts_g1_vec_to_bytes(cpu, bytes, p, ROWS));
    check_secret(bytes, 48 * ROWS, "g1_vec_to_bytes");
    memset(bytes, 0, sizeof bytes);
    CALL(ts_g1_vec_to_affine(cpu, bytes, p, ROWS));
    check_secret(bytes, sizeof bytes, "g1_vec_to_affine");
#ifndef TS_CHECK_TIMING
    static uint8_t scratch[1 << 24];
    if (ts_g1_msm_scratch(cpu, ROWS) > sizeof scratch) abort();
    CALL(expect(ts_g1_msm_rows_var(cpu, out, 1, p, ROWS, scalars, scratch, sizeof scratch), TS_OK));
#endif
    CALL(expect(ts_g1_vec_equal(cpu, p, q, ROWS) | ts_g1_vec_is_identity(cpu, p, ROWS), 0));
}

/* Groups of one point and of several, the last of which is short. */
static void run_subsets(const ts_cpu *cpu) {
    enum { POINTS = 14, SUBSETS = 24 };
    static uint8_t bits[SUBSETS * POINTS], messages[POINTS];
    static ts_g1 points[POINTS], out[SUBSETS];
    uint64_t ends[POINTS];
    for (size_t k = 0; k < POINTS; k++) messages[k] = (uint8_t)k, ends[k] = k + 1;
    ts_g1_vec_hash(cpu, points, POINTS, messages, ends, (const uint8_t *)"tag", 3);
    void *scratch = malloc(ts_g1_subset_scratch(SUBSETS));
    if (scratch == NULL || ts_subset_group(1) != 1 || POINTS % ts_subset_group(SUBSETS) == 0) abort();
    for (size_t m = 1; m <= SUBSETS; m += SUBSETS - 1) {
        seed(bits, sizeof bits), memset(out, 0, sizeof out);
        for (size_t k = 0; k < sizeof bits; k++) bits[k] &= 1;
        CALL(expect(ts_g1_subset_sums(cpu, out, m, points, POINTS, bits, scratch, ts_g1_subset_scratch(m)), TS_OK));
        check_secret(out, m * sizeof *out, "g1_subset_sums");
    }
    free(scratch);
}

/* Room for degree 512 and for a small one, whose transforms take another way. */
enum { DEGREE = 512, L = 3, KEPT = 1, WIDE = 2, ROW = DEGREE * L };

typedef struct {
    uint64_t a[ROW], b[ROW], s[ROW], c0[ROW], c1[ROW], d0[ROW], d1[ROW], u[WIDE * DEGREE];
    int64_t ternary[DEGREE], binomial[DEGREE], box[DEGREE];
    ts_fr m[DEGREE], y[DEGREE];
    uint8_t bytes[25 * ROW / 4];
} ring_values;

static void run_samplers(const ts_cpu *cpu, ring_values *v, size_t degree) {
    uint8_t key[32] = {1}, nonce[12] = {2};
    seed(key, sizeof key);
    ts_fr_vec_expand(cpu, v->m, degree, key, nonce, 0), ts_fr_vec_expand(cpu, v->y, degree, key, nonce, degree);
    CALL(expect(ts_sample_ternary(cpu, v->ternary, degree, key, nonce), TS_OK));
    CALL(expect(ts_sample_binomial(cpu, v->binomial, degree, key, nonce), TS_OK));
    CALL(expect(ts_sample_box(cpu, v->box, degree, 10, key, nonce), TS_OK));
    CALL(expect(ts_sample_wide(cpu, v->u, degree, WIDE, key, nonce), TS_OK));
    check_secret(v->ternary, 8 * degree, "sample_ternary");
    check_secret(v->binomial, 8 * degree, "sample_binomial");
    check_secret(v->box, 8 * degree, "sample_box");
    check_secret(v->u, 8 * WIDE * degree, "sample_wide");
}

static void run_ring(const ts_cpu *cpu, size_t degree) {
    /* The largest primes below 2^50 that are 1 modulo 1024, and roots of that order. */
    const uint64_t p[L] = {1125899906826241, 1125899906820097, 1125899906802689};
    uint64_t psi[L] = {792793019426825, 545580993841229, 401132141335053};
    static uint8_t memory[1 << 18], scratch[1 << 18];
    static ring_values v;
    const uint8_t key[32] = {3}, nonce[12] = {4};
    const size_t row = degree * L;
    memset(&v, 0, sizeof v);
    const ts_ring *ring;
    for (size_t order = DEGREE; order > degree; order /= 2)
        for (int l = 0; l < L; l++) psi[l] = (uint64_t)((ts_u128)psi[l] * psi[l] % p[l]);
    expect(ts_ring_init(cpu, memory, sizeof memory, &ring, degree, p, psi, L, KEPT, WIDE), TS_OK);
    if (ts_ring_scratch(ring) > sizeof scratch) abort();
    ts_ring_uniform(ring, v.a, key, nonce);
    run_samplers(cpu, &v, degree);
    CALL(ts_ring_to_evaluation(ring, v.s, v.ternary));
    check_secret(v.s, 8 * row, "ring_to_evaluation");
    CALL(expect(ts_ring_public_key(ring, v.b, v.a, v.ternary, v.binomial, scratch, sizeof scratch), TS_OK));
    check_secret(v.b, 8 * row, "ring_public_key");
    CALL(expect(ts_ring_encrypt(ring, v.c0, v.c1, v.a, v.b, v.m, v.binomial, v.box, v.box, scratch, sizeof scratch),
                TS_OK));
    check_secret(v.c0, 8 * row, "ring_encrypt"), check_secret(v.c1, 8 * row, "ring_encrypt");
    CALL((ts_ring_double(ring, v.c0, v.c0), ts_ring_add(ring, v.c1, v.c1, v.c1), ts_ring_sub(ring, v.c1, v.c1, v.c0)));
    check_secret(v.c0, 8 * row, "ring_double"), check_secret(v.c1, 8 * row, "ring_sub");
    CALL(expect(ts_ring_reply(ring, v.d0, v.d1, v.c0, v.c1, v.y, v.a, v.b, v.ternary, v.binomial, v.u, v.m, scratch,
                              sizeof scratch),
                TS_OK));
    check_secret(v.d0, 8 * degree * KEPT, "ring_reply"), check_secret(v.d1, 8 * degree * KEPT, "ring_reply");
    memset(v.m, 0, sizeof v.m);
    CALL(expect(ts_ring_decrypt(ring, v.m, v.d0, v.d1, v.s, scratch, sizeof scratch), TS_OK));
    check_secret(v.m, degree * sizeof *v.m, "ring_decrypt");
    CALL(ts_ring_pack(ring, v.bytes, v.b, L));
    check_secret(v.bytes, 25 * row / 4, "ring_pack");
    /* Variable in its shifts only. */
    const int64_t shifts[2] = {3, 12};
    memset(v.d0, 0, sizeof v.d0);
    uint64_t *const out0[1] = {v.d0}, *const out1[1] = {v.d1};
    const uint64_t *const in0[2] = {v.c0, v.b}, *const in1[2] = {v.c1, v.b};
    CALL(expect(ts_ring_combine_var(ring, out0, out1, 1, in0, in1, 2, shifts, scratch, sizeof scratch), TS_OK));
    check_secret(v.d0, 8 * row, "ring_combine_var");
}

/* A product that leaks, to show that it would be seen. */
static TS_NOINLINE void leak(const ts_cpu *cpu, const char *kind, const ts_fr *given) {
    static volatile char seen[16] TS_UNUSED;
    ts_fr a;
    cpu->fr_vec_mul(&a, given, given, 1);
    if (strcmp(kind, "address") == 0)
        seen[a.l[0] & 15] = 1;
    else if (strcmp(kind, "branch") == 0 && a.l[3] >> 63)
        seen[0] = 1;
    else
        __asm__ volatile("" : : "r"(&a) : "memory"); /* so it is kept, and not wiped */
}

static void run_leak(const ts_cpu *cpu, const char *kind) {
    ts_fr a = {{1}};
    seed((uint8_t *)a.l, 8);
    CALL(leak(cpu, kind, &a));
}

static void run(const ts_cpu *cpu, const char *kind) {
    static ts_fr a[N], b[N], out[N];
    if (kind) {
        run_leak(cpu, kind);
        return;
    }
    run_fr(cpu, a, b, out);
    run_ntt(cpu, a, N);
    run_g1(cpu, a);
    run_subsets(cpu);
    run_ring(cpu, 8);
    run_ring(cpu, DEGREE);
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof ts_paths / sizeof *ts_paths; i++) {
        if (strcmp(argv[1], ts_paths[i]->name) != 0) continue;
        const char *kind = argc > 2 ? argv[2] : NULL;
#ifdef TS_CHECK_TIMING
        run(ts_paths[i], kind);
        return 0;
#else
        if (!ts_cpu_runs(ts_paths[i])) return 3;
        for (calls = 0; variant < 2; variant++, calls = 0) run(ts_paths[i], kind);
        return leaks != 0;
#endif
    }
    return 2;
}
