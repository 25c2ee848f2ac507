# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev fuzz: each target of tests/fuzz under libFuzzer, how much of its parser it reached, and
# whether it finds a bug that was planted there.

# shellcheck disable=SC2153 # both are dev's
FUZZ=$SOURCE/tests/fuzz FUZZ_FINDINGS=$BUILD/fuzz-findings FUZZ_CORPUS=$BUILD/fuzz-corpus
FUZZ_LINES_LEAST=90
FUZZ_PLANTED_SECONDS=60

fuzz_command() {
	local seconds=60 target='' planted=''

	if [ "${1:-}" = planted ]; then
		planted=yes
		shift
	elif [[ ${1:-} =~ ^[0-9]+$ ]]; then
		[[ $1 =~ ^[1-9][0-9]{0,5}$ ]] || usage "fuzz needs a number of seconds from 1 to 999999"
		seconds=$1
		shift
	fi
	if [ $# -gt 0 ]; then
		target=$1
		[ -f "$FUZZ/planted/$target.patch" ] || usage "there is no fuzz target '$target'"
		shift
	fi
	[ $# -eq 0 ] || usage "fuzz takes no '$1'"
	need_packages build fuzz
	if [ -n "$planted" ]; then
		fuzz_planted "$target"
	else
		fuzz_all "$seconds" "$target"
	fi
}

# The targets, or the one that was named.  Each has a planted bug, so that list is the list.
fuzz_targets() {
	local patch

	if [ -n "$1" ]; then
		printf '%s\n' "$1"
		return
	fi
	for patch in "$FUZZ"/planted/*.patch; do
		basename "$patch" .patch
	done
}

# ---- building ----

# configure_fuzz FOLDER SOURCE
configure_fuzz() {
	[ -f "$1/build.ninja" ] || CC=clang meson setup "$1" "$2" -Dfuzz=true -Dtests=false \
		-Dwerror=false -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
}

# The same programs that replay the kept inputs, with counters in each line.
configure_fuzz_cov() {
	[ -f "$BUILD/fuzz-cov/build.ninja" ] || CC=clang meson setup "$BUILD/fuzz-cov" "$SOURCE" \
		-Dwerror=false -Doptimization=0 \
		-Dc_args='-fprofile-instr-generate -fcoverage-mapping' \
		-Dc_link_args=-fprofile-instr-generate
}

# build_fuzz FOLDER TARGET...
build_fuzz() {
	local folder=$1

	shift
	ninja -C "$folder" "${@/#/tests/fuzz/fuzz_}"
}

build_fuzzers() {
	configure_fuzz "$BUILD/fuzz" "$SOURCE" && build_fuzz "$BUILD/fuzz" "$@" &&
		configure_fuzz_cov && build_fuzz "$BUILD/fuzz-cov" "$@"
}

# ---- running ----

# The words that a target's inputs are made of: those of JSON, and its own.
fuzz_dictionary() {
	cat "$FUZZ/dict/json.dict"
	[ ! -f "$FUZZ/dict/$1.dict" ] || cat "$FUZZ/dict/$1.dict"
}

# run_fuzzer PROGRAM SECONDS TARGET FINDINGS CORPUS
run_fuzzer() {
	local program=$1 seconds=$2 target=$3 findings=$4 corpus=$5

	rm -rf "$corpus" "$findings"
	mkdir -p "$corpus" "$findings" &&
		fuzz_dictionary "$target" >"$findings.dict" &&
		ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
			UBSAN_OPTIONS=print_stacktrace=1 \
			"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
			-print_final_stats=1 -dict="$findings.dict" -artifact_prefix="$findings/" \
			"$corpus" "$FUZZ/corpus/$target"
}

fuzz_target() {
	step "fuzz-$2" "fuzzing $2 for $1 s" run_fuzzer "$BUILD/fuzz/tests/fuzz/fuzz_$2" "$1" "$2" \
		"$FUZZ_FINDINGS/$2" "$FUZZ_CORPUS/$2"
}

# ---- what was reached ----

# The files of the parser that a target is for, as its header says.
fuzz_sources() {
	sed -n '/ \* Covers:/,/ \*\//{s/ \* Covers://;s/^ \*\/*//;p}' "$FUZZ/$1.c"
}

# Replays seeds and corpus with the counters on.
fuzz_replay() {
	local program=$BUILD/fuzz-cov/tests/fuzz/fuzz_$1 raw=$BUILD/fuzz-cov/$1.profraw

	LLVM_PROFILE_FILE=$raw "$program" "$FUZZ/corpus/$1" "$FUZZ_CORPUS/$1" &&
		llvm-profdata merge --sparse -o "${raw%raw}data" "$raw"
}

# fuzz_lines TARGET
fuzz_lines() {
	llvm-cov report "$BUILD/fuzz-cov/tests/fuzz/fuzz_$1" \
		-instr-profile="$BUILD/fuzz-cov/$1.profdata" | tee "$BUILD/log/fuzz-lines-$1.log" |
		awk -v sources="$(fuzz_sources "$1" | tr '\n' ' ')" '
			index(" " sources " ", " " $1 " ") { lines += $8; missed += $9 }
			END { printf "%d\n", (lines > 0 ? 100 * (lines - missed) / lines : 0) }'
}

# One line about a target; whether it is good enough.
fuzz_tell() {
	local target=$1 lines executions features

	step "fuzz-replay-$target" "counting the lines that $target reaches" fuzz_replay "$target" ||
		return
	lines=$(fuzz_lines "$target")
	features=$(sed -n 's/.*DONE .* ft: \([0-9]*\) .*/\1/p' "$BUILD/log/fuzz-$target.log")
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/log/fuzz-$target.log")
	fuzz_table+=("$(printf '%-14s %12s %10s %5s %%' "$target" "$executions" "$features" "$lines")")
	[ "${lines:-0}" -ge "$FUZZ_LINES_LEAST" ] && return
	complain "$target reaches $lines % of its parser's lines, less than $FUZZ_LINES_LEAST"
	return 1
}

fuzz_all() {
	local seconds=$1 targets target failed=0
	local -a fuzz_table=()

	mapfile -t targets < <(fuzz_targets "$2")
	step build-fuzz "building ${#targets[@]} fuzz targets" build_fuzzers "${targets[@]}"
	for target in "${targets[@]}"; do
		if fuzz_target "$seconds" "$target"; then
			fuzz_tell "$target" || failed=1
		else
			complain "$target: the input is in ${FUZZ_FINDINGS#"$SOURCE"/}/$target"
			fuzz_table+=("$(printf '%-14s found something' "$target")")
			failed=1
		fi
	done
	printf '%-14s %12s %10s %7s\n' target executions features lines
	printf '%s\n' "${fuzz_table[@]}"
	[ "$failed" -eq 0 ] || fail "fuzz: there is something to look at"
	say "fuzz: nothing found"
}

# ---- planted bugs ----

FUZZ_COPY=$BUILD/fuzz-planted/source

# Whether the target finds what its patch breaks: fails where libFuzzer ends without a finding.
hunt() {
	local target=$1 build=$BUILD/fuzz-planted/build begin

	plant "$FUZZ_COPY" <"$FUZZ/planted/$target.patch" &&
		build_fuzz "$build" "$target" || return
	begin=$SECONDS
	# Nothing but a finding leaves a file.
	run_fuzzer "$build/tests/fuzz/fuzz_$target" "$FUZZ_PLANTED_SECONDS" "$target" \
		"$BUILD/fuzz-planted/findings/$target" "$BUILD/fuzz-planted/corpus" || true
	printf 'hunted for %d s\n' "$((SECONDS - begin))"
	plant "$FUZZ_COPY" -R <"$FUZZ/planted/$target.patch" &&
		[ -n "$(ls -A "$BUILD/fuzz-planted/findings/$target")" ]
}

fuzz_planted() {
	local targets target failed=0
	local -a table=()

	mapfile -t targets < <(fuzz_targets "$1")
	step copy-tree "copying the tree" copy_tree "$FUZZ_COPY"
	step planted-setup "setting up a build of it" \
		configure_fuzz "$BUILD/fuzz-planted/build" "$FUZZ_COPY"
	for target in "${targets[@]}"; do
		if step "planted-$target" "hunting the bug planted for $target" hunt "$target"; then
			table+=("$(printf '%-14s found: %s' "$target" "$(planted_words "$target")")")
		else
			table+=("$(printf '%-14s not found' "$target")")
			failed=1
		fi
	done
	printf '%s\n' "${table[@]}"
	[ "$failed" -eq 0 ] || fail "fuzz: a planted bug was not found"
	say "fuzz: each planted bug was found"
}

# What the finding was, and after how many seconds.
planted_words() {
	local log=$BUILD/log/planted-$1.log

	printf '%s, after %s s\n' "$(planted_finding "$log")" \
		"$(sed -n 's/^hunted for \(.*\) s$/\1/p' "$log")"
}

planted_finding() {
	sed -n 's/^.*: does not hold: /does not hold: /p
		s/^SUMMARY: AddressSanitizer: \([^ ]*\).* in \([^ ]*\)$/\1 in \2/p
		s/^SUMMARY: [^:]*: \([^ ]*\).*/\1/p
		s/^.*runtime error: //p' "$1" | head -n 1
}
