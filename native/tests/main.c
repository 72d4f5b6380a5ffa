/* SPDX-License-Identifier: Apache-2.0 */
/* The C tests: the dispatcher, then every code path this processor runs on the same vectors. */
#include "test.h"

#include "../src/cpu/features.h"

int ts_test_failures = 0;

#define TS_PATH_TESTS(path) {&ts_cpu_##path, ts_test_##path},
static const struct {
    const ts_cpu *cpu;
    void (*run)(void);
} paths[] = {TS_EACH_PATH(TS_PATH_TESTS)};

static void test_dispatch(void) {
    const ts_cpu *cpu;
    CHECK(ts_cpu_select(&cpu, "") == TS_OK && cpu != NULL);
    CHECK(ts_cpu_select(&cpu, "portable") == TS_OK && strcmp(ts_cpu_name(cpu), "portable") == 0);
    CHECK(ts_cpu_select(&cpu, "abacus") == TS_ERR_NAME && cpu == NULL);
}

#if defined(__x86_64__)
/* A processor that lacks one of the features of a path, or whose system does not save the registers, does not run it. */
static void test_features(void) {
    const ts_processor here = ts_processor_here();
    const ts_cpu *cpu;
    static const ts_processor all = {{UINT32_MAX, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}, UINT64_MAX};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *features = paths[i].cpu->features;
        CHECK(ts_processor_has(&all, features));
        CHECK((ts_cpu_select(&cpu, paths[i].cpu->name) == TS_OK) == ts_processor_has(&here, features));
        for (size_t k = 0; k < sizeof ts_features / sizeof *ts_features; k++) {
            const size_t length = strlen(ts_features[k].name);
            int named = 0;
            for (const char *at = features; *at; at += strcspn(at, ","), at += *at == ',')
                named |= strcspn(at, ",") == length && memcmp(at, ts_features[k].name, length) == 0;
            ts_processor p = all;
            (ts_features[k].leaf == 1 ? p.leaf1 : p.leaf7)[ts_features[k].from] ^= (uint32_t)1 << ts_features[k].bit;
            CHECK(ts_processor_has(&p, features) == !named);
            p = all;
            p.state &= ~(uint64_t)ts_features[k].state;
            CHECK(!named || !ts_features[k].state || !ts_processor_has(&p, features));
        }
    }
    CHECK(!ts_processor_has(&all, "avx3") && !ts_processor_has(&all, "bmi,bmi3") && !ts_processor_has(&all, "b"));
    CHECK(ts_processor_has(&all, ""));
}
#endif

/* What core.c refuses before any path sees it; outputs are zeroed. */
static void test_bounds(void) {
    const ts_cpu *cpu;
    const uint8_t bytes[300] = {0};
    const uint64_t end = 0;
    ts_fr element = {{1}};
    ts_g1 point = {{{1}}, {{1}}};
    CHECK(ts_cpu_select(&cpu, "portable") == TS_OK);
    CHECK(ts_fr_vec_expand(cpu, &element, 1, bytes, bytes, (uint64_t)1 << 32) == TS_ERR_LENGTH && element.l[0] == 0);
    CHECK(ts_fr_vec_expand(cpu, &element, 1, bytes, bytes, ((uint64_t)1 << 32) - 1) == TS_OK);
    CHECK(ts_g1_vec_hash(cpu, &point, 1, bytes, &end, bytes, 256) == TS_ERR_LENGTH && point.x.l[0] == 0);
    CHECK(ts_g1_vec_hash(cpu, &point, 1, bytes, &end, bytes, 0) == TS_ERR_LENGTH);
    CHECK(ts_g1_vec_hash(cpu, &point, 1, bytes, &end, bytes, 255) == TS_OK && point.x.l[0] != 0);
    size_t size = ts_g1_msm_scratch(cpu, 1);
    void *scratch = malloc(size);
    CHECK(ts_g1_msm_rows_var(cpu, &point, 1, &point, 1, &element, scratch, size - 1) == TS_ERR_LENGTH);
    free(scratch);
    size = ts_g1_subset_scratch(1);
    scratch = malloc(size);
    point.x.l[0] = 1;
    CHECK(ts_g1_subset_sums(cpu, &point, 1, &point, 0, bytes, scratch, size - 1) == TS_ERR_LENGTH && point.x.l[0] == 0);
    CHECK(ts_g1_subset_sums(cpu, &point, 1, &point, 0, bytes, scratch, size) == TS_OK);
    CHECK(ts_g1_subset_scratch(((size_t)1 << 30) + 1) == 0);
    free(scratch);
}

int main(void) {
    test_dispatch();
    test_bounds();
#if defined(__x86_64__)
    test_features();
#endif
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const ts_cpu *cpu;
        const char *name = ts_cpu_name(paths[i].cpu);
        if (ts_cpu_select(&cpu, name) != TS_OK) {
            printf("%s: skipped, this processor cannot run it\n", name);
            continue;
        }
        int before = ts_test_failures;
        paths[i].run();
        printf("%s: %s\n", name, ts_test_failures == before ? "ok" : "FAILED");
    }
    return ts_test_failures != 0;
}
