# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev audit: which of the allowed system calls are used.  The build that is traced differs in one
# thing: its supervisor does not look at TracerPid.

AUDIT_PREFIX=$BUILD/prefix-audit
# Tests that start the agent, and docker-gate, natively and let them do all of their work.
AUDITED="contract master_link transport docker tunnel stop configuration gate"

audit_command() {
	local status=0

	[ $# -eq 0 ] || usage "audit takes no '$1'"
	need_packages build test
	only_one
	need_engine
	need_all_images
	reachable_prefix
	[ "$AGENT_PREFIX" = "$BUILD/prefix" ] || AUDIT_PREFIX=$AGENT_PREFIX
	step build-audit "building for the audit" build_audited
	rm -rf "$BUILD/audit-traces" && mkdir -p "$BUILD/audit-traces"
	# Traced, everything takes several times as long: a test that fails has still made its calls.
	traced_tests || say "some tests failed under strace (their times are for an agent without)"
	"$PYTHON" "$SOURCE/tests/lib/audit.py" "$BUILD/audit-traces" \
		"$AUDIT_PREFIX/bin" || status=$?
	exit "$status"
}

build_audited() {
	configure "$BUILD/audit" -Daudit=true --prefix="$AUDIT_PREFIX" --libexecdir=libexec &&
		meson configure "$BUILD/audit" -Dprefix="$AUDIT_PREFIX" &&
		meson compile -C "$BUILD/audit" && rm -rf "$AUDIT_PREFIX" &&
		meson install -C "$BUILD/audit" --no-rebuild
}

traced_tests() {
	local -a files
	local name

	for name in $AUDITED; do
		files+=("tests/integration/test_$name.py")
	done
	AGENT_PREFIX=$AUDIT_PREFIX TEST_TRACES=$BUILD/audit-traces TEST_OUTPUT=$BUILD/integration/audit \
		pytest --quiet --tb=no -k "not container" "${files[@]}"
}
