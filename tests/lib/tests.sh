# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev test: the unit tests with sanitizers, then the integration tests on the real engine.

test_command() {
	local name='' runs=1

	if [ "${1:-}" = planted ]; then
		shift
		planted_command "$@"
		return
	elif [ "${1:-}" = arm64 ]; then
		shift
		arm64_command "$@"
		return
	fi
	while [ $# -gt 0 ]; do
		case $1 in
		--runs)
			runs=${2:-}
			[[ $runs =~ ^[1-9][0-9]{0,4}$ ]] || usage "--runs needs a number from 1 to 99999"
			shift
			;;
		-*) usage "test takes no '$1'" ;;
		*)
			[ -z "$name" ] || usage "test takes one name"
			name=$1
			;;
		esac
		shift
	done
	need_packages build
	only_one
	rm -rf "$BUILD/results"
	mkdir -p "$BUILD/results"
	tests_failed=0
	run_unit_tests "$name" "$runs"
	[ "$name" = unit ] || run_integration_tests "$name" "$runs"
	"$PYTHON" "$SOURCE/tests/lib/count.py" "$BUILD/results" >"$BUILD/results/total" || tests_failed=1
	# The closing line comes last of all, so the engine stops before it.
	at_end_commands=("${at_end_commands[@]}" print_total)
	trap run_at_end EXIT
	exit "$tests_failed"
}

print_total() {
	cat "$BUILD/results/total"
}

# The unit tests whose name holds the given one.
unit_names() {
	meson introspect "$BUILD/asan" --tests |
		"$PYTHON" -c 'import json, sys
print(*(t["name"] for t in json.load(sys.stdin) if sys.argv[1] in ("", "unit") or sys.argv[1] in t["name"]))' "$1"
}

run_unit_tests() {
	local names
	local -a list

	step build-asan "building with AddressSanitizer and UBSan" build_sanitized
	names=$(unit_names "$1")
	read -ra list <<<"$names"
	[ ${#list[@]} -gt 0 ] || return 0
	step unit "running ${#list[@]} unit test programs" unit_tests "$2" "${list[@]}" || tests_failed=1
	cp "$BUILD/asan/meson-logs/testlog.json" "$BUILD/results/unit.json"
}

unit_tests() {
	local runs=$1

	shift
	# A time-out of 1 and a sanitizer's report both end as failures of the program.
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		meson test -C "$BUILD/asan" --no-rebuild --repeat "$runs" --print-errorlogs "$@"
}

# What pytest is to run: a whole file, or what matches the name.
selection() {
	if [ -z "$1" ]; then
		printf '%s\n' tests/integration
	elif [ "$1" = faults ]; then
		printf '%s\n' tests/integration/test_faults.py --fault-rows
		"$PYTHON" -B "$SOURCE/tests/faults/elsewhere.py"
	elif [ -f "$SOURCE/tests/integration/test_$1.py" ]; then
		printf '%s\n' "tests/integration/test_$1.py"
	else
		printf '%s\n' tests/integration -k "$1"
	fi
}

# Whether a selection repeats itself as often as TEST_RUNS says.
repeats_itself() {
	[ -f "$1" ] && grep -q TEST_RUNS "$1"
}

run_integration_tests() {
	local selected run times=$2 status

	need_packages test
	mapfile -t selected < <(selection "$1")
	# Nothing is built for a name that only unit tests have.
	if [ -n "$1" ] && ! matches "${selected[@]}"; then
		[ -f "$BUILD/results/unit.json" ] || fail "no test matches '$1'"
		return 0
	fi
	need_engine
	need_compose
	need_all_images
	reachable_prefix
	build_prefix
	rm -rf "$BUILD/integration"
	if repeats_itself "${selected[0]}"; then
		export TEST_RUNS=$2
		times=1
	fi
	for ((run = 1; run <= times; run++)); do
		[ "$times" -eq 1 ] || say "run $run of $times"
		run_all_parts "$run" "${selected[@]}"
	done
}

# The tests that need no engine run beside those that do, which wait for it most of the time.
# run_all_parts RUN PYTEST-ARGUMENT...
run_all_parts() {
	local run=$1 part
	local -A beside

	shift
	for part in alone faults; do
		# At a lower priority: it is the engine's part that measures times.
		{
			renice -n 10 "$BASHPID" >/dev/null
			run_part "$part" "$run" "$@"
		} >"$BUILD/log/tests-$part.log" 2>&1 &
		beside[$part]=$!
	done
	run_part engine "$run" "$@" || tests_failed=1
	for part in alone faults; do
		wait "${beside[$part]}" || tests_failed=1
		say "and the tests that need no engine ($part):"
		cat "$BUILD/log/tests-$part.log"
	done
	# What only all of them together can show.  Through docker-gate no proxy records.
	[ "$*" != tests/integration ] || [ "${TEST_THROUGH:-proxy}" != proxy ] ||
		run_part whole "$run" "$@" || tests_failed=1
}

# run_part PART RUN PYTEST-ARGUMENT...
run_part() {
	local part=$1 run=$2 status=0

	shift 2
	TEST_OUTPUT=$BUILD/integration/$part pytest --part="$part" --durations=12 \
		--override-ini=junit_logging=system-out --override-ini=junit_log_passing_tests=true \
		--junitxml="$BUILD/results/$part-$run.xml" "$@" || status=$?
	# 5: this part has none of the selected tests.
	[ "$status" -eq 0 ] || [ "$status" -eq 5 ]
}

pytest() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$SOURCE "$PYTHON" -m pytest -p no:cacheprovider \
		--rootdir="$SOURCE/tests/integration" "$@" </dev/null 9>&-
}

matches() {
	pytest --collect-only --quiet "$@" >"$BUILD/results/collect.log" 2>&1
}
