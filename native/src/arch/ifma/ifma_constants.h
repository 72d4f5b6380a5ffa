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

#endif
