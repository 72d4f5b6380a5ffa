/* SPDX-License-Identifier: Apache-2.0 */
/* expand_message_xmd with SHA-256 (RFC 9380, section 5.3.1). */
#ifndef TS_XMD_H
#define TS_XMD_H

#include "../util/limits.h"
#include "sha256.h"

#define TS_XMD_MAX_OUT (255 * TS_SHA256_SIZE)

/* dst_len is at most TS_MAX_DST, out_len at most TS_XMD_MAX_OUT. */
static void ts_xmd_expand(uint8_t *out, size_t out_len, const uint8_t *msg, size_t msg_len,
                          const uint8_t *dst, size_t dst_len);

#endif
