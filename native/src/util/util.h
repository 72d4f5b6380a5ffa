/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler glue: inlining, unrolling, 128-bit integers, VERIFY assertions, wiping.
 *
 * The core needs a 64-bit compiler with unsigned __int128 (gcc or clang). */
#ifndef TS_UTIL_H
#define TS_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__SIZEOF_INT128__)
#error "the native core needs a compiler with unsigned __int128"
#endif

#define TS_INLINE static inline __attribute__((always_inline))
#define TS_NOINLINE __attribute__((noinline))
#define TS_UNUSED __attribute__((unused))
#define TS_HIDDEN __attribute__((visibility("hidden")))
#define TS_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define TS_UNROLL(n) TS_PRAGMA(clang loop unroll(full))
#else
#define TS_UNROLL(n) TS_PRAGMA(GCC unroll n)
#endif

typedef unsigned __int128 ts_u128;

/* Bounds are asserted where a sanitizer build defines TS_VERIFY, and cost nothing elsewhere. */
#ifdef TS_VERIFY
#include <stdio.h>
#include <stdlib.h>
#define TS_ASSERT(cond)                                                                  \
    do {                                                                                 \
        if (!(cond)) {                                                                   \
            fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #cond);         \
            abort();                                                                     \
        }                                                                                \
    } while (0)
#else
#define TS_ASSERT(cond) ((void)0)
#endif

/* Zeroes secrets; the barrier keeps the compiler from removing a store to a dying object. */
TS_INLINE void ts_wipe(void *p, size_t n) {
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* Leaves zeros in an output of n bytes, and returns the error: every function that fails ends by this. */
TS_INLINE int ts_refuse(int code, void *out, size_t n) {
    memset(out, 0, n);
    return code;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TS_LE32(v) (v)
#define TS_LE64(v) (v)
#define TS_BE32(v) __builtin_bswap32(v)
#define TS_BE64(v) __builtin_bswap64(v)
#else
#define TS_LE32(v) __builtin_bswap32(v)
#define TS_LE64(v) __builtin_bswap64(v)
#define TS_BE32(v) (v)
#define TS_BE64(v) (v)
#endif

/* Integers of a stated byte order at any address. */
TS_INLINE uint32_t ts_load_le32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return TS_LE32(v);
}

TS_INLINE uint32_t ts_load_be32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return TS_BE32(v);
}

TS_INLINE uint64_t ts_load_le64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return TS_LE64(v);
}

TS_INLINE uint64_t ts_load_be64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return TS_BE64(v);
}

TS_INLINE void ts_store_le32(uint8_t *p, uint32_t v) {
    v = TS_LE32(v);
    memcpy(p, &v, sizeof v);
}

TS_INLINE void ts_store_be32(uint8_t *p, uint32_t v) {
    v = TS_BE32(v);
    memcpy(p, &v, sizeof v);
}

TS_INLINE void ts_store_le64(uint8_t *p, uint64_t v) {
    v = TS_LE64(v);
    memcpy(p, &v, sizeof v);
}

TS_INLINE void ts_store_be64(uint8_t *p, uint64_t v) {
    v = TS_BE64(v);
    memcpy(p, &v, sizeof v);
}

#endif
