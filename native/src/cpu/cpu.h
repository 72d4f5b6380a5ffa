/* The dispatch table: one ts_cpu for each code path.
 *
 * A path is one translation unit under arch/<isa>/. It sets its target features, may provide its own
 * ts_montmul4 and ts_montmul6, includes kernels_impl.h, which instantiates every kernel as a
 * static function, and defines its table with TS_KERNELS, followed by overrides of single entries
 * (later designated initialisers win). So the unit of dispatch is a call on whole vectors, and
 * within it everything inlines. Contracts of the entries: tallystick.h. */
#ifndef TS_CPU_H
#define TS_CPU_H

#include "../../include/tallystick.h"
#include "../ring/zq.h"
#include "../util/util.h"

struct ts_cpu {
    const char *name;
    /* 1 if the running processor can execute this path. */
    int (*supported)(void);

    void (*fr_vec_from_i64)(ts_fr *out, const int64_t *in, size_t n);
    int (*fr_vec_from_bytes)(ts_fr *out, size_t *bad, const uint8_t *in, size_t n);
    void (*fr_vec_to_bytes)(uint8_t *out, const ts_fr *a, size_t n);
    void (*fr_vec_expand)(ts_fr *out, size_t n, const uint8_t *key32, const uint8_t *nonce12, uint64_t first);
    void (*fr_vec_add)(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);
    void (*fr_vec_sub)(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);
    void (*fr_vec_neg)(ts_fr *out, const ts_fr *a, size_t n);
    void (*fr_vec_mul)(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);
    void (*fr_vec_muladd)(ts_fr *out, const ts_fr *a, const ts_fr *b, const ts_fr *c, size_t n);
    void (*fr_vec_scale)(ts_fr *out, const ts_fr *s, const ts_fr *a, size_t n);
    void (*fr_vec_outer)(ts_fr *out, const ts_fr *a, size_t n, const ts_fr *b, size_t m);
    void (*fr_vec_axpy)(ts_fr *out, const ts_fr *s, const ts_fr *a, const ts_fr *b, size_t n);
    int (*fr_vec_inv)(ts_fr *out, const ts_fr *a, size_t n);
    int (*fr_vec_sqrt_var)(ts_fr *out, size_t *bad, const ts_fr *a, size_t n, const ts_fr_roots *table);
    void (*fr_roots_table)(ts_fr_roots *table);
    void (*fr_vec_powers)(ts_fr *out, size_t n, const ts_fr *x, const ts_fr *first);
    int (*fr_vec_equal)(const ts_fr *a, const ts_fr *b, size_t n);
    int (*fr_vec_is_zero)(const ts_fr *a, size_t n);
    void (*fr_vec_sum)(ts_fr *out, const ts_fr *a, size_t n);
    void (*fr_vec_dot)(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);
    void (*fr_vec_sum_axis)(ts_fr *out, const ts_fr *a, size_t outer, size_t n, size_t inner);
    void (*fr_vec_combine)(ts_fr *out, const ts_fr *rows, const ts_fr *weights, size_t m, size_t c);
    void (*fr_vec_matvec)(ts_fr *out, const ts_fr *rows, const ts_fr *v, size_t m, size_t c);
    int (*fr_vec_scatter_add)(ts_fr *out, size_t n, const ts_fr *a, const int64_t *index, size_t count);
    void (*fr_ntt_table)(ts_fr *table, size_t size);
    void (*fr_vec_ntt)(ts_fr *out, const ts_fr *a, size_t size, size_t batches, const ts_fr *table, int inverse);

    int (*g1_vec_from_bytes_var)(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n);
    void (*g1_vec_to_bytes)(uint8_t *out, const ts_g1 *a, size_t n);
    int (*g1_vec_from_affine_var)(ts_g1 *out, size_t *bad, const uint8_t *in, size_t n);
    void (*g1_vec_to_affine)(uint8_t *out, const ts_g1 *a, size_t n);
    void (*g1_vec_hash)(ts_g1 *out, size_t n, const uint8_t *messages, const uint64_t *ends, const uint8_t *dst,
                        size_t dst_len);
    void (*g1_vec_add)(ts_g1 *out, const ts_g1 *a, const ts_g1 *b, size_t n);
    void (*g1_vec_neg)(ts_g1 *out, const ts_g1 *a, size_t n);
    int (*g1_vec_equal)(const ts_g1 *a, const ts_g1 *b, size_t n);
    int (*g1_vec_is_identity)(const ts_g1 *a, size_t n);
    void (*g1_vec_sum)(ts_g1 *out, const ts_g1 *a, size_t n);
    void (*g1_vec_mul)(ts_g1 *out, const ts_g1 *a, const ts_fr *scalars, size_t n);
    size_t (*g1_msm_scratch)(size_t n);
    void (*g1_msm_rows_var)(ts_g1 *out, size_t m, const ts_g1 *points, size_t n, const ts_fr *rows, void *scratch);

    /* Contracts in ring/zq_kernels.h and ring/sample_impl.h. */
    void (*zq_add)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m);
    void (*zq_sub)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m);
    void (*zq_mul)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n, const ts_zq *m);
    void (*zq_muladd)(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n,
                      const ts_zq *m);
    void (*zq_mul2)(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c, const uint64_t *d,
                    size_t n, const ts_zq *m);
    void (*zq_dot)(uint64_t *out, const uint64_t *const *a, const uint64_t *constants, size_t terms, uint64_t start,
                   size_t n, const ts_zq *m);
    void (*zq_small)(uint64_t *out, const int64_t *a, size_t n, int factor, const ts_zq *m);
    void (*zq_sum)(uint64_t *const out[2], const uint64_t *const *const a[2], const uint64_t *const *b,
                   const uint64_t *weights, size_t terms, size_t n, const ts_zq *m);
    void (*zq_arrange)(const ts_zq *m);
    void (*zq_ntt)(uint64_t *a, const ts_zq *m);
    void (*zq_intt)(uint64_t *a, const ts_zq *m, int scale);
    void (*zq_crt)(ts_fr *out, const uint64_t *const *t, const ts_fr *weights, const double *inverse, size_t terms,
                   size_t n);
    void (*zq_pack)(uint8_t *out, const uint64_t *a, size_t n);
    size_t (*zq_unpack)(uint64_t *out, const uint8_t *in, size_t n, const ts_zq *m);
    void (*chacha20_stream)(uint8_t *out, size_t blocks, const uint8_t *key32, const uint8_t *nonce12,
                            uint32_t counter);
    void (*sample_ternary)(int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12);
    void (*sample_binomial)(int64_t *out, size_t n, const uint8_t *key32, const uint8_t *nonce12);
    void (*sample_box)(int64_t *out, size_t n, unsigned bits, const uint8_t *key32, const uint8_t *nonce12);
    void (*sample_wide)(uint64_t *out, size_t n, size_t limbs, const uint8_t *key32, const uint8_t *nonce12);
};

/* Every path this build contains, fastest first. */
extern TS_HIDDEN const ts_cpu ts_cpu_portable;
#if defined(__x86_64__)
extern TS_HIDDEN const ts_cpu ts_cpu_ifma;
extern TS_HIDDEN const ts_cpu ts_cpu_adx;
#endif

#endif
