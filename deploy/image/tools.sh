#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run while the image is built, before any source of the agent is there: installs what it is built
# with, beside what libraries.sh left, and what the image gets of Debian's.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/target.sh"

apt-get update
install_packages ca-certificates libc-ares-dev:target libcap-ng-dev:target libjson-c-dev:target \
	libseccomp-dev:target meson ninja-build tzdata
rm -rf /var/lib/apt/lists/*
