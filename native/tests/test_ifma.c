/* SPDX-License-Identifier: Apache-2.0 */
/* The path's own source is included, so that the tests reach its static functions. */
#include "test.h"

#include "../src/arch/ifma/ifma.c"

#if defined(__x86_64__)
#define TS_TEST_CPU ts_cpu_ifma
#define TS_TEST_RUN test_as_every_path
static void TS_TEST_RUN(void);
TS_TARGET_BEGIN(TS_IFMA_TARGET)
#include "test_path.h"

static __mmask8 decode_none(ts_g1a8 *p, const uint8_t *in, size_t n) {
    (void)p, (void)in, (void)n;
    return 0;
}

/* Should the vector decoder ever refuse good points, they are decoded all the same, and a bad one is still named. */
static void test_decoders_disagree(void) {
    enum { N = MULTIPLE_POINT_COUNT };
    ts_g1 *points = g1_decode(multiple_point[0], N), out[N];
    uint8_t bytes[48 * N], affine[96 * N];
    size_t bad = 0;
    cpu->g1_vec_to_bytes(bytes, points, N);
    cpu->g1_vec_to_affine(affine, points, N);
    memset(out, 1, sizeof out);
    CHECK(ts_g1a8_vec_decode_var(out, &bad, bytes, N, 48, decode_none, g1_vec_from_bytes_var) == TS_OK);
    CHECK(cpu->g1_vec_equal(out, points, N));
    memset(out, 1, sizeof out);
    CHECK(ts_g1a8_vec_decode_var(out, &bad, affine, N, 96, decode_none, g1_vec_from_affine_var) == TS_OK);
    CHECK(cpu->g1_vec_equal(out, points, N));
    bytes[48 * (N - 1)] &= 0x7f;
    CHECK(ts_g1a8_vec_decode_var(out, &bad, bytes, N, 48, decode_none, g1_vec_from_bytes_var) == TS_ERR_ENCODING);
    CHECK(bad == N - 1 && ring_zeros(out, sizeof out));
    free(points);
}

void ts_test_ifma(void) {
    test_as_every_path();
    test_decoders_disagree();
}
TS_TARGET_END
#endif
