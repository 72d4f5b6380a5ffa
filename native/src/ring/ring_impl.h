/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of BGV, prime by prime over the kernels of a code path; contracts in tallystick.h. */
#ifndef TS_RING_IMPL_H
#define TS_RING_IMPL_H

#include "../util/stack.h"
#include "ring.h"

/* ---- layout ---- */

#define TS_RING_ALIGN 64

/* Hands out parts of a block of memory; with base NULL it only measures. */
typedef struct {
    uint8_t *base;
    size_t used;
} ts_ring_memory;

static void *ts_ring_take(ts_ring_memory *memory, size_t count, size_t size) {
    uint8_t *out = memory->base ? memory->base + memory->used : NULL;
    memory->used += (count * size + TS_RING_ALIGN - 1) / TS_RING_ALIGN * TS_RING_ALIGN;
    return out;
}

static uint64_t *ts_ring_words(ts_ring_memory *memory, size_t count) {
    return ts_ring_take(memory, count, sizeof(uint64_t));
}

/* The first aligned address of the caller's memory. */
static ts_ring_memory ts_ring_memory_at(void *p) {
    return (ts_ring_memory){.base = (uint8_t *)p + (0 - (uintptr_t)p) % TS_RING_ALIGN};
}

static void ts_ring_layout(ts_ring *ring, ts_ring_memory *memory) {
    const size_t dropped = ring->primes - ring->kept;
    ring->zq = ts_ring_take(memory, ring->primes, sizeof *ring->zq);
    for (size_t l = 0; l < ring->primes; l++) {
        uint64_t *w = ts_ring_words(memory, ring->degree), *q = ts_ring_words(memory, ring->degree);
        if (memory->base) ring->zq[l].w = w, ring->zq[l].q = q;
    }
    ring->field = ts_ring_words(memory, ring->primes * TS_RING_FIELD_TERMS);
    ring->field_start = ts_ring_words(memory, ring->primes);
    ring->drown = ts_ring_words(memory, ring->primes * (ring->wide + TS_RING_FR_LIMBS));
    ring->switch_in = ts_ring_words(memory, ring->primes);
    ring->switch_out = ts_ring_words(memory, ring->kept * (dropped + 1));
    ring->crt_in = ts_ring_words(memory, ring->kept);
    ring->inverse = ts_ring_take(memory, ring->primes, sizeof *ring->inverse);
    ring->crt_out = ts_ring_take(memory, ring->kept + 1, sizeof *ring->crt_out);
}

/* The bytes of a polynomial of that many rows. */
static size_t ts_ring_bytes(const ts_ring *ring, size_t rows) { return rows * ring->degree * sizeof(uint64_t); }

/* As ts_refuse, for two outputs of so many rows. */
static int ts_ring_refuse(const ts_ring *ring, int code, uint64_t *out0, uint64_t *out1, size_t rows) {
    (void)ts_refuse(code, out0, ts_ring_bytes(ring, rows));
    return ts_refuse(code, out1, ts_ring_bytes(ring, rows));
}

static int ts_ring_fits(const ts_ring *ring) {
    const size_t n = ring->degree;
    return n >= TS_RING_MIN_DEGREE && n <= TS_RING_MAX_DEGREE && !(n & (n - 1)) && ring->kept >= 1 &&
           ring->kept <= ring->primes && ring->primes <= TS_RING_MAX_PRIMES && ring->wide >= 1 &&
           ring->wide <= TS_RING_MAX_WIDE;
}

size_t ts_ring_size(size_t degree, size_t primes, size_t kept, size_t wide) {
    ts_ring ring = {.degree = degree, .primes = primes, .kept = kept, .wide = wide};
    ts_ring_memory memory = {0};
    if (!ts_ring_fits(&ring)) return 0;
    (void)ts_ring_take(&memory, 1, sizeof ring);
    ts_ring_layout(&ring, &memory);
    return memory.used + TS_RING_ALIGN;
}

/* ---- constants; all public ---- */

static uint64_t ts_ring_constant(const ts_zq *m, uint64_t v) { return ts_zq_times(v % m->p, m->square, m); }

static uint64_t ts_ring_negative(const ts_zq *m, uint64_t v) { return v ? m->p - v : 0; }

static uint64_t ts_ring_inverse(const ts_zq *m, uint64_t v) { return ts_zq_power(v, m->p - 2, m); }

/* Limb i of an integer below 2^256, given as bytes. */
static uint64_t ts_ring_limb(const uint8_t bytes[32], int i) {
    static const struct {
        uint8_t byte, shift;
    } at[TS_RING_FR_LIMBS] = {{0, 0}, {6, 4}, {13, 0}, {19, 4}, {24, 16}};
    return ts_load_le64(bytes + at[i].byte) >> at[i].shift & TS_ZQ_MASK;
}

/* The limbs of r: r - 1 is what -1 is encoded as, and even. */
static void ts_ring_modulus(uint64_t r[TS_RING_FR_LIMBS], const ts_cpu *cpu) {
    const int64_t minus_one = -1;
    uint8_t bytes[32];
    ts_fr v;
    cpu->fr_vec_from_i64(&v, &minus_one, 1);
    cpu->fr_vec_to_bytes(bytes, &v, 1);
    bytes[0] |= 1;
    for (int i = 0; i < TS_RING_FR_LIMBS; i++) r[i] = ts_ring_limb(bytes, i);
}

/* What lifts a small coefficient times f, a constant; see ts_zq. */
static void ts_ring_small(ts_zq *m, int which, uint64_t f) {
    uint64_t top = ts_ring_constant(m, (uint64_t)1 << 63);
    m->small[which][0] = f;
    m->small[which][1] = ts_zq_times(f, m->square, m);
    m->small[which][2] = ts_ring_negative(m, ts_zq_times(ts_zq_times(top, f, m), 1, m));
}

/* TS_ERR_PRIME unless p is odd, below 2^50, 1 modulo 2 N, and psi^N = -1. */
static int ts_ring_prime(ts_zq *m, size_t degree, uint64_t p, uint64_t psi) {
    if (p >> TS_ZQ_PRIME_BITS || p % (2 * degree) != 1 || p < 3 || psi >= p) return TS_ERR_PRIME;
    m->p = p;
    m->inverse = 1;
    for (int i = 0; i < 6; i++) m->inverse *= 2 - p * m->inverse;
    m->inverse &= TS_ZQ_MASK;
    m->one = ((uint64_t)1 << TS_ZQ_BITS) % p;
    m->square = (uint64_t)((ts_u128)m->one * m->one % p);
    m->psi = ts_ring_constant(m, psi);
    for (m->bits = 0; (size_t)1 << m->bits < degree;) m->bits++;
    if (ts_zq_power(m->psi, degree, m) != p - m->one) return TS_ERR_PRIME;
    const uint64_t over = ts_ring_constant(m, p - (p - 1) / degree);
    m->scale[TS_ZQ_OVER_N] = over;
    m->scale[TS_ZQ_2_52_OVER_N] = ts_zq_times(over, m->square, m);
    return TS_OK;
}

static void ts_ring_twiddles(const ts_ring *ring, const ts_zq *m) {
    uint64_t x = m->one;
    for (size_t k = 0; k < ring->degree; k++) {
        const size_t at = ts_zq_reverse(k, m->bits);
        m->w[at] = x;
        m->q[at] = x * m->inverse & TS_ZQ_MASK;
        x = ts_zq_times(x, m->psi, m);
    }
    ring->cpu->zq_arrange(m);
}

/* The product of the primes from begin to end but one, as a constant modulo m; no prime is left out if but is end. */
static uint64_t ts_ring_product(const ts_ring *ring, const ts_zq *m, size_t begin, size_t end, size_t but) {
    uint64_t out = m->one;
    for (size_t k = begin; k < end; k++)
        if (k != but) out = ts_zq_times(out, ts_ring_constant(m, ring->zq[k].p), m);
    return out;
}

/* The same in Fr. */
static ts_fr ts_ring_product_fr(const ts_ring *ring, size_t but) {
    const int64_t one = 1;
    ts_fr out, factor;
    ring->cpu->fr_vec_from_i64(&out, &one, 1);
    for (size_t k = 0; k < ring->primes; k++) {
        const int64_t p = (int64_t)ring->zq[k].p;
        ring->cpu->fr_vec_from_i64(&factor, &p, 1);
        if (k != but) ring->cpu->fr_vec_mul(&out, &out, &factor, 1);
    }
    return out;
}

static void ts_ring_lifts(const ts_ring *ring, size_t l, const uint64_t r_limbs[TS_RING_FR_LIMBS]) {
    ts_zq *m = &ring->zq[l];
    uint64_t *field = ring->field + l * TS_RING_FIELD_TERMS;
    uint64_t *drown = ring->drown + l * (ring->wide + TS_RING_FR_LIMBS);
    uint64_t r = 0, power = m->one;
    for (size_t i = 0; i < TS_RING_FR_LIMBS; i++) {
        field[i] = power;
        drown[ring->wide + i] = ts_ring_negative(m, power);
        r = (r + ts_zq_times(ts_ring_constant(m, r_limbs[i]), power, m)) % m->p;
        power = ts_zq_times(power, m->square, m);
    }
    power = r;
    for (size_t j = 0; j < ring->wide; j++) {
        drown[j] = power;
        power = ts_zq_times(power, m->square, m);
    }
    ts_ring_small(m, TS_ZQ_BY_ONE, m->one);
    ts_ring_small(m, TS_ZQ_BY_2_52, m->square);
    ts_ring_small(m, TS_ZQ_BY_R, r);
    field[TS_RING_FR_LIMBS] = m->small[TS_ZQ_BY_R][0];
    field[TS_RING_FR_LIMBS + 1] = m->small[TS_ZQ_BY_R][1];
    ring->field_start[l] = m->small[TS_ZQ_BY_R][2];
}

static void ts_ring_switches(const ts_ring *ring, size_t l) {
    const ts_zq *m = &ring->zq[l];
    const size_t kept = ring->kept, primes = ring->primes;
    const uint64_t r = m->small[TS_ZQ_BY_R][0];
    ring->inverse[l] = 1.0 / (double)(int64_t)m->p;
    if (l >= kept) {
        const uint64_t rest = ts_ring_product(ring, m, kept, primes, l);
        ring->switch_in[l] = ts_ring_inverse(m, ts_zq_times(r, rest, m));
        return;
    }
    uint64_t *out = ring->switch_out + l * (primes - kept + 1);
    const uint64_t over = ts_ring_inverse(m, ts_ring_product(ring, m, kept, primes, primes));
    for (size_t j = kept; j < primes; j++) {
        const uint64_t rest = ts_ring_product(ring, m, kept, primes, j);
        out[j - kept] = ts_ring_negative(m, ts_zq_times(ts_zq_times(r, rest, m), over, m));
    }
    out[primes - kept] = over;
    ring->crt_in[l] = ts_ring_inverse(m, ts_ring_product(ring, m, 0, kept, l));
    ring->crt_out[l] = ts_ring_product_fr(ring, l);
}

int ts_ring_init(const ts_cpu *cpu, void *memory, size_t memory_len, const ts_ring **out, size_t degree,
                 const uint64_t *p, const uint64_t *psi, size_t primes, size_t kept, size_t wide) {
    const size_t size = ts_ring_size(degree, primes, kept, wide);
    uint64_t r[TS_RING_FR_LIMBS];
    *out = NULL;
    if (!size || memory_len < size) return TS_ERR_LENGTH;
    ts_ring_memory area = ts_ring_memory_at(memory);
    ts_ring *ring = ts_ring_take(&area, 1, sizeof *ring);
    *ring = (ts_ring){.cpu = cpu, .degree = degree, .primes = primes, .kept = kept, .wide = wide};
    ts_ring_layout(ring, &area);
    ts_ring_modulus(r, cpu);
    for (size_t l = 0; l < primes; l++) {
        if (ts_ring_prime(&ring->zq[l], degree, p[l], psi[l]) != TS_OK)
            return ts_refuse(TS_ERR_PRIME, memory, size);
        ts_ring_twiddles(ring, &ring->zq[l]);
        ts_ring_lifts(ring, l, r);
    }
    for (size_t l = 0; l < primes; l++) ts_ring_switches(ring, l);
    ring->crt_out[kept] = ts_ring_product_fr(ring, primes);
    ring->cpu->fr_vec_neg(&ring->crt_out[kept], &ring->crt_out[kept], 1);
    *out = ring;
    return TS_OK;
}

/* ---- scratch memory ---- */

/* What an operation takes from its caller: rows of N words, and the limbs of one tile. Wiped at the end, with the stack. */
typedef struct {
    ts_ring_memory memory;
    uint64_t *limbs[2 * TS_RING_FR_LIMBS + 2];
    uint8_t *bytes;
} ts_ring_scratch_area;

static ts_ring_scratch_area ts_ring_scratch_at(void *scratch) {
    ts_ring_scratch_area area = {.memory = {0}};
    if (scratch) area.memory = ts_ring_memory_at(scratch);
    for (size_t i = 0; i < sizeof area.limbs / sizeof *area.limbs; i++)
        area.limbs[i] = ts_ring_words(&area.memory, TS_RING_TILE);
    area.bytes = ts_ring_take(&area.memory, TS_RING_TILE, 32);
    return area;
}

/* How many words the rows of a whole polynomial lie apart in scratch memory: at a power of two, tiles of all rows would compete for
 * the same few places of the caches. */
static size_t ts_ring_apart(const ts_ring *ring) { return ring->degree + TS_RING_TILE; }

size_t ts_ring_scratch(const ts_ring *ring) {
    ts_ring_scratch_area area = ts_ring_scratch_at(NULL);
    /* What ts_ring_reply takes, the largest. */
    for (int i = 0; i < 2; i++) {
        (void)ts_ring_words(&area.memory, ring->degree);
        (void)ts_ring_words(&area.memory, ring->primes * ts_ring_apart(ring));
    }
    return area.memory.used + TS_RING_ALIGN;
}

static void ts_ring_scratch_wipe(const ts_ring *ring, const ts_ring_scratch_area *area) {
    TS_ASSERT(area->memory.used + TS_RING_ALIGN <= ts_ring_scratch(ring));
    (void)ring;
    ts_wipe(area->memory.base, area->memory.used);
    ts_wipe_stack_8();
}

/* ---- lifting ---- */

static void ts_ring_split(const ts_ring *ring, uint64_t *const limbs[TS_RING_FR_LIMBS], uint8_t *bytes,
                          const ts_fr *a, size_t n) {
    ring->cpu->fr_vec_to_bytes(bytes, a, n);
    for (int i = 0; i < TS_RING_FR_LIMBS; i++)
        for (size_t k = 0; k < n; k++) limbs[i][k] = ts_ring_limb(bytes + 32 * k, i);
}

static void ts_ring_split_small(uint64_t *const limbs[2], const int64_t *a, size_t n) {
    for (size_t k = 0; k < n; k++) {
        const uint64_t u = (uint64_t)a[k] + ((uint64_t)1 << 63);
        limbs[0][k] = u & TS_ZQ_MASK;
        limbs[1][k] = u >> TS_ZQ_BITS;
    }
}

/* One tile of all rows of out, which are row words apart: starts[l], or zero, plus the sum of the limbs times the
 * constants of row l, which are stride apart. */
static void ts_ring_lift_tile(const ts_ring *ring, uint64_t *out, size_t row, const uint64_t *const *limbs,
                              const uint64_t *constants, size_t stride, size_t terms, const uint64_t *starts) {
    const size_t n = ring->degree < TS_RING_TILE ? ring->degree : TS_RING_TILE;
    for (size_t l = 0; l < ring->primes; l++)
        ring->cpu->zq_dot(out + l * row, limbs, constants + l * stride, terms, starts ? starts[l] : 0, n, &ring->zq[l]);
}

/* out = m + r e0. */
static void ts_ring_lift_noisy(const ts_ring *ring, uint64_t *out, const ts_fr *m, const int64_t *e0,
                               const ts_ring_scratch_area *area) {
    const size_t n = ring->degree < TS_RING_TILE ? ring->degree : TS_RING_TILE;
    for (size_t k = 0; k < ring->degree; k += n) {
        ts_ring_split(ring, area->limbs, area->bytes, m + k, n);
        ts_ring_split_small(area->limbs + TS_RING_FR_LIMBS, e0 + k, n);
        ts_ring_lift_tile(ring, out + k, ring->degree, (const uint64_t *const *)area->limbs, ring->field, TS_RING_FIELD_TERMS,
                          TS_RING_FIELD_TERMS, ring->field_start);
    }
}

/* out_y = y, and out_d = r u - mask. */
static void ts_ring_lift_reply(const ts_ring *ring, uint64_t *out_y, uint64_t *out_d, const ts_fr *y,
                               const uint64_t *u, const ts_fr *mask, const ts_ring_scratch_area *area) {
    const size_t n = ring->degree < TS_RING_TILE ? ring->degree : TS_RING_TILE;
    const size_t row = ts_ring_apart(ring), terms = ring->wide + TS_RING_FR_LIMBS;
    const uint64_t *limbs[TS_RING_MAX_WIDE + TS_RING_FR_LIMBS];
    for (size_t k = 0; k < ring->degree; k += n) {
        ts_ring_split(ring, area->limbs, area->bytes, y + k, n);
        ts_ring_lift_tile(ring, out_y + k, row, (const uint64_t *const *)area->limbs, ring->field, TS_RING_FIELD_TERMS,
                          TS_RING_FR_LIMBS, NULL);
        ts_ring_split(ring, area->limbs, area->bytes, mask + k, n);
        for (size_t j = 0; j < ring->wide; j++) limbs[j] = u + j * ring->degree + k;
        for (size_t i = 0; i < TS_RING_FR_LIMBS; i++) limbs[ring->wide + i] = area->limbs[i];
        ts_ring_lift_tile(ring, out_d + k, row, limbs, ring->drown, terms, terms, NULL);
    }
}

/* ---- keys and ciphertexts ---- */

/* out = a small polynomial times the factor, in the evaluation domain; one row. */
static void ts_ring_small_row(const ts_ring *ring, uint64_t *out, const int64_t *a, int factor, const ts_zq *m) {
    ring->cpu->zq_small(out, a, ring->degree, factor, m);
    ring->cpu->zq_ntt(out, m);
}

void ts_ring_to_evaluation(const ts_ring *ring, uint64_t *out, const int64_t *small) {
    for (size_t l = 0; l < ring->primes; l++)
        ts_ring_small_row(ring, out + l * ring->degree, small, TS_ZQ_BY_ONE, &ring->zq[l]);
    ts_wipe_stack_8();
}

int ts_ring_public_key(const ts_ring *ring, uint64_t *b, const uint64_t *a, const int64_t *s, const int64_t *e,
                       void *scratch, size_t scratch_len) {
    const size_t n = ring->degree;
    if (scratch_len < ts_ring_scratch(ring)) return ts_refuse(TS_ERR_LENGTH, b, ts_ring_bytes(ring, ring->primes));
    ts_ring_scratch_area area = ts_ring_scratch_at(scratch);
    uint64_t *secret = ts_ring_words(&area.memory, n);
    for (size_t l = 0; l < ring->primes; l++) {
        const ts_zq *m = &ring->zq[l];
        ts_ring_small_row(ring, secret, s, TS_ZQ_BY_2_52, m);
        ts_ring_small_row(ring, b + l * n, e, TS_ZQ_BY_R, m);
        ring->cpu->zq_muladd(b + l * n, a + l * n, secret, b + l * n, n, m);
    }
    ts_ring_scratch_wipe(ring, &area);
    return TS_OK;
}

int ts_ring_encrypt(const ts_ring *ring, uint64_t *c0, uint64_t *c1, const uint64_t *a, const uint64_t *b,
                    const ts_fr *m, const int64_t *e0, const int64_t *v, const int64_t *e1, void *scratch,
                    size_t scratch_len) {
    const size_t n = ring->degree;
    if (scratch_len < ts_ring_scratch(ring)) return ts_ring_refuse(ring, TS_ERR_LENGTH, c0, c1, ring->primes);
    ts_ring_scratch_area area = ts_ring_scratch_at(scratch);
    uint64_t *random = ts_ring_words(&area.memory, n);
    ts_ring_lift_noisy(ring, c0, m, e0, &area);
    for (size_t l = 0; l < ring->primes; l++) {
        const ts_zq *zq = &ring->zq[l];
        uint64_t *row0 = c0 + l * n, *row1 = c1 + l * n;
        ts_ring_small_row(ring, random, v, TS_ZQ_BY_2_52, zq);
        ts_ring_small_row(ring, row1, e1, TS_ZQ_BY_R, zq);
        ring->cpu->zq_ntt(row0, zq);
        ring->cpu->zq_muladd(row0, b + l * n, random, row0, n, zq);
        ring->cpu->zq_muladd(row1, a + l * n, random, row1, n, zq);
    }
    ts_ring_scratch_wipe(ring, &area);
    return TS_OK;
}

void ts_ring_add(const ts_ring *ring, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    const size_t n = ring->degree;
    for (size_t l = 0; l < ring->primes; l++)
        ring->cpu->zq_add(out + l * n, a + l * n, b + l * n, n, &ring->zq[l]);
}

void ts_ring_double(const ts_ring *ring, uint64_t *out, const uint64_t *a) { ts_ring_add(ring, out, a, a); }

void ts_ring_sub(const ts_ring *ring, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    const size_t n = ring->degree;
    for (size_t l = 0; l < ring->primes; l++)
        ring->cpu->zq_sub(out + l * n, a + l * n, b + l * n, n, &ring->zq[l]);
}

/* ---- replies ---- */

/* One row of a reply in the coefficient domain, in the place of y's and d's lifts: d_0 and d_1, the dropped rows
 * as the t_l of the switch. The products are of plain values, so the inverse transform puts 2^52 back. */
static void ts_ring_reply_row(const ts_ring *ring, size_t l, uint64_t *d0, uint64_t *d1_y, uint64_t *work[2],
                              const uint64_t *const c[2], const uint64_t *const key[2], const int64_t *v,
                              const int64_t *e1) {
    const size_t n = ring->degree;
    const ts_zq *m = &ring->zq[l];
    const ts_cpu *cpu = ring->cpu;
    ts_ring_small_row(ring, work[0], v, TS_ZQ_BY_ONE, m);
    cpu->zq_ntt(d1_y, m);
    cpu->zq_mul2(work[1], d1_y, c[0] + l * n, work[0], key[0] + l * n, n, m);
    cpu->zq_mul2(d1_y, d1_y, c[1] + l * n, work[0], key[1] + l * n, n, m);
    cpu->zq_intt(work[1], m, TS_ZQ_2_52_OVER_N);
    cpu->zq_intt(d1_y, m, TS_ZQ_2_52_OVER_N);
    cpu->zq_add(d0, d0, work[1], n, m);
    cpu->zq_small(work[0], e1, n, TS_ZQ_BY_R, m);
    cpu->zq_add(d1_y, d1_y, work[0], n, m);
    if (l < ring->kept) return;
    cpu->zq_dot(d0, (const uint64_t *const[]){d0}, &ring->switch_in[l], 1, 0, n, m);
    cpu->zq_dot(d1_y, (const uint64_t *const[]){d1_y}, &ring->switch_in[l], 1, 0, n, m);
}

/* out, L' rows: (d_l - r t)/P for the rows d_l, and the t_l that stand in the rows after them. */
static void ts_ring_switch(const ts_ring *ring, uint64_t *out, const uint64_t *d) {
    const size_t n = ring->degree < TS_RING_TILE ? ring->degree : TS_RING_TILE;
    const size_t terms = ring->primes - ring->kept + 1;
    const uint64_t *rows[TS_RING_MAX_PRIMES];
    for (size_t k = 0; k < ring->degree; k += n) {
        for (size_t j = 0; j + 1 < terms; j++) rows[j] = d + (ring->kept + j) * ts_ring_apart(ring) + k;
        for (size_t l = 0; l < ring->kept; l++) {
            rows[terms - 1] = d + l * ts_ring_apart(ring) + k;
            ring->cpu->zq_dot(out + l * ring->degree + k, rows, ring->switch_out + l * terms, terms, 0, n,
                              &ring->zq[l]);
        }
    }
}

int ts_ring_reply(const ts_ring *ring, uint64_t *d0, uint64_t *d1, const uint64_t *c0, const uint64_t *c1,
                  const ts_fr *y, const uint64_t *a, const uint64_t *b, const int64_t *v, const int64_t *e1,
                  const uint64_t *u, const ts_fr *mask, void *scratch, size_t scratch_len) {
    const size_t n = ring->degree;
    const uint64_t *const c[2] = {c0, c1}, *const key[2] = {b, a};
    if (scratch_len < ts_ring_scratch(ring)) return ts_ring_refuse(ring, TS_ERR_LENGTH, d0, d1, ring->kept);
    ts_ring_scratch_area area = ts_ring_scratch_at(scratch);
    uint64_t *work[2] = {ts_ring_words(&area.memory, n), ts_ring_words(&area.memory, n)};
    const size_t apart = ts_ring_apart(ring);
    uint64_t *rows_y = ts_ring_words(&area.memory, ring->primes * apart);
    uint64_t *rows_d = ts_ring_words(&area.memory, ring->primes * apart);
    ts_ring_lift_reply(ring, rows_y, rows_d, y, u, mask, &area);
    for (size_t l = 0; l < ring->primes; l++)
        ts_ring_reply_row(ring, l, rows_d + l * apart, rows_y + l * apart, work, c, key, v, e1);
    ts_ring_switch(ring, d0, rows_d);
    ts_ring_switch(ring, d1, rows_y);
    ts_ring_scratch_wipe(ring, &area);
    return TS_OK;
}

int ts_ring_decrypt(const ts_ring *ring, ts_fr *out, const uint64_t *d0, const uint64_t *d1, const uint64_t *s,
                    void *scratch, size_t scratch_len) {
    const size_t n = ring->degree;
    const uint64_t *rows[TS_RING_MAX_PRIMES];
    if (scratch_len < ts_ring_scratch(ring)) return ts_refuse(TS_ERR_LENGTH, out, n * sizeof *out);
    ts_ring_scratch_area area = ts_ring_scratch_at(scratch);
    uint64_t *t = ts_ring_words(&area.memory, ring->kept * n);
    for (size_t l = 0; l < ring->kept; l++) {
        const ts_zq *m = &ring->zq[l];
        uint64_t *row = t + l * n;
        memcpy(row, d1 + l * n, n * sizeof *row);
        ring->cpu->zq_ntt(row, m);
        ring->cpu->zq_mul(row, row, s + l * n, n, m);
        ring->cpu->zq_intt(row, m, TS_ZQ_2_52_OVER_N);
        ring->cpu->zq_sub(row, d0 + l * n, row, n, m);
        rows[l] = row;
        ring->cpu->zq_dot(row, &rows[l], &ring->crt_in[l], 1, 0, n, m);
    }
    ring->cpu->zq_crt(out, rows, ring->crt_out, ring->inverse, ring->kept, n);
    ts_ring_scratch_wipe(ring, &area);
    return TS_OK;
}

/* ---- combinations with monomials ---- */

/* X^s has the values w_j = psi^(s (2 rev(j) + 1)). With j = h T + i, i below the tile's T, w_j = outer[h] inner[i]: bit b of j
 * contributes psi^(s 2^(log2 N - b)). Both tables grow by doubling. */
typedef struct {
    uint64_t *outer, *inner;
} ts_ring_monomial;

static void ts_ring_monomial_grow(const ts_ring *ring, uint64_t *table, size_t size, const uint64_t *square,
                                  const ts_zq *m) {
    for (size_t half = 1; half < size; half *= 2, square--)
        ring->cpu->zq_dot(table + half, (const uint64_t *const[]){table}, square, 1, 0, half, m);
}

static void ts_ring_monomial_values(const ts_ring *ring, const ts_ring_monomial *x, size_t tile, int64_t shift,
                                    const ts_zq *m) {
    uint64_t square[8 * sizeof(size_t)];
    int bits = 0;
    square[0] = ts_zq_power(m->psi, (uint64_t)shift, m);
    for (int i = 0; i < m->bits; i++) square[i + 1] = ts_zq_times(square[i], square[i], m);
    while ((size_t)1 << bits < tile) bits++;
    x->inner[0] = m->one;
    ts_ring_monomial_grow(ring, x->inner, tile, &square[m->bits], m);
    x->outer[0] = square[0];
    ts_ring_monomial_grow(ring, x->outer, ring->degree / tile, &square[m->bits - bits], m);
}

/* Coefficients handled together: a tile of sixteen ciphertexts stays in the L1 cache. */
#define TS_RING_COMBINE_TILE 128

/* A combination at work. tables holds a pair for every shift; tile holds copies of one tile of all inputs, whose own
 * addresses may compete for the same few places of the cache. */
typedef struct {
    const ts_ring *ring;
    uint64_t *const *const *out;
    const uint64_t *const *const *in;
    const int64_t *shifts;
    uint64_t *tables, *tile;
    size_t outputs, inputs, inner, outer;
} ts_ring_combination;

/* Takes the memory; with base NULL it only measures. */
static void ts_ring_combine_layout(ts_ring_combination *c, ts_ring_memory *memory) {
    c->inner = c->ring->degree < TS_RING_COMBINE_TILE ? c->ring->degree : TS_RING_COMBINE_TILE;
    c->outer = c->ring->degree / c->inner;
    c->tables = ts_ring_words(memory, c->outputs * c->inputs * (c->inner + c->outer));
    c->tile = ts_ring_words(memory, 2 * c->inputs * c->inner);
}

size_t ts_ring_combine_scratch(const ts_ring *ring, size_t outputs, size_t inputs) {
    ts_ring_combination c = {.ring = ring, .outputs = outputs, .inputs = inputs};
    ts_ring_memory memory = {0};
    ts_ring_combine_layout(&c, &memory);
    return memory.used + TS_RING_ALIGN;
}

static ts_ring_monomial ts_ring_combine_table(const ts_ring_combination *c, size_t i) {
    uint64_t *table = c->tables + i * (c->inner + c->outer);
    return (ts_ring_monomial){.outer = table, .inner = table + c->outer};
}

/* Tile h of row l of output k, from the copies of the inputs' tiles. */
static void ts_ring_combine_one(const ts_ring_combination *c, size_t l, size_t h, size_t k) {
    const size_t at = l * c->ring->degree + h * c->inner;
    const uint64_t *a[2][TS_RING_MAX_SHIFTS], *b[TS_RING_MAX_SHIFTS];
    uint64_t weights[TS_RING_MAX_SHIFTS];
    size_t terms = 0;
    for (size_t u = 0; u < c->inputs; u++) {
        const ts_ring_monomial x = ts_ring_combine_table(c, k * c->inputs + u);
        if (c->shifts[k * c->inputs + u] < 0) continue;
        a[0][terms] = c->tile + 2 * u * c->inner, a[1][terms] = a[0][terms] + c->inner;
        weights[terms] = x.outer[h];
        b[terms++] = x.inner;
    }
    c->ring->cpu->zq_sum((uint64_t *const[]){c->out[0][k] + at, c->out[1][k] + at},
                         (const uint64_t *const *const[]){a[0], a[1]}, b, weights, terms, c->inner, &c->ring->zq[l]);
}

static void ts_ring_combine_row(const ts_ring_combination *c, size_t l) {
    for (size_t i = 0; i < c->outputs * c->inputs; i++) {
        const ts_ring_monomial x = ts_ring_combine_table(c, i);
        if (c->shifts[i] >= 0) ts_ring_monomial_values(c->ring, &x, c->inner, c->shifts[i], &c->ring->zq[l]);
    }
    for (size_t h = 0; h < c->outer; h++) {
        const size_t at = l * c->ring->degree + h * c->inner;
        for (size_t u = 0; u < 2 * c->inputs; u++)
            memcpy(c->tile + u * c->inner, c->in[u % 2][u / 2] + at, c->inner * sizeof *c->tile);
        for (size_t k = 0; k < c->outputs; k++) ts_ring_combine_one(c, l, h, k);
    }
}

/* TS_OK, or what is wrong with the arguments of ts_ring_combine_var. */
static int ts_ring_combine_check(const ts_ring_combination *c, size_t scratch_len) {
    if (c->inputs > TS_RING_MAX_SHIFTS || scratch_len < ts_ring_combine_scratch(c->ring, c->outputs, c->inputs))
        return TS_ERR_LENGTH;
    for (size_t i = 0; i < c->outputs * c->inputs; i++)
        if (c->shifts[i] < -1 || c->shifts[i] >= 2 * (int64_t)c->ring->degree) return TS_ERR_INDEX;
    return TS_OK;
}

int ts_ring_combine_var(const ts_ring *ring, uint64_t *const *out0, uint64_t *const *out1, size_t outputs,
                        const uint64_t *const *in0, const uint64_t *const *in1, size_t inputs, const int64_t *shifts,
                        void *scratch, size_t scratch_len) {
    ts_ring_combination c = {.ring = ring, .shifts = shifts, .outputs = outputs, .inputs = inputs};
    const int code = ts_ring_combine_check(&c, scratch_len);
    for (size_t k = 0; code != TS_OK && k < outputs; k++)
        (void)ts_ring_refuse(ring, code, out0[k], out1[k], ring->primes);
    if (code != TS_OK) return code;
    c.out = (uint64_t *const *const[]){out0, out1};
    c.in = (const uint64_t *const *const[]){in0, in1};
    ts_ring_memory memory = ts_ring_memory_at(scratch);
    ts_ring_combine_layout(&c, &memory);
    for (size_t l = 0; l < ring->primes; l++) ts_ring_combine_row(&c, l);
    ts_wipe(c.tile, 2 * inputs * c.inner * sizeof *c.tile);
    ts_wipe_stack_8();
    return TS_OK;
}

/* ---- bytes and samples ---- */

/* 50 bits a residue; N is a multiple of four, so no bits are left over. */
static size_t ts_ring_row_bytes(const ts_ring *ring) { return ring->degree / 4 * 25; }

void ts_ring_pack(const ts_ring *ring, uint8_t *out, const uint64_t *a, size_t rows) {
    TS_ASSERT(rows <= ring->primes);
    for (size_t l = 0; l < rows; l++)
        ring->cpu->zq_pack(out + l * ts_ring_row_bytes(ring), a + l * ring->degree, ring->degree);
}

int ts_ring_unpack_var(const ts_ring *ring, uint64_t *out, size_t *bad, const uint8_t *in, size_t rows) {
    const size_t n = ring->degree;
    TS_ASSERT(rows <= ring->primes);
    for (size_t l = 0; l < rows; l++) {
        const size_t k = ring->cpu->zq_unpack(out + l * n, in + l * ts_ring_row_bytes(ring), n, &ring->zq[l]);
        if (k == n) continue;
        *bad = l * n + k;
        return ts_refuse(TS_ERR_ENCODING, out, ts_ring_bytes(ring, rows));
    }
    return TS_OK;
}

static void ts_ring_uniform_tile(const ts_ring *ring, uint64_t *out, size_t n, const uint8_t *bytes, size_t l) {
    uint64_t limb[3][TS_RING_TILE];
    for (size_t k = 0; k < n; k++) {
        const uint64_t low = ts_load_le64(bytes + 16 * k), high = ts_load_le64(bytes + 16 * k + 8);
        limb[0][k] = low & TS_ZQ_MASK;
        limb[1][k] = (low >> TS_ZQ_BITS | high << (64 - TS_ZQ_BITS)) & TS_ZQ_MASK;
        limb[2][k] = high >> (2 * TS_ZQ_BITS - 64);
    }
    ring->cpu->zq_dot(out, (const uint64_t *const[]){limb[0], limb[1], limb[2]}, ring->field + l * TS_RING_FIELD_TERMS,
                      3, 0, n, &ring->zq[l]);
}

void ts_ring_uniform(const ts_ring *ring, uint64_t *out, const uint8_t *key32, const uint8_t *nonce12) {
    const size_t n = ring->degree < TS_RING_TILE ? ring->degree : TS_RING_TILE;
    const size_t blocks = (16 * n + 63) / 64;
    uint8_t bytes[16 * TS_RING_TILE], nonce[12];
    memcpy(nonce, nonce12, sizeof nonce);
    for (size_t l = 0; l < ring->primes; l++, nonce[11]++) {
        for (size_t k = 0; k < ring->degree; k += n) {
            ring->cpu->chacha20_stream(bytes, blocks, key32, nonce, (uint32_t)(k / n * blocks));
            ts_ring_uniform_tile(ring, out + l * ring->degree + k, n, bytes, l);
        }
    }
}

#endif
