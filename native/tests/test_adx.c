/* SPDX-License-Identifier: Apache-2.0 */
/* The path's own source is included, so that the tests reach its static functions. */
#include "test.h"

#include "../src/arch/adx/adx.c"

#if defined(__x86_64__)
#define TS_TEST_CPU ts_cpu_adx
#define TS_TEST_RUN ts_test_adx
TS_TARGET_BEGIN(TS_ADX_TARGET)
#include "test_path.h"
TS_TARGET_END
#endif
