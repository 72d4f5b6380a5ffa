/* SPDX-License-Identifier: Apache-2.0 */
/* The AVX-512 and SHA intrinsics of the ifma path in plain C, forced into a build of it with -include, so that a processor
 * without these instructions runs the path: valgrind's, above all, which then follows secrets through it. Nothing here
 * branches on what a lane holds. The C tests run on this build, too, which shows that it computes what the
 * instructions do. */
#ifndef TS_EMULATED_H
#define TS_EMULATED_H

#include "../src/util/target.h"

/* Without the features, or the compiler would use the instructions after all. */
#undef TS_TARGET_BEGIN
#undef TS_TARGET_END
#define TS_TARGET_BEGIN(features)
#define TS_TARGET_END

/* So the path asks for no more than its scalar code needs. */
#undef TS_IFMA_TARGET
#define TS_IFMA_TARGET TS_ADX_TARGET

typedef uint64_t ts_emu_u64 __attribute__((vector_size(64)));
typedef int64_t ts_emu_i64 __attribute__((vector_size(64)));
typedef uint32_t ts_emu_u32 __attribute__((vector_size(64)));
typedef double ts_emu_f64 __attribute__((vector_size(64)));
typedef uint32_t ts_emu_u32x4 __attribute__((vector_size(16)));

#define EMU(name, ...) static inline __attribute__((always_inline, unused)) __m512i ts_emu_##name(__VA_ARGS__)
#define U64(a) ((ts_emu_u64)(a))
#define I64(a) ((ts_emu_i64)(a))
#define U32(a) ((ts_emu_u32)(a))
#define OUT(a) ((__m512i)(a))
#define LANES8(i) for (int i = 0; i < 8; i++)
#define LANES16(i) for (int i = 0; i < 16; i++)

/* ---- memory ---- */

EMU(load, const void *p) {
    __m512i out;
    memcpy(&out, p, sizeof out);
    return out;
}

/* Lanes of a mask that is 0 are not touched; which ones are is public. */
EMU(maskz_load, __mmask8 m, const void *p) {
    ts_emu_u64 out = {0};
    LANES8(i) if (m >> i & 1) out[i] = ((const uint64_t *)p)[i];
    return OUT(out);
}

static inline void ts_emu_store(void *p, __m512i a) { memcpy(p, &a, sizeof a); }

static inline void ts_emu_mask_store(void *p, __mmask8 m, __m512i a) {
    LANES8(i) if (m >> i & 1) ((uint64_t *)p)[i] = U64(a)[i];
}

#define _mm512_load_si512 ts_emu_load
#define _mm512_loadu_si512 ts_emu_load
#define _mm512_maskz_loadu_epi64 ts_emu_maskz_load
#define _mm512_store_si512 ts_emu_store
#define _mm512_storeu_si512 ts_emu_store
#define _mm512_mask_storeu_epi64 ts_emu_mask_store
#define _mm512_stream_si512 ts_emu_store
#define _mm_sfence() ((void)0)

/* ---- whole vectors ---- */

EMU(set8, uint64_t h, uint64_t g, uint64_t f, uint64_t e, uint64_t d, uint64_t c, uint64_t b, uint64_t a) {
    return OUT(((ts_emu_u64){a, b, c, d, e, f, g, h}));
}

EMU(broadcast, uint64_t a) { return OUT((ts_emu_u64){0} + a); }
EMU(broadcast32, int a) { return OUT((ts_emu_u32){0} + (uint32_t)a); }

#define _mm512_set_epi64 ts_emu_set8
#define _mm512_set1_epi64(a) ts_emu_broadcast((uint64_t)(a))
#define _mm512_set1_epi32 ts_emu_broadcast32
#define _mm512_setzero_si512() ts_emu_broadcast(0)
#define _mm512_set_epi32(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) \
    OUT(((ts_emu_u32){a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}))

EMU(insert_half, __m512i a, __m256i b, int which) {
    memcpy((uint8_t *)&a + 32 * which, &b, sizeof b);
    return a;
}

static inline __m256i ts_emu_half(__m512i a, int which) {
    __m256i out;
    memcpy(&out, (uint8_t *)&a + 32 * which, sizeof out);
    return out;
}

static inline __m128i ts_emu_quarter(__m512i a) {
    __m128i out;
    memcpy(&out, &a, sizeof out);
    return out;
}

#define _mm512_castsi256_si512(a) ts_emu_insert_half(ts_emu_broadcast(0), a, 0)
#define _mm512_inserti64x4 ts_emu_insert_half
#define _mm512_castsi512_si256(a) ts_emu_half(a, 0)
#define _mm512_extracti64x4_epi64 ts_emu_half
#define _mm512_castsi512_si128 ts_emu_quarter

/* ---- arithmetic ---- */

#define _mm512_add_epi64(a, b) OUT(U64(a) + U64(b))
#define _mm512_sub_epi64(a, b) OUT(U64(a) - U64(b))
#define _mm512_add_epi32(a, b) OUT(U32(a) + U32(b))
#define _mm512_and_si512(a, b) OUT(U64(a) & U64(b))
#define _mm512_or_si512(a, b) OUT(U64(a) | U64(b))
#define _mm512_xor_si512(a, b) OUT(U64(a) ^ U64(b))
#define _mm512_slli_epi64(a, n) OUT(U64(a) << (uint64_t)(n))
#define _mm512_srli_epi64(a, n) OUT(U64(a) >> (uint64_t)(n))
#define _mm512_srai_epi64(a, n) OUT(I64(a) >> (int64_t)(n))
#define _mm512_shrdi_epi64(a, b, n) OUT(U64(a) >> (uint64_t)(n) | U64(b) << (uint64_t)(64 - (n)))
#define _mm512_rol_epi32(a, n) OUT(U32(a) << (uint32_t)(n) | U32(a) >> (uint32_t)(32 - (n)))

EMU(shift, __m512i a, __m128i n) { return OUT(U64(a) >> (uint64_t)_mm_cvtsi128_si64(n)); }

/* Products of the low 52 bits. */
EMU(madd52lo, __m512i t, __m512i a, __m512i b) {
    const uint64_t mask = ((uint64_t)1 << 52) - 1;
    return OUT(U64(t) + ((U64(a) & mask) * (U64(b) & mask) & mask));
}

EMU(madd52hi, __m512i t, __m512i a, __m512i b) {
    const uint64_t mask = ((uint64_t)1 << 52) - 1;
    ts_emu_u64 out = U64(t);
    LANES8(i) out[i] += (uint64_t)((ts_u128)(U64(a)[i] & mask) * (U64(b)[i] & mask) >> 52);
    return OUT(out);
}

/* Bit 4 a + 2 b + c of the table. */
EMU(ternary, __m512i a, __m512i b, __m512i c, int table) {
    ts_emu_u64 out = {0};
    for (int j = 0; j < 8; j++)
        if (table >> j & 1)
            out |= (j & 4 ? U64(a) : ~U64(a)) & (j & 2 ? U64(b) : ~U64(b)) & (j & 1 ? U64(c) : ~U64(c));
    return OUT(out);
}

/* A comparison gives lanes of all ones or zero. */
EMU(select, __m512i where, __m512i a, __m512i b) { return OUT((U64(where) & U64(a)) | (~U64(where) & U64(b))); }
EMU(min, __m512i a, __m512i b) { return ts_emu_select(OUT(U64(a) < U64(b)), a, b); }
EMU(max, __m512i a, __m512i b) { return ts_emu_select(OUT(I64(a) > I64(b)), a, b); }
EMU(abs, __m512i a) { return OUT((U64(a) ^ U64(I64(a) >> 63)) - U64(I64(a) >> 63)); }

#define _mm512_srl_epi64 ts_emu_shift
#define _mm512_madd52lo_epu64 ts_emu_madd52lo
#define _mm512_madd52hi_epu64 ts_emu_madd52hi
#define _mm512_ternarylogic_epi64 ts_emu_ternary
#define _mm512_min_epu64 ts_emu_min
#define _mm512_max_epi64 ts_emu_max
#define _mm512_abs_epi64 ts_emu_abs

/* ---- masks ---- */

/* The highest bits of the lanes, and back. */
static inline __mmask8 ts_emu_tops(__m512i a) {
    unsigned out = 0;
    LANES8(i) out |= (unsigned)(U64(a)[i] >> 63) << i;
    return (__mmask8)out;
}

EMU(spread, __mmask8 m) {
    ts_emu_u64 out;
    LANES8(i) out[i] = 0 - (uint64_t)(m >> i & 1);
    return OUT(out);
}

#define _mm512_movepi64_mask ts_emu_tops
#define _mm512_cmpeq_epi64_mask(a, b) ts_emu_tops(OUT(U64(a) == U64(b)))
#define _mm512_mask_cmpeq_epi64_mask(m, a, b) ((__mmask8)((m) & _mm512_cmpeq_epi64_mask(a, b)))
#define _mm512_cmpge_epu64_mask(a, b) ts_emu_tops(OUT(U64(a) >= U64(b)))
#define _mm512_test_epi64_mask(a, b) ts_emu_tops(OUT((U64(a) & U64(b)) != 0))
#define _mm512_testn_epi64_mask(a, b) ts_emu_tops(OUT((U64(a) & U64(b)) == 0))
#define _mm512_mask_mov_epi64(a, m, b) ts_emu_select(ts_emu_spread(m), b, a)
#define _mm512_mask_add_epi64(s, m, a, b) ts_emu_select(ts_emu_spread(m), _mm512_add_epi64(a, b), s)
#define _mm512_mask_or_epi64(s, m, a, b) ts_emu_select(ts_emu_spread(m), _mm512_or_si512(a, b), s)
#define _mm512_mask_sub_epi64(s, m, a, b) ts_emu_select(ts_emu_spread(m), _mm512_sub_epi64(a, b), s)

/* ---- permutations; every index is public ---- */

EMU(unpack, __m512i a, __m512i b, int high) {
    ts_emu_u64 out;
    LANES8(i) out[i] = U64(i & 1 ? b : a)[i / 2 * 2 + high];
    return OUT(out);
}

EMU(unpack32, __m512i a, __m512i b, int high) {
    ts_emu_u32 out;
    LANES16(i) out[i] = U32(i & 1 ? b : a)[i / 4 * 4 + i % 4 / 2 + 2 * high];
    return OUT(out);
}

/* Blocks of 128 bits, two of a and then two of b. */
EMU(blocks, __m512i a, __m512i b, int control) {
    ts_emu_u64 out;
    LANES8(i) out[i] = U64(i < 4 ? a : b)[2 * (control >> (i / 2 * 2) & 3) + i % 2];
    return OUT(out);
}

/* Within each half. */
EMU(permute, __m512i a, int control) {
    ts_emu_u64 out;
    LANES8(i) out[i] = U64(a)[i / 4 * 4 + (control >> (i % 4 * 2) & 3)];
    return OUT(out);
}

/* Bytes within each block of 128 bits; no index has its top bit set. */
EMU(shuffle, __m512i a, __m512i index) {
    uint8_t in[64], at[64], out[64];
    memcpy(in, &a, sizeof in), memcpy(at, &index, sizeof at);
    for (int i = 0; i < 64; i++) out[i] = in[i / 16 * 16 + (at[i] & 15)];
    memcpy(&a, out, sizeof out);
    return a;
}

/* Indices may be secret here, which select without an address. */
EMU(pick, __m512i index, __m512i a) {
    ts_emu_u64 out = {0};
    LANES8(j) out |= U64(I64((U64(index) & 7) == (uint64_t)j)) & U64(a)[j];
    return OUT(out);
}

EMU(pick2, __m512i a, __m512i index, __m512i b) {
    return ts_emu_select(OUT((U64(index) & 8) != 0), ts_emu_pick(index, b), ts_emu_pick(index, a));
}

#define _mm512_unpacklo_epi64(a, b) ts_emu_unpack(a, b, 0)
#define _mm512_unpackhi_epi64(a, b) ts_emu_unpack(a, b, 1)
#define _mm512_unpacklo_epi32(a, b) ts_emu_unpack32(a, b, 0)
#define _mm512_unpackhi_epi32(a, b) ts_emu_unpack32(a, b, 1)
#define _mm512_shuffle_i64x2 ts_emu_blocks
#define _mm512_shuffle_i32x4 ts_emu_blocks
#define _mm512_shuffle_epi8 ts_emu_shuffle
#define _mm512_permutex_epi64 ts_emu_permute
#define _mm512_permutexvar_epi64 ts_emu_pick
#define _mm512_permutex2var_epi64 ts_emu_pick2

/* ---- floating point ---- */

#define _mm512_set1_pd(a) ((__m512d)((ts_emu_f64){0} + (a)))
#define _mm512_add_pd(a, b) ((__m512d)((ts_emu_f64)(a) + (ts_emu_f64)(b)))
#define _mm512_mul_pd(a, b) ((__m512d)((ts_emu_f64)(a) * (ts_emu_f64)(b)))
#define _mm512_cvtepi64_pd(a) ((__m512d)__builtin_convertvector(I64(a), ts_emu_f64))
#define _mm512_cvttpd_epi64(a) OUT(__builtin_convertvector((ts_emu_f64)(a), ts_emu_i64))

/* ---- SHA-256: FIPS 180-4, as Intel's manual divides it among instructions ---- */

static inline uint32_t ts_emu_ror(uint32_t x, int n) { return x >> n | x << (32 - n); }
static inline uint32_t ts_emu_sigma0(uint32_t x) { return ts_emu_ror(x, 7) ^ ts_emu_ror(x, 18) ^ x >> 3; }
static inline uint32_t ts_emu_sigma1(uint32_t x) { return ts_emu_ror(x, 17) ^ ts_emu_ror(x, 19) ^ x >> 10; }

static inline __m128i ts_emu_sha256msg1(__m128i a, __m128i b) {
    const ts_emu_u32x4 x = (ts_emu_u32x4)a, y = (ts_emu_u32x4)b;
    return (__m128i)(x + (ts_emu_u32x4){ts_emu_sigma0(x[1]), ts_emu_sigma0(x[2]), ts_emu_sigma0(x[3]), ts_emu_sigma0(y[0])});
}

static inline __m128i ts_emu_sha256msg2(__m128i a, __m128i b) {
    const ts_emu_u32x4 x = (ts_emu_u32x4)a, y = (ts_emu_u32x4)b;
    const uint32_t w16 = x[0] + ts_emu_sigma1(y[2]), w17 = x[1] + ts_emu_sigma1(y[3]);
    return (__m128i)(ts_emu_u32x4){w16, w17, x[2] + ts_emu_sigma1(w16), x[3] + ts_emu_sigma1(w17)};
}

static inline __m128i ts_emu_sha256rnds2(__m128i cdgh, __m128i abef, __m128i wk) {
    const ts_emu_u32x4 x = (ts_emu_u32x4)cdgh, y = (ts_emu_u32x4)abef, k = (ts_emu_u32x4)wk;
    uint32_t s[8] = {y[3], y[2], x[3], x[2], y[1], y[0], x[1], x[0]};
    for (int i = 0; i < 2; i++) {
        const uint32_t a = s[0], b = s[1], c = s[2], e = s[4], f = s[5], g = s[6];
        const uint32_t sum1 = ts_emu_ror(e, 6) ^ ts_emu_ror(e, 11) ^ ts_emu_ror(e, 25);
        const uint32_t sum0 = ts_emu_ror(a, 2) ^ ts_emu_ror(a, 13) ^ ts_emu_ror(a, 22);
        const uint32_t t = s[7] + sum1 + ((e & f) ^ (~e & g)) + k[i];
        for (int j = 7; j > 0; j--) s[j] = s[j - 1];
        s[4] += t;
        s[0] = t + sum0 + ((a & b) ^ (a & c) ^ (b & c));
    }
    return (__m128i)(ts_emu_u32x4){s[5], s[4], s[1], s[0]};
}

#define _mm_sha256msg1_epu32 ts_emu_sha256msg1
#define _mm_sha256msg2_epu32 ts_emu_sha256msg2
#define _mm_sha256rnds2_epu32 ts_emu_sha256rnds2

#endif
