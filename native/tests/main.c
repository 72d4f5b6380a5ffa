/* The C tests: the dispatcher, then every code path this processor runs on the same vectors. */
#include "test.h"

#include "../src/cpu/cpu.h"

int ts_test_failures = 0;

typedef struct {
    const char *name;
    void (*run)(void);
} ts_test_path;

static const ts_test_path paths[] = {
    {"portable", ts_test_portable},
#if defined(__x86_64__)
    {"adx", ts_test_adx},
    {"ifma", ts_test_ifma},
#endif
};

static void test_dispatch(void) {
    const ts_cpu *cpu;
    CHECK(ts_cpu_select(&cpu, "") == TS_OK && cpu != NULL);
    CHECK(ts_cpu_select(&cpu, "portable") == TS_OK && strcmp(ts_cpu_name(cpu), "portable") == 0);
    CHECK(ts_cpu_select(&cpu, "abacus") == TS_ERR_NAME && cpu == NULL);
}

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
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const ts_cpu *cpu;
        if (ts_cpu_select(&cpu, paths[i].name) != TS_OK) {
            printf("%s: skipped, this processor cannot run it\n", paths[i].name);
            continue;
        }
        int before = ts_test_failures;
        paths[i].run();
        printf("%s: %s\n", paths[i].name, ts_test_failures == before ? "ok" : "FAILED");
    }
    return ts_test_failures != 0;
}
