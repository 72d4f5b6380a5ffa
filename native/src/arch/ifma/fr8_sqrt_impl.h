/* SPDX-License-Identifier: Apache-2.0 */
/* Square roots in Fr with the vector multiplication: the steps are those of field/fr_sqrt_impl.h. */
#ifndef TS_FR8_SQRT_IMPL_H
#define TS_FR8_SQRT_IMPL_H

#include "../../field/fr_sqrt_impl.h"
#include "fr8_vec_impl.h"

static int ifma_fr_vec_sqrt_var(ts_fr *out, size_t *bad, const ts_fr *a, size_t n, const ts_fr_roots *table) {
    return ts_fr_vec_sqrt_with(out, bad, a, n, table, ifma_fr_vec_mul);
}

#endif
