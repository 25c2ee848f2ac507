# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a person sees: one line for each step, its time, and on failure the end of its log.

say() {
	printf '%s\n' "$*"
}

complain() {
	printf 'dev: %s\n' "$*" >&2
}

fail() {
	complain "$*"
	exit 1
}

# Runs a command with its output in build/log/NAME.log.  Says what is done, every ten seconds that
# it is still done, and how long it took; on failure, the end of the log.
# A failure inside COMMAND does not end a function by itself there (`set -e` is off): chain with &&.
# step NAME "what is done" COMMAND...
step() {
	local text=$2 log=$BUILD/log/$1.log begin=$SECONDS ticker status=0

	shift 2
	mkdir -p "$BUILD/log"
	say "$text ..."
	tick "$text" "$begin" 9>&- &
	ticker=$!
	"$@" >"$log" 2>&1 </dev/null 9>&- || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	if [ "$status" -ne 0 ]; then
		complain "$text: failed after $((SECONDS - begin)) s (status $status); the end of $log:"
		tail -n 40 "$log" >&2
		return "$status"
	fi
	[ $((SECONDS - begin)) -lt 2 ] || say "$text: done in $((SECONDS - begin)) s"
}

tick() {
	while sleep 10 >/dev/null 2>&1; do
		say "$1: $((SECONDS - $2)) s so far"
	done
}

# What is to be done at the end, whatever happens; the last one registered is done first.
at_end_commands=()

at_end() {
	at_end_commands=("$1" "${at_end_commands[@]}")
	trap run_at_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

run_at_end() {
	local status=$? command

	trap '' INT TERM
	for command in "${at_end_commands[@]}"; do
		$command || true
	done
	exit "$status"
}

# The tunnel container has one fixed name, so two runs on one engine would fight for it.
only_one() {
	local lock=/tmp/dockflare-agent-dev.lock

	[ "$(id -u)" -ne 0 ] || lock=/run/dockflare-agent-dev.lock
	exec 9>"$lock"
	flock --nonblock 9 && return
	say "waiting for another ./dev on this machine ..."
	flock 9
}
