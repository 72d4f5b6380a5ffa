/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of subsets over the kernels of a code path; contracts in tallystick.h. */
#ifndef TS_SUBSET_IMPL_H
#define TS_SUBSET_IMPL_H

#include "../util/limits.h"
#include "../util/stack.h"
#include "subset.h"

/* ---- sizes ---- */

TS_INLINE size_t ts_subset_chosen(size_t m) { return m < TS_SUBSET_CHOSEN ? TS_SUBSET_CHOSEN : m; }

size_t ts_g1_subset_scratch(size_t m) {
    return m > TS_SUBSET_MAX_ROWS ? 0 : (2 * TS_SUBSET_TABLE + ts_subset_chosen(m)) * sizeof(ts_g1) + sizeof(uint64_t);
}

static ts_subset ts_subset_layout(void *scratch) {
    ts_g1 *at = (ts_g1 *)((uintptr_t)scratch + (0 - (uintptr_t)scratch) % sizeof(uint64_t));
    return (ts_subset){at, at + TS_SUBSET_TABLE, at + 2 * TS_SUBSET_TABLE};
}

/* The size of a group that minimises the work on each point: the additions that fill a table, and for each of m subsets
 * one addition and a look at every entry, which takes about a 32nd of an addition. */
static unsigned ts_subset_group(size_t m) {
    unsigned best = 1;
    uint64_t best_cost = UINT64_MAX;
    for (unsigned g = 1; g <= TS_SUBSET_MAX_GROUP; g++) {
        const uint64_t entries = (uint64_t)1 << g;
        const uint64_t cost = (32 * (entries - g - 1) + m * (32 + entries)) * 60 / g;
        if (cost < best_cost) best = g, best_cost = cost;
    }
    return best;
}

/* ---- tables ---- */

/* Fills the tables of some groups of g points each; where the last one has fewer, the rest are infinity. */
static void ts_subset_fill(const ts_cpu *cpu, const ts_subset *s, const ts_g1 *points, size_t n, size_t groups,
                           unsigned g) {
    const size_t entries = (size_t)1 << g;
    memset(s->grown, 0, groups * sizeof *s->grown);
    for (unsigned k = 0; k < g; k++) {
        const size_t half = (size_t)1 << k;
        ts_g1 *upper = s->grown + half * groups;
        for (size_t e = 0; e < half; e++)
            for (size_t t = 0; t < groups; t++) {
                ts_g1 *to = &upper[e * groups + t];
                if (t * g + k < n)
                    *to = points[t * g + k];
                else
                    memset(to, 0, sizeof *to);
            }
        /* The first of them are points alone. */
        cpu->g1_vec_add(upper + groups, s->grown + groups, upper + groups, (half - 1) * groups);
    }
    for (size_t t = 0; t < groups; t++)
        for (size_t e = 0; e < entries; e++) s->table[t * entries + e] = s->grown[e * groups + t];
}

/* out |= a where the mask says so. */
TS_INLINE void ts_subset_or(ts_fp *out, const ts_fp *a, uint64_t mask) {
    TS_UNROLL(6)
    for (size_t i = 0; i < sizeof out->l / sizeof *out->l; i++) out->l[i] |= mask & a->l[i];
}

/* out = entry index of a table, all of which is read. Entry 0 is infinity, which is all zero. */
static void ts_subset_select(ts_g1 *out, const ts_g1 *table, size_t entries, uint64_t index) {
    ts_g1 sum = {{{0}}, {{0}}};
    for (size_t e = 1; e < entries; e++) {
        const uint64_t mask = ts_ct_is_zero(e ^ index);
        ts_subset_or(&sum.x, &table[e].x, mask);
        ts_subset_or(&sum.y, &table[e].y, mask);
    }
    *out = sum;
}

/* ---- sums ---- */

/* Adds up the chosen entries of all groups, subset by subset: groups are halved, so that each round is one call. */
static void ts_subset_reduce(const ts_cpu *cpu, ts_g1 *chosen, size_t m, size_t groups) {
    while (groups > 1) {
        const size_t half = groups / 2;
        cpu->g1_vec_add(chosen, chosen, chosen + half * m, half * m);
        if (groups % 2) memcpy(chosen + half * m, chosen + 2 * half * m, m * sizeof *chosen);
        groups = half + groups % 2;
    }
}

/* Adds to out what the groups that start at point first give, n points in all. */
static void ts_subset_chunk(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_subset *s, const uint8_t *bits, size_t first,
                            size_t n, size_t groups, unsigned g) {
    for (size_t t = 0; t < groups; t++) {
        const size_t at = first + t * g;
        for (size_t i = 0; i < m; i++) {
            uint64_t index = 0;
            for (unsigned k = 0; k < g && at + k < n; k++) index |= (uint64_t)(bits[i * n + at + k] & 1) << k;
            ts_subset_select(&s->chosen[t * m + i], s->table + (t << g), (size_t)1 << g, index);
        }
    }
    ts_subset_reduce(cpu, s->chosen, m, groups);
    cpu->g1_vec_add(out, out, s->chosen, m);
}

/* In a frame of its own, which the caller wipes with what lies below. */
static TS_NOINLINE void ts_subset_sums(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_g1 *points, size_t n,
                                       const uint8_t *bits, const ts_subset *s) {
    const unsigned g = ts_subset_group(m);
    size_t most = ts_subset_chosen(m) / (m ? m : 1);
    if (most > TS_SUBSET_TABLE >> g) most = TS_SUBSET_TABLE >> g;
    for (size_t first = 0; m > 0 && first < n; first += most * g) {
        const size_t left = n - first, groups = left < most * g ? (left + g - 1) / g : most;
        ts_subset_fill(cpu, s, points + first, left, groups, g);
        ts_subset_chunk(cpu, out, m, s, bits, first, n, groups, g);
    }
    ts_wipe(s->chosen, ts_subset_chosen(m) * sizeof *s->chosen);
}

int ts_g1_subset_sums(const ts_cpu *cpu, ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const uint8_t *bits,
                      void *scratch, size_t scratch_len) {
    memset(out, 0, m * sizeof *out);
    if (m > TS_SUBSET_MAX_ROWS || scratch_len < ts_g1_subset_scratch(m)) return TS_ERR_LENGTH;
    const ts_subset s = ts_subset_layout(scratch);
    ts_subset_sums(cpu, out, m, points, n, bits, &s);
    ts_wipe_stack_64();
    return TS_OK;
}

#endif
