/* SPDX-License-Identifier: Apache-2.0 */
/* Per-file target features: setuptools passes the same flags to all files, so a file states its own.
 * TS_TARGET_BEGIN comes before the headers whose functions it shall cover, and after system headers. */
#ifndef TS_TARGET_H
#define TS_TARGET_H

#include "util.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#define TS_TARGET_BEGIN(features) \
    TS_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define TS_TARGET_END _Pragma("clang attribute pop")
#else
#define TS_TARGET_BEGIN(features) _Pragma("GCC push_options") TS_PRAGMA(GCC target(features))
#define TS_TARGET_END _Pragma("GCC pop_options")
#endif

/* What the paths are compiled for. Features that others imply stand here by name as well, because the string is also what a
 * processor is asked for (cpu/features.h). */
#define TS_ADX_TARGET "sse3,ssse3,sse4.1,sse4.2,popcnt,xsave,avx,avx2,bmi,bmi2,adx"
#ifndef TS_IFMA_TARGET
#define TS_IFMA_TARGET                                                \
    "sse3,ssse3,sse4.1,sse4.2,popcnt,xsave,avx,avx2,bmi,bmi2,adx,"    \
    "fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512ifma,avx512vbmi2,sha"
#endif
#endif

#endif
