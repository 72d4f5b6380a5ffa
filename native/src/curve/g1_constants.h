/* SPDX-License-Identifier: Apache-2.0 */
/* Written by native/tools/constants.py; do not edit. */
#ifndef TS_G1_CONSTANTS_H
#define TS_G1_CONSTANTS_H

#include "../field/fp.h"

/* -z for the curve's parameter z: r = z^4 - z^2 + 1 */
#define TS_G1_Z_ABS 0xd201000000010000ULL

/* z^2 */
static const uint64_t ts_g1_z_squared[2] TS_UNUSED = {0x0000000100000000, 0xac45a4010001a402};

/* b of y^2 = x^3 + b */
static const ts_fp ts_g1_b TS_UNUSED = {{0xaa270000000cfff3, 0x53cc0032fc34000a, 0x478fe97a6b0a807f, 0xb1d37ebee6ba24d7,
    0x8ec9733bbf78ab2f, 0x09d645513d83de7e}};

/* a cube root of unity, (beta x, y) = -z^2 (x, y) on G1 */
static const ts_fp ts_g1_beta TS_UNUSED = {{0x30f1361b798a64e8, 0xf3b8ddab7ece5a2a, 0x16a8ca3ac61577f7, 0xc26a2ff874fd029b,
    0x3636b76660701c6e, 0x051ba4ab241b6160}};

#endif
