/* SPDX-License-Identifier: Apache-2.0 */
/* Written by native/tools/constants.py; do not edit. */
#ifndef TS_IFMA_CONSTANTS_H
#define TS_IFMA_CONSTANTS_H

#include "../../util/util.h"

/* r, limbs of 52 bits */
static const uint64_t ts_fr8_modulus[5] TS_UNUSED = {0xfffff00000001, 0x02fffe5bfefff, 0x9a1d80553bda4, 0x7d483339d8080, 0x073eda753299d};

/* 2^260 - r */
static const uint64_t ts_fr8_minus_modulus[5] TS_UNUSED = {0x00000ffffffff, 0xfd0001a401000, 0x65e27faac425b, 0x82b7ccc627f7f, 0xf8c1258acd662};

/* floor(2^512 / r) */
static const uint64_t ts_fr8_enter_mu[5] TS_UNUSED = {0x37a020c0d6393, 0xb4be4bad71427, 0x7e08ed365043e, 0x377c38b5dcb70, 0x2355094edfede};

/* -1/r mod 2^52 */
#define TS_FR8_INV 0xffffeffffffffULL

/* floor(2^59 / (floor(r / 2^208) + 1)) */
#define TS_FR8_MU 4522ULL

/* p, limbs of 52 bits */
static const uint64_t ts_fp8_modulus[8] TS_UNUSED = {0xeffffffffaaab, 0xfeb153ffffb9f, 0x6b0f6241eabff, 0x12bf6730d2a0f, 0x764774b84f385, 0x1ba7b6434bacd, 0x1ea397fe69a4b, 0x000000001a011};

/* -1/p mod 2^52 */
#define TS_FP8_INV 0x3fffcfffcfffdULL

/* k p for k = 0 .. 5 */
static const uint64_t ts_fp8_multiples[6][8] TS_UNUSED = {
    {0x0000000000000, 0x0000000000000, 0x0000000000000, 0x0000000000000, 0x0000000000000, 0x0000000000000, 0x0000000000000, 0x0000000000000},
    {0xeffffffffaaab, 0xfeb153ffffb9f, 0x6b0f6241eabff, 0x12bf6730d2a0f, 0x764774b84f385, 0x1ba7b6434bacd, 0x1ea397fe69a4b, 0x000000001a011},
    {0xdffffffff5556, 0xfd62a7ffff73f, 0xd61ec483d57ff, 0x257ece61a541e, 0xec8ee9709e70a, 0x374f6c869759a, 0x3d472ffcd3496, 0x0000000034022},
    {0xcffffffff0001, 0xfc13fbffff2df, 0x412e26c5c03ff, 0x383e359277e2e, 0x62d65e28eda8f, 0x52f722c9e3068, 0x5beac7fb3cee1, 0x000000004e033},
    {0xbfffffffeaaac, 0xfac54ffffee7f, 0xac3d8907aafff, 0x4afd9cc34a83d, 0xd91dd2e13ce14, 0x6e9ed90d2eb35, 0x7a8e5ff9a692c, 0x0000000068044},
    {0xafffffffe5557, 0xf976a3fffea1f, 0x174ceb4995bff, 0x5dbd03f41d24d, 0x4f6547998c199, 0x8a468f507a603, 0x9931f7f810377, 0x0000000082055}};

/* floor(2^52 / (floor(p / 2^364) + 2)) */
#define TS_FP8_TOP_INV 42281365322ULL

/* beta of curve/g1_constants.h */
static const uint64_t ts_fp8_beta[8] TS_UNUSED = {0xd75aaff33455f, 0xd095356b7cbb6, 0x953a2f6fa079f, 0x1080cf0a3d697, 0x3f7de3465fe7c, 0x01f71fd6896ec, 0xd9dd9cc172747, 0x0000000007d91};

/* floor(2^254 / z^2) */
#define TS_FR_SPLIT_MU_LOW 0x58fdb948bdb3fb8bULL
#define TS_FR_SPLIT_MU_HIGH 0x5f1afb3c7807eab7ULL

/* (p - 1)/2 */
static const uint64_t ts_fp8_modulus_half[8] TS_UNUSED = {0xf7fffffffd555, 0xff58a9ffffdcf, 0xb587b120f55ff, 0x895fb39869507, 0xbb23ba5c279c2, 0x8dd3db21a5d66, 0x8f51cbff34d25, 0x000000000d008};

/* b of y^2 = x^3 + b */
static const uint64_t ts_fp8_b[8] TS_UNUSED = {0xc203aa3a7e6bb, 0x99c5b63f91e5d, 0xec2218e49b9f5, 0xb47d6b297d25b, 0x36f29b533dd05, 0xaac3b92d6d85a, 0x25d100f5559b6, 0x0000000005208};

/* 2^416 mod p: one */
static const uint64_t ts_fp8_unit[8] TS_UNUSED = {0x6480ea8e9b9af, 0x65766c8fe444f, 0x8b540fea96f7d, 0x3b2ee82efd422, 0xa6723e5f0ade5, 0xff6eb6fdd4230, 0xe06ef23c24a25, 0x0000000014c8e};

/* 2^448 mod p: from the domain of 2^384 to that of 2^416 */
static const uint64_t ts_fp8_enter[8] TS_UNUSED = {0x7fde37dba9366, 0x4e27525bc342b, 0x1f5b1e9778489, 0xb872b2b91b9dc, 0xb206f497dfcaf, 0x4137cc89a9b0b, 0xd9d20d7e39959, 0x000000000411c};

/* 2^384 mod p: back */
static const uint64_t ts_fp8_leave[8] TS_UNUSED = {0x900000002fffd, 0x0bc40c0002760, 0x3c758baebf400, 0x57455f4898575, 0xd77ce58537052, 0x071a97a256ec6, 0xec3fa80e4935c, 0x0000000015f65};

/* 2^832 mod p: from integers to the domain of 2^416 */
static const uint64_t ts_fp8_enter_integer[8] TS_UNUSED = {0xa5bf4cb89af51, 0x3afbba7ca31a2, 0x2646160ec71f1, 0xa84d710465903, 0x3480a4a188311, 0x98e5907ad91f5, 0x2075d74507266, 0x0000000008746};

/* 2^1216 mod p: the same for integers times 2^384 */
static const uint64_t ts_fp8_enter_high[8] TS_UNUSED = {0xa88c5d24834b0, 0xd5359b14b0f9e, 0x9c8a4699a6624, 0x7ab4b3203bbb9, 0x2f932a92b246b, 0x02bcfcd2a29d1, 0x433fdf679d883, 0x00000000127a0};

/* 2^1248 mod p: from 1 / (value 2^416) to 2^416 / value */
static const uint64_t ts_fp8_inverse_fix[8] TS_UNUSED = {0x471516ca7ac0c, 0x236b77db88f62, 0x722468923960b, 0x08aaa788fc935, 0xb944540e9ecf5, 0x8657dbb7d51de, 0xa3a3979d68aed, 0x000000000937c};

#endif
