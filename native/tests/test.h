/* SPDX-License-Identifier: Apache-2.0 */
/* A test harness of three lines, and what the path tests share with main. */
#ifndef TS_TEST_H
#define TS_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/cpu/cpu.h"
#include "vectors.h"

extern int ts_test_failures;

#define CHECK(cond)                                                                      \
    do {                                                                                 \
        if (!(cond)) {                                                                   \
            ts_test_failures++;                                                          \
            printf("FAILED %s:%d in %s: %s\n", __FILE__, __LINE__, __func__, #cond);     \
        }                                                                                \
    } while (0)

/* Each runs all tests of test_path.h on one code path. */
#define TS_DECLARE_TESTS(path) void ts_test_##path(void);
TS_EACH_PATH(TS_DECLARE_TESTS)

#endif
