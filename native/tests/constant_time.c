/* Runs under valgrind's memcheck with every secret marked as undefined: memcheck then reports each branch and each
 * address that depends on one (the idea is A. Langley's ctgrind). Covers what tallystick.h promises to be constant
 * time, and that outputs are still undefined afterwards: a report could otherwise be missing only because the secret
 * was lost on the way.
 *
 * valgrind runs portable, adx although its CPUID does not admit it, and ifma in the build with emulated.h.
 * Usage: constant_time PATH [branch | address], the latter to plant a leak of that kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "../src/curve/subset_impl.h"
#include "../src/ring/ring_impl.h"

static void secret(void *p, size_t n) { VALGRIND_MAKE_MEM_UNDEFINED(p, n); }
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

/* A verdict, which is public. */
static void expect(int code, int expected) {
    ts_ct_declassify(&code, sizeof code);
    if (code != expected) abort();
}

/* Enough for whole blocks of eight lanes, for the long rows that ifma takes in another way, and for a rest. */
enum { N = 83, ROWS = 9 };

#define RUN(call)                               \
    do {                                        \
        memset(out, 0, N * sizeof *out);        \
        call;                                   \
        check_secret(out, sizeof *out, #call);  \
    } while (0)

static void run_fr(const ts_cpu *cpu, ts_fr *a, ts_fr *b, ts_fr *out) {
    uint8_t key[32] = {1}, nonce[12] = {2}, bytes[32 * N] = {0};
    int64_t values[N] = {0, 1, -1, INT64_MIN, INT64_MAX, 5, 6, 7, 8}, index[N] = {0, 0, 1, 5, 4, 4, 4, 8, 8, 82};
    size_t bad;
    secret(key, sizeof key), secret(values, sizeof values);
    RUN(cpu->fr_vec_expand(out, N, key, nonce, 3));
    RUN(cpu->fr_vec_from_i64(out, values, N));
    cpu->fr_vec_expand(a, N, key, nonce, 0), cpu->fr_vec_expand(b, N, key, nonce, N);
    cpu->fr_vec_to_bytes(bytes, a, N);
    check_secret(bytes, sizeof bytes, "fr_vec_to_bytes");
    RUN(expect(cpu->fr_vec_from_bytes(out, &bad, bytes, N), TS_OK));
    RUN(cpu->fr_vec_add(out, a, b, N));
    RUN(cpu->fr_vec_sub(out, a, b, N));
    RUN(cpu->fr_vec_neg(out, a, N));
    RUN(cpu->fr_vec_mul(out, a, b, N));
    RUN(cpu->fr_vec_muladd(out, a, b, b, N));
    RUN(cpu->fr_vec_scale(out, a, b, N));
    RUN(cpu->fr_vec_outer(out, a, 9, b, 9));
    RUN(cpu->fr_vec_axpy(out, a, b, b, N));
    RUN(cpu->fr_vec_powers(out, N, a, b));
    RUN(cpu->fr_vec_sum(out, a, N));
    RUN(cpu->fr_vec_dot(out, a, b, N));
    RUN(cpu->fr_vec_sum_axis(out, a, 1, 3, 27));
    RUN(cpu->fr_vec_sum_axis(out, a, 2, 41, 1));
    RUN(cpu->fr_vec_combine(out, a, b, 9, 9));
    RUN(cpu->fr_vec_matvec(out, a, b, 2, 41));
    /* Where an element goes is public. */
    RUN(expect(cpu->fr_vec_scatter_add(out, N, a, index, N), TS_OK));
    RUN(expect(cpu->fr_vec_inv(out, a, N), TS_OK));
    expect(cpu->fr_vec_equal(a, b, N) | cpu->fr_vec_is_zero(a, N), 0);
}

/* Sizes that the code paths transform in different ways. */
static void run_ntt(const ts_cpu *cpu) {
    enum { SIZE = 1024 };
    static ts_fr table[SIZE], a[SIZE], out[SIZE];
    cpu->fr_ntt_table(table, SIZE);
    for (size_t size = 1; size <= SIZE; size *= 4) {
        for (int inverse = 0; inverse < 2; inverse++) {
            secret(a, sizeof a), memset(out, 0, sizeof out);
            cpu->fr_vec_ntt(out, a, size, 1, table, inverse);
            check_secret(out, size * sizeof *out, "fr_vec_ntt");
        }
    }
}

static void run_g1(const ts_cpu *cpu, ts_fr *scalars) {
    const uint64_t ends[ROWS] = {1, 2, 2, 3, 4, 5, 6, 7, 80};
    ts_g1 p[ROWS] = {0}, q[ROWS] = {0}, out[ROWS] = {0};
    uint8_t bytes[96 * ROWS] = {0}, messages[80] = "a message that has more than one block to hash, or so";
    secret(messages, sizeof messages), secret(scalars, ROWS * sizeof *scalars);
    cpu->g1_vec_hash(p, ROWS, messages, ends, (const uint8_t *)"tag", 3);
    check_secret(p, sizeof *p, "g1_vec_hash");
    secret(p, sizeof p);
    cpu->g1_vec_mul(q, p, scalars, ROWS);
    check_secret(q, sizeof q, "g1_vec_mul");
    cpu->g1_vec_add(out, p, q, ROWS);
    check_secret(out, sizeof out, "g1_vec_add");
    cpu->g1_vec_neg(out, p, ROWS);
    memset(out, 0, sizeof out);
    cpu->g1_vec_sum(out, p, ROWS);
    check_secret(out, sizeof *out, "g1_vec_sum");
    cpu->g1_vec_to_bytes(bytes, p, ROWS);
    check_secret(bytes, 48 * ROWS, "g1_vec_to_bytes");
    memset(bytes, 0, sizeof bytes);
    cpu->g1_vec_to_affine(bytes, p, ROWS);
    check_secret(bytes, sizeof bytes, "g1_vec_to_affine");
    expect(cpu->g1_vec_equal(p, q, ROWS) | cpu->g1_vec_is_identity(p, ROWS), 0);
}

/* Groups of one point and of several, the last of which is short. */
static void run_subsets(const ts_cpu *cpu) {
    enum { POINTS = 14, SUBSETS = 24 };
    static uint8_t bits[SUBSETS * POINTS], messages[POINTS];
    static ts_g1 points[POINTS], out[SUBSETS];
    uint64_t ends[POINTS];
    for (size_t k = 0; k < POINTS; k++) messages[k] = (uint8_t)k, ends[k] = k + 1;
    cpu->g1_vec_hash(points, POINTS, messages, ends, (const uint8_t *)"tag", 3);
    void *scratch = malloc(ts_g1_subset_scratch(SUBSETS));
    if (scratch == NULL || ts_subset_group(1) != 1 || POINTS % ts_subset_group(SUBSETS) == 0) abort();
    for (size_t m = 1; m <= SUBSETS; m += SUBSETS - 1) {
        secret(bits, sizeof bits), memset(out, 0, sizeof out);
        expect(ts_g1_subset_sums(cpu, out, m, points, POINTS, bits, scratch, ts_g1_subset_scratch(m)), TS_OK);
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
    secret(key, sizeof key);
    cpu->fr_vec_expand(v->m, degree, key, nonce, 0), cpu->fr_vec_expand(v->y, degree, key, nonce, degree);
    cpu->sample_ternary(v->ternary, degree, key, nonce);
    cpu->sample_binomial(v->binomial, degree, key, nonce);
    cpu->sample_box(v->box, degree, 10, key, nonce);
    cpu->sample_wide(v->u, degree, WIDE, key, nonce);
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
    ts_ring_to_evaluation(ring, v.s, v.ternary);
    check_secret(v.s, 8 * row, "ring_to_evaluation");
    expect(ts_ring_public_key(ring, v.b, v.a, v.ternary, v.binomial, scratch, sizeof scratch), TS_OK);
    check_secret(v.b, 8 * row, "ring_public_key");
    expect(ts_ring_encrypt(ring, v.c0, v.c1, v.a, v.b, v.m, v.binomial, v.box, v.box, scratch, sizeof scratch), TS_OK);
    check_secret(v.c0, 8 * row, "ring_encrypt"), check_secret(v.c1, 8 * row, "ring_encrypt");
    ts_ring_double(ring, v.c0, v.c0), ts_ring_add(ring, v.c1, v.c1, v.c1), ts_ring_sub(ring, v.c1, v.c1, v.c0);
    check_secret(v.c0, 8 * row, "ring_double"), check_secret(v.c1, 8 * row, "ring_sub");
    expect(ts_ring_reply(ring, v.d0, v.d1, v.c0, v.c1, v.y, v.a, v.b, v.ternary, v.binomial, v.u, v.m, scratch,
                         sizeof scratch), TS_OK);
    check_secret(v.d0, 8 * degree * KEPT, "ring_reply"), check_secret(v.d1, 8 * degree * KEPT, "ring_reply");
    memset(v.m, 0, sizeof v.m);
    expect(ts_ring_decrypt(ring, v.m, v.d0, v.d1, v.s, scratch, sizeof scratch), TS_OK);
    check_secret(v.m, degree * sizeof *v.m, "ring_decrypt");
    ts_ring_pack(ring, v.bytes, v.b, L);
    check_secret(v.bytes, 25 * row / 4, "ring_pack");
    /* Variable in its shifts only. */
    const int64_t shifts[2] = {3, 12};
    memset(v.d0, 0, sizeof v.d0);
    expect(ts_ring_combine_var(ring, (uint64_t *const[]){v.d0}, (uint64_t *const[]){v.d1}, 1,
                               (const uint64_t *const[]){v.c0, v.b}, (const uint64_t *const[]){v.c1, v.b}, 2, shifts,
                               scratch, sizeof scratch), TS_OK);
    check_secret(v.d0, 8 * row, "ring_combine_var");
}

/* Leaks of a product, to show that they would be seen. */
static int leak(const ts_cpu *cpu, const char *kind) {
    static volatile char seen[16];
    ts_fr a = {{1}};
    secret(&a, sizeof a);
    cpu->fr_vec_mul(&a, &a, &a, 1);
    if (strcmp(kind, "address") == 0) {
        seen[a.l[0] & 15] = 1;
    } else if (a.l[3] >> 63) {
        seen[0] = 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    static const ts_cpu *const paths[] = {
#ifdef TS_EMULATED_H
        &ts_cpu_ifma,
#else
        &ts_cpu_portable,
#if defined(__x86_64__)
        &ts_cpu_adx,
#endif
#endif
    };
    static ts_fr a[N], b[N], out[N];
    for (size_t i = 0; argc > 1 && i < sizeof paths / sizeof *paths; i++) {
        if (strcmp(argv[1], paths[i]->name) != 0) continue;
        if (argc > 2) return leak(paths[i], argv[2]);
        run_fr(paths[i], a, b, out);
        run_ntt(paths[i]);
        run_g1(paths[i], a);
        run_subsets(paths[i]);
        run_ring(paths[i], 8);
        run_ring(paths[i], DEGREE);
        return 0;
    }
    return 2;
}
