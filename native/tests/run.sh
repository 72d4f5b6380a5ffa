#!/usr/bin/env bash
# Builds the C tests with AddressSanitizer, UndefinedBehaviorSanitizer and the VERIFY assertions, and runs every
# code path on the same vectors; then, where valgrind is installed, looks for branches and addresses that depend on
# secrets. Needs a C compiler and a Python 3; exits with a status other than zero on failure.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d "${TMPDIR:-/tmp}/tallystick-native.XXXXXX")
trap 'rm -rf "$work"' EXIT

"${PYTHON:-python3}" vectors.py "$work/vectors.h"

# -fwrapv stays off, so that signed overflow is caught instead of defined. Sanitizers make gcc see uninitialised uses
# where there are none, and keep clang from unrolling, hence the warnings less; each compiler ignores the other's.
warnings=(-Wall -Wextra -Werror -Wno-unknown-warning-option -Wno-maybe-uninitialized -Wno-pass-failed)
flags=(-std=c11 -O1 -g1 "${warnings[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all -DTS_VERIFY)
pids=()
for source in main.c test_portable.c test_adx.c test_ifma.c ../src/core.c; do
    "${CC:-cc}" "${flags[@]}" -I"$work" -I../include -c "$source" -o "$work/$(basename "$source" .c).o" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
"${CC:-cc}" "${flags[@]}" "$work"/*.o -o "$work/tests"
"$work/tests"

if ! command -v valgrind >/dev/null || [[ ! -e /usr/include/valgrind/memcheck.h ]]; then
    echo "constant time: skipped, valgrind is not installed"
    exit 0
fi
paths=(portable)
[[ $(uname -m) == x86_64 ]] && paths+=(adx)
# The flags of the extension, since what matters is what the compiler makes of the code there.
"${CC:-cc}" -std=c11 -O3 constant_time.c ../src/arch/portable/portable.c ../src/arch/adx/adx.c -o "$work/constant_time"
for path in "${paths[@]}"; do
    valgrind -q --error-exitcode=1 "$work/constant_time" "$path"
    if valgrind -q --error-exitcode=1 "$work/constant_time" "$path" leak >/dev/null 2>&1; then
        echo "constant time: $path: FAILED, a planted leak went unseen" >&2
        exit 1
    fi
    echo "constant time: $path: ok"
done
