/* The code path for x86-64 processors with BMI2, ADX and AVX2. */
#include "../../util/target.h"

#if defined(__x86_64__)
TS_TARGET_BEGIN("bmi,bmi2,adx,avx2")
#include "montmul.h"

#include "../../kernels_impl.h"

static int adx_supported(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx2") && ts_cpu_has_adx();
}

const ts_cpu ts_cpu_adx = {.name = "adx", .supported = adx_supported, TS_KERNELS};
TS_TARGET_END
#endif
