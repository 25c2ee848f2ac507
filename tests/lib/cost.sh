# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev cost: what the sandbox costs.  The build without it differs in that alone.

COST_PREFIX=$BUILD/prefix-unconfined

cost_command() {
	local rounds=7

	if [[ ${1:-} =~ ^[1-9][0-9]{0,2}$ ]]; then
		rounds=$1
		shift
	fi
	[ $# -eq 0 ] || usage "cost takes no '$1'"
	need_packages build test
	only_one
	reachable_prefix
	[ "$AGENT_PREFIX" = "$BUILD/prefix" ] || COST_PREFIX=$AGENT_PREFIX-unconfined
	build_prefix
	step build-unconfined "building without the sandbox" build_unconfined
	PYTHONPATH=$SOURCE/tests/integration "$PYTHON" -B "$SOURCE/tests/cost/cost.py" \
		"$AGENT_PREFIX" "$COST_PREFIX" "$rounds"
}

build_unconfined() {
	configure "$BUILD/unconfined" -Dunconfined=true -Dtests=false --prefix="$COST_PREFIX" \
		--libexecdir=libexec &&
		meson configure "$BUILD/unconfined" -Dprefix="$COST_PREFIX" &&
		meson compile -C "$BUILD/unconfined" && rm -rf "$COST_PREFIX" &&
		meson install -C "$BUILD/unconfined" --no-rebuild
}
