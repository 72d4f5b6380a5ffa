/* SPDX-License-Identifier: Apache-2.0 */
/* The code path every 64-bit processor runs. */
#include "../../kernels_impl.h"

const ts_cpu ts_cpu_portable = {
    .name = "portable",
    .features = "",
#define TS_KERNEL(code, result, kernel, parameters) .kernel = TS_CODE_##code(kernel),
#include "../../cpu/kernels.h"
};
