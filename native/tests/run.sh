#!/usr/bin/env bash
# Builds the C tests and runs every code path that this processor has on the same vectors.
# Usage: run.sh [CHECK ...]
#   asan      with AddressSanitizer
#   ubsan     with UndefinedBehaviorSanitizer
#   verify    with the VERIFY assertions
#   emulated  with the instructions of the ifma path in plain C (x86-64 with ADX)
#   valgrind  looks for branches and addresses that depend on secrets; skipped where valgrind is not installed
# Without arguments: the first three in one build, then valgrind. Needs a C compiler and a Python 3; exits with a status
# other than zero on failure.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d "${TMPDIR:-/tmp}/tallystick-native.XXXXXX")
trap 'rm -rf "$work"' EXIT

"${PYTHON:-python3}" vectors.py "$work/vectors.h"

# -fwrapv stays off, so that signed overflow is caught instead of defined. Sanitizers make gcc see uninitialised uses
# where there are none, and keep clang from unrolling, hence the warnings less; each compiler ignores the other's.
warnings=(-Wall -Wextra -Werror -Wno-unknown-warning-option -Wno-maybe-uninitialized -Wno-pass-failed)
emulated=(-mavx2 -Wno-psabi -include emulated.h)

# Usage: tests NAME FLAG ...
tests() {
    local name=$1 source pid pids=()
    local flags=(-std=c11 -O1 -g1 "${warnings[@]}" "${@:2}")
    for source in main.c test_portable.c test_adx.c test_ifma.c ../src/core.c; do
        "${CC:-cc}" "${flags[@]}" -I"$work" -I../include -c "$source" -o "$work/$(basename "$source" .c).o" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    "${CC:-cc}" "${flags[@]}" "$work"/*.o -o "$work/tests"
    "$work/tests"
    echo "$name: ok"
}

# Usage: leaks NAME PROGRAM: valgrind finds nothing in a path, and finds leaks that are planted.
leaks() {
    local kind path=${1%%,*}
    valgrind -q --error-exitcode=1 "$2" "$path"
    for kind in branch address; do
        if valgrind -q --error-exitcode=1 "$2" "$path" $kind >/dev/null 2>&1; then
            echo "constant time: $1: FAILED, a planted $kind went unseen" >&2
            return 1
        fi
    done
    echo "constant time: $1: ok"
}

constant_time() {
    if ! command -v valgrind >/dev/null || [[ ! -e /usr/include/valgrind/memcheck.h ]]; then
        echo "constant time: skipped, valgrind is not installed"
        return
    fi
    local build=("${CC:-cc}" -std=c11 -DTS_CHECK_TIMING constant_time.c) emulation
    if [[ $(uname -m) == x86_64 ]]; then
        "${build[@]}" -O1 "${emulated[@]}" ../src/arch/ifma/ifma.c -o "$work/constant_time_emulated" &
        emulation=$!
    fi
    # The flags of the extension, since what matters is what the compiler makes of the code there.
    "${build[@]}" -O3 ../src/arch/portable/portable.c ../src/arch/adx/adx.c -o "$work/constant_time"
    leaks portable "$work/constant_time"
    [[ $(uname -m) == x86_64 ]] || return 0
    leaks adx "$work/constant_time"
    wait "$emulation"
    leaks "ifma, emulated" "$work/constant_time_emulated"
}

[[ $# -gt 0 ]] || set -- all valgrind
for check in "$@"; do
    case $check in
        all) tests "asan, ubsan, verify" -fsanitize=address,undefined -fno-sanitize-recover=all -DTS_VERIFY ;;
        asan) tests asan -fsanitize=address ;;
        ubsan) tests ubsan -fsanitize=undefined -fno-sanitize-recover=all ;;
        verify) tests verify -DTS_VERIFY ;;
        emulated) tests emulated -O2 "${emulated[@]}" -DTS_VERIFY ;;
        valgrind) constant_time ;;
        *) echo "run.sh: no check is called $check" >&2; exit 2 ;;
    esac
done
