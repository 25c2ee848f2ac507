#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run beside qemu-user, with the image's root folder at /image: each program's loader must find all
# libraries there, where nothing else is, and those with an option for it must run.
set -eu
cp /usr/bin/qemu-aarch64-static /image/

run() {
	chroot /image /qemu-aarch64-static "$@"
}

for program in /image/usr/local/bin/* /image/usr/local/libexec/*/*; do
	echo "$program:"
	run /usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 --list "${program#/image}"
done
for program in /image/usr/local/bin/*; do
	run "${program#/image}" --version
done
