/* SPDX-License-Identifier: Apache-2.0 */
/* The code path for x86-64 processors with AVX-512 IFMA and VBMI2 (Intel since Ice Lake, AMD since Zen 4). */
#include "../../util/target.h"

#if defined(__x86_64__)
TS_TARGET_BEGIN(TS_IFMA_TARGET)
#include "../adx/montmul.h"

#include "chacha20x16_impl.h"
#include "sha256_ni.h"
#define TS_CODE_IFMA(kernel) ifma_##kernel
#include "../../kernels_impl.h"
#include "fr8_ntt_impl.h"
#include "g1p8_hash_impl.h"
#include "msm8_impl.h"
#include "fr8_sqrt_impl.h"
#include "zq8_impl.h"
#include "zq8_ntt_impl.h"

const ts_cpu ts_cpu_ifma = {
    .name = "ifma",
    .features = TS_IFMA_TARGET,
#define TS_KERNEL(code, result, kernel, parameters) .kernel = TS_CODE_##code(kernel),
#include "../../cpu/kernels.h"
};
TS_TARGET_END
#endif
