# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev soak: the installed agent under load and random faults.

soak_command() {
	local minutes=${1:-} status=0
	local -a more=()

	[[ $minutes =~ ^[1-9][0-9]{0,3}$ ]] || usage "soak needs a number of minutes from 1 to 9999"
	shift
	if [[ ${1:-} =~ ^[0-9]{1,9}$ ]]; then
		more=(--seed "$1")
		shift
	fi
	[ $# -eq 0 ] || usage "soak takes no '$1'"
	need_packages build test
	only_one
	need_engine
	need_all_images
	reachable_prefix
	build_prefix
	mkdir -p "$BUILD/soak"
	PYTHONPATH=$SOURCE/tests/integration:$SOURCE/tests/faults:$SOURCE/tests/soak "$PYTHON" -B \
		"$SOURCE/tests/soak/soak.py" "$AGENT_PREFIX" "$minutes" --tunnel \
		--output "$BUILD/soak" "${more[@]}" || status=$?
	exit "$status"
}
