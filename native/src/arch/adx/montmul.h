/* SPDX-License-Identifier: Apache-2.0 */
/* Montgomery multiplication with BMI2 and ADX: the contract of ts_limbs_montmul (ct/limbs.h).
 *
 * One row of a limb of b is added with two carry chains at once, one in CF for the high halves of the
 * products and one in OF for the low halves; then the same with the quotient times m, which also
 * moves everything one limb down. Since m has a spare bit, the running value stays below 2 m and the
 * carry limb A can simply be added at the end of the row. Compilers do not produce the two chains
 * from C, hence the assembly. */
#ifndef TS_ADX_MONTMUL_H
#define TS_ADX_MONTMUL_H

#include "../../ct/limbs.h"

#define TS_ARCH_MONTMUL

/* mov leaves the flags alone, so a zero for the ends of the chains comes from it. */
#define TS_ADX_ZERO "movl $0, %k[lo]\n\t"
#define TS_ADX_CLEAR "xorl %k[lo], %k[lo]\n\t"

/* A = high half of a[j] b[i]; t_j += low half, with the carry in OF. */
#define TS_ADX_STEP(offset, t) "mulxq " #offset "(%[a]), %[lo], %[A]\n\tadoxq %[lo], %[" #t "]\n\t"

/* The high half A of the product before goes to t, with the carry in CF. */
#define TS_ADX_HIGH(t) "adcxq %[A], %[" #t "]\n\t"

/* In the first row t is still empty, so products go there directly. */
#define TS_ADX_FIRST(offset, t, next) "mulxq " #offset "(%[a]), %[lo], %[" #next "]\n\tadoxq %[lo], %[" #t "]\n\t"

/* t_(j-1) = t_j + high half of q m[j-1] (already there) + low half of q m[j]; t_j = high half. */
#define TS_ADX_FOLD(offset, t, next) \
    "adcxq %[" #next "], %[" #t "]\n\tmulxq " #offset "(%[m]), %[lo], %[" #next "]\n\tadoxq %[lo], %[" #t "]\n\t"

/* q = t_0 (-1/m) mod 2^64; the lowest limb of t + q m is zero and only leaves a carry. */
#define TS_ADX_QUOTIENT                                  \
    "movq %[t0], %%rdx\n\timulq %[inv], %%rdx\n\t"       \
    TS_ADX_CLEAR                                         \
    "mulxq (%[m]), %[lo], %[hi]\n\tadcxq %[t0], %[lo]\n\tmovq %[hi], %[t0]\n\t"

#define TS_ADX_FOLD_END(t) TS_ADX_ZERO "adcxq %[lo], %[" #t "]\n\tadoxq %[A], %[" #t "]\n\t"
#define TS_ADX_ROW_END TS_ADX_ZERO "adcxq %[lo], %[A]\n\tadoxq %[lo], %[A]\n\t"
#define TS_ADX_ROW_BEGIN(offset) TS_ADX_CLEAR "movq " #offset "(%[b]), %%rdx\n\t"

#define TS_ADX_FIRST4                                                                                     \
    TS_ADX_ROW_BEGIN(0) "mulxq (%[a]), %[t0], %[t1]\n\t" TS_ADX_FIRST(8, t1, t2) TS_ADX_FIRST(16, t2, t3) \
    TS_ADX_FIRST(24, t3, A) TS_ADX_ZERO "adoxq %[lo], %[A]\n\t"
#define TS_ADX_ROW4(offset)                                                                             \
    TS_ADX_ROW_BEGIN(offset) TS_ADX_STEP(0, t0) TS_ADX_HIGH(t1) TS_ADX_STEP(8, t1) TS_ADX_HIGH(t2)      \
    TS_ADX_STEP(16, t2) TS_ADX_HIGH(t3) TS_ADX_STEP(24, t3) TS_ADX_ROW_END
#define TS_ADX_REDUCE4 \
    TS_ADX_QUOTIENT TS_ADX_FOLD(8, t0, t1) TS_ADX_FOLD(16, t1, t2) TS_ADX_FOLD(24, t2, t3) TS_ADX_FOLD_END(t3)

#define TS_ADX_FIRST6                                                                                     \
    TS_ADX_ROW_BEGIN(0) "mulxq (%[a]), %[t0], %[t1]\n\t" TS_ADX_FIRST(8, t1, t2) TS_ADX_FIRST(16, t2, t3) \
    TS_ADX_FIRST(24, t3, t4) TS_ADX_FIRST(32, t4, t5) TS_ADX_FIRST(40, t5, A) TS_ADX_ZERO "adoxq %[lo], %[A]\n\t"
#define TS_ADX_ROW6(offset)                                                                             \
    TS_ADX_ROW_BEGIN(offset) TS_ADX_STEP(0, t0) TS_ADX_HIGH(t1) TS_ADX_STEP(8, t1) TS_ADX_HIGH(t2)      \
    TS_ADX_STEP(16, t2) TS_ADX_HIGH(t3) TS_ADX_STEP(24, t3) TS_ADX_HIGH(t4) TS_ADX_STEP(32, t4)         \
    TS_ADX_HIGH(t5) TS_ADX_STEP(40, t5) TS_ADX_ROW_END
#define TS_ADX_REDUCE6                                                                             \
    TS_ADX_QUOTIENT TS_ADX_FOLD(8, t0, t1) TS_ADX_FOLD(16, t1, t2) TS_ADX_FOLD(24, t2, t3)         \
    TS_ADX_FOLD(32, t3, t4) TS_ADX_FOLD(40, t4, t5) TS_ADX_FOLD_END(t5)

TS_INLINE void ts_montmul4(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m, uint64_t m_inv) {
    uint64_t t[4], A, lo, hi;
    __asm__(TS_ADX_FIRST4 TS_ADX_REDUCE4 TS_ADX_ROW4(8) TS_ADX_REDUCE4 TS_ADX_ROW4(16) TS_ADX_REDUCE4
                TS_ADX_ROW4(24) TS_ADX_REDUCE4
            : [t0] "=&r"(t[0]), [t1] "=&r"(t[1]), [t2] "=&r"(t[2]), [t3] "=&r"(t[3]), [A] "=&r"(A),
              [lo] "=&r"(lo), [hi] "=&r"(hi)
            : [a] "r"(a), [b] "r"(b), [m] "r"(m), [inv] "rm"(m_inv)
            : "rdx", "cc", "memory");
    ts_limbs_reduce_once(out, t, m, 4);
}

TS_INLINE void ts_montmul6(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m, uint64_t m_inv) {
    uint64_t t[6], A, lo, hi;
    __asm__(TS_ADX_FIRST6 TS_ADX_REDUCE6 TS_ADX_ROW6(8) TS_ADX_REDUCE6 TS_ADX_ROW6(16) TS_ADX_REDUCE6
                TS_ADX_ROW6(24) TS_ADX_REDUCE6 TS_ADX_ROW6(32) TS_ADX_REDUCE6 TS_ADX_ROW6(40) TS_ADX_REDUCE6
            : [t0] "=&r"(t[0]), [t1] "=&r"(t[1]), [t2] "=&r"(t[2]), [t3] "=&r"(t[3]), [t4] "=&r"(t[4]),
              [t5] "=&r"(t[5]), [A] "=&r"(A), [lo] "=&r"(lo), [hi] "=&r"(hi)
            : [a] "r"(a), [b] "r"(b), [m] "r"(m), [inv] "rm"(m_inv)
            : "rdx", "cc", "memory");
    ts_limbs_reduce_once(out, t, m, 6);
}

#endif
