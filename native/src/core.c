/* The exported functions: choice of the code path, and one call through its table for each. */
#include "cpu/cpu.h"
#include "ring/ring_impl.h"
#include "util/limits.h"

static const ts_cpu *const ts_paths[] = {
#if defined(__x86_64__)
    &ts_cpu_ifma,
    &ts_cpu_adx,
#endif
    &ts_cpu_portable,
};

#define TS_PATHS (sizeof ts_paths / sizeof *ts_paths)

int ts_cpu_select(const ts_cpu **out, const char *name) {
    int found = TS_ERR_NAME;
    *out = NULL;
    for (size_t i = 0; i < TS_PATHS; i++) {
        if (*name && strcmp(name, ts_paths[i]->name) != 0) continue;
        found = TS_ERR_CPU;
        if (!ts_paths[i]->supported()) continue;
        *out = ts_paths[i];
        return TS_OK;
    }
    return found;
}

const char *ts_cpu_name(const ts_cpu *cpu) { return cpu->name; }

/* ---- Fr ---- */

void ts_fr_vec_from_i64(const ts_cpu *cpu, ts_fr *out, const int64_t *in, size_t n) {
    cpu->fr_vec_from_i64(out, in, n);
}

int ts_fr_vec_from_bytes(const ts_cpu *cpu, ts_fr *out, size_t *bad, const uint8_t *in, size_t n) {
    return cpu->fr_vec_from_bytes(out, bad, in, n);
}

void ts_fr_vec_to_bytes(const ts_cpu *cpu, uint8_t *out, const ts_fr *a, size_t n) {
    cpu->fr_vec_to_bytes(out, a, n);
}

int ts_fr_vec_expand(const ts_cpu *cpu, ts_fr *out, size_t n, const uint8_t *key32,
                     const uint8_t *nonce12, uint64_t first) {
    if (first > TS_MAX_CHACHA20_BLOCKS || n > TS_MAX_CHACHA20_BLOCKS - first) {
        memset(out, 0, n * sizeof *out);
        return TS_ERR_LENGTH;
    }
    cpu->fr_vec_expand(out, n, key32, nonce12, first);
    return TS_OK;
}

void ts_fr_vec_add(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    cpu->fr_vec_add(out, a, b, n);
}

void ts_fr_vec_sub(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    cpu->fr_vec_sub(out, a, b, n);
}

void ts_fr_vec_neg(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n) {
    cpu->fr_vec_neg(out, a, n);
}

void ts_fr_vec_mul(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    cpu->fr_vec_mul(out, a, b, n);
}

void ts_fr_vec_muladd(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b,
                      const ts_fr *c, size_t n) {
    cpu->fr_vec_muladd(out, a, b, c, n);
}

void ts_fr_vec_scale(const ts_cpu *cpu, ts_fr *out, const ts_fr *s, const ts_fr *a, size_t n) {
    cpu->fr_vec_scale(out, s, a, n);
}

void ts_fr_vec_outer(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n, const ts_fr *b, size_t m) {
    cpu->fr_vec_outer(out, a, n, b, m);
}

void ts_fr_vec_axpy(const ts_cpu *cpu, ts_fr *out, const ts_fr *s, const ts_fr *a,
                    const ts_fr *b, size_t n) {
    cpu->fr_vec_axpy(out, s, a, b, n);
}

int ts_fr_vec_inv(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n) {
    TS_ASSERT(out != a || n == 0);
    return cpu->fr_vec_inv(out, a, n);
}

int ts_fr_vec_sqrt_var(const ts_cpu *cpu, ts_fr *out, size_t *bad, const ts_fr *a, size_t n,
                       const ts_fr_roots *table) {
    TS_ASSERT(out != a || n == 0);
    return cpu->fr_vec_sqrt_var(out, bad, a, n, table);
}

void ts_fr_roots_table(const ts_cpu *cpu, ts_fr_roots *table) { cpu->fr_roots_table(table); }

void ts_fr_vec_powers(const ts_cpu *cpu, ts_fr *out, size_t n, const ts_fr *x, const ts_fr *first) {
    cpu->fr_vec_powers(out, n, x, first);
}

int ts_fr_vec_equal(const ts_cpu *cpu, const ts_fr *a, const ts_fr *b, size_t n) {
    return cpu->fr_vec_equal(a, b, n);
}

int ts_fr_vec_is_zero(const ts_cpu *cpu, const ts_fr *a, size_t n) {
    return cpu->fr_vec_is_zero(a, n);
}

void ts_fr_vec_sum(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n) {
    cpu->fr_vec_sum(out, a, n);
}

void ts_fr_vec_dot(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n) {
    cpu->fr_vec_dot(out, a, b, n);
}

void ts_fr_vec_sum_axis(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t outer, size_t n,
                        size_t inner) {
    cpu->fr_vec_sum_axis(out, a, outer, n, inner);
}

void ts_fr_vec_combine(const ts_cpu *cpu, ts_fr *out, const ts_fr *rows, const ts_fr *weights,
                       size_t m, size_t c) {
    cpu->fr_vec_combine(out, rows, weights, m, c);
}

void ts_fr_vec_matvec(const ts_cpu *cpu, ts_fr *out, const ts_fr *rows, const ts_fr *v,
                      size_t m, size_t c) {
    cpu->fr_vec_matvec(out, rows, v, m, c);
}

int ts_fr_vec_scatter_add(const ts_cpu *cpu, ts_fr *out, size_t n, const ts_fr *a,
                          const int64_t *index, size_t count) {
    return cpu->fr_vec_scatter_add(out, n, a, index, count);
}

void ts_fr_ntt_table(const ts_cpu *cpu, ts_fr *table, size_t size) {
    cpu->fr_ntt_table(table, size);
}

void ts_fr_vec_ntt(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t size, size_t batches,
                   const ts_fr *table, int inverse) {
    TS_ASSERT(out != a || batches == 0);
    cpu->fr_vec_ntt(out, a, size, batches, table, inverse);
}

/* ---- G1 ---- */

int ts_g1_vec_from_bytes_var(const ts_cpu *cpu, ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    return cpu->g1_vec_from_bytes_var(out, bad, in, n);
}

void ts_g1_vec_to_bytes(const ts_cpu *cpu, uint8_t *out, const ts_g1 *a, size_t n) {
    cpu->g1_vec_to_bytes(out, a, n);
}

int ts_g1_vec_from_affine_var(const ts_cpu *cpu, ts_g1 *out, size_t *bad, const uint8_t *in, size_t n) {
    return cpu->g1_vec_from_affine_var(out, bad, in, n);
}

void ts_g1_vec_to_affine(const ts_cpu *cpu, uint8_t *out, const ts_g1 *a, size_t n) {
    cpu->g1_vec_to_affine(out, a, n);
}

int ts_g1_vec_hash(const ts_cpu *cpu, ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends,
                   const uint8_t *dst, size_t dst_len) {
    if (dst_len < 1 || dst_len > TS_MAX_DST) {
        memset(out, 0, n * sizeof *out);
        return TS_ERR_LENGTH;
    }
    cpu->g1_vec_hash(out, n, messages, ends, dst, dst_len);
    return TS_OK;
}

void ts_g1_vec_add(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n) {
    cpu->g1_vec_add(out, a, b, n);
}

void ts_g1_vec_neg(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, size_t n) {
    cpu->g1_vec_neg(out, a, n);
}

int ts_g1_vec_equal(const ts_cpu *cpu, const ts_g1 *a, const ts_g1 *b, size_t n) {
    return cpu->g1_vec_equal(a, b, n);
}

int ts_g1_vec_is_identity(const ts_cpu *cpu, const ts_g1 *a, size_t n) {
    return cpu->g1_vec_is_identity(a, n);
}

void ts_g1_vec_sum(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, size_t n) {
    cpu->g1_vec_sum(out, a, n);
}

void ts_g1_vec_mul(const ts_cpu *cpu, ts_g1 *out, const ts_g1 *a, const ts_fr *scalars, size_t n) {
    cpu->g1_vec_mul(out, a, scalars, n);
}

size_t ts_g1_msm_scratch(const ts_cpu *cpu, size_t n) { return cpu->g1_msm_scratch(n); }

int ts_g1_msm_rows_var(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows,
                       void *scratch, size_t scratch_len) {
    if (n > TS_MSM_MAX_POINTS || scratch_len < cpu->g1_msm_scratch(n)) {
        memset(out, 0, m * sizeof *out);
        return TS_ERR_LENGTH;
    }
    cpu->g1_msm_rows_var(out, m, points, n, rows, scratch);
    return TS_OK;
}

/* ---- samplers ---- */

/* Whether n coefficients of so many bytes take no more blocks than the counter of ChaCha20 has. */
static int ts_sample_fits(size_t n, size_t bytes) {
    return n <= TS_MAX_CHACHA20_BLOCKS * 64 / bytes;
}

int ts_sample_ternary(const ts_cpu *cpu, int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12) {
    if (!ts_sample_fits(n, 8)) return TS_ERR_LENGTH;
    cpu->sample_ternary(out, n, key32, nonce12);
    return TS_OK;
}

int ts_sample_binomial(const ts_cpu *cpu, int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12) {
    if (!ts_sample_fits(n, 8)) return TS_ERR_LENGTH;
    cpu->sample_binomial(out, n, key32, nonce12);
    return TS_OK;
}

int ts_sample_box(const ts_cpu *cpu, int64_t *out, size_t n, unsigned bits, const uint8_t *key32,
                  const uint8_t *nonce12) {
    if (!ts_sample_fits(n, 8) || bits > 62) return TS_ERR_LENGTH;
    cpu->sample_box(out, n, bits, key32, nonce12);
    return TS_OK;
}

int ts_sample_wide(const ts_cpu *cpu, uint64_t *out, size_t n, size_t limbs, const uint8_t *key32,
                   const uint8_t *nonce12) {
    if (limbs < 1 || limbs > TS_RING_MAX_WIDE || !ts_sample_fits(n, 8 * limbs)) return TS_ERR_LENGTH;
    cpu->sample_wide(out, n, limbs, key32, nonce12);
    return TS_OK;
}
