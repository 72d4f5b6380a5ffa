/* SPDX-License-Identifier: Apache-2.0 */
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

/* The function of this path for a kernel, by the first column of cpu/kernels.h. The path that has functions of its own
 * defines the other macro before. */
#define TS_CODE_SHARED(kernel) kernel
#ifndef TS_CODE_IFMA
#define TS_CODE_IFMA(kernel) kernel
#endif

/* Declared as the table wants them; where a path has its own function, the shared one may be idle. */
#define TS_KERNEL(code, result, name, parameters) static result name parameters TS_UNUSED;
#include "cpu/kernels.h"

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

#endif
