# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev newcomer: the README's commands, typed in a clean container.

newcomer_command() {
	case ${1:-hardened} in
	standard | hardened) ;;
	*) usage "newcomer knows standard and hardened, not '$1'" ;;
	esac
	need_packages demo
	only_one
	need_engine
	need_standin_images
	[ "${1:-hardened}" = hardened ] || need_haproxy_image
	PYTHONDONTWRITEBYTECODE=1 "$PYTHON" "$SOURCE/tests/newcomer/newcomer.py" "${1:-hardened}" 9>&-
}
