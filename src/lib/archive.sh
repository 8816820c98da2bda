#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# archive.sh LD OBJCOPY AR OUTPUT LIBRARY…: one static library of several, in which only what is
# meant to be seen can be seen: the others' names are no business of a program that links it.
set -eu
ld=$1 objcopy=$2 ar=$3 output=$4
shift 4
$ld -r -o "$output.o" --whole-archive "$@"
$objcopy --localize-hidden "$output.o"
rm -f "$output"
$ar rc "$output" "$output.o"
rm -f "$output.o"
