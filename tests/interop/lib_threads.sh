#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# libiotsafe: threads on one handle, several handles, a fork; for ThreadSanitizer too.
# lib_threads.sh TRANSPORT
. "$(dirname "$0")/../lib/common.sh"
. "$top/tests/lib/sim.sh"
. "$top/tests/lib/pcscd.sh"
own_world "$@"

sim_new demo
sim_start "$1"
check_signs 'threads, handles and a fork' timeout -k 5 60 "$build/tests/interop/lib-api" share sim
all_passed
