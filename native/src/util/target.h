/* Per-file target features: setuptools passes the same flags to all files, so a file states its own.
 * TS_TARGET_BEGIN comes before the headers whose functions it shall cover, and after system headers. */
#ifndef TS_TARGET_H
#define TS_TARGET_H

#include "util.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#if defined(__clang__)
#define TS_TARGET_BEGIN(features) \
    TS_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define TS_TARGET_END _Pragma("clang attribute pop")
#else
#define TS_TARGET_BEGIN(features) _Pragma("GCC push_options") TS_PRAGMA(GCC target(features))
#define TS_TARGET_END _Pragma("GCC pop_options")
#endif

/* CPUID leaf 7, EBX bit 29: the SHA instructions, likewise unknown to __builtin_cpu_supports. */
static int ts_cpu_has_sha(void) TS_UNUSED;
static int ts_cpu_has_sha(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

/* CPUID leaf 7, EBX bit 19; gcc 12's __builtin_cpu_supports does not know ADX. The kernel need not
 * save any state for ADX, so no further check is due. */
static int ts_cpu_has_adx(void) TS_UNUSED;
static int ts_cpu_has_adx(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 19 & 1);
}
#endif

#endif
