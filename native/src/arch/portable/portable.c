/* The code path every 64-bit processor runs. */
#include "../../kernels_impl.h"

static int portable_supported(void) { return 1; }

const ts_cpu ts_cpu_portable = {.name = "portable", .supported = portable_supported, TS_KERNELS};
