/* SPDX-License-Identifier: Apache-2.0 */
/* The code path for x86-64 processors with BMI2, ADX and AVX2. */
#include "../../util/target.h"

#if defined(__x86_64__)
TS_TARGET_BEGIN(TS_ADX_TARGET)
#include "montmul.h"

#include "../../kernels_impl.h"

const ts_cpu ts_cpu_adx = {
    .name = "adx",
    .features = TS_ADX_TARGET,
#define TS_KERNEL(code, result, kernel, parameters) .kernel = TS_CODE_##code(kernel),
#include "../../cpu/kernels.h"
};
TS_TARGET_END
#endif
