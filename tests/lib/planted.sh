# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev test planted: whether each bug of tests/faults/planted, built into a copy of the agent, is
# seen by the test that its header names, and for the reason that it names.

# shellcheck disable=SC2153 # both are dev's
PLANTED=$SOURCE/tests/faults/planted PLANTED_COPY=$BUILD/planted/source
PLANTED_PREFIX=$BUILD/planted/prefix
# The least that a header has; `Faults` chooses rows where the test is that of the table.
PLANTED_FIELDS="Bug Breaks Test Says"

# ---- copies and patches ----

# The project's files, new for ninja: what a run that was broken off built must not stay.
# copy_tree FOLDER
copy_tree() {
	rm -rf "$1" && mkdir -p "$1" &&
		files | tar -C "$SOURCE" -c -T - | tar -C "$1" -x -m
}

# plant FOLDER PATCH-ARGUMENT...
plant() {
	local folder=$1

	shift
	patch -d "$folder" -p1 "$@"
}

# ---- the bugs ----

# The bugs, or those that were named.
planted_bugs() {
	local patch

	if [ $# -gt 0 ]; then
		printf '%s\n' "$@"
		return
	fi
	for patch in "$PLANTED"/*.patch; do
		basename "$patch" .patch
	done
}

# planted_field BUG FIELD
planted_field() {
	sed -n "/^--- /q;s/^$2: //p" "$PLANTED/$1.patch"
}

# Whether each header says all that it must.
planted_headers() {
	local bug field bad=0

	while IFS= read -r bug; do
		for field in $PLANTED_FIELDS; do
			[ "$(planted_field "$bug" "$field" | wc -l)" -ne 1 ] || continue
			printf '%s: needs one line "%s: …" before its first "---"\n' "$bug" "$field"
			bad=1
		done
	done < <(planted_bugs)
	return "$bad"
}

# ---- building and running ----

configure_planted() {
	local build=$BUILD/planted/build

	copy_tree "$PLANTED_COPY" || return
	[ -f "$build/build.ninja" ] ||
		meson setup "$build" "$PLANTED_COPY" -Dtests=false --libexecdir=libexec || return
	meson configure "$build" -Dprefix="$AGENT_PREFIX"
}

install_planted() {
	meson compile -C "$BUILD/planted/build" && rm -rf "$AGENT_PREFIX" &&
		meson install -C "$BUILD/planted/build" --no-rebuild
}

# run_planted FAULTS TEST...
run_planted() {
	local faults=$1

	shift
	TEST_FAULTS=${faults:-.*} TEST_OUTPUT=$BUILD/integration/planted \
		pytest --quiet --tb=short "$@"
}

# Without a bug all of the tests pass.
control_planted() {
	local bug faults
	local -a tests

	mapfile -t tests < <(for bug in "$@"; do planted_field "$bug" Test; done | sort -u)
	faults=$(for bug in "$@"; do planted_field "$bug" Faults; done | sort -u | paste -s -d '|')
	install_planted && run_planted "$faults" "${tests[@]}"
}

# Whether the test fails with the bug: how, its log says.
hunt_planted() {
	local bug=$1 status=0

	plant "$PLANTED_COPY" <"$PLANTED/$bug.patch" || return
	{ install_planted && run_planted "$(planted_field "$bug" Faults)" \
		"$(planted_field "$bug" Test)"; } || status=$?
	# 1: pytest ran, and a test failed.
	plant "$PLANTED_COPY" -R <"$PLANTED/$bug.patch" && [ "$status" -eq 1 ]
}

# The first line of the failure that has the expected text; fails where there is none.
planted_how() {
	sed -n 's/^E  *//p' "$BUILD/log/bug-$1.log" |
		grep -m 1 -F -e "$(planted_field "$1" Says)" | cut -c 1-120
}

planted_row() {
	local test faults

	test=$(planted_field "$1" Test)
	faults=$(planted_field "$1" Faults)
	printf '%s | %s | %s%s | %s\n' "$1" "$(planted_field "$1" Breaks)" "${test##*::}" \
		"${faults:+ ($faults)}" "$2"
}

planted_command() {
	local bugs bug how failed=0
	local -a table=("planted bug | invariant | seen by | how")

	mapfile -t bugs < <(planted_bugs "$@")
	for bug in "${bugs[@]}"; do
		[ -f "$PLANTED/$bug.patch" ] || usage "there is no planted bug '$bug'"
	done
	need_packages build test planted
	only_one
	need_engine
	need_standin_images
	reachable_prefix
	# What uid 65532 can't reach there is elsewhere here too.
	[ "$AGENT_PREFIX" != "$BUILD/prefix" ] || AGENT_PREFIX=$PLANTED_PREFIX
	planted_headers || fail "planted: a header lacks something"
	step planted-setup "setting up a build of a copy" configure_planted
	step planted-control "without a bug, the tests pass" control_planted "${bugs[@]}" ||
		fail "planted: a test fails without a bug"
	for bug in "${bugs[@]}"; do
		if ! step "bug-$bug" "planting $bug" hunt_planted "$bug" || ! how=$(planted_how "$bug"); then
			how="NOT SEEN, see ${BUILD#"$SOURCE"/}/log/bug-$bug.log"
			failed=1
		fi
		table+=("$(planted_row "$bug" "$how")")
	done
	printf '%s\n' "${table[@]}"
	[ "$failed" -eq 0 ] || fail "planted: a bug was not seen"
	say "planted: each bug was seen"
}
