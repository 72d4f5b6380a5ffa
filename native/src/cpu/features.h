/* SPDX-License-Identifier: Apache-2.0 */
/* What the running processor and its operating system offer, by the names that gcc and clang have for target features.
 *
 * A code path hands the very string that it is compiled for (TS_TARGET_BEGIN), so nothing that the compiler may use there
 * goes unasked; tests/native/test_target_features.py holds the strings to what compilers derive from them. This
 * is compiled without target features itself. */
#ifndef TS_FEATURES_H
#define TS_FEATURES_H

#include "../util/util.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* State that the operating system must save, in the bits of XCR0: SSE and AVX registers; opmask and ZMM ones, too. */
#define TS_STATE_AVX 0x06
#define TS_STATE_AVX512 0xe6

enum { TS_EBX, TS_ECX };

/* Bit `bit` of a register that CPUID returns for a leaf (Intel SDM, volume 2A, CPUID; subleaf 0). For xsave the bit is
 * OSXSAVE: the system uses the instruction. */
static const struct {
    char name[12];
    uint8_t leaf, from, bit, state;
} ts_features[] = {
    {"sse3", 1, TS_ECX, 0, 0},
    {"ssse3", 1, TS_ECX, 9, 0},
    {"fma", 1, TS_ECX, 12, TS_STATE_AVX},
    {"sse4.1", 1, TS_ECX, 19, 0},
    {"sse4.2", 1, TS_ECX, 20, 0},
    {"popcnt", 1, TS_ECX, 23, 0},
    {"xsave", 1, TS_ECX, 27, 0},
    {"avx", 1, TS_ECX, 28, TS_STATE_AVX},
    {"f16c", 1, TS_ECX, 29, TS_STATE_AVX},
    {"bmi", 7, TS_EBX, 3, 0},
    {"avx2", 7, TS_EBX, 5, TS_STATE_AVX},
    {"bmi2", 7, TS_EBX, 8, 0},
    {"avx512f", 7, TS_EBX, 16, TS_STATE_AVX512},
    {"avx512dq", 7, TS_EBX, 17, TS_STATE_AVX512},
    {"adx", 7, TS_EBX, 19, 0},
    {"avx512ifma", 7, TS_EBX, 21, TS_STATE_AVX512},
    {"sha", 7, TS_EBX, 29, 0},
    {"avx512bw", 7, TS_EBX, 30, TS_STATE_AVX512},
    {"avx512vl", 7, TS_EBX, 31, TS_STATE_AVX512},
    {"avx512vbmi2", 7, TS_ECX, 6, TS_STATE_AVX512},
};

/* What CPUID and XGETBV say. */
typedef struct {
    uint32_t leaf1[2], leaf7[2];
    uint64_t state;
} ts_processor;

static ts_processor ts_processor_here(void) {
    ts_processor p = {{0}, {0}, 0};
    uint32_t a, d;
    (void)__get_cpuid_count(1, 0, &a, &p.leaf1[TS_EBX], &p.leaf1[TS_ECX], &d);
    (void)__get_cpuid_count(7, 0, &a, &p.leaf7[TS_EBX], &p.leaf7[TS_ECX], &d);
    /* Without OSXSAVE there is no such instruction. */
    if (!(p.leaf1[TS_ECX] >> 27 & 1)) return p;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    p.state = (uint64_t)d << 32 | a;
#if defined(__APPLE__)
    /* Darwin enables the AVX-512 state of a thread when it is first used. */
    if ((p.state & TS_STATE_AVX) == TS_STATE_AVX) p.state |= TS_STATE_AVX512;
#endif
    return p;
}

/* Whether a processor has the feature of that name, which has the given length; 0 for a name that is not in the list. */
static int ts_processor_has_one(const ts_processor *p, const char *name, size_t length) {
    for (size_t i = 0; i < sizeof ts_features / sizeof *ts_features; i++) {
        if (strlen(ts_features[i].name) != length || memcmp(ts_features[i].name, name, length) != 0) continue;
        const uint32_t *leaf = ts_features[i].leaf == 1 ? p->leaf1 : p->leaf7;
        return (leaf[ts_features[i].from] >> ts_features[i].bit & 1) &&
               (p->state & ts_features[i].state) == ts_features[i].state;
    }
    return 0;
}

/* Whether it has all of them; names are separated by commas. */
static int ts_processor_has(const ts_processor *p, const char *features) {
    while (*features) {
        const size_t length = strcspn(features, ",");
        if (!ts_processor_has_one(p, features, length)) return 0;
        features += length + (features[length] == ',');
    }
    return 1;
}
#endif

#endif
