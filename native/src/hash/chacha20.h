/* SPDX-License-Identifier: Apache-2.0 */
/* The ChaCha20 block function (RFC 8439, section 2.3), several counters at a time. */
#ifndef TS_CHACHA20_H
#define TS_CHACHA20_H

#include "../util/util.h"

#define TS_CHACHA20_BLOCK 64
#define TS_CHACHA20_LANES 8

/* out = the TS_CHACHA20_LANES consecutive blocks that start at counter (which wraps at 2^32). */
static void ts_chacha20_blocks(uint8_t out[TS_CHACHA20_LANES * TS_CHACHA20_BLOCK], const uint8_t key[32],
                               const uint8_t nonce[12], uint32_t counter);

#endif
