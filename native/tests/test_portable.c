/* SPDX-License-Identifier: Apache-2.0 */
/* The path's own source is included, so that the tests reach its static functions. */
#include "test.h"

#include "../src/arch/portable/portable.c"

#define TS_TEST_CPU ts_cpu_portable
#define TS_TEST_RUN ts_test_portable
#include "test_path.h"
