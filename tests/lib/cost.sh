# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev cost: what the sandbox costs (the build without it differs in that alone), and with "gate"
# what docker-gate costs beside HAProxy.

COST_PREFIX=$BUILD/prefix-unconfined

cost_command() {
	local rounds=7

	if [ "${1:-}" = gate ]; then
		shift
		gate_cost "$@"
		return
	fi
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

gate_cost() {
	local rounds=5

	if [[ ${1:-} =~ ^[1-9][0-9]{0,2}$ ]]; then
		rounds=$1
		shift
	fi
	[ $# -eq 0 ] || usage "cost gate takes no '$1'"
	need_packages build test
	only_one
	reachable_prefix
	build_prefix
	need_engine
	need_agent_image
	PYTHONPATH=$SOURCE/tests/integration "$PYTHON" -B "$SOURCE/tests/cost/gate.py" \
		"$AGENT_PREFIX" "$rounds" "$AGENT_IMAGE"
}
