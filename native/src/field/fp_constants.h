/* SPDX-License-Identifier: Apache-2.0 */
/* Written by native/tools/constants.py; do not edit. */
#ifndef TS_FP_CONSTANTS_H
#define TS_FP_CONSTANTS_H

#include "fp.h"

/* p */
static const uint64_t ts_fp_modulus[6] TS_UNUSED = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624, 0x64774b84f38512bf,
    0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};

/* -1/p mod 2^64 */
#define TS_FP_INV 0x89f3fffcfffcfffdULL

/* (p - 1)/2 */
static const uint64_t ts_fp_modulus_half[6] TS_UNUSED = {0xdcff7fffffffd555, 0x0f55ffff58a9ffff, 0xb39869507b587b12, 0xb23ba5c279c2895f,
    0x258dd3db21a5d66b, 0x0d0088f51cbff34d};

/* (p + 1)/4 */
static const uint64_t ts_fp_sqrt_exponent[6] TS_UNUSED = {0xee7fbfffffffeaab, 0x07aaffffac54ffff, 0xd9cc34a83dac3d89, 0xd91dd2e13ce144af,
    0x92c6e9ed90d2eb35, 0x0680447a8e5ff9a6};

/* (p - 3)/4 */
static const uint64_t ts_fp_sqrt_ratio_exponent[6] TS_UNUSED = {0xee7fbfffffffeaaa, 0x07aaffffac54ffff, 0xd9cc34a83dac3d89, 0xd91dd2e13ce144af,
    0x92c6e9ed90d2eb35, 0x0680447a8e5ff9a6};

/* 2^384 mod p: one */
static const ts_fp ts_fp_one TS_UNUSED = {{0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745,
    0x5c071a97a256ec6d, 0x15f65ec3fa80e493}};

/* 2^768 mod p, to enter Montgomery form */
static const ts_fp ts_fp_r2 TS_UNUSED = {{0xf4df1f341c341746, 0x0a76e6a609d104f1, 0x8de5476c4c95b6d5, 0x67eb88a9939d83c0,
    0x9a793e85b519952d, 0x11988fe592cae3aa}};

/* 2^1152 mod p, to enter it times 2^384 */
static const ts_fp ts_fp_r3 TS_UNUSED = {{0xed48ac6bd94ca1e0, 0x315f831e03a7adf8, 0x9a53352a615e29dd, 0x34c04e5e921e1761,
    0x2512d43565724728, 0x0aa6346091755d4d}};

#endif
