/* SPDX-License-Identifier: Apache-2.0 */
/* The exported functions: choice of the code path, and one call through its table for each. Those of rings are in
 * ring/ring_impl.h. */
#include "cpu/cpu.h"
#include "cpu/features.h"
#include "curve/subset_impl.h"
#include "ring/ring_impl.h"
#include "util/limits.h"
#include "util/stack.h"

/* ---- code paths ---- */

#define TS_PATH_ADDRESS(path) &ts_cpu_##path,
static const ts_cpu *const ts_paths[] = {TS_EACH_PATH(TS_PATH_ADDRESS)};

static int ts_cpu_runs(const ts_cpu *cpu) {
#if defined(__x86_64__)
    const ts_processor here = ts_processor_here();
    return ts_processor_has(&here, cpu->features);
#else
    return !*cpu->features;
#endif
}

int ts_cpu_select(const ts_cpu **out, const char *name) {
    int found = TS_ERR_NAME;
    *out = NULL;
    for (size_t i = 0; i < sizeof ts_paths / sizeof *ts_paths; i++) {
        if (*name && strcmp(name, ts_paths[i]->name) != 0) continue;
        found = TS_ERR_CPU;
        if (!ts_cpu_runs(ts_paths[i])) continue;
        *out = ts_paths[i];
        return TS_OK;
    }
    return found;
}

const char *ts_cpu_name(const ts_cpu *cpu) { return cpu->name; }

/* ---- kernels exported as they are ---- */

#define TS_CALL_void(stack, call) \
    call;                         \
    ts_wipe_stack_##stack()
#define TS_CALL_int(stack, call) \
    const int answer = call;     \
    ts_wipe_stack_##stack();     \
    return answer
#define TS_CALL_size_t(stack, call) return call

#define TS_PARAMETERS(...) __VA_ARGS__
#define TS_KERNEL(code, result, name, parameters)
#define TS_EXPORTED(code, stack, result, name, parameters, arguments) \
    result ts_##name(const ts_cpu *cpu, TS_PARAMETERS parameters) { TS_CALL_##result(stack, cpu->name arguments); }
#include "cpu/kernels.h"

/* ---- kernels with checks before ---- */

int ts_fr_vec_expand(const ts_cpu *cpu, ts_fr *out, size_t n, const uint8_t *key32, const uint8_t *nonce12,
                     uint64_t first) {
    if (first > TS_MAX_CHACHA20_BLOCKS || n > TS_MAX_CHACHA20_BLOCKS - first)
        return ts_refuse(TS_ERR_LENGTH, out, n * sizeof *out);
    cpu->fr_vec_expand(out, n, key32, nonce12, first);
    ts_wipe_stack_8();
    return TS_OK;
}

int ts_fr_vec_inv(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t n) {
    TS_ASSERT(out != a || n == 0);
    const int code = cpu->fr_vec_inv(out, a, n);
    ts_wipe_stack_8();
    return code;
}

int ts_fr_vec_sqrt_var(const ts_cpu *cpu, ts_fr *out, size_t *bad, const ts_fr *a, size_t n, const ts_fr_roots *table) {
    TS_ASSERT(out != a || n == 0);
    return cpu->fr_vec_sqrt_var(out, bad, a, n, table);
}

void ts_fr_vec_ntt(const ts_cpu *cpu, ts_fr *out, const ts_fr *a, size_t size, size_t batches, const ts_fr *table,
                   int inverse) {
    TS_ASSERT(out != a || batches == 0);
    cpu->fr_vec_ntt(out, a, size, batches, table, inverse);
    ts_wipe_stack_8();
}

int ts_g1_vec_hash(const ts_cpu *cpu, ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends,
                   const uint8_t *dst, size_t dst_len) {
    if (dst_len < 1 || dst_len > TS_MAX_DST) return ts_refuse(TS_ERR_LENGTH, out, n * sizeof *out);
    cpu->g1_vec_hash(out, n, messages, ends, dst, dst_len);
    ts_wipe_stack_64();
    return TS_OK;
}

int ts_g1_msm_rows_var(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows,
                       void *scratch, size_t scratch_len) {
    if (n > TS_MSM_MAX_POINTS || scratch_len < cpu->g1_msm_scratch(n))
        return ts_refuse(TS_ERR_LENGTH, out, m * sizeof *out);
    cpu->g1_msm_rows_var(out, m, points, n, rows, scratch);
    ts_wipe_stack_64();
    return TS_OK;
}

/* ---- samplers ---- */

/* Whether n coefficients of so many bytes take no more blocks than the counter of ChaCha20 has. */
static int ts_sample_fits(size_t n, size_t bytes) { return n <= TS_MAX_CHACHA20_BLOCKS * 64 / bytes; }

int ts_sample_ternary(const ts_cpu *cpu, int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12) {
    if (!ts_sample_fits(n, 8)) return ts_refuse(TS_ERR_LENGTH, out, n * sizeof *out);
    cpu->sample_ternary(out, n, key32, nonce12);
    ts_wipe_stack_16();
    return TS_OK;
}

int ts_sample_binomial(const ts_cpu *cpu, int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12) {
    if (!ts_sample_fits(n, 8)) return ts_refuse(TS_ERR_LENGTH, out, n * sizeof *out);
    cpu->sample_binomial(out, n, key32, nonce12);
    ts_wipe_stack_16();
    return TS_OK;
}

int ts_sample_box(const ts_cpu *cpu, int64_t *out, size_t n, unsigned bits, const uint8_t *key32,
                  const uint8_t *nonce12) {
    if (!ts_sample_fits(n, 8) || bits > 62) return ts_refuse(TS_ERR_LENGTH, out, n * sizeof *out);
    cpu->sample_box(out, n, bits, key32, nonce12);
    ts_wipe_stack_16();
    return TS_OK;
}

int ts_sample_wide(const ts_cpu *cpu, uint64_t *out, size_t n, size_t limbs, const uint8_t *key32,
                   const uint8_t *nonce12) {
    if (limbs < 1 || limbs > TS_RING_MAX_WIDE || !ts_sample_fits(n, 8 * limbs))
        return ts_refuse(TS_ERR_LENGTH, out, limbs * n * sizeof *out);
    cpu->sample_wide(out, n, limbs, key32, nonce12);
    ts_wipe_stack_16();
    return TS_OK;
}
