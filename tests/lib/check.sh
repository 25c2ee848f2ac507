# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev check: each tool must have nothing left to say.

# The project's files of some kinds, as git knows them, new ones included.
# files GLOB...
files() {
	git -C "$SOURCE" ls-files --cached --others --exclude-standard -- "$@" |
		while IFS= read -r file; do
			[ ! -f "$SOURCE/$file" ] || printf '%s\n' "$file"
		done
}

shell_files() {
	files '*.sh' dev .ci/run
}

check_format() {
	files '*.[ch]' | xargs clang-format --dry-run -Werror
}

check_spdx() {
	local file bad=0

	while IFS= read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' && continue
		printf '%s: no SPDX line within the first three\n' "$file"
		bad=1
	done < <(files '*.[ch]' '*.py' '*.sh' '*.cfg' '*.yml' '*.html' '*meson.build' '*Dockerfile' \
		dev .ci/run .clang-format .clang-tidy .editorconfig .gitignore .dockerignore .env.example)
	return "$bad"
}

check_shell() {
	shell_files | xargs shellcheck
}

check_python() {
	files '*.py' | while IFS= read -r file; do
		"$PYTHON" -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$file" ||
			return 1
	done
}

# The pages as they are installed; what mandoc calls style is left to us.
check_manual() {
	build_plain && mandoc -T lint -W warning "$BUILD"/dev/man/*.[18]
}

# Planted bugs are of use only as long as they fit the source.
check_planted() {
	local file bad=0

	while IFS= read -r file; do
		plant "$SOURCE" --dry-run --force <"$SOURCE/$file" || bad=1
	done < <(files 'tests/*/planted/*.patch')
	planted_headers || bad=1
	return "$bad"
}

# The plain build's commands without what clang does not know, and without libcurl's macros that
# check the types of options: they make a branch of each call.
tidy_commands() {
	mkdir -p "$BUILD/tidy" &&
		sed -E 's/ -(ftrivial-auto-var-init=zero|Wlogical-op|Wformat-truncation=1|Wduplicated-cond)//g
			s/ -D_GNU_SOURCE/& -DCURL_DISABLE_TYPECHECK/' \
			"$BUILD/dev/compile_commands.json" >"$BUILD/tidy/compile_commands.json"
}

# Files that are in no target yet are not in the database: clang-tidy would guess.
compiled_files() {
	"$PYTHON" -c 'import json, os, sys
for entry in json.load(open(sys.argv[1])):
    print(os.path.relpath(os.path.join(entry["directory"], entry["file"]), sys.argv[2]))' \
		"$BUILD/tidy/compile_commands.json" "$SOURCE" | sort -u
}

check_tidy() {
	build_plain && tidy_commands || return
	# One file a process: version 14 carries the state of a va_list from one file into the next.
	compiled_files | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$BUILD/tidy"
}

check_cppcheck() {
	mkdir -p "$BUILD/cppcheck" &&
		cppcheck --project="$BUILD/tidy/compile_commands.json" \
			--cppcheck-build-dir="$BUILD/cppcheck" --library="$SOURCE/tests/lib/cppcheck.cfg" \
			-D"__$(uname -m)__=1" --std=c11 --enable=warning,performance,portability \
			--inline-suppr --quiet --error-exitcode=1 -j "$(nproc)"
}

check_command() {
	local failed=0

	[ $# -eq 0 ] || usage "check takes no '$1'"
	need_packages build check
	only_one
	step check-format "clang-format" check_format || failed=1
	step check-spdx "license lines" check_spdx || failed=1
	step check-shell "shellcheck" check_shell || failed=1
	step check-python "Python's compiler" check_python || failed=1
	step check-manual "manual pages" check_manual || failed=1
	step check-planted "planted bugs" check_planted || failed=1
	step check-tidy "clang-tidy" check_tidy || failed=1
	step check-cppcheck "cppcheck" check_cppcheck || failed=1
	[ "$failed" -eq 0 ] || fail "check: there is something left to say"
	say "check: nothing left to say"
}
