/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatch table: one ts_cpu for each code path.
 *
 * A path is one translation unit under arch/<isa>/. It names its target features, may provide its own ts_montmul4 and
 * ts_montmul6, includes kernels_impl.h, which instantiates every kernel as a static function, and fills its table from
 * kernels.h, the list of all kernels. So the unit of dispatch is a call on whole vectors, and within it everything
 * inlines. */
#ifndef TS_CPU_H
#define TS_CPU_H

#include "../../include/tallystick.h"
#include "../ring/zq.h"
#include "../util/util.h"

struct ts_cpu {
    const char *name;
    /* The target features that its code may use, as in TS_TARGET_BEGIN; features.h says whether a processor has them. */
    const char *features;

#define TS_KERNEL(code, result, name, parameters) result(*name) parameters;
#include "kernels.h"
};

/* Every path this build contains, fastest first. */
#if defined(__x86_64__)
#define TS_EACH_PATH(X) X(ifma) X(adx) X(portable)
#else
#define TS_EACH_PATH(X) X(portable)
#endif

#define TS_DECLARE_PATH(path) extern TS_HIDDEN const ts_cpu ts_cpu_##path;
TS_EACH_PATH(TS_DECLARE_PATH)
#undef TS_DECLARE_PATH

#endif
