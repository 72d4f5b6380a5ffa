/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of subsets of the same points, many subsets at a time: commitments to rows of bits.
 *
 * The points are cut into groups of g neighbours, and for each group a table holds the sums of all its 2^g subsets
 * (V. Arlazarov, E. Dinic, M. Kronrod and I. Faradzev, "On economical construction of the transitive closure of a directed
 * graph", Soviet Math. Dokl. 11, 1970). A subset of all points then is one entry a group, so it takes as many additions
 * whatever it holds: the empty subset's entry is infinity, which is added like any other point.
 *
 * Entries are selected by reading a whole table under masks, and added by the path's own complete additions, over as many
 * subsets and groups at a time as share inversions well.
 *
 * Constant time: neither the order nor the number of operations, nor an address, depends on the bits. */
#ifndef TS_SUBSET_H
#define TS_SUBSET_H

#include "../cpu/cpu.h"
#include "../ct/ct.h"

/* Points a group has at most. */
#define TS_SUBSET_MAX_GROUP 6

/* Points that the tables of the groups in work have together, and entries selected at a time, or as many as there are subsets. */
#define TS_SUBSET_TABLE ((size_t)4096)
#define TS_SUBSET_CHOSEN ((size_t)4096)

/* The caller's scratch memory, divided. */
typedef struct {
    ts_g1 *grown;  /* the tables as they are made: entry e of all groups, then entry e + 1 */
    ts_g1 *table;  /* and as they are read: all entries of a group, then those of the next */
    ts_g1 *chosen; /* entries of all subsets for a group, then for the next */
} ts_subset;

#endif
