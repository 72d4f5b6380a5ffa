/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_MSM8_IMPL_H
#define TS_MSM8_IMPL_H

#include "msm8.h"

/* ---- scratch ---- */

static size_t ts_msm8_run_terms(size_t n) { return 2 * n > TS_MSM8_RUN_TERMS ? 2 * n : TS_MSM8_RUN_TERMS; }

static uintptr_t ts_msm8_layout_list(ts_msm8_list *list, uintptr_t at, size_t n) {
    list->capacity = (ts_msm8_run_terms(n) / TS_MSM8_CHUNK + 1) * TS_MSM8_LEFT_OVER;
    list->point = ts_msm_take(&at, list->capacity * sizeof *list->point);
    list->bucket = ts_msm_take(&at, list->capacity * sizeof *list->bucket);
    list->n = 0;
    return at;
}

/* Lays the areas out from the given address; returns the address after the last. */
static uintptr_t ts_msm8_layout(ts_msm8 *s, uintptr_t at, size_t n) {
    s->base = ts_msm_take(&at, n * sizeof *s->base);
    s->row = ts_msm_take(&at, n * sizeof *s->row);
    s->low = ts_msm_take(&at, 2 * n * sizeof *s->low);
    s->high = ts_msm_take(&at, 2 * n * sizeof *s->high);
    s->term = ts_msm_take(&at, 2 * n * sizeof *s->term);
    s->key = ts_msm_take(&at, ts_msm8_run_terms(n) * sizeof *s->key);
    s->sorted = ts_msm_take(&at, ts_msm8_run_terms(n) * sizeof *s->sorted);
    s->start = ts_msm_take(&at, (TS_MSM8_RUN_BUCKETS + 2) * sizeof *s->start);
    s->segment = ts_msm_take(&at, TS_MSM8_CHUNK * sizeof *s->segment);
    s->ref = ts_msm_take(&at, TS_MSM8_CHUNK * sizeof *s->ref);
    s->op = ts_msm_take(&at, (2 * TS_G1M_BATCH + 32) * sizeof *s->op);
    s->work = ts_msm_take(&at, TS_G1M_BATCH * sizeof *s->work);
    s->products = ts_msm_take(&at, sizeof *s->products);
    at = ts_msm8_layout_list(&s->left[0], at, n);
    at = ts_msm8_layout_list(&s->left[1], at, n);
    s->bucket = ts_msm_take(&at, TS_MSM8_RUN_BUCKETS * sizeof *s->bucket);
    s->list = ts_msm_take(&at, 2 * TS_MSM8_RUN_BUCKETS * sizeof *s->list);
    s->odd = ts_msm_take(&at, (TS_MSM8_BITS + TS_MSM8_MAX_WINDOW) * sizeof *s->odd);
    s->sum = ts_msm_take(&at, TS_MSM8_MAX_WINDOWS * sizeof *s->sum);
    return at;
}

static size_t ifma_g1_msm_scratch(size_t n) {
    ts_msm8 s = {0};
    return (size_t)ts_msm8_layout(&s, 0, n) + TS_MSM_ALIGN;
}

/* ---- bases ---- */

static void ts_msm8_bases(ts_g1m_base *out, const ts_g1 *points, size_t n) {
    const ts_fp8 beta = ts_fp8_set(ts_fp8_beta);
    for (size_t k = 0; k < n; k += 8) {
        ts_g1a8 p;
        ts_v8 x[8], y[8], image[8];
        ts_g1a8_load(&p, points + k, n - k);
        /* Products are below p + 2^362, so these are the limbs of the residues. */
        const ts_fp8 px = ts_fp8_reduce_once(p.x), py = ts_fp8_reduce_once(p.y);
        const ts_fp8 bx = ts_fp8_reduce_once(ts_fp8_mul_columns(&px, &beta));
        ts_v8_transpose8(x, px.l);
        ts_v8_transpose8(y, py.l);
        ts_v8_transpose8(image, bx.l);
        for (size_t i = 0; i < 8 && k + i < n; i++) {
            _mm512_store_si512(out[k + i].x, x[i]);
            _mm512_store_si512(out[k + i].y, y[i]);
            _mm512_store_si512(out[k + i].image_x, image[i]);
        }
    }
}

/* ---- scalars ---- */

static unsigned ts_msm8_bit_length(ts_u128 v) {
    const uint64_t top = (uint64_t)(v >> 64), bottom = (uint64_t)v;
    if (top) return 128 - (unsigned)__builtin_clzll(top);
    return bottom ? 64 - (unsigned)__builtin_clzll(bottom) : 0;
}

static void ts_msm8_add_term(ts_msm8 *s, ts_u128 magnitude, uint32_t term) {
    const unsigned length = ts_msm8_bit_length(magnitude);
    if (length == 0) return;
    TS_ASSERT(length <= TS_MSM8_BITS);
    s->low[s->terms] = (uint64_t)magnitude;
    s->high[s->terms] = (uint64_t)(magnitude >> 64);
    s->term[s->terms] = term;
    s->lengths[length]++;
    s->longest = length > s->longest ? length : s->longest;
    s->terms++;
}

/* Fills the terms of a row. */
static void ts_msm8_collect(ts_msm8 *s, const ts_g1 *points, const ts_fr *scalars, size_t n) {
    s->terms = 0, s->longest = 0;
    memset(s->lengths, 0, sizeof s->lengths);
    ifma_fr_vec_to_bytes((uint8_t *)s->row, scalars, n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t *v = s->row[i].l;
        ts_fr_halves h;
        if (ts_limbs_is_zero(v, TS_FR_LIMBS) || ts_g1_is_identity(&points[i])) continue;
        ts_fr_split_signed(&h, v);
        ts_msm8_add_term(s, h.low, 4 * (uint32_t)i + (uint32_t)(h.low_negative & 1));
        /* z^2 times a point is the negative of its image. */
        ts_msm8_add_term(s, h.high, 4 * (uint32_t)i + TS_REF_IMAGE + (uint32_t)(~h.high_negative & 1));
    }
}

/* The width that minimises additions: one for each digit, two for each bucket. */
static unsigned ts_msm8_choose_window(const ts_msm8 *s) {
    unsigned best = 1;
    uint64_t best_cost = UINT64_MAX;
    for (unsigned c = 1; c <= TS_MSM8_MAX_WINDOW; c++) {
        uint64_t cost = (uint64_t)(s->longest / c + 1) << c;
        for (unsigned length = 1; length <= s->longest; length++) cost += (uint64_t)s->lengths[length] * (length / c + 1);
        if (cost < best_cost) best = c, best_cost = cost;
    }
    return best;
}

/* Adds 2^(c-1) in all windows but the top one. A term is below 2^longest, so below half of the top window's range, and
 * the sum stays below 2^128 as longest <= 127. */
static void ts_msm8_offset(ts_msm8 *s, unsigned windows, unsigned c) {
    ts_u128 offset = 0;
    for (unsigned w = 0; w + 1 < windows; w++) offset |= (ts_u128)1 << (w * c + c - 1);
    for (size_t i = 0; i < s->terms; i++) {
        const ts_u128 v = ((ts_u128)s->high[i] << 64 | s->low[i]) + offset;
        s->low[i] = (uint64_t)v;
        s->high[i] = (uint64_t)(v >> 64);
    }
}

/* Digits of windows first .. first + count - 1 to keys, and the number of terms in each bucket to start[bucket + 2]. */
static void ts_msm8_keys(ts_msm8 *s, unsigned first, unsigned count, unsigned windows, unsigned c) {
    const uint32_t half = (uint32_t)1 << (c - 1);
    memset(s->start, 0, ((size_t)count * half + 2) * sizeof *s->start);
    uint32_t *key = s->key;
    for (unsigned w = first; w < first + count; w++) {
        const unsigned at = w * c;
        const int32_t centre = w + 1 < windows ? (int32_t)half : 0;
        const uint32_t mask = w + 1 < windows ? 2 * half - 1 : UINT32_MAX;
        const uint32_t bucket = (w - first) * half;
        for (size_t i = 0; i < s->terms; i++) {
            const ts_u128 v = (ts_u128)s->high[i] << 64 | s->low[i];
            const int32_t digit = (int32_t)((uint32_t)(v >> at) & mask) - centre;
            const uint32_t negative = (uint32_t)(digit < 0), magnitude = (uint32_t)(digit < 0 ? -digit : digit);
            *key = TS_MSM8_NO_KEY;
            if (magnitude) {
                *key = 2 * (bucket + magnitude - 1) + negative;
                s->start[bucket + magnitude + 1]++;
            }
            key++;
        }
    }
}

/* Sorts the terms of the run by bucket; afterwards bucket b has sorted[start[b]] to sorted[start[b + 1] - 1]. */
static void ts_msm8_sort(ts_msm8 *s, unsigned count, uint32_t buckets) {
    const uint32_t *key = s->key;
    for (uint32_t b = 2; b <= buckets + 1; b++) s->start[b] += s->start[b - 1];
    for (unsigned w = 0; w < count; w++) {
        for (size_t i = 0; i < s->terms; i++, key++) {
            if (*key == TS_MSM8_NO_KEY) continue;
            s->sorted[s->start[*key / 2 + 1]++] = s->term[i] ^ (*key & TS_REF_NEGATE);
        }
    }
}

/* ---- sums of buckets ---- */

TS_INLINE ts_g1m_ref ts_msm8_base_ref(const ts_msm8 *s, uint32_t term) {
    const ts_g1m_base *base = &s->base[term / 4];
    return (ts_g1m_ref)(term & TS_REF_IMAGE ? base->image_x : base->x) | (term & 3);
}

/* out = the point that is referred to. */
static void ts_msm8_resolve(ts_g1m *out, ts_g1m_ref ref) {
    const uint64_t *y = ts_ref_y(ref);
    memcpy(out->x, ts_ref_x(ref), sizeof out->x);
    if (!(ref & TS_REF_NEGATE)) {
        memcpy(out->y, y, sizeof out->y);
        return;
    }
    /* Only base points are negated, and they are reduced. */
    int64_t carry = 0;
    for (int i = 0; i < 8; i++) {
        carry += (int64_t)ts_fp8_modulus[i] - (int64_t)y[i];
        out->y[i] = (uint64_t)carry & TS_LIMB_MASK;
        carry >>= TS_LIMB_BITS;
    }
}

TS_INLINE int ts_g1m_is_infinity(const ts_g1m *a) {
    const ts_v8 y = _mm512_load_si512(a->y);
    return _mm512_test_epi64_mask(y, y) == 0;
}

/* The points of a chunk, in segments. */
typedef struct {
    size_t points, segments;
} ts_msm8_chunk;

/* Where a chunk's points come from: the sorted terms, or a list of points left over. */
typedef struct {
    const ts_msm8_list *list; /* NULL for the sorted terms */
    size_t at, n;
    uint32_t bucket; /* of the next term */
} ts_msm8_source;

/* Takes the next points of the source, up to a chunk. */
static ts_msm8_chunk ts_msm8_take(ts_msm8 *s, ts_msm8_source *from) {
    ts_msm8_chunk chunk = {0, 0};
    while (from->at < from->n && chunk.points < TS_MSM8_CHUNK) {
        size_t begin, end;
        uint32_t bucket;
        if (from->list) {
            bucket = from->list->bucket[from->at];
            for (begin = from->at; begin > 0 && from->list->bucket[begin - 1] == bucket;) begin--;
            for (end = from->at; end < from->n && from->list->bucket[end] == bucket;) end++;
        } else {
            while (s->start[from->bucket + 1] <= from->at) from->bucket++;
            bucket = from->bucket;
            begin = s->start[bucket];
            end = s->start[bucket + 1];
        }
        const size_t count = ts_min(end - from->at, TS_MSM8_CHUNK - chunk.points);
        s->segment[chunk.segments++] =
            (ts_msm8_segment){bucket, (uint32_t)count, from->at == begin && from->at + count == end};
        for (size_t i = 0; i < count; i++) {
            const ts_g1m_ref ref = from->list ? (ts_g1m_ref)&from->list->point[from->at + i]
                                              : ts_msm8_base_ref(s, s->sorted[from->at + i]);
            _mm_prefetch((const char *)ts_ref_x(ref), _MM_HINT_T1);
            s->ref[chunk.points++] = ref;
        }
        from->at += count;
    }
    return chunk;
}

/* Queues the pairs of all segments; returns how many there are. */
static size_t ts_msm8_pairs(const ts_msm8 *s, const ts_msm8_chunk *chunk) {
    size_t pairs = 0;
    const ts_g1m_ref *ref = s->ref;
    for (size_t g = 0; g < chunk->segments; g++) {
        const uint32_t count = s->segment[g].count;
        for (uint32_t i = 0; i + 1 < count; i += 2, pairs++) {
            s->op[2 * pairs] = ref[i];
            s->op[2 * pairs + 1] = ref[i + 1];
        }
        ref += count;
    }
    return pairs;
}

/* Puts the sums in the places of their operands; a sum that is infinity goes away. Afterwards only the last reference of a segment
 * can be to a base or a list, so that sums may overwrite first operands from the second round on. */
static void ts_msm8_replace(ts_msm8 *s, ts_msm8_chunk *chunk, int first_round, int infinite) {
    size_t pair = 0, from = 0, to = 0;
    for (size_t g = 0; g < chunk->segments; g++) {
        const uint32_t count = s->segment[g].count;
        const size_t begin = to;
        for (uint32_t i = 0; i + 1 < count; i += 2, pair++) {
            const ts_g1m_ref sum = first_round ? (ts_g1m_ref)&s->work[pair] : s->ref[from + i];
            if (infinite && ts_g1m_is_infinity((const ts_g1m *)sum)) continue;
            s->ref[to++] = sum;
        }
        if (count % 2) s->ref[to++] = s->ref[from + count - 1];
        from += count;
        s->segment[g].count = (uint32_t)(to - begin);
    }
    chunk->points = to;
}

/* Stores what the rounds have made of the segments: sums of whole buckets, and points left over. */
static void ts_msm8_emit(ts_msm8 *s, const ts_msm8_chunk *chunk, ts_msm8_list *left) {
    const ts_g1m_ref *ref = s->ref;
    for (size_t g = 0; g < chunk->segments; g++) {
        const ts_msm8_segment *segment = &s->segment[g];
        if (segment->whole && segment->count == 1) {
            ts_msm8_resolve(&s->bucket[segment->bucket], *ref++);
            continue;
        }
        TS_ASSERT(segment->count <= left->capacity - left->n);
        for (uint32_t i = 0; i < segment->count; i++) {
            left->bucket[left->n] = segment->bucket;
            ts_msm8_resolve(&left->point[left->n++], *ref++);
        }
    }
}

/* Sums a chunk. Unless it is the last one, rounds of few pairs are left to a later chunk. */
static void ts_msm8_sum_chunk(ts_msm8 *s, ts_msm8_chunk *chunk, ts_msm8_list *left, int last) {
    for (int first_round = 1;; first_round = 0) {
        const size_t pairs = ts_msm8_pairs(s, chunk);
        if (pairs == 0 || (!last && pairs < TS_MSM8_FEW_PAIRS)) break;
        const int infinite = ts_g1m_add_var(first_round ? s->work : NULL, s->op, pairs, s->products);
        ts_msm8_replace(s, chunk, first_round, infinite);
    }
    ts_msm8_emit(s, chunk, left);
}

/* Fills the buckets of a run from its sorted terms. */
static void ts_msm8_fill_buckets(ts_msm8 *s, uint32_t buckets) {
    ts_msm8_source from = {NULL, 0, s->start[buckets], 0};
    ts_msm8_list *left = &s->left[0], *next = &s->left[1];
    memset(s->bucket, 0, buckets * sizeof *s->bucket);
    while (from.n > 0) {
        const int last = from.n <= TS_MSM8_CHUNK;
        left->n = 0;
        while (from.at < from.n) {
            ts_msm8_chunk chunk = ts_msm8_take(s, &from);
            ts_msm8_sum_chunk(s, &chunk, left, last);
        }
        from = (ts_msm8_source){left, 0, left->n, 0};
        ts_msm8_list *swap = left;
        left = next, next = swap;
    }
}

/* ---- weighted sums of buckets ---- */

/* Performs the waiting additions; marks buckets that have become empty. */
static void ts_msm8_flush(ts_msm8 *s, size_t *pairs, int *infinite) {
    *infinite |= ts_g1m_add_var(NULL, s->op, *pairs, s->products);
    *pairs = 0;
}

/* Halves n consecutive references: each one becomes the sum of two neighbours, in the first one's place. */
static void ts_msm8_halve(ts_msm8 *s, ts_g1m_ref *list, size_t n, size_t *pairs, int *infinite) {
    for (size_t i = 0; i < n / 2; i++) {
        const ts_g1m_ref a = list[2 * i], b = list[2 * i + 1];
        list[i] = a;
        if (b & TS_REF_EMPTY) continue;
        if (a & TS_REF_EMPTY) {
            list[i] = a & ~(ts_g1m_ref)TS_REF_EMPTY;
            memcpy((void *)list[i], (const void *)b, sizeof(ts_g1m));
            continue;
        }
        s->op[2 * *pairs] = a;
        s->op[2 * *pairs + 1] = b;
        if (++*pairs == TS_G1M_BATCH) ts_msm8_flush(s, pairs, infinite);
    }
}

static void ts_msm8_mark_empty(ts_g1m_ref *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(list[i] & TS_REF_EMPTY) && ts_g1m_is_infinity((const ts_g1m *)list[i])) list[i] |= TS_REF_EMPTY;
}

/* Where the references of O_j begin, which are half as many as those of O_(j-1), after those of S. */
TS_INLINE ts_g1m_ref *ts_msm8_odd_list(const ts_msm8 *s, size_t buckets, unsigned j) {
    return s->list + 2 * buckets - (buckets >> j);
}

/* S and all O_j of count windows of 2^(c-1) buckets: one reference a window, at the head of each list. */
static void ts_msm8_weigh(ts_msm8 *s, unsigned count, unsigned c) {
    const size_t buckets = (size_t)count << (c - 1);
    for (size_t i = 0; i < buckets; i++) s->list[i] = (ts_g1m_ref)&s->bucket[i];
    ts_msm8_mark_empty(s->list, buckets);
    for (unsigned level = 0; level + 1 < c; level++) {
        const size_t length = buckets >> level;
        ts_g1m_ref *fresh = ts_msm8_odd_list(s, buckets, level);
        size_t pairs = 0;
        int infinite = 0;
        for (size_t i = 0; i < length / 2; i++) fresh[i] = s->list[2 * i + 1];
        ts_msm8_halve(s, s->list, length, &pairs, &infinite);
        for (unsigned j = 0; j < level; j++)
            ts_msm8_halve(s, ts_msm8_odd_list(s, buckets, j), length, &pairs, &infinite);
        ts_msm8_flush(s, &pairs, &infinite);
        if (!infinite) continue;
        ts_msm8_mark_empty(s->list, length / 2);
        for (unsigned j = 0; j <= level; j++) ts_msm8_mark_empty(ts_msm8_odd_list(s, buckets, j), length / 2);
    }
}

static void ts_msm8_put(ts_g1m *out, ts_g1m_ref ref) {
    if (ref & TS_REF_EMPTY)
        memset(out, 0, sizeof *out);
    else
        ts_msm8_resolve(out, ref);
}

/* ---- rows ---- */

/* Windows first .. first + count - 1 of a row: their S and O_j. */
static void ts_msm8_run(ts_msm8 *s, unsigned first, unsigned count, unsigned windows, unsigned c) {
    const uint32_t buckets = count << (c - 1);
    ts_msm8_keys(s, first, count, windows, c);
    ts_msm8_sort(s, count, buckets);
    ts_msm8_fill_buckets(s, buckets);
    ts_msm8_weigh(s, count, c);
    for (unsigned w = 0; w < count; w++) {
        ts_msm8_put(&s->sum[first + w], s->list[w]);
        for (unsigned j = 0; j + 1 < c; j++)
            ts_msm8_put(&s->odd[(first + w) * c + j], ts_msm8_odd_list(s, buckets, j)[w]);
        memset(&s->odd[(first + w) * c + c - 1], 0, sizeof *s->odd);
    }
    if (buckets > s->touched) s->touched = buckets;
}

static void ts_msm8_load(ts_g1a8 *out, const ts_g1m *const at[8]) {
    ts_v8 z[8];
    for (int i = 0; i < 8; i++) z[i] = _mm512_load_si512(at[i]->x);
    ts_v8_transpose8(out->x.l, z);
    for (int i = 0; i < 8; i++) z[i] = _mm512_load_si512(at[i]->y);
    ts_v8_transpose8(out->y.l, z);
    out->infinity = ts_fp8_is_zero(&out->y, 0);
}

/* Lane i of out = the sum of what has a weight of 2^(i step) to 2^(i step + step - 1), over 2^(i step). */
static void ts_msm8_part_sums(ts_g1p8 *out, const ts_msm8 *s, unsigned windows, unsigned c, unsigned step) {
    static const ts_g1m none;
    ts_g1p8 acc = ts_g1p8_identity();
    for (unsigned k = step; k-- > 0;) {
        const ts_g1m *odd[8], *sum[8];
        int any = 0;
        for (unsigned i = 0; i < 8; i++) {
            const unsigned bit = i * step + k;
            odd[i] = sum[i] = &none;
            if (bit >= windows * c) continue;
            odd[i] = &s->odd[bit];
            if (bit % c == 0) sum[i] = &s->sum[bit / c], any = 1;
        }
        ts_g1a8 p;
        ts_msm8_load(&p, odd);
        if (k + 1 < step) ts_g1p8_double(&acc, &acc);
        ts_g1p8_add_affine(&acc, &acc, &p);
        if (!any) continue;
        ts_msm8_load(&p, sum);
        ts_g1p8_add_affine(&acc, &acc, &p);
    }
    *out = acc;
}

/* out[i], lane k = in[k], lane i. */
static void ts_msm8_turn(ts_g1p8 out[8], const ts_g1p8 in[8]) {
    for (int l = 0; l < 3 * 8; l++) {
        ts_v8 z[8], w[8];
        for (int i = 0; i < 8; i++) z[i] = ((const ts_v8 *)&in[i])[l];
        ts_v8_transpose8(w, z);
        for (int i = 0; i < 8; i++) ((ts_v8 *)&out[i])[l] = w[i];
    }
}

/* out[k] = the sum over i of 2^(i step) times lane i of part[k], for count <= 8 rows. */
static void ts_msm8_join(ts_g1 *out, ts_g1p8 part[8], size_t count, unsigned step) {
    ts_g1p8 lane[8];
    for (size_t k = count; k < 8; k++) part[k] = ts_g1p8_identity();
    ts_msm8_turn(lane, part);
    ts_g1p8 acc = lane[7];
    for (int i = 6; i >= 0; i--) {
        for (unsigned k = 0; k < step; k++) ts_g1p8_double(&acc, &acc);
        ts_g1p8_add(&acc, &acc, &lane[i]);
    }
    ts_g1_from_projective8(out, &acc, 1, count);
}

/* One row; returns the step of its part sums. */
static unsigned ts_msm8_row(ts_g1p8 *part, ts_msm8 *s, const ts_g1 *points, const ts_fr *row, size_t n) {
    ts_msm8_collect(s, points, row, n);
    const unsigned c = ts_msm8_choose_window(s), windows = s->longest / c + 1, step = (windows * c + 7) / 8;
    const size_t by_terms = s->terms ? ts_msm8_run_terms(n) / s->terms : windows;
    const size_t most = ts_min(ts_min(by_terms, TS_MSM8_RUN_BUCKETS >> (c - 1)), windows);
    ts_msm8_offset(s, windows, c);
    for (unsigned w = 0; w < windows; w += (unsigned)most)
        ts_msm8_run(s, w, (unsigned)ts_min(most, windows - w), windows, c);
    ts_msm8_part_sums(part, s, windows, c, step);
    return step;
}

/* Wipes what depends on the scalars: all but the converted points. Buckets beyond those in use were never written. */
static void ts_msm8_wipe(const ts_msm8 *s) {
    const size_t buckets = s->touched;
    /* The areas from row to the lists of points left over are consecutive; buckets follow. */
    ts_wipe(s->row, (size_t)((uintptr_t)s->bucket - (uintptr_t)s->row));
    ts_wipe(s->bucket, buckets * sizeof *s->bucket);
    ts_wipe(s->list, 2 * buckets * sizeof *s->list);
    ts_wipe(s->odd, (size_t)((uintptr_t)(s->sum + TS_MSM8_MAX_WINDOWS) - (uintptr_t)s->odd));
}

static void ifma_g1_msm_rows_var(ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows,
                                 void *scratch) {
    ts_msm8 s;
    ts_g1p8 part[8];
    size_t waiting = 0, done = 0;
    unsigned step = 0;
    TS_ASSERT(n <= TS_MSM_MAX_POINTS);
    (void)ts_msm8_layout(&s, (uintptr_t)scratch, n);
    s.touched = 0;
    ts_msm8_bases(s.base, points, n);
    for (size_t i = 0; i < m; i++) {
        ts_g1p8 fresh;
        const unsigned fresh_step = ts_msm8_row(&fresh, &s, points, rows + i * n, n);
        /* Rows are joined eight at a time, as long as their parts are of one size. */
        if (waiting == 8 || (waiting > 0 && fresh_step != step)) {
            ts_msm8_join(out + done, part, waiting, step);
            done += waiting;
            waiting = 0;
        }
        step = fresh_step;
        part[waiting++] = fresh;
    }
    if (waiting > 0) ts_msm8_join(out + done, part, waiting, step);
    ts_wipe(part, sizeof part);
    ts_msm8_wipe(&s);
}

#endif
