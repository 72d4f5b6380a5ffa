/* SPDX-License-Identifier: Apache-2.0 */
/* The samplers of spec/ring.md: words of a ChaCha20 stream, a fixed number for each coefficient, in constant time. */
#ifndef TS_SAMPLE_IMPL_H
#define TS_SAMPLE_IMPL_H

#include "../hash/chacha20.h"
#include "zq.h"

/* Words drawn at a time. */
#define TS_SAMPLE_WORDS 1024
#define TS_SAMPLE_BLOCK_WORDS (TS_CHACHA20_BLOCK / 8)

typedef struct {
    const uint8_t *key, *nonce;
    uint32_t counter;
    uint8_t bytes[8 * TS_SAMPLE_WORDS];
} ts_sample_stream;

/* Word i of the piece drawn last. */
TS_INLINE uint64_t ts_sample_word(const ts_sample_stream *s, size_t i) { return ts_load_le64(s->bytes + 8 * i); }

static void chacha20_stream(uint8_t *out, size_t blocks, const uint8_t *key32, const uint8_t *nonce12,
                            uint32_t counter) {
    uint8_t last[TS_CHACHA20_LANES * TS_CHACHA20_BLOCK];
    for (; blocks >= TS_CHACHA20_LANES; blocks -= TS_CHACHA20_LANES) {
        ts_chacha20_blocks(out, key32, nonce12, counter);
        out += sizeof last;
        counter += TS_CHACHA20_LANES;
    }
    if (!blocks) return;
    ts_chacha20_blocks(last, key32, nonce12, counter);
    memcpy(out, last, blocks * TS_CHACHA20_BLOCK);
    ts_wipe(last, sizeof last);
}

/* Draws the next words; all pieces but the last are whole blocks. */
TS_INLINE void ts_sample_draw(ts_sample_stream *s, size_t words) {
    const size_t blocks = (words + TS_SAMPLE_BLOCK_WORDS - 1) / TS_SAMPLE_BLOCK_WORDS;
    TS_ASSERT(words <= TS_SAMPLE_WORDS);
    TS_CODE_IFMA(chacha20_stream)(s->bytes, blocks, s->key, s->nonce, s->counter);
    s->counter += (uint32_t)blocks;
}

static void sample_ternary(int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12) {
    ts_sample_stream s = {.key = key32, .nonce = nonce12};
    for (size_t k = 0; k < n; k += TS_SAMPLE_WORDS) {
        const size_t count = n - k < TS_SAMPLE_WORDS ? n - k : TS_SAMPLE_WORDS;
        ts_sample_draw(&s, count);
        for (size_t i = 0; i < count; i++) {
            /* floor(3 w / 2^64), by the two places where it steps up. */
            const uint64_t w = ts_sample_word(&s, i);
            out[k + i] = (int64_t)(w > UINT64_MAX / 3) + (int64_t)(w > UINT64_MAX / 3 * 2) - 1;
        }
    }
    ts_wipe(&s, sizeof s);
}

/* The number of ones in each half of x, whose halves are below 2^21. */
TS_INLINE uint64_t ts_sample_count(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    x += x >> 8;
    return (x + (x >> 16)) & 0x0000001f0000001f;
}

static void sample_binomial(int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12) {
    const uint64_t half = ((uint64_t)1 << 21) - 1;
    ts_sample_stream s = {.key = key32, .nonce = nonce12};
    for (size_t k = 0; k < n; k += TS_SAMPLE_WORDS) {
        const size_t count = n - k < TS_SAMPLE_WORDS ? n - k : TS_SAMPLE_WORDS;
        ts_sample_draw(&s, count);
        for (size_t i = 0; i < count; i++) {
            const uint64_t w = ts_sample_word(&s, i);
            const uint64_t ones = ts_sample_count((w & half) | (w >> 21 & half) << 32);
            out[k + i] = (int64_t)(ones & 31) - (int64_t)(ones >> 32);
        }
    }
    ts_wipe(&s, sizeof s);
}

static void sample_box(int64_t *out, size_t n, unsigned bits, const uint8_t *key32, const uint8_t *nonce12) {
    ts_sample_stream s = {.key = key32, .nonce = nonce12};
    TS_ASSERT(bits <= 62);
    const uint64_t half = (uint64_t)1 << bits;
    for (size_t k = 0; k < n; k += TS_SAMPLE_WORDS) {
        const size_t count = n - k < TS_SAMPLE_WORDS ? n - k : TS_SAMPLE_WORDS;
        ts_sample_draw(&s, count);
        for (size_t i = 0; i < count; i++)
            out[k + i] = (int64_t)(ts_sample_word(&s, i) & (2 * half - 1)) - (int64_t)half;
    }
    ts_wipe(&s, sizeof s);
}

/* Shape (limbs, n). */
static void sample_wide(uint64_t *out, size_t n, size_t limbs, const uint8_t *key32, const uint8_t *nonce12) {
    /* Eight coefficients take whole blocks. */
    const size_t step = TS_SAMPLE_WORDS / limbs / 8 * 8;
    ts_sample_stream s = {.key = key32, .nonce = nonce12};
    TS_ASSERT(limbs >= 1 && step >= 8);
    for (size_t k = 0; k < n; k += step) {
        const size_t count = n - k < step ? n - k : step;
        ts_sample_draw(&s, limbs * count);
        for (size_t j = 0; j < limbs; j++)
            for (size_t i = 0; i < count; i++)
                out[j * n + k + i] = ts_sample_word(&s, limbs * i + j) & TS_ZQ_MASK;
    }
    ts_wipe(&s, sizeof s);
}

#endif
