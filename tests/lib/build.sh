# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds: plain under build/dev (installed to a prefix), with sanitizers under build/asan.

AGENT_PREFIX=$BUILD/prefix
AGENT_UID=65532
export AGENT_PREFIX

# The tests start the agent as its own uid, which can't enter a checkout in somebody's home.
reachable_prefix() {
	[ "$(id -u)" -eq 0 ] || return 0
	mkdir -p "$BUILD"
	setpriv --reuid "$AGENT_UID" --regid "$AGENT_UID" --clear-groups test -x "$BUILD" && return
	AGENT_PREFIX=/var/lib/dockflare-agent-test
	at_end remove_reachable_prefix
}

remove_reachable_prefix() {
	rm -rf /var/lib/dockflare-agent-test
}

# configure FOLDER MESON-OPTION...
configure() {
	local folder=$1

	shift
	[ -f "$folder/build.ninja" ] || meson setup "$folder" "$SOURCE" "$@"
}

build_plain() {
	configure "$BUILD/dev" --prefix="$AGENT_PREFIX" --libexecdir=libexec &&
		use_prefix &&
		meson compile -C "$BUILD/dev"
}

# The programs know their prefix, so that another one is another build.
use_prefix() {
	[ "$(cat "$BUILD/dev/prefix" 2>/dev/null)" != "$AGENT_PREFIX" ] || return 0
	meson configure "$BUILD/dev" -Dprefix="$AGENT_PREFIX" &&
		printf '%s\n' "$AGENT_PREFIX" >"$BUILD/dev/prefix"
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
