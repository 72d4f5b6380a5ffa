/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's tests of one code path, for test_path.h: kernels against the remainder operator, transforms against their
 * definition, whole operations against vectors of the model. */
#include "../src/ring/ring.h"

/* A small generator of test data; nothing secret here. */
static uint64_t ring_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* ---- rings ---- */

typedef struct {
    const ts_ring *ring;
    void *memory, *scratch;
    size_t scratch_len;
} test_ring;

static int ring_open(test_ring *out, size_t degree, const uint64_t *p, const uint64_t *psi, size_t primes, size_t kept,
                     size_t wide) {
    const size_t size = ts_ring_size(degree, primes, kept, wide);
    out->memory = test_alloc(size);
    out->scratch = NULL;
    const int code = ts_ring_init(cpu, out->memory, size, &out->ring, degree, p, psi, primes, kept, wide);
    if (code != TS_OK) return code;
    out->scratch_len = ts_ring_scratch(out->ring);
    out->scratch = test_alloc(out->scratch_len);
    return TS_OK;
}

static void ring_close(test_ring *ring) { free(ring->memory), free(ring->scratch); }

/* One prime that serves every degree up to RING_BIG_ORDER / 2. */
static void ring_big(test_ring *out, size_t degree) {
    uint64_t psi = RING_BIG_PSI;
    const uint64_t p = RING_BIG_P;
    for (size_t order = RING_BIG_ORDER; order > 2 * degree; order /= 2) psi = (uint64_t)((ts_u128)psi * psi % p);
    CHECK(ring_open(out, degree, &p, &psi, 1, 1, 1) == TS_OK);
}

/* ---- arithmetic ---- */

/* Residues, edges among them. */
static void ring_row(uint64_t *out, size_t n, uint64_t bound, uint64_t seed) {
    const uint64_t edge[] = {0, 1, bound - 1, bound / 2};
    for (size_t k = 0; k < n; k++) {
        const uint64_t v = ring_random(&seed);
        out[k] = v % 8 < 4 ? edge[v % 4] : (v >> 3) % bound;
    }
}

/* 2^-52 modulo p. */
static uint64_t ring_over_2_52(const ts_zq *m) { return ts_zq_times(ts_zq_power(m->square, m->p - 2, m), 1, m); }

static void test_ring_elementwise(void) {
    enum { N = 128 };
    for (size_t n = 4; n <= N; n *= 2) {
        test_ring r;
        ring_big(&r, n);
        const ts_zq *m = r.ring->zq;
        uint64_t *a = test_alloc(8 * n), *b = test_alloc(8 * n), *c = test_alloc(8 * n), *d = test_alloc(8 * n);
        uint64_t *out = test_alloc(8 * n);
        const uint64_t over = ring_over_2_52(m);
        ring_row(a, n, m->p, 1), ring_row(b, n, m->p, 2), ring_row(c, n, m->p, 3), ring_row(d, n, m->p, 4);
        const ts_u128 p = m->p;
        cpu->zq_add(out, a, b, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == (a[k] + b[k]) % m->p);
        cpu->zq_sub(out, a, b, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == (a[k] + m->p - b[k]) % m->p);
        cpu->zq_mul(out, a, b, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == (ts_u128)a[k] * b[k] % p * over % p);
        cpu->zq_muladd(out, a, b, c, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == ((ts_u128)a[k] * b[k] % p * over + c[k]) % p);
        cpu->zq_mul2(out, a, b, c, d, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == ((ts_u128)a[k] * b[k] + (ts_u128)c[k] * d[k]) % p * over % p);
        /* In place, every operand. */
        memcpy(out, a, 8 * n), cpu->zq_mul2(out, out, out, out, out, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == 2 * (ts_u128)a[k] * a[k] % p * over % p);
        memcpy(out, a, 8 * n), cpu->zq_muladd(out, b, c, out, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == ((ts_u128)b[k] * c[k] % p * over + a[k]) % p);
        memcpy(out, a, 8 * n), cpu->zq_add(out, out, out, n, m);
        for (size_t k = 0; k < n; k++) CHECK(out[k] == 2 * a[k] % m->p);
        free(a), free(b), free(c), free(d), free(out);
        ring_close(&r);
    }
}

/* Sums of every length, the largest words included. */
static void test_ring_dot(void) {
    enum { N = 64 };
    test_ring r;
    ring_big(&r, N);
    const ts_zq *m = r.ring->zq;
    uint64_t *rows[TS_ZQ_MAX_TERMS], constants[TS_ZQ_MAX_TERMS], *out = test_alloc(8 * N), seed = 5;
    for (size_t i = 0; i < TS_ZQ_MAX_TERMS; i++) {
        rows[i] = test_alloc(8 * N);
        ring_row(rows[i], N, (uint64_t)1 << 52, i);
        constants[i] = i % 2 ? m->p - 1 : ring_random(&seed) % m->p;
        for (size_t k = 0; k < 8; k++) rows[i][k] = ((uint64_t)1 << 52) - 1;
    }
    const uint64_t over = ring_over_2_52(m);
    for (size_t terms = 0; terms <= TS_ZQ_MAX_TERMS; terms++) {
        for (size_t n = 4; n <= N; n *= 2) {
            cpu->zq_dot(out, (const uint64_t *const *)rows, constants, terms, m->p - 1, n, m);
            for (size_t k = 0; k < n; k++) {
                ts_u128 expected = m->p - 1;
                for (size_t i = 0; i < terms; i++)
                    expected += (ts_u128)rows[i][k] * constants[i] % m->p * over % m->p;
                CHECK(out[k] == expected % m->p);
            }
        }
    }
    for (size_t i = 0; i < TS_ZQ_MAX_TERMS; i++) free(rows[i]);
    free(out);
    ring_close(&r);
}

static void test_ring_small(void) {
    test_ring r;
    ring_big(&r, 16);
    const ts_zq *m = r.ring->zq;
    const int64_t a[16] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, 21, -21, (int64_t)1 << 52, -((int64_t)1 << 52),
                           ((int64_t)1 << 52) - 1, 12345, -54321, (int64_t)m->p, -(int64_t)m->p, 2};
    const uint64_t factor[3] = {1, m->one, ts_zq_times(m->small[TS_ZQ_BY_R][0], 1, m)};
    uint64_t out[16];
    for (size_t n = 4; n <= 16; n *= 2) {
        for (int f = 0; f < TS_ZQ_FACTORS; f++) {
            cpu->zq_small(out, a, n, f, m);
            for (size_t k = 0; k < n; k++) {
                const uint64_t size = a[k] < 0 ? 0 - (uint64_t)a[k] : (uint64_t)a[k];
                const uint64_t v = (uint64_t)((ts_u128)(size % m->p) * factor[f] % m->p);
                CHECK(out[k] == (a[k] < 0 && v ? m->p - v : v));
            }
        }
    }
    ring_close(&r);
}

/* ---- transforms ---- */

static uint64_t ring_value(const uint64_t *a, size_t n, uint64_t x, uint64_t p) {
    uint64_t out = 0;
    for (size_t k = n; k-- > 0;) out = (uint64_t)(((ts_u128)out * x + a[k]) % p);
    return out;
}

/* The transform of a against its definition, and back. */
static void ring_check_transform(const test_ring *r, uint64_t *a, uint64_t *work) {
    const ts_zq *m = r->ring->zq;
    const size_t n = r->ring->degree;
    const uint64_t psi = ts_zq_times(m->psi, 1, m);
    memcpy(work, a, 8 * n);
    cpu->zq_ntt(work, m);
    for (size_t i = 0; i < n; i++) {
        const uint64_t e = 2 * ts_zq_reverse(i, m->bits) + 1;
        CHECK(work[i] == ring_value(a, n, ts_zq_times(ts_zq_power(m->psi, e, m), 1, m), m->p));
    }
    CHECK(ring_value(a, n, psi, m->p) == work[0]);
    cpu->zq_intt(work, m, TS_ZQ_OVER_N);
    CHECK(memcmp(work, a, 8 * n) == 0);
}

static void test_ring_transforms(void) {
    for (size_t n = 4; n <= 1024; n *= 2) {
        test_ring r;
        ring_big(&r, n);
        uint64_t *a = test_alloc(8 * n), *b = test_alloc(8 * n);
        ring_row(a, n, r.ring->zq->p, n);
        ring_check_transform(&r, a, b);
        for (size_t k = 0; k < n; k++) a[k] = r.ring->zq->p - 1;
        ring_check_transform(&r, a, b);
        free(a), free(b);
        ring_close(&r);
    }
}

/* The whole ring of degree 4 modulo 17: every element's transform, and its product with one element. */
static void test_ring_of_17(void) {
    const uint64_t p = 17, psi = 9, fixed[4] = {3, 16, 0, 7};
    uint64_t a[4], b[4], values[4], work[4], expected[4];
    test_ring r;
    CHECK(ring_open(&r, 4, &p, &psi, 1, 1, 1) == TS_OK);
    const ts_zq *m = r.ring->zq;
    for (size_t k = 0; k < 4; k++) values[k] = (uint64_t)((ts_u128)fixed[k] * m->one % p);
    cpu->zq_ntt(values, m);
    for (unsigned v = 0; v < 17 * 17 * 17 * 17; v++) {
        a[0] = v % 17, a[1] = v / 17 % 17, a[2] = v / 289 % 17, a[3] = v / 4913;
        ring_check_transform(&r, a, work);
        memcpy(b, a, sizeof b);
        cpu->zq_ntt(b, m);
        cpu->zq_mul(b, b, values, 4, m);
        cpu->zq_intt(b, m, TS_ZQ_OVER_N);
        for (size_t k = 0; k < 4; k++) {
            uint64_t sum = 0;
            for (size_t i = 0; i < 4; i++) sum += a[i] * fixed[(4 + k - i) % 4] * (i <= k ? 1 : 16);
            expected[k] = sum % 17;
        }
        CHECK(memcmp(b, expected, sizeof b) == 0);
    }
    ring_close(&r);
}

/* ---- bounds ---- */

static int ring_zeros(const void *p, size_t n) {
    const uint8_t *byte = p;
    while (n > 0 && byte[n - 1] == 0) n--;
    return n == 0;
}

static void test_ring_bounds(void) {
    const uint64_t p[2] = {RING_PRIME[0], RING_PRIME[1]}, psi[2] = {RING_PSI[0], RING_PSI[1]};
    const uint64_t bad_p[] = {0, 1, 2, 16, 33, RING_PRIME[0] - 1, ((uint64_t)1 << 50) + 1, UINT64_MAX};
    const uint64_t bad_psi[] = {0, 1, RING_PRIME[0] - 1, RING_PRIME[0]};
    const struct {
        size_t degree, primes, kept, wide;
    } none[] = {{0, 2, 1, 1}, {2, 2, 1, 1}, {12, 2, 1, 1}, {(size_t)1 << 21, 2, 1, 1}, {8, 0, 0, 1}, {8, 2, 0, 1},
                {8, 2, 3, 1}, {8, 33, 1, 1}, {8, 2, 1, 0}, {8, 2, 1, 33}};
    const ts_ring *ring;
    test_ring r;
    static uint64_t memory[512];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CHECK(ts_ring_size(none[i].degree, none[i].primes, none[i].kept, none[i].wide) == 0);
        CHECK(ts_ring_init(cpu, memory, sizeof memory, &ring, none[i].degree, p, psi, none[i].primes, none[i].kept,
                           none[i].wide) == TS_ERR_LENGTH);
    }
    CHECK(ts_ring_init(cpu, memory, ts_ring_size(8, 2, 1, 1) - 1, &ring, 8, p, psi, 2, 1, 1) == TS_ERR_LENGTH);
    for (size_t i = 0; i < sizeof bad_p / sizeof *bad_p; i++) {
        CHECK(ring_open(&r, 8, &bad_p[i], psi, 1, 1, 1) == TS_ERR_PRIME && r.ring == NULL);
        ring_close(&r);
    }
    for (size_t i = 0; i < sizeof bad_psi / sizeof *bad_psi; i++) {
        CHECK(ring_open(&r, 8, p, &bad_psi[i], 1, 1, 1) == TS_ERR_PRIME && r.ring == NULL);
        ring_close(&r);
    }
    CHECK(ring_open(&r, 8, p, psi, 2, 1, 1) == TS_OK);
    uint64_t a[16] = {0}, b[16], c[16];
    int64_t s[8] = {0}, shift = 16;
    ts_fr m[8] = {{{0}}};
    const size_t less = r.scratch_len - 1;
#define REFUSED(call, code, rows)                                                                              \
    do {                                                                                                       \
        memset(b, 1, sizeof b), memset(c, 1, sizeof c), memset(m, 1, sizeof m);                                \
        CHECK((call) == (code));                                                                               \
        CHECK(ring_zeros(b, (rows) * sizeof *b) && ring_zeros(c, (rows) * sizeof *c));                         \
    } while (0)
    REFUSED((memset(c, 0, sizeof c), ts_ring_public_key(r.ring, b, a, s, s, r.scratch, less)), TS_ERR_LENGTH, 16);
    REFUSED(ts_ring_encrypt(r.ring, b, c, a, a, m, s, s, s, r.scratch, less), TS_ERR_LENGTH, 16);
    REFUSED(ts_ring_reply(r.ring, b, c, a, a, m, a, a, s, s, a, m, r.scratch, less), TS_ERR_LENGTH, 8);
    memset(m, 1, sizeof m);
    CHECK(ts_ring_decrypt(r.ring, m, a, a, a, r.scratch, less) == TS_ERR_LENGTH && ring_zeros(m, sizeof m));
    uint64_t *const out0[1] = {b}, *const out1[1] = {c};
    const uint64_t *const in[1] = {a};
    const size_t size = ts_ring_combine_scratch(r.ring, 1, 1);
    void *scratch = test_alloc(size);
    REFUSED(ts_ring_combine_var(r.ring, out0, out1, 1, in, in, 1, &shift, scratch, size), TS_ERR_INDEX, 16);
    shift = -2;
    REFUSED(ts_ring_combine_var(r.ring, out0, out1, 1, in, in, 1, &shift, scratch, size), TS_ERR_INDEX, 16);
    REFUSED(ts_ring_combine_var(r.ring, out0, out1, 1, in, in, 1, &shift, scratch, size - 1), TS_ERR_LENGTH, 16);
    REFUSED(ts_ring_combine_var(r.ring, out0, out1, 1, in, in, 64, &shift, scratch, size), TS_ERR_LENGTH, 16);
#undef REFUSED
    free(scratch);
    ring_close(&r);
}

/* ---- the model's vectors ---- */

static uint64_t *ring_poly(const test_ring *r, const uint8_t *bytes, size_t rows) {
    uint64_t *out = test_alloc(8 * rows * r->ring->degree);
    uint8_t *again = test_alloc(rows * r->ring->degree / 4 * 25);
    size_t bad;
    CHECK(ts_ring_unpack_var(r->ring, out, &bad, bytes, rows) == TS_OK);
    ts_ring_pack(r->ring, again, out, rows);
    CHECK(memcmp(again, bytes, rows * r->ring->degree / 4 * 25) == 0);
    free(again);
    return out;
}

static int ring_is(const test_ring *r, const uint64_t *a, const uint8_t *bytes, size_t rows) {
    uint64_t *expected = ring_poly(r, bytes, rows);
    const int same = memcmp(a, expected, 8 * rows * r->ring->degree) == 0;
    free(expected);
    return same;
}

static void test_ring_samplers(void) {
    enum { N = RING_DEGREE };
    int64_t out[N];
    static uint64_t wide[33 * N];
    CHECK(ts_sample_ternary(cpu, out, N, ring_seed[0], ring_nonce[0]) == TS_OK);
    CHECK(memcmp(out, RING_TERNARY, sizeof out) == 0);
    CHECK(ts_sample_binomial(cpu, out, N, ring_seed[0], ring_nonce[0]) == TS_OK);
    CHECK(memcmp(out, RING_BINOMIAL, sizeof out) == 0);
    for (size_t i = 0; i < RING_BOX_COUNT; i++) {
        CHECK(ts_sample_box(cpu, out, N, RING_BITS[i], ring_seed[0], ring_nonce[0]) == TS_OK);
        CHECK(memcmp(out, RING_BOX[i], sizeof out) == 0);
    }
    CHECK(ts_sample_wide(cpu, wide, N, RING_WIDE, ring_seed[0], ring_nonce[0]) == TS_OK);
    CHECK(memcmp(wide, RING_LIMBS, RING_WIDE * N * sizeof *wide) == 0);
    CHECK(ts_sample_box(cpu, out, N, 63, ring_seed[0], ring_nonce[0]) == TS_ERR_LENGTH);
    CHECK(ring_zeros(out, sizeof out));
    CHECK(ts_sample_wide(cpu, wide, N, 33, ring_seed[0], ring_nonce[0]) == TS_ERR_LENGTH);
    CHECK(ring_zeros(wide, sizeof wide));
    CHECK(ts_sample_wide(cpu, wide, N, 0, ring_seed[0], ring_nonce[0]) == TS_ERR_LENGTH);
}

/* Pieces of every length begin like the longest one: the tails of the streams. */
static void test_ring_sampler_lengths(void) {
    enum { N = 700 };
    int64_t *all = test_alloc(8 * N), *part = test_alloc(8 * N);
    uint64_t *wide = test_alloc(8 * 32 * N);
    const uint8_t key[32] = {1}, nonce[12] = {2};
    ts_sample_ternary(cpu, all, N, key, nonce);
    for (size_t n = 0; n < N; n += n < 140 ? 1 : 97) {
        ts_sample_ternary(cpu, part, n, key, nonce);
        CHECK(memcmp(part, all, 8 * n) == 0);
    }
    ts_sample_box(cpu, all, N, 10, key, nonce);
    for (size_t n = 0; n < N; n += n < 140 ? 1 : 97) {
        ts_sample_box(cpu, part, n, 10, key, nonce);
        CHECK(memcmp(part, all, 8 * n) == 0);
    }
    for (size_t limbs = 1; limbs <= 32; limbs++) {
        /* Limb 0 of coefficient k is word limbs k of the stream. */
        uint8_t *stream = test_alloc((N * limbs + 7) / 8 * 64);
        cpu->chacha20_stream(stream, (N * limbs + 7) / 8, key, nonce, 0);
        CHECK(ts_sample_wide(cpu, wide, N, limbs, key, nonce) == TS_OK);
        for (size_t k = 0; k < N; k++) {
            CHECK(wide[k] == (ts_load_le64(stream + 8 * limbs * k) & TS_ZQ_MASK));
            CHECK(wide[(limbs - 1) * N + k] == (ts_load_le64(stream + 8 * (limbs * k + limbs - 1)) & TS_ZQ_MASK));
        }
        free(stream);
    }
    free(all), free(part), free(wide);
}

static void test_ring_bgv(void) {
    enum { N = RING_DEGREE, L = RING_PRIMES, KEPT = RING_KEPT };
    test_ring r;
    CHECK(ring_open(&r, N, RING_PRIME, RING_PSI, L, KEPT, RING_WIDE) == TS_OK);
    uint64_t *a = ring_poly(&r, ring_a[0], L), *b = test_alloc(8 * N * L), *c0 = test_alloc(8 * N * L);
    uint64_t *c1 = test_alloc(8 * N * L), *s = test_alloc(8 * N * L), *d0 = test_alloc(8 * N * L);
    uint64_t *d1 = test_alloc(8 * N * L);
    ts_fr *m = fr_decode(ring_m[0], N), *y = fr_decode(ring_y[0], N), *mask = fr_decode(ring_mask[0], N), out[N];
    ts_ring_uniform(r.ring, d0, ring_seed[0], ring_nonce[0]);
    CHECK(ring_is(&r, d0, ring_uniform[0], L));
    ts_ring_uniform(r.ring, d0, ring_seed[0], ring_carried_nonce[0]);
    CHECK(ring_is(&r, d0, ring_carried_uniform[0], L));
    ts_ring_to_evaluation(r.ring, s, RING_S);
    CHECK(ring_is(&r, s, ring_s_values[0], L));
    CHECK(ts_ring_public_key(r.ring, b, a, RING_S, RING_E, r.scratch, r.scratch_len) == TS_OK);
    CHECK(ring_is(&r, b, ring_b[0], L));
    CHECK(ts_ring_encrypt(r.ring, c0, c1, a, b, m, RING_E0, RING_V, RING_E1, r.scratch, r.scratch_len) == TS_OK);
    CHECK(ring_is(&r, c0, ring_c0[0], L) && ring_is(&r, c1, ring_c1[0], L));
    ts_ring_sub(r.ring, d0, b, c0);
    CHECK(ring_is(&r, d0, ring_b_minus_c0[0], L));
    ts_ring_double(r.ring, c0, c0), ts_ring_double(r.ring, c1, c1);
    CHECK(ring_is(&r, c0, ring_doubled0[0], L) && ring_is(&r, c1, ring_doubled1[0], L));
    CHECK(ts_ring_reply(r.ring, d0, d1, c0, c1, y, a, b, RING_REPLY_V, RING_REPLY_E1, RING_U, mask, r.scratch,
                        r.scratch_len) == TS_OK);
    CHECK(ring_is(&r, d0, ring_reply0[0], KEPT) && ring_is(&r, d1, ring_reply1[0], KEPT));
    CHECK(ts_ring_decrypt(r.ring, out, d0, d1, s, r.scratch, r.scratch_len) == TS_OK);
    CHECK(fr_same(out, ring_opened[0], N));
    for (size_t i = 0; i < r.scratch_len; i++)
        if (i >= 64 && i + 64 < r.scratch_len) CHECK(((uint8_t *)r.scratch)[i] == 0);
    free(a), free(b), free(c0), free(c1), free(s), free(d0), free(d1), free(m), free(y), free(mask);
    ring_close(&r);
}

static void test_ring_packing(void) {
    test_ring r;
    CHECK(ring_open(&r, RING_DEGREE, RING_PRIME, RING_PSI, RING_PRIMES, RING_KEPT, RING_WIDE) == TS_OK);
    uint64_t out[RING_DEGREE * RING_PRIMES];
    for (size_t i = 0; i < RING_BAD_PACKING_COUNT; i++) {
        size_t bad = 999;
        CHECK(ts_ring_unpack_var(r.ring, out, &bad, ring_bad_packing[i], RING_PRIMES) == TS_ERR_ENCODING);
        CHECK(bad == RING_BAD_AT[i] && out[0] == 0 && out[RING_DEGREE * RING_PRIMES - 1] == 0);
    }
    ring_close(&r);
}

static void test_ring_combine(void) {
    enum { N = 512, IN = 5, OUT = 3 };
    test_ring r;
    ring_big(&r, N);
    const ts_zq *m = r.ring->zq;
    uint64_t *in[2][IN], *out[2][OUT], *x = test_alloc(8 * N), *sum = test_alloc(8 * N);
    const int64_t shifts[OUT * IN] = {0, 1, -1, N, 2 * N - 1, N - 1, N + 1, 300, -1, 5, -1, -1, -1, -1, -1};
    const size_t size = ts_ring_combine_scratch(r.ring, OUT, IN);
    void *scratch = test_alloc(size);
    for (size_t i = 0; i < 2; i++) {
        for (size_t u = 0; u < IN; u++) in[i][u] = test_alloc(8 * N), ring_row(in[i][u], N, m->p, 10 * i + u);
        for (size_t k = 0; k < OUT; k++) out[i][k] = test_alloc(8 * N);
    }
    CHECK(ts_ring_combine_var(r.ring, out[0], out[1], OUT, (const uint64_t *const *)in[0],
                              (const uint64_t *const *)in[1], IN, shifts, scratch, size) == TS_OK);
    for (size_t k = 0; k < OUT; k++) {
        for (size_t i = 0; i < 2; i++) {
            memset(sum, 0, 8 * N);
            for (size_t u = 0; u < IN; u++) {
                const int64_t shift = shifts[k * IN + u];
                if (shift < 0) continue;
                memset(x, 0, 8 * N);
                x[shift % N] = shift < N ? m->one : m->p - m->one;
                cpu->zq_ntt(x, m);
                cpu->zq_muladd(sum, x, in[i][u], sum, N, m);
            }
            CHECK(memcmp(out[i][k], sum, 8 * N) == 0);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t u = 0; u < IN; u++) free(in[i][u]);
        for (size_t k = 0; k < OUT; k++) free(out[i][k]);
    }
    free(x), free(sum), free(scratch);
    ring_close(&r);
}

static void test_ring_all(void) {
    test_ring_elementwise();
    test_ring_dot();
    test_ring_small();
    test_ring_transforms();
    test_ring_of_17();
    test_ring_bounds();
    test_ring_samplers();
    test_ring_sampler_lengths();
    test_ring_bgv();
    test_ring_packing();
    test_ring_combine();
}
