/* Written by native/tools/constants.py; do not edit. */
#ifndef TS_IFMA_CONSTANTS_H
#define TS_IFMA_CONSTANTS_H

#include "../../util/util.h"

/* r, limbs of 52 bits */
static const uint64_t ts_fr8_modulus[5] TS_UNUSED = {0xfffff00000001, 0x02fffe5bfefff, 0x9a1d80553bda4, 0x7d483339d8080, 0x073eda753299d};

/* -1/r mod 2^52 */
#define TS_FR8_INV 0xffffeffffffffULL

/* floor(2^59 / (floor(r / 2^208) + 1)) */
#define TS_FR8_MU 4522ULL

/* p, limbs of 52 bits */
static const uint64_t ts_fp8_modulus[8] TS_UNUSED = {0xeffffffffaaab, 0xfeb153ffffb9f, 0x6b0f6241eabff, 0x12bf6730d2a0f, 0x764774b84f385, 0x1ba7b6434bacd, 0x1ea397fe69a4b, 0x000000001a011};

/* -1/p mod 2^52 */
#define TS_FP8_INV 0x3fffcfffcfffdULL

#endif
