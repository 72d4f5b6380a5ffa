/* Every kernel of one code path, as static functions; see cpu/cpu.h. */
#ifndef TS_KERNELS_IMPL_H
#define TS_KERNELS_IMPL_H

#include "ct/limbs.h"

/* A path that has its own multipliers defines TS_ARCH_MONTMUL and these two functions. */
#ifndef TS_ARCH_MONTMUL
TS_INLINE void ts_montmul4(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m, uint64_t m_inv) {
    ts_limbs_montmul(out, a, b, m, m_inv, 4);
}

TS_INLINE void ts_montmul6(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m, uint64_t m_inv) {
    ts_limbs_montmul(out, a, b, m, m_inv, 6);
}
#endif

#include "cpu/cpu.h"
#include "hash/chacha20_impl.h"
#include "field/fr_impl.h"
#include "field/fr_vec_impl.h"
#include "field/fr_ntt_impl.h"
#include "field/fr_sqrt_impl.h"
#include "field/fp_impl.h"
#include "curve/g1_impl.h"
#include "curve/g1_codec_impl.h"
#include "curve/g1_hash_impl.h"
#include "curve/g1_vec_impl.h"
#include "curve/msm_impl.h"
#include "ring/zq_impl.h"
#include "ring/pack_impl.h"
#include "ring/sample_impl.h"

#define TS_KERNELS \
    .fr_vec_from_i64 = fr_vec_from_i64, \
    .fr_vec_from_bytes = fr_vec_from_bytes, \
    .fr_vec_to_bytes = fr_vec_to_bytes, \
    .fr_vec_expand = fr_vec_expand, \
    .fr_vec_add = fr_vec_add, \
    .fr_vec_sub = fr_vec_sub, \
    .fr_vec_neg = fr_vec_neg, \
    .fr_vec_mul = fr_vec_mul, \
    .fr_vec_muladd = fr_vec_muladd, \
    .fr_vec_scale = fr_vec_scale, \
    .fr_vec_outer = fr_vec_outer, \
    .fr_vec_axpy = fr_vec_axpy, \
    .fr_vec_inv = fr_vec_inv, \
    .fr_vec_sqrt_var = fr_vec_sqrt_var, \
    .fr_roots_table = fr_roots_table, \
    .fr_vec_powers = fr_vec_powers, \
    .fr_vec_equal = fr_vec_equal, \
    .fr_vec_is_zero = fr_vec_is_zero, \
    .fr_vec_sum = fr_vec_sum, \
    .fr_vec_dot = fr_vec_dot, \
    .fr_vec_sum_axis = fr_vec_sum_axis, \
    .fr_vec_combine = fr_vec_combine, \
    .fr_vec_matvec = fr_vec_matvec, \
    .fr_vec_scatter_add = fr_vec_scatter_add, \
    .fr_ntt_table = fr_ntt_table, \
    .fr_vec_ntt = fr_vec_ntt, \
    .g1_vec_from_bytes_var = g1_vec_from_bytes_var, \
    .g1_vec_to_bytes = g1_vec_to_bytes, \
    .g1_vec_from_affine_var = g1_vec_from_affine_var, \
    .g1_vec_to_affine = g1_vec_to_affine, \
    .g1_vec_hash = g1_vec_hash, \
    .g1_vec_add = g1_vec_add, \
    .g1_vec_neg = g1_vec_neg, \
    .g1_vec_equal = g1_vec_equal, \
    .g1_vec_is_identity = g1_vec_is_identity, \
    .g1_vec_sum = g1_vec_sum, \
    .g1_vec_mul = g1_vec_mul, \
    .g1_msm_scratch = g1_msm_scratch, \
    .g1_msm_rows_var = g1_msm_rows_var, \
    .zq_add = zq_add, \
    .zq_sub = zq_sub, \
    .zq_mul = zq_mul, \
    .zq_muladd = zq_muladd, \
    .zq_mul2 = zq_mul2, \
    .zq_dot = zq_dot, \
    .zq_small = zq_small, \
    .zq_sum = zq_sum, \
    .zq_arrange = zq_arrange, \
    .zq_ntt = zq_ntt, \
    .zq_intt = zq_intt, \
    .zq_crt = zq_crt, \
    .zq_pack = zq_pack, \
    .zq_unpack = zq_unpack, \
    .chacha20_stream = chacha20_stream, \
    .sample_ternary = sample_ternary, \
    .sample_binomial = sample_binomial, \
    .sample_box = sample_box, \
    .sample_wide = sample_wide

#endif
