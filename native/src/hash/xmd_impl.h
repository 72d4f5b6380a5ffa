/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_XMD_IMPL_H
#define TS_XMD_IMPL_H

#include "sha256_impl.h"
#include "xmd.h"

/* Absorbs DST_prime = DST || I2OSP(len(DST), 1), which ends every hash, and finishes. */
static void ts_xmd_finish(uint8_t out[TS_SHA256_SIZE], ts_sha256 *h, const uint8_t *dst, size_t dst_len) {
    uint8_t length = (uint8_t)dst_len;
    ts_sha256_update(h, dst, dst_len);
    ts_sha256_update(h, &length, 1);
    ts_sha256_final(out, h);
}

/* b_0 = H(Z_pad || msg || I2OSP(out_len, 2) || I2OSP(0, 1) || DST_prime). */
static void ts_xmd_first(uint8_t b0[TS_SHA256_SIZE], size_t out_len, const uint8_t *msg, size_t msg_len,
                         const uint8_t *dst, size_t dst_len) {
    static const uint8_t z_pad[TS_SHA256_BLOCK] = {0};
    uint8_t tail[3] = {(uint8_t)(out_len >> 8), (uint8_t)out_len, 0};
    ts_sha256 h;
    ts_sha256_init(&h);
    ts_sha256_update(&h, z_pad, sizeof z_pad);
    ts_sha256_update(&h, msg, msg_len);
    ts_sha256_update(&h, tail, sizeof tail);
    ts_xmd_finish(b0, &h, dst, dst_len);
}

static void ts_xmd_expand(uint8_t *out, size_t out_len, const uint8_t *msg, size_t msg_len,
                          const uint8_t *dst, size_t dst_len) {
    uint8_t b0[TS_SHA256_SIZE], block[TS_SHA256_SIZE] = {0};
    ts_sha256 h;
    TS_ASSERT(dst_len <= TS_MAX_DST && out_len <= TS_XMD_MAX_OUT);
    ts_xmd_first(b0, out_len, msg, msg_len, dst, dst_len);
    for (uint8_t i = 1; out_len > 0; i++) {
        /* b_i = H((b_0 xor b_(i-1)) || I2OSP(i, 1) || DST_prime), where b_1 has b_0 alone. */
        for (int k = 0; k < TS_SHA256_SIZE; k++) block[k] ^= b0[k];
        ts_sha256_init(&h);
        ts_sha256_update(&h, block, sizeof block);
        ts_sha256_update(&h, &i, 1);
        ts_xmd_finish(block, &h, dst, dst_len);
        size_t take = out_len < TS_SHA256_SIZE ? out_len : TS_SHA256_SIZE;
        memcpy(out, block, take);
        out += take, out_len -= take;
    }
    ts_wipe(b0, sizeof b0);
    ts_wipe(block, sizeof block);
}

#endif
