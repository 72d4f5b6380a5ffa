#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the C tests and runs every code path that this processor has on the same vectors.
# Usage: run.sh [CHECK ...]
#   asan            with AddressSanitizer
#   ubsan           with UndefinedBehaviorSanitizer
#   verify          with the VERIFY assertions
#   emulated        with the instructions of the ifma path in plain C (x86-64 with ADX)
#   residue         looks for what depends on secrets on the stack after each call
#   valgrind        looks for branches and addresses that depend on secrets; skipped where valgrind is not installed
#   fuzz [SECONDS]  fuzzes every exported function on all paths against each other, a minute if not said otherwise
# Without arguments: the first three in one build, residue and valgrind. Needs a C compiler and a Python 3; exits with a
# status other than zero on failure.
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

paths=(../src/arch/portable/portable.c)
[[ $(uname -m) != x86_64 ]] || paths+=(../src/arch/adx/adx.c ../src/arch/ifma/ifma.c)

constant_time() {
    if ! command -v valgrind >/dev/null || [[ ! -e /usr/include/valgrind/memcheck.h ]]; then
        echo "constant time: skipped, valgrind is not installed"
        return
    fi
    local build=("${CC:-cc}" -std=c11 -DTS_CHECK_TIMING constant_time.c "${paths[@]}") emulation
    if [[ $(uname -m) == x86_64 ]]; then
        "${build[@]}" -O1 "${emulated[@]}" -o "$work/constant_time_emulated" &
        emulation=$!
    fi
    # The flags of the extension, since what matters is what the compiler makes of the code there.
    "${build[@]}" -O3 -o "$work/constant_time"
    leaks portable "$work/constant_time"
    [[ $(uname -m) == x86_64 ]] || return 0
    leaks adx "$work/constant_time"
    wait "$emulation"
    leaks "ifma, emulated" "$work/constant_time_emulated"
}

residue() {
    local path code
    "${CC:-cc}" -std=c11 -O3 constant_time.c "${paths[@]}" -o "$work/residue"
    for path in "${paths[@]}"; do
        path=$(basename "$path" .c)
        code=0
        "$work/residue" "$path" || code=$?
        if [[ $code == 3 ]]; then
            echo "residue: $path: skipped, this processor cannot run it"
            continue
        fi
        [[ $code == 0 ]] || return 1
        if "$work/residue" "$path" residue 2>/dev/null; then
            echo "residue: $path: FAILED, a planted one went unseen" >&2
            return 1
        fi
        echo "residue: $path: ok"
    done
}

# Usage: fuzz SECONDS: by libFuzzer where clang has it, else by the harness's own generator and with more checks an input.
fuzz() {
    local run sources=(fuzz.c ../src/core.c "${paths[@]}") flags=(-std=c11 -O1 -g1 "${warnings[@]}" -I../include)
    echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n ? 0 : 0; }' >"$work/none.c"
    if clang -fsanitize=fuzzer,address "$work/none.c" -o "$work/none" 2>/dev/null; then
        clang "${flags[@]}" -fsanitize=fuzzer,address "${sources[@]}" -o "$work/fuzz"
        run=(./fuzz "-max_total_time=$1" -max_len=1024 -print_final_stats=1)
    else
        "${CC:-cc}" "${flags[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all -DTS_VERIFY -DTS_FUZZ_MAIN \
            "${sources[@]}" -o "$work/fuzz"
        run=(./fuzz "$1")
    fi
    (cd "$work" && "${run[@]}" 2>"$work/log") || {
        trap - EXIT
        tail -n 40 "$work/log" >&2
        echo "fuzz: FAILED; the program and the input that made it fail are in $work" >&2
        return 1
    }
    grep -E "number_of_executed_units|cov:" "$work/log" | tail -n 2 || true
    echo "fuzz: ok"
}

[[ $# -gt 0 ]] || set -- all residue valgrind
while [[ $# -gt 0 ]]; do
    check=$1
    shift
    case $check in
        all) tests "asan, ubsan, verify" -fsanitize=address,undefined -fno-sanitize-recover=all -DTS_VERIFY ;;
        asan) tests asan -fsanitize=address ;;
        ubsan) tests ubsan -fsanitize=undefined -fno-sanitize-recover=all ;;
        verify) tests verify -DTS_VERIFY ;;
        emulated) tests emulated -O2 "${emulated[@]}" -DTS_VERIFY ;;
        residue) residue ;;
        valgrind) constant_time ;;
        fuzz)
            seconds=60
            if [[ ${1:-} =~ ^[0-9]+$ ]]; then
                seconds=$1
                shift
            fi
            fuzz "$seconds"
            ;;
        *) echo "run.sh: no check is called $check" >&2; exit 2 ;;
    esac
done
