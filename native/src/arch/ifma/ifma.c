/* The code path for x86-64 processors with AVX-512 IFMA and VBMI2 (Intel since Ice Lake, AMD since Zen 4). */
#include "../../util/target.h"

#if defined(__x86_64__)
#define TS_IFMA_TARGET "bmi,bmi2,adx,avx2,avx512f,avx512dq,avx512bw,avx512vl,avx512ifma,avx512vbmi2,sha"
TS_TARGET_BEGIN(TS_IFMA_TARGET)
#include "../adx/montmul.h"

#include "chacha20x16_impl.h"
#include "sha256_ni.h"
#define TS_SAMPLE_STREAM ifma_chacha20_stream
#include "../../kernels_impl.h"
#include "fr8_ntt_impl.h"
#include "g1p8_hash_impl.h"
#include "msm8_impl.h"
#include "fr8_sqrt_impl.h"
#include "zq8_impl.h"
#include "zq8_ntt_impl.h"

static int ifma_supported(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx2") && ts_cpu_has_adx() &&
           __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vbmi2") && ts_cpu_has_sha();
}

/* TS_KERNELS fills the whole table first; the vector kernels then take their places. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
const ts_cpu ts_cpu_ifma = {
    .name = "ifma",
    .supported = ifma_supported,
    TS_KERNELS,
    .fr_vec_from_i64 = ifma_fr_vec_from_i64,
    .fr_vec_from_bytes = ifma_fr_vec_from_bytes,
    .fr_vec_to_bytes = ifma_fr_vec_to_bytes,
    .fr_vec_expand = ifma_fr_vec_expand,
    .fr_vec_add = ifma_fr_vec_add,
    .fr_vec_sub = ifma_fr_vec_sub,
    .fr_vec_neg = ifma_fr_vec_neg,
    .fr_vec_mul = ifma_fr_vec_mul,
    .fr_vec_muladd = ifma_fr_vec_muladd,
    .fr_vec_scale = ifma_fr_vec_scale,
    .fr_vec_outer = ifma_fr_vec_outer,
    .fr_vec_axpy = ifma_fr_vec_axpy,
    .fr_vec_inv = ifma_fr_vec_inv,
    .fr_vec_sqrt_var = ifma_fr_vec_sqrt_var,
    .fr_vec_powers = ifma_fr_vec_powers,
    .fr_vec_sum = ifma_fr_vec_sum,
    .fr_vec_dot = ifma_fr_vec_dot,
    .fr_vec_sum_axis = ifma_fr_vec_sum_axis,
    .fr_vec_combine = ifma_fr_vec_combine,
    .fr_vec_matvec = ifma_fr_vec_matvec,
    .fr_ntt_table = ifma_fr_ntt_table,
    .fr_vec_ntt = ifma_fr_vec_ntt,
    .g1_vec_from_bytes_var = ifma_g1_vec_from_bytes_var,
    .g1_vec_to_bytes = ifma_g1_vec_to_bytes,
    .g1_vec_from_affine_var = ifma_g1_vec_from_affine_var,
    .g1_vec_to_affine = ifma_g1_vec_to_affine,
    .g1_vec_hash = ifma_g1_vec_hash,
    .g1_vec_add = ifma_g1_vec_add,
    .g1_vec_sum = ifma_g1_vec_sum,
    .g1_vec_mul = ifma_g1_vec_mul,
    .g1_msm_scratch = ifma_g1_msm_scratch,
    .g1_msm_rows_var = ifma_g1_msm_rows_var,
    .zq_add = ifma_zq_add,
    .zq_sub = ifma_zq_sub,
    .zq_mul = ifma_zq_mul,
    .zq_muladd = ifma_zq_muladd,
    .zq_mul2 = ifma_zq_mul2,
    .zq_dot = ifma_zq_dot,
    .zq_small = ifma_zq_small,
    .zq_sum = ifma_zq_sum,
    .zq_arrange = ifma_zq_arrange,
    .zq_ntt = ifma_zq_ntt,
    .zq_intt = ifma_zq_intt,
    .zq_crt = ifma_zq_crt,
    .chacha20_stream = ifma_chacha20_stream,
};
TS_TARGET_END
#endif
