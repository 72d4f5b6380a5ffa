/* SPDX-License-Identifier: Apache-2.0 */
/* Written by native/tools/constants.py; do not edit. */
#ifndef TS_FR_CONSTANTS_H
#define TS_FR_CONSTANTS_H

#include "fr.h"

/* r */
static const uint64_t ts_fr_modulus[4] TS_UNUSED = {0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48};

/* -1/r mod 2^64 */
#define TS_FR_INV 0xfffffffeffffffffULL

/* (r - 1)/2 */
static const uint64_t ts_fr_modulus_half[4] TS_UNUSED = {0x7fffffff80000000, 0xa9ded2017fff2dff, 0x199cec0404d0ec02, 0x39f6d3a994cebea4};

/* ((r - 1)/2^32 - 1)/2 */
static const uint64_t ts_fr_sqrt_exponent[4] TS_UNUSED = {0x7fff2dff7fffffff, 0x04d0ec02a9ded201, 0x94cebea4199cec04, 0x0000000039f6d3a9};

/* see roots_hash in the script */
#define TS_FR_ROOTS_HASH 109ULL

/* 2^256 mod r: one */
static const ts_fr ts_fr_one TS_UNUSED = {{0x00000001fffffffe, 0x5884b7fa00034802, 0x998c4fefecbc4ff5, 0x1824b159acc5056f}};

/* 2^512 mod r, to enter Montgomery form */
static const ts_fr ts_fr_r2 TS_UNUSED = {{0xc999e990f3f29c6d, 0x2b6cedcb87925c23, 0x05d314967254398f, 0x0748d9d99f59ff11}};

/* 2^768 mod r, to enter it times 2^256 */
static const ts_fr ts_fr_r3 TS_UNUSED = {{0xc62c1807439b73af, 0x1b3e0d188cf06990, 0x73d13c71c7b5f418, 0x6e2a5bb9c8db33e9}};

/* 7^((r-1)/2^32), of order 2^32 */
static const ts_fr ts_fr_omega TS_UNUSED = {{0xb9b58d8c5f0e466a, 0x5b1b4c801819d7ec, 0x0af53ae352a31e64, 0x5bf3adda19e9b27b}};

/* 1/2 */
static const ts_fr ts_fr_half TS_UNUSED = {{0x00000000ffffffff, 0xac425bfd0001a401, 0xccc627f7f65e27fa, 0x0c1258acd66282b7}};

#endif
