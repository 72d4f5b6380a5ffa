/* SPDX-License-Identifier: Apache-2.0 */
/* Every exported function on arguments made of a fuzzer's bytes: each code path that this processor runs must return the
 * same codes and the same outputs as the portable one, leave zeros in the outputs of a call that fails, and leave
 * its inputs as they were. Buffers are as long as they must be, for AddressSanitizer to see past them.
 *
 * Built by run.sh with libFuzzer where clang has it. Without it (TS_FUZZ_MAIN) the bytes come from a generator, half of
 * the inputs being changed ones that ran before. Usage then: fuzz SECONDS [SEED], or fuzz FILE ... to run inputs again.
 * To fuzz another function, write fuzz_<name> and name it in `targets`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../src/cpu/cpu.h"

/* ---- input ---- */

/* The fuzzer's bytes, and where they end what a generator makes of them. */
typedef struct {
    const uint8_t *at, *end;
    uint64_t state;
} fuzz_input;

static uint64_t fuzz_random(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15; /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static fuzz_input fuzz_open(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size, size};
    for (size_t i = 0; i < size; i++) in.state = (in.state ^ data[i]) * 0x100000001b3;
    return in;
}

static uint8_t fuzz_byte(fuzz_input *in) { return in->at < in->end ? *in->at++ : (uint8_t)fuzz_random(&in->state); }

static uint64_t fuzz_word(fuzz_input *in) {
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v = v << 8 | fuzz_byte(in);
    return v;
}

/* A number in [0, bound]. */
static size_t fuzz_below(fuzz_input *in, size_t bound) {
    const size_t v = fuzz_byte(in);
    return (bound < 256 ? v : v << 8 | fuzz_byte(in)) % (bound + 1);
}

/* A length of at most `most`; short ones are frequent, and those around the width of a vector. */
static size_t fuzz_length(fuzz_input *in, size_t most) {
    static const uint16_t often[16] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100, 300};
    const uint8_t kind = fuzz_byte(in);
    const size_t n = kind < 128 ? often[kind % 16] : kind < 250 ? fuzz_below(in, 40) : fuzz_below(in, most);
    return n < most ? n : most;
}

/* ---- one call on one path ---- */

/* What a call has produced, and the buffers to free after it. */
typedef struct {
    const ts_cpu *cpu;
    fuzz_input in;
    uint8_t *seen;
    size_t seen_size;
    void *buffer[64];
    struct {
        const void *at;
        size_t size;
        void *copy;
    } input[32];
    size_t buffers, inputs;
} fuzz_call;

static void fuzz_fail(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

static void *fuzz_alloc(fuzz_call *c, size_t size) {
    void *p = malloc(size ? size : 1);
    if (!p || c->buffers == sizeof c->buffer / sizeof *c->buffer) fuzz_fail("out of memory");
    return c->buffer[c->buffers++] = p;
}

/* An output, full of what no function writes. */
static void *fuzz_out(fuzz_call *c, size_t count, size_t size) {
    return memset(fuzz_alloc(c, count * size), 0xa5, count * size);
}

/* From here on it is only read. */
static void *fuzz_in(fuzz_call *c, void *p, size_t size) {
    void *copy = memcpy(fuzz_alloc(c, size), p, size);
    c->input[c->inputs].at = p, c->input[c->inputs].size = size, c->input[c->inputs++].copy = copy;
    return p;
}

/* An output that may be an input as well gets a copy of one, or a buffer of its own. */
static void *fuzz_alias(fuzz_call *c, const void *a, size_t count, size_t size) {
    void *out = fuzz_out(c, count, size);
    return memcpy(out, a, count * size);
}

static void fuzz_see(fuzz_call *c, const void *p, size_t size) {
    if (!size) return;
    c->seen = realloc(c->seen, c->seen_size + size);
    if (!c->seen) fuzz_fail("out of memory");
    memcpy(c->seen + c->seen_size, p, size);
    c->seen_size += size;
}

/* An output, after a call that returned code. */
static void fuzz_result(fuzz_call *c, int code, const void *out, size_t size) {
    fuzz_see(c, &code, sizeof code);
    fuzz_see(c, out, size);
    for (size_t i = 0; code != TS_OK && i < size; i++)
        if (((const uint8_t *)out)[i]) fuzz_fail("an output of a call that failed is not zero");
}

/* ---- arguments ---- */

static const uint64_t fr_modulus[4] = {0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48};

static void fuzz_fr_one(fuzz_input *in, ts_fr *out) {
    static const uint64_t words[8] = {0, 1,         UINT64_MAX, UINT64_MAX - 1, (uint64_t)1 << 63, 0xfffffffffffff,
                                      2, 0xffffffff};
    const uint8_t kind = fuzz_byte(in);
    uint64_t borrow = 0, d[4];
    for (int i = 0; i < 4; i++) {
        if (kind < 96)
            out->l[i] = fuzz_word(in);
        else if (kind < 160)
            out->l[i] = words[fuzz_byte(in) % 8];
        else if (kind < 224)
            out->l[i] = fr_modulus[i] + (i == kind % 4 ? (uint64_t)(kind / 4 % 3) - 1 : 0);
        else
            out->l[i] = i == 0 ? kind - 224 : 0;
    }
    out->l[3] &= UINT64_MAX >> 1;
    /* Below 2^255 < 2 r, so one subtraction reduces. */
    for (int i = 0; i < 4; i++) {
        const unsigned __int128 v = (unsigned __int128)out->l[i] - fr_modulus[i] - borrow;
        d[i] = (uint64_t)v;
        borrow = (uint64_t)(v >> 64) & 1;
    }
    if (!borrow) memcpy(out->l, d, sizeof d);
}

static ts_fr *fuzz_fr(fuzz_call *c, size_t n) {
    ts_fr *out = fuzz_out(c, n, sizeof *out);
    const uint8_t kind = fuzz_byte(&c->in);
    for (size_t k = 0; k < n; k++) {
        if (kind < 32 && k)
            out[k] = out[0];
        else
            fuzz_fr_one(&c->in, &out[k]);
    }
    return fuzz_in(c, out, n * sizeof *out);
}

static uint8_t *fuzz_bytes(fuzz_call *c, size_t n) {
    uint8_t *out = fuzz_out(c, n, 1);
    for (size_t k = 0; k < n; k++) out[k] = fuzz_byte(&c->in);
    return fuzz_in(c, out, n);
}

static int64_t *fuzz_i64(fuzz_call *c, size_t n, uint64_t bound) {
    static const int64_t edge[8] = {
        0, 1, -1, INT64_MIN, INT64_MAX, INT64_MIN + 1, (int64_t)1 << 52, -((int64_t)1 << 52)};
    int64_t *out = fuzz_out(c, n, sizeof *out);
    for (size_t k = 0; k < n; k++) {
        const uint8_t kind = fuzz_byte(&c->in);
        out[k] = kind < 64 ? edge[kind % 8] : (int64_t)fuzz_word(&c->in);
        if (bound) out[k] = (int64_t)((uint64_t)out[k] % (2 * bound + 1)) - (int64_t)bound;
    }
    return fuzz_in(c, out, n * sizeof *out);
}

/* Points of G1 without a known relation, and infinity, opposites, sums and doubles of them. */
enum { POOL = 64 };
static ts_g1 pool[POOL];
static uint8_t pool_bytes[48 * POOL], pool_affine[96 * POOL];

static void fuzz_pool(const ts_cpu *cpu) {
    uint64_t ends[16];
    for (uint64_t k = 0; k < 16; k++) ends[k] = k;
    if (ts_g1_vec_hash(cpu, pool, 16, (const uint8_t *)"a pool of points", ends, (const uint8_t *)"FUZZ", 4) != TS_OK)
        fuzz_fail("no points");
    ts_g1_vec_neg(cpu, pool + 16, pool, 16);
    ts_g1_vec_add(cpu, pool + 32, pool, pool, 16);
    ts_g1_vec_add(cpu, pool + 48, pool, pool + 1, 15);
    memset(&pool[63], 0, sizeof *pool);
    ts_g1_vec_to_bytes(cpu, pool_bytes, pool, POOL);
    ts_g1_vec_to_affine(cpu, pool_affine, pool, POOL);
}

static ts_g1 *fuzz_g1(fuzz_call *c, size_t n) {
    ts_g1 *out = fuzz_out(c, n, sizeof *out);
    const uint8_t few = fuzz_byte(&c->in);
    for (size_t k = 0; k < n; k++)
        out[k] = pool[few < 64 ? (fuzz_byte(&c->in) % 2 ? few : few ^ 16) : fuzz_byte(&c->in) % POOL];
    return fuzz_in(c, out, n * sizeof *out);
}

/* Encodings of so many bytes each, a few of them changed in some way that a decoder must notice, or must not. */
static uint8_t *fuzz_encodings(fuzz_call *c, size_t n, size_t size) {
    uint8_t *out = fuzz_out(c, n, size);
    const uint8_t rate = fuzz_byte(&c->in) % 32;
    for (size_t k = 0; k < n; k++) {
        uint8_t *one = out + size * k;
        memcpy(one, (size == 48 ? pool_bytes : pool_affine) + size * (fuzz_byte(&c->in) % POOL), size);
        if (fuzz_byte(&c->in) % 32 > rate) continue;
        const uint8_t kind = fuzz_byte(&c->in) % 8;
        if (kind < 2)
            one[fuzz_below(&c->in, size - 1)] ^= (uint8_t)(1 << fuzz_byte(&c->in) % 8);
        else if (kind == 2)
            for (size_t i = 0; i < size; i++) one[i] = fuzz_byte(&c->in);
        else if (kind == 3)
            memset(one, 0, size), one[0] = fuzz_byte(&c->in), one[size - 1] = fuzz_byte(&c->in);
        else if (kind == 4)
            memset(one + 1, 0xff, size - 1), one[0] = fuzz_byte(&c->in);
        else if (kind == 5)
            memcpy(one,
                   "\x9a\x01\x11\xea\x39\x7f\xe6\x9a\x4b\x1b\xa7\xb6\x43\x4b\xac\xd7\x64\x77\x4b\x84\xf3\x85\x12\xbf"
                   "\x67\x30\xd2\xa0\xf6\xb0\xf6\x24\x1e\xab\xff\xfe\xb1\x53\xff\xff\xb9\xfe\xff\xff\xff\xff\xaa\xab",
                   48),
                one[47] ^= fuzz_byte(&c->in) % 4, one[0] ^= fuzz_byte(&c->in) & 0xe0;
        else if (kind == 6)
            one[0] ^= fuzz_byte(&c->in) & 0xe0;
        else
            /* A small x with the flags of a point: on the curve every second time, and then outside G1. */
            memset(one, 0, size), one[0] = 0x80, one[46] = fuzz_byte(&c->in), one[47] = fuzz_byte(&c->in);
    }
    return fuzz_in(c, out, n * size);
}

/* ---- Fr ---- */

static void fuzz_fr_vec_from_i64(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 600);
    const int64_t *a = fuzz_i64(c, n, 0);
    ts_fr *out = fuzz_out(c, n, sizeof *out);
    ts_fr_vec_from_i64(c->cpu, out, a, n);
    fuzz_see(c, out, n * sizeof *out);
}

static void fuzz_fr_vec_from_bytes(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 600);
    ts_fr *a = fuzz_out(c, n, sizeof *a), *out = fuzz_out(c, n, sizeof *out);
    const uint8_t rate = fuzz_byte(&c->in) % 16;
    for (size_t k = 0; k < n; k++) {
        fuzz_fr_one(&c->in, &a[k]);
        if (fuzz_byte(&c->in) % 64 < rate)
            for (int i = 0; i < 4; i++) a[k].l[i] = fuzz_byte(&c->in) % 4 ? fr_modulus[i] : fuzz_word(&c->in);
    }
    size_t bad = 0;
    const int code = ts_fr_vec_from_bytes(c->cpu, out, &bad, fuzz_in(c, a, n * sizeof *a), n);
    fuzz_see(c, &bad, sizeof bad);
    fuzz_result(c, code, out, n * sizeof *out);
}

static void fuzz_fr_vec_to_bytes(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 600);
    const ts_fr *a = fuzz_fr(c, n);
    uint8_t *out = fuzz_out(c, n, 32);
    ts_fr_vec_to_bytes(c->cpu, out, a, n);
    fuzz_see(c, out, 32 * n);
}

static void fuzz_fr_vec_expand(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 600);
    const uint8_t *key = fuzz_bytes(c, 32), *nonce = fuzz_bytes(c, 12);
    const uint64_t first = fuzz_byte(&c->in) % 2 ? fuzz_byte(&c->in) : ((uint64_t)1 << 32) - fuzz_below(&c->in, 700);
    ts_fr *out = fuzz_out(c, n, sizeof *out);
    fuzz_result(c, ts_fr_vec_expand(c->cpu, out, n, key, nonce, first), out, n * sizeof *out);
}

/* Element-wise functions of one, two or three arrays; the output is a buffer of its own or any of the arrays. */
enum { ADD, SUB, NEG, MUL, MULADD, SCALE, AXPY };

static void fuzz_fr_map(fuzz_call *c, int which) {
    const size_t n = fuzz_length(&c->in, 600);
    const uint8_t alias = fuzz_byte(&c->in) % 4;
    const ts_fr *s = fuzz_fr(c, 1), *x[3] = {fuzz_fr(c, n), fuzz_fr(c, n), fuzz_fr(c, n)};
    ts_fr *out = alias < 3 ? fuzz_alias(c, x[alias], n, sizeof *out) : fuzz_out(c, n, sizeof *out);
    if (alias < 3) x[alias] = out;
    switch (which) {
        case ADD: ts_fr_vec_add(c->cpu, out, x[0], x[1], n); break;
        case SUB: ts_fr_vec_sub(c->cpu, out, x[0], x[1], n); break;
        case NEG: ts_fr_vec_neg(c->cpu, out, x[0], n); break;
        case MUL: ts_fr_vec_mul(c->cpu, out, x[0], x[1], n); break;
        case MULADD: ts_fr_vec_muladd(c->cpu, out, x[0], x[1], x[2], n); break;
        case SCALE: ts_fr_vec_scale(c->cpu, out, s, x[0], n); break;
        default: ts_fr_vec_axpy(c->cpu, out, s, x[0], x[1], n); break;
    }
    fuzz_see(c, out, n * sizeof *out);
}

static void fuzz_fr_vec_add(fuzz_call *c) { fuzz_fr_map(c, ADD); }
static void fuzz_fr_vec_sub(fuzz_call *c) { fuzz_fr_map(c, SUB); }
static void fuzz_fr_vec_neg(fuzz_call *c) { fuzz_fr_map(c, NEG); }
static void fuzz_fr_vec_mul(fuzz_call *c) { fuzz_fr_map(c, MUL); }
static void fuzz_fr_vec_muladd(fuzz_call *c) { fuzz_fr_map(c, MULADD); }
static void fuzz_fr_vec_scale(fuzz_call *c) { fuzz_fr_map(c, SCALE); }
static void fuzz_fr_vec_axpy(fuzz_call *c) { fuzz_fr_map(c, AXPY); }

static void fuzz_fr_vec_outer(fuzz_call *c) {
    const size_t n = fuzz_below(&c->in, 20), m = fuzz_below(&c->in, 20);
    const ts_fr *a = fuzz_fr(c, n), *b = fuzz_fr(c, m);
    ts_fr *out = fuzz_out(c, n * m, sizeof *out);
    ts_fr_vec_outer(c->cpu, out, a, n, b, m);
    fuzz_see(c, out, n * m * sizeof *out);
}

static void fuzz_fr_vec_inv(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 600);
    const uint8_t zeros = fuzz_byte(&c->in) % 2;
    ts_fr *a = fuzz_out(c, n, sizeof *a), *out = fuzz_out(c, n, sizeof *out);
    for (size_t k = 0; k < n; k++) {
        fuzz_fr_one(&c->in, &a[k]);
        if (!zeros && ts_fr_vec_is_zero(c->cpu, &a[k], 1)) a[k].l[0] = 1;
    }
    fuzz_result(c, ts_fr_vec_inv(c->cpu, out, fuzz_in(c, a, n * sizeof *a), n), out, n * sizeof *out);
}

static void fuzz_fr_vec_sqrt_var(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 200);
    ts_fr_roots *table = fuzz_out(c, 1, sizeof *table);
    const uint8_t rate = fuzz_byte(&c->in) % 8;
    ts_fr *a = fuzz_out(c, n, sizeof *a), *out = fuzz_out(c, n, sizeof *out);
    ts_fr_roots_table(c->cpu, table);
    for (size_t k = 0; k < n; k++) {
        fuzz_fr_one(&c->in, &a[k]);
        if (fuzz_byte(&c->in) % 64 >= rate) ts_fr_vec_mul(c->cpu, &a[k], &a[k], &a[k], 1);
    }
    size_t bad = 0;
    const int code = ts_fr_vec_sqrt_var(c->cpu, out, &bad, fuzz_in(c, a, n * sizeof *a), n, table);
    fuzz_see(c, &bad, sizeof bad);
    fuzz_see(c, table, sizeof *table);
    fuzz_result(c, code, out, n * sizeof *out);
}

static void fuzz_fr_vec_powers(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 3000);
    const ts_fr *x = fuzz_fr(c, 1), *first = fuzz_fr(c, 1);
    ts_fr *out = fuzz_out(c, n, sizeof *out);
    ts_fr_vec_powers(c->cpu, out, n, x, first);
    fuzz_see(c, out, n * sizeof *out);
}

static void fuzz_fr_vec_equal(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 300);
    const ts_fr *a = fuzz_fr(c, n);
    ts_fr *b = fuzz_alias(c, a, n, sizeof *b);
    if (n && fuzz_byte(&c->in) % 2) b[fuzz_below(&c->in, n - 1)].l[fuzz_byte(&c->in) % 4] ^= fuzz_word(&c->in);
    const int verdicts[2] = {ts_fr_vec_equal(c->cpu, a, b, n), ts_fr_vec_is_zero(c->cpu, a, n)};
    fuzz_see(c, verdicts, sizeof verdicts);
}

static void fuzz_fr_vec_sum(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 3000);
    const ts_fr *a = fuzz_fr(c, n);
    ts_fr *out = fuzz_out(c, 1, sizeof *out);
    ts_fr_vec_sum(c->cpu, out, a, n);
    fuzz_see(c, out, sizeof *out);
}

static void fuzz_fr_vec_dot(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 3000);
    const ts_fr *a = fuzz_fr(c, n), *b = fuzz_fr(c, n);
    ts_fr *out = fuzz_out(c, 1, sizeof *out);
    ts_fr_vec_dot(c->cpu, out, a, b, n);
    fuzz_see(c, out, sizeof *out);
}

static void fuzz_fr_vec_sum_axis(fuzz_call *c) {
    const size_t outer = fuzz_below(&c->in, 9), n = fuzz_length(&c->in, 200), inner = fuzz_below(&c->in, 9);
    const ts_fr *a = fuzz_fr(c, outer * n * inner);
    ts_fr *out = fuzz_out(c, outer * inner, sizeof *out);
    ts_fr_vec_sum_axis(c->cpu, out, a, outer, n, inner);
    fuzz_see(c, out, outer * inner * sizeof *out);
}

/* rows (m, c) with weights of m, or a vector of c. */
static void fuzz_fr_vec_combine(fuzz_call *c) {
    const size_t m = fuzz_length(&c->in, 300), width = fuzz_below(&c->in, 20);
    const ts_fr *rows = fuzz_fr(c, m * width), *weights = fuzz_fr(c, m);
    ts_fr *out = fuzz_out(c, width, sizeof *out);
    ts_fr_vec_combine(c->cpu, out, rows, weights, m, width);
    fuzz_see(c, out, width * sizeof *out);
}

static void fuzz_fr_vec_matvec(fuzz_call *c) {
    const size_t m = fuzz_below(&c->in, 20), width = fuzz_length(&c->in, 300);
    const ts_fr *rows = fuzz_fr(c, m * width), *v = fuzz_fr(c, width);
    ts_fr *out = fuzz_out(c, m, sizeof *out);
    ts_fr_vec_matvec(c->cpu, out, rows, v, m, width);
    fuzz_see(c, out, m * sizeof *out);
}

static void fuzz_fr_vec_scatter_add(fuzz_call *c) {
    const size_t n = fuzz_below(&c->in, 40), count = fuzz_length(&c->in, 200);
    const ts_fr *a = fuzz_fr(c, count);
    int64_t *index = fuzz_out(c, count, sizeof *index);
    const uint8_t wild = fuzz_byte(&c->in) % 2;
    for (size_t k = 0; k < count; k++) {
        index[k] = n ? (int64_t)fuzz_below(&c->in, n - 1) : 0;
        if (wild && fuzz_byte(&c->in) < 16) index[k] = fuzz_byte(&c->in) % 2 ? (int64_t)fuzz_word(&c->in) : (int64_t)n;
    }
    ts_fr *out = fuzz_out(c, n, sizeof *out);
    const int code = ts_fr_vec_scatter_add(c->cpu, out, n, a, fuzz_in(c, index, count * sizeof *index), count);
    fuzz_result(c, code, out, n * sizeof *out);
}

static void fuzz_fr_vec_ntt(fuzz_call *c) {
    const size_t size = (size_t)1 << fuzz_byte(&c->in) % 11, batches = fuzz_byte(&c->in) % 4;
    const size_t larger = size << fuzz_byte(&c->in) % 3;
    const int inverse = fuzz_byte(&c->in) % 2;
    const ts_fr *a = fuzz_fr(c, size * batches);
    ts_fr *table = fuzz_out(c, larger, sizeof *table), *out = fuzz_out(c, size * batches, sizeof *out);
    ts_fr_ntt_table(c->cpu, table, larger);
    ts_fr_vec_ntt(c->cpu, out, a, size, batches, table, inverse);
    fuzz_see(c, out, size * batches * sizeof *out);
}

/* ---- G1 ---- */

static void fuzz_g1_decode(fuzz_call *c, size_t size) {
    const size_t n = fuzz_length(&c->in, 40);
    const uint8_t *in = fuzz_encodings(c, n, size);
    ts_g1 *out = fuzz_out(c, n, sizeof *out);
    size_t bad = 0;
    const int code = size == 48 ? ts_g1_vec_from_bytes_var(c->cpu, out, &bad, in, n)
                                : ts_g1_vec_from_affine_var(c->cpu, out, &bad, in, n);
    fuzz_see(c, &bad, sizeof bad);
    fuzz_result(c, code, out, n * sizeof *out);
    if (code != TS_OK) return;
    /* What is accepted has one encoding. */
    uint8_t *again = fuzz_out(c, n, size);
    size == 48 ? ts_g1_vec_to_bytes(c->cpu, again, out, n) : ts_g1_vec_to_affine(c->cpu, again, out, n);
    if (memcmp(again, in, n * size) != 0) fuzz_fail("a point was decoded that is encoded in another way");
}

static void fuzz_g1_vec_from_bytes_var(fuzz_call *c) { fuzz_g1_decode(c, 48); }
static void fuzz_g1_vec_from_affine_var(fuzz_call *c) { fuzz_g1_decode(c, 96); }

static void fuzz_g1_vec_to_bytes(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 300);
    const ts_g1 *a = fuzz_g1(c, n);
    uint8_t *out = fuzz_out(c, n, 48), *affine = fuzz_out(c, n, 96);
    ts_g1_vec_to_bytes(c->cpu, out, a, n);
    ts_g1_vec_to_affine(c->cpu, affine, a, n);
    fuzz_see(c, out, 48 * n);
    fuzz_see(c, affine, 96 * n);
}

static void fuzz_g1_vec_hash(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 20), dst_len = fuzz_below(&c->in, 300);
    uint64_t *ends = fuzz_out(c, n, sizeof *ends), end = 0;
    for (size_t k = 0; k < n; k++) ends[k] = end += fuzz_below(&c->in, 150);
    const uint8_t *messages = fuzz_bytes(c, end), *dst = fuzz_bytes(c, dst_len);
    ts_g1 *out = fuzz_out(c, n, sizeof *out);
    const int code = ts_g1_vec_hash(c->cpu, out, n, messages, fuzz_in(c, ends, n * sizeof *ends), dst, dst_len);
    fuzz_result(c, code, out, n * sizeof *out);
}

static void fuzz_g1_vec_add(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 300);
    const uint8_t alias = fuzz_byte(&c->in) % 3;
    const ts_g1 *x[2] = {fuzz_g1(c, n), fuzz_g1(c, n)};
    ts_g1 *out = alias < 2 ? fuzz_alias(c, x[alias], n, sizeof *out) : fuzz_out(c, n, sizeof *out);
    if (alias < 2) x[alias] = out;
    ts_g1_vec_add(c->cpu, out, x[0], x[1], n);
    fuzz_see(c, out, n * sizeof *out);
}

static void fuzz_g1_vec_neg(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 300);
    const ts_g1 *a = fuzz_g1(c, n), *b = fuzz_g1(c, n);
    ts_g1 *out = fuzz_out(c, n, sizeof *out);
    ts_g1_vec_neg(c->cpu, out, a, n);
    fuzz_see(c, out, n * sizeof *out);
    const int verdicts[3] = {ts_g1_vec_equal(c->cpu, a, b, n), ts_g1_vec_equal(c->cpu, a, a, n),
                             ts_g1_vec_is_identity(c->cpu, a, n)};
    fuzz_see(c, verdicts, sizeof verdicts);
}

static void fuzz_g1_vec_sum(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 300);
    const ts_g1 *a = fuzz_g1(c, n);
    ts_g1 *out = fuzz_out(c, 1, sizeof *out);
    ts_g1_vec_sum(c->cpu, out, a, n);
    fuzz_see(c, out, sizeof *out);
}

static void fuzz_g1_vec_mul(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 20);
    const ts_g1 *a = fuzz_g1(c, n);
    const ts_fr *s = fuzz_fr(c, n);
    ts_g1 *out = fuzz_byte(&c->in) % 2 ? fuzz_alias(c, a, n, sizeof *out) : fuzz_out(c, n, sizeof *out);
    ts_g1_vec_mul(c->cpu, out, a, s, n);
    fuzz_see(c, out, n * sizeof *out);
}

static void fuzz_g1_msm_rows_var(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 100), m = fuzz_byte(&c->in) % 4, size = ts_g1_msm_scratch(c->cpu, n);
    const ts_g1 *points = fuzz_g1(c, n);
    const ts_fr *rows = fuzz_fr(c, m * n);
    const size_t odd = fuzz_byte(&c->in) % 64, less = fuzz_byte(&c->in) < 8;
    uint8_t *scratch = fuzz_out(c, size + odd, 1);
    ts_g1 *out = fuzz_out(c, m, sizeof *out);
    const int code = ts_g1_msm_rows_var(c->cpu, out, m, points, n, rows, scratch + odd, size - less);
    fuzz_result(c, code, out, m * sizeof *out);
}

static void fuzz_g1_subset_sums(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 100), m = fuzz_byte(&c->in) % 40, size = ts_g1_subset_scratch(m);
    const ts_g1 *points = fuzz_g1(c, n);
    uint8_t *bits = fuzz_out(c, m * n, 1);
    for (size_t k = 0; k < m * n; k++) bits[k] = fuzz_byte(&c->in) & 1;
    fuzz_in(c, bits, m * n);
    const size_t odd = fuzz_byte(&c->in) % 64, less = fuzz_byte(&c->in) < 8;
    uint8_t *scratch = fuzz_out(c, size + odd, 1);
    ts_g1 *out = fuzz_out(c, m, sizeof *out);
    const int code = ts_g1_subset_sums(c->cpu, out, m, points, n, bits, scratch + odd, size - less);
    fuzz_result(c, code, out, m * sizeof *out);
}

/* ---- BGV ---- */

/* Two primes that serve every degree up to 512, and roots of order 1024; and one that is tiny, for degrees up to 8. */
static const uint64_t ring_p[3] = {1125899906826241, 1125899906820097, 1125899906802689};
static const uint64_t ring_psi[3] = {792793019426825, 545580993841229, 401132141335053};

typedef struct {
    const ts_ring *ring;
    size_t degree, primes, kept, wide, scratch_len;
    uint64_t p[3];
    void *scratch;
} fuzz_ring;

static fuzz_ring fuzz_ring_open(fuzz_call *c) {
    fuzz_ring r = {.degree = (size_t)4 << fuzz_byte(&c->in) % 8, .wide = 1 + fuzz_byte(&c->in) % 4};
    uint64_t psi[3];
    r.primes = 1 + fuzz_byte(&c->in) % 3;
    r.kept = 1 + fuzz_byte(&c->in) % r.primes;
    for (size_t l = 0; l < r.primes; l++) {
        r.p[l] = ring_p[l], psi[l] = ring_psi[l];
        for (size_t order = 512; order > r.degree; order /= 2)
            psi[l] = (uint64_t)((unsigned __int128)psi[l] * psi[l] % r.p[l]);
    }
    if (r.degree == 8 && fuzz_byte(&c->in) % 4 == 0) r.p[0] = 17, psi[0] = 3;
    const size_t size = ts_ring_size(r.degree, r.primes, r.kept, r.wide), odd = fuzz_byte(&c->in) % 64;
    uint8_t *memory = fuzz_out(c, size + odd, 1);
    if (ts_ring_init(c->cpu, memory + odd, size, &r.ring, r.degree, r.p, psi, r.primes, r.kept, r.wide) != TS_OK)
        fuzz_fail("no ring");
    r.scratch_len = ts_ring_scratch(r.ring);
    r.scratch = fuzz_out(c, r.scratch_len + odd, 1);
    r.scratch = (uint8_t *)r.scratch + odd;
    r.scratch_len -= fuzz_byte(&c->in) < 8;
    return r;
}

/* Residues. Some rows are those of an integer near half the product of the primes, where rounding is decided. */
static uint64_t *fuzz_rows(fuzz_call *c, const fuzz_ring *r, size_t rows) {
    uint64_t *out = fuzz_out(c, rows * r->degree, sizeof *out);
    const uint8_t shape = fuzz_byte(&c->in);
    unsigned __int128 q = r->p[0];
    if (r->kept > 1) q *= r->p[1];
    for (size_t k = 0; k < r->degree; k++) {
        const unsigned __int128 near = q / 2 + fuzz_byte(&c->in) % 5 - 2;
        const uint8_t kind = shape < 64 ? 0 : fuzz_byte(&c->in);
        for (size_t l = 0; l < rows; l++) {
            const uint64_t p = r->p[l], edge[4] = {0, 1, p - 1, p / 2};
            out[l * r->degree + k] = kind < 64    ? (shape % 2 ? 0 : (uint64_t)(near % p))
                                     : kind < 128 ? edge[fuzz_byte(&c->in) % 4]
                                                  : fuzz_word(&c->in) % p;
        }
    }
    return fuzz_in(c, out, rows * r->degree * sizeof *out);
}

static uint64_t *fuzz_rows_out(fuzz_call *c, const fuzz_ring *r, size_t rows) {
    return fuzz_out(c, rows * r->degree, sizeof(uint64_t));
}

static size_t fuzz_rows_size(const fuzz_ring *r, size_t rows) { return rows * r->degree * sizeof(uint64_t); }

static void fuzz_ring_init(fuzz_call *c) {
    const size_t degree = fuzz_byte(&c->in) % 4 ? (size_t)1 << fuzz_byte(&c->in) % 8 : fuzz_below(&c->in, 40);
    const size_t primes = fuzz_below(&c->in, 40), kept = fuzz_below(&c->in, 40), wide = fuzz_below(&c->in, 40);
    uint64_t p[40], psi[40];
    for (size_t l = 0; l < 40; l++) {
        const uint8_t kind = fuzz_byte(&c->in);
        const uint64_t order = 2 * (degree ? degree : 1);
        p[l] = kind < 32 ? fuzz_word(&c->in) : kind < 64 ? 1 + order * fuzz_byte(&c->in) : ring_p[kind % 3];
        psi[l] = kind < 64 ? fuzz_byte(&c->in) : ring_psi[kind % 3];
        for (size_t o = 512; kind >= 64 && degree && o > degree; o /= 2)
            psi[l] = (uint64_t)((unsigned __int128)psi[l] * psi[l] % p[l]);
    }
    const size_t size = ts_ring_size(degree, primes, kept, wide), less = fuzz_byte(&c->in) < 16 && size;
    uint8_t *memory = fuzz_out(c, size, 1);
    const ts_ring *ring = (const ts_ring *)memory;
    const int code = ts_ring_init(c->cpu, memory, size - less, &ring, degree, p, psi, primes, kept, wide);
    if ((code == TS_OK) != (ring != NULL)) fuzz_fail("a ring that failed is there");
    fuzz_see(c, &size, sizeof size);
    fuzz_see(c, &code, sizeof code);
    if (code == TS_ERR_PRIME) fuzz_result(c, code, memory, size);
}

static void fuzz_ring_to_evaluation(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const int64_t *small = fuzz_i64(c, r.degree, 0);
    uint64_t *out = fuzz_rows_out(c, &r, r.primes);
    ts_ring_to_evaluation(r.ring, out, small);
    fuzz_see(c, out, fuzz_rows_size(&r, r.primes));
}

static void fuzz_ring_public_key(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const uint64_t *a = fuzz_rows(c, &r, r.primes);
    const int64_t *s = fuzz_i64(c, r.degree, 0), *e = fuzz_i64(c, r.degree, 0);
    uint64_t *b = fuzz_rows_out(c, &r, r.primes);
    fuzz_result(c, ts_ring_public_key(r.ring, b, a, s, e, r.scratch, r.scratch_len), b, fuzz_rows_size(&r, r.primes));
}

static void fuzz_ring_encrypt(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const uint64_t *a = fuzz_rows(c, &r, r.primes), *b = fuzz_rows(c, &r, r.primes);
    const ts_fr *m = fuzz_fr(c, r.degree);
    const int64_t *e0 = fuzz_i64(c, r.degree, 0), *v = fuzz_i64(c, r.degree, 0), *e1 = fuzz_i64(c, r.degree, 0);
    uint64_t *c0 = fuzz_rows_out(c, &r, r.primes), *c1 = fuzz_rows_out(c, &r, r.primes);
    const int code = ts_ring_encrypt(r.ring, c0, c1, a, b, m, e0, v, e1, r.scratch, r.scratch_len);
    fuzz_result(c, code, c0, fuzz_rows_size(&r, r.primes));
    fuzz_result(c, code, c1, fuzz_rows_size(&r, r.primes));
}

static void fuzz_ring_add(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const uint8_t alias = fuzz_byte(&c->in) % 3, which = fuzz_byte(&c->in) % 3;
    const uint64_t *x[2] = {fuzz_rows(c, &r, r.primes), fuzz_rows(c, &r, r.primes)};
    uint64_t *out = fuzz_rows_out(c, &r, r.primes);
    if (alias < 2) x[alias] = memcpy(out, x[alias], fuzz_rows_size(&r, r.primes));
    if (which == 0) ts_ring_add(r.ring, out, x[0], x[1]);
    if (which == 1) ts_ring_sub(r.ring, out, x[0], x[1]);
    if (which == 2) ts_ring_double(r.ring, out, x[0]);
    fuzz_see(c, out, fuzz_rows_size(&r, r.primes));
}

static void fuzz_ring_reply(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const uint64_t *c0 = fuzz_rows(c, &r, r.primes), *c1 = fuzz_rows(c, &r, r.primes);
    const uint64_t *a = fuzz_rows(c, &r, r.primes), *b = fuzz_rows(c, &r, r.primes);
    const ts_fr *y = fuzz_fr(c, r.degree), *mask = fuzz_fr(c, r.degree);
    const int64_t *v = fuzz_i64(c, r.degree, 0), *e1 = fuzz_i64(c, r.degree, 0);
    uint64_t *u = fuzz_out(c, r.wide * r.degree, sizeof *u);
    for (size_t k = 0; k < r.wide * r.degree; k++)
        u[k] = fuzz_byte(&c->in) % 4 ? fuzz_word(&c->in) >> 12 : UINT64_MAX >> 12;
    uint64_t *d0 = fuzz_rows_out(c, &r, r.kept), *d1 = fuzz_rows_out(c, &r, r.kept);
    const int code = ts_ring_reply(r.ring, d0, d1, c0, c1, y, a, b, v, e1, fuzz_in(c, u, r.wide * r.degree * sizeof *u),
                                   mask, r.scratch, r.scratch_len);
    fuzz_result(c, code, d0, fuzz_rows_size(&r, r.kept));
    fuzz_result(c, code, d1, fuzz_rows_size(&r, r.kept));
}

static void fuzz_ring_decrypt(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const uint64_t *d0 = fuzz_rows(c, &r, r.kept), *d1 = fuzz_rows(c, &r, r.kept), *s = fuzz_rows(c, &r, r.kept);
    ts_fr *out = fuzz_out(c, r.degree, sizeof *out);
    const int code = ts_ring_decrypt(r.ring, out, d0, d1, s, r.scratch, r.scratch_len);
    fuzz_result(c, code, out, r.degree * sizeof *out);
}

static void fuzz_ring_combine_var(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const size_t outputs = fuzz_byte(&c->in) % 4, inputs = fuzz_byte(&c->in) < 8 ? 64 : fuzz_byte(&c->in) % 6;
    const uint64_t *given[2] = {fuzz_rows(c, &r, r.primes), fuzz_rows(c, &r, r.primes)}, *in0[64], *in1[64];
    uint64_t *out0[4], *out1[4];
    int64_t shifts[4 * 64];
    const uint8_t wild = fuzz_byte(&c->in) < 16;
    for (size_t i = 0; i < 64; i++) in0[i] = given[i % 2], in1[i] = given[(i + 1) % 2];
    for (size_t k = 0; k < outputs; k++)
        out0[k] = fuzz_rows_out(c, &r, r.primes), out1[k] = fuzz_rows_out(c, &r, r.primes);
    for (size_t i = 0; i < outputs * inputs; i++) {
        shifts[i] = (int64_t)fuzz_below(&c->in, 2 * r.degree) - 1;
        if (wild && fuzz_byte(&c->in) < 32) shifts[i] = (int64_t)fuzz_word(&c->in);
    }
    const size_t size = ts_ring_combine_scratch(r.ring, outputs, inputs), less = fuzz_byte(&c->in) < 8;
    void *scratch = fuzz_out(c, size, 1);
    const int code = ts_ring_combine_var(r.ring, out0, out1, outputs, in0, in1, inputs, shifts, scratch, size - less);
    for (size_t k = 0; k < outputs; k++) {
        fuzz_result(c, code, out0[k], fuzz_rows_size(&r, r.primes));
        fuzz_result(c, code, out1[k], fuzz_rows_size(&r, r.primes));
    }
}

static void fuzz_ring_unpack_var(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const size_t rows = fuzz_byte(&c->in) % (r.primes + 1), size = rows * r.degree / 4 * 25;
    const uint64_t *a = fuzz_rows(c, &r, rows);
    uint8_t *bytes = fuzz_out(c, size, 1);
    ts_ring_pack(r.ring, bytes, a, rows);
    fuzz_see(c, bytes, size);
    for (size_t k = fuzz_byte(&c->in) % 4; size && k > 0; k--) bytes[fuzz_below(&c->in, size - 1)] ^= fuzz_byte(&c->in);
    uint64_t *out = fuzz_rows_out(c, &r, rows);
    size_t bad = 0;
    const int code = ts_ring_unpack_var(r.ring, out, &bad, fuzz_in(c, bytes, size), rows);
    fuzz_see(c, &bad, sizeof bad);
    fuzz_result(c, code, out, fuzz_rows_size(&r, rows));
    if (code != TS_OK) return;
    uint8_t *again = fuzz_out(c, size, 1);
    ts_ring_pack(r.ring, again, out, rows);
    if (memcmp(again, bytes, size) != 0) fuzz_fail("residues were unpacked that are packed in another way");
}

static void fuzz_ring_uniform(fuzz_call *c) {
    const fuzz_ring r = fuzz_ring_open(c);
    const uint8_t *key = fuzz_bytes(c, 32), *nonce = fuzz_bytes(c, 12);
    uint64_t *out = fuzz_rows_out(c, &r, r.primes);
    ts_ring_uniform(r.ring, out, key, nonce);
    fuzz_see(c, out, fuzz_rows_size(&r, r.primes));
}

static void fuzz_sample(fuzz_call *c) {
    const size_t n = fuzz_length(&c->in, 2500), limbs = fuzz_below(&c->in, 34);
    const uint8_t *key = fuzz_bytes(c, 32), *nonce = fuzz_bytes(c, 12), kind = fuzz_byte(&c->in);
    const unsigned bits = kind < 64 ? (unsigned)fuzz_word(&c->in) : kind % 66;
    int64_t *out = fuzz_out(c, n, sizeof *out);
    uint64_t *wide = fuzz_out(c, n * limbs, sizeof *wide);
    fuzz_result(c, ts_sample_ternary(c->cpu, out, n, key, nonce), out, n * sizeof *out);
    fuzz_result(c, ts_sample_binomial(c->cpu, out, n, key, nonce), out, n * sizeof *out);
    fuzz_result(c, ts_sample_box(c->cpu, out, n, bits, key, nonce), out, n * sizeof *out);
    fuzz_result(c, ts_sample_wide(c->cpu, wide, n, limbs, key, nonce), wide, n * limbs * sizeof *wide);
}

/* ---- the harness ---- */

#define TARGET(name) \
    { #name, fuzz_##name }
static const struct {
    const char *name;
    void (*run)(fuzz_call *c);
} targets[] = {
    TARGET(fr_vec_from_i64),
    TARGET(fr_vec_from_bytes),
    TARGET(fr_vec_to_bytes),
    TARGET(fr_vec_expand),
    TARGET(fr_vec_add),
    TARGET(fr_vec_sub),
    TARGET(fr_vec_neg),
    TARGET(fr_vec_mul),
    TARGET(fr_vec_muladd),
    TARGET(fr_vec_scale),
    TARGET(fr_vec_axpy),
    TARGET(fr_vec_outer),
    TARGET(fr_vec_inv),
    TARGET(fr_vec_sqrt_var),
    TARGET(fr_vec_powers),
    TARGET(fr_vec_equal),
    TARGET(fr_vec_sum),
    TARGET(fr_vec_dot),
    TARGET(fr_vec_sum_axis),
    TARGET(fr_vec_combine),
    TARGET(fr_vec_matvec),
    TARGET(fr_vec_scatter_add),
    TARGET(fr_vec_ntt),
    TARGET(g1_vec_from_bytes_var),
    TARGET(g1_vec_from_affine_var),
    TARGET(g1_vec_to_bytes),
    TARGET(g1_vec_hash),
    TARGET(g1_vec_add),
    TARGET(g1_vec_neg),
    TARGET(g1_vec_sum),
    TARGET(g1_vec_mul),
    TARGET(g1_msm_rows_var),
    TARGET(g1_subset_sums),
    TARGET(ring_init),
    TARGET(ring_to_evaluation),
    TARGET(ring_public_key),
    TARGET(ring_encrypt),
    TARGET(ring_add),
    TARGET(ring_reply),
    TARGET(ring_decrypt),
    TARGET(ring_combine_var),
    TARGET(ring_unpack_var),
    TARGET(ring_uniform),
    TARGET(sample),
};

enum { TARGETS = sizeof targets / sizeof *targets };

static const char *const paths[] = {"portable", "adx", "ifma"};

/* Runs the target that the first byte names on one path; the caller frees what was seen. */
static fuzz_call fuzz_run(const ts_cpu *cpu, const uint8_t *data, size_t size) {
    fuzz_call c = {.cpu = cpu, .in = fuzz_open(data, size)};
    targets[fuzz_byte(&c.in) % TARGETS].run(&c);
    for (size_t i = 0; i < c.inputs; i++)
        if (memcmp(c.input[i].at, c.input[i].copy, c.input[i].size) != 0) fuzz_fail("an input was written to");
    while (c.buffers > 0) free(c.buffer[--c.buffers]);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const ts_cpu *cpu[3];
    if (!cpu[0]) {
        for (int i = 0; i < 3; i++)
            if (ts_cpu_select(&cpu[i], paths[i]) != TS_OK) fprintf(stderr, "fuzz: %s cannot run here\n", paths[i]);
        fuzz_pool(cpu[0]);
    }
    if (size == 0) return 0;
    const fuzz_call expected = fuzz_run(cpu[0], data, size);
    for (int i = 1; i < 3; i++) {
        if (!cpu[i]) continue;
        const fuzz_call got = fuzz_run(cpu[i], data, size);
        if (got.seen_size != expected.seen_size ||
            (got.seen_size && memcmp(got.seen, expected.seen, got.seen_size) != 0)) {
            fprintf(stderr, "fuzz: %s and portable differ in %s\n", paths[i], targets[data[0] % TARGETS].name);
            abort();
        }
        free(got.seen);
    }
    free(expected.seen);
    return 0;
}

#ifdef TS_FUZZ_MAIN
enum { MOST = 512, KEPT = 256 };

static struct {
    uint8_t data[MOST];
    size_t size;
} kept[KEPT];

/* A new input, or one that ran before with a few bytes changed. */
static size_t fuzz_make(uint8_t *data, uint64_t *state) {
    const uint64_t v = fuzz_random(state);
    size_t size = kept[v % KEPT].size;
    if (v >> 32 & 1 || size == 0) {
        size = 1 + (v >> 33) % MOST;
        for (size_t k = 0; k < size; k++) data[k] = (uint8_t)fuzz_random(state);
        return size;
    }
    memcpy(data, kept[v % KEPT].data, size);
    for (uint64_t changes = 1 + (v >> 40) % 8; changes > 0; changes--) {
        const uint64_t w = fuzz_random(state);
        data[w % size] = w >> 32 & 1 ? (uint8_t)(w >> 40) : data[w % size] ^ (uint8_t)(1 << (w >> 40) % 8);
    }
    return size;
}

static void fuzz_again(const char *name) {
    static uint8_t data[1 << 20];
    FILE *file = fopen(name, "rb");
    if (!file) fuzz_fail("no such file");
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv) {
    char *end = "";
    const long seconds = argc > 1 ? strtol(argv[1], &end, 10) : 60;
    if (*end) {
        for (int i = 1; i < argc; i++) fuzz_again(argv[i]);
        return 0;
    }
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, runs = 0;
    for (const time_t stop = time(NULL) + seconds; time(NULL) < stop; runs++) {
        const uint64_t slot = runs % KEPT;
        uint8_t data[MOST];
        const size_t size = fuzz_make(data, &state);
        memcpy(kept[slot].data, data, size), kept[slot].size = size;
        /* What fails is here to be run again. */
        FILE *file = fopen("fuzz-input", "wb");
        if (!file || fwrite(data, 1, size, file) != size) fuzz_fail("the input cannot be written");
        fclose(file);
        (void)LLVMFuzzerTestOneInput(data, size);
    }
    printf("fuzz: %llu inputs in %ld seconds\n", (unsigned long long)runs, seconds);
    return 0;
}
#endif
