/* SPDX-License-Identifier: Apache-2.0 */
/* Residues as bytes, 50 bits each, least significant bits first: four residues are 25 bytes. */
#ifndef TS_PACK_IMPL_H
#define TS_PACK_IMPL_H

#include "zq.h"

static void zq_pack(uint8_t *out, const uint64_t *a, size_t n) {
    TS_ASSERT(n % 4 == 0);
    for (size_t k = 0; k < n; k += 4, out += 25) {
        ts_store_le64(out, a[k] | a[k + 1] << 50);
        ts_store_le64(out + 8, a[k + 1] >> 14 | a[k + 2] << 36);
        ts_store_le64(out + 16, a[k + 2] >> 28 | a[k + 3] << 22);
        out[24] = (uint8_t)(a[k + 3] >> 42);
    }
}

static size_t zq_unpack(uint64_t *out, const uint8_t *in, size_t n, const ts_zq *m) {
    const uint64_t mask = ((uint64_t)1 << TS_ZQ_PRIME_BITS) - 1;
    uint64_t above = 0;
    TS_ASSERT(n % 4 == 0);
    for (size_t k = 0; k < n; k += 4, in += 25) {
        /* The residues begin at bits 0, 50, 100 and 150; each load of eight bytes holds one. */
        out[k] = ts_load_le64(in) & mask;
        out[k + 1] = ts_load_le64(in + 6) >> 2 & mask;
        out[k + 2] = ts_load_le64(in + 12) >> 4 & mask;
        out[k + 3] = ts_load_le64(in + 17) >> 14;
        for (size_t i = 0; i < 4; i++) above |= m->p - 1 - out[k + i];
    }
    if (!(above >> 63)) return n;
    size_t bad = 0;
    while (out[bad] < m->p) bad++;
    return bad;
}

#endif
