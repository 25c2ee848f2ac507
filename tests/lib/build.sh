# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds: plain under build/dev (installed to build/prefix), with sanitizers under build/asan.

export AGENT_PREFIX=$BUILD/prefix

# configure FOLDER MESON-OPTION...
configure() {
	local folder=$1

	shift
	[ -f "$folder/build.ninja" ] || meson setup "$folder" "$SOURCE" "$@"
}

build_plain() {
	configure "$BUILD/dev" --prefix="$AGENT_PREFIX" --libexecdir=libexec &&
		meson compile -C "$BUILD/dev"
}

# A new prefix each time: what is no longer installed must not stay.
install_prefix() {
	build_plain && rm -rf "$AGENT_PREFIX" &&
		meson install -C "$BUILD/dev" --no-rebuild
}

build_prefix() {
	step build "building the agent" install_prefix
}

build_sanitized() {
	configure "$BUILD/asan" -Db_sanitize=address,undefined -Db_lundef=false \
		-Doptimization=1 --prefix="$BUILD/prefix-asan" &&
		meson compile -C "$BUILD/asan"
}
