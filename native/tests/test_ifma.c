/* The path's own source is included, so that the tests reach its static functions. */
#include "test.h"

#include "../src/arch/ifma/ifma.c"

#if defined(__x86_64__)
#define TS_TEST_CPU ts_cpu_ifma
#define TS_TEST_RUN ts_test_ifma
TS_TARGET_BEGIN(TS_IFMA_TARGET)
#include "test_path.h"
TS_TARGET_END
#endif
