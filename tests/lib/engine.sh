# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Docker engine: the one that answers, or one that is installed, started, and stopped again.

engine_answers() {
	command -v docker >/dev/null && timeout 20 docker version >/dev/null 2>&1
}

need_engine() {
	# The engine of this machine, whatever the shell points the client at.
	unset DOCKER_HOST DOCKER_CONTEXT DOCKER_TLS_VERIFY
	engine_answers && return
	if [ "$(id -u)" -ne 0 ]; then
		complain "no Docker engine answers to user $(id -un): start it, join its group, or run this as root"
		command -v dockerd >/dev/null || complain "  apt-get install docker.io"
		exit 1
	fi
	if ! command -v dockerd >/dev/null; then
		install_packages docker.io
		# The package may have started it.
		if wait_for_engine 5; then
			engine_started_by=package
			at_end stop_engine
			return
		fi
	fi
	start_engine
}

need_compose() {
	if docker compose version >/dev/null 2>&1; then
		COMPOSE="docker compose"
	else
		command -v docker-compose >/dev/null || install_packages docker-compose
		COMPOSE=docker-compose
	fi
	export COMPOSE
}

# A pid file that outlived its process stops dockerd from starting once that number is taken again.
# forget_pid FILE NAME
forget_pid() {
	local pid

	[ -f "$1" ] || return 0
	pid=$(cat "$1")
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || rm -f "$1"
}

# wait_for_engine SECONDS
wait_for_engine() {
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		engine_answers && return 0
		[ -z "${engine_pid:-}" ] || kill -0 "$engine_pid" 2>/dev/null || return 1
		sleep 0.5
	done
	return 1
}

start_engine() {
	local log=$BUILD/log/dockerd.log

	mkdir -p "$BUILD/log"
	forget_pid /var/run/docker.pid dockerd
	forget_pid /var/run/docker/containerd/containerd.pid containerd
	say "starting a Docker engine ..."
	# A session of its own: Ctrl-C here must not end the engine before its containers are gone.
	# The lock stays with this script.
	setsid dockerd >"$log" 2>&1 </dev/null 9>&- &
	engine_pid=$!
	engine_started_by=us
	at_end stop_engine
	wait_for_engine 60 && return
	complain "the Docker engine does not start; the end of $log:"
	tail -n 15 "$log" >&2
	exit 1
}

stop_engine() {
	case ${engine_started_by:-} in
	us)
		say "stopping the Docker engine that was started ..."
		kill "$engine_pid" 2>/dev/null || return 0
		wait "$engine_pid" 2>/dev/null || true
		;;
	package)
		say "stopping the Docker engine that was installed ..."
		if [ -d /run/systemd/system ]; then
			systemctl stop docker.socket docker.service
		else
			service docker stop
		fi
		;;
	esac
}

# What is left running needs the engine.
keep_engine() {
	[ -n "${engine_started_by:-}" ] || return 0
	engine_started_by=
	say "the Docker engine that was started stays too (process ${engine_pid:-of the service})"
}
