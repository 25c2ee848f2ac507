# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Images: pulled where a registry answers, built from Debian's packages where none does.

BASE_IMAGE=debian:bookworm-slim
export AGENT_IMAGE=dockflare-agent:dev
export STANDIN_IMAGE=standin-cloudflared:test
export TOOLS_IMAGE=dockflare-test-tools:bookworm
export HAPROXY_IMAGE=haproxy:2.6-alpine

has_image() {
	docker image inspect "$1" >/dev/null 2>&1
}

# Whether the image is there or comes from a registry; one that is not reached is asked only once.
get_image() {
	has_image "$1" && return
	[ -z "${registry_away:-}" ] || return 1
	mkdir -p "$BUILD/log"
	say "pulling $1 ..."
	timeout 300 docker pull "$1" >"$BUILD/log/pull.log" 2>&1 && return
	registry_away=yes
	say "pulling $1: no registry gives it ($(tail -n 1 "$BUILD/log/pull.log" | cut -c 1-100))"
	return 1
}

need_base_image() {
	get_image "$BASE_IMAGE" && return
	[ "$(id -u)" -eq 0 ] || fail "$BASE_IMAGE is not there and can't be pulled; only root can make it"
	need_packages image
	step base-image "making $BASE_IMAGE from Debian's packages" make_base_image
}

# The same Debian mirrors as this machine's, where they are known to be Debian's own archive.
debian_sources() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | grep -E ' bookworm[a-z-]* main$' | sort -u
}

make_base_image() {
	local sources

	sources=$(debian_sources || true)
	if grep -q ' bookworm main$' <<<"$sources"; then
		mmdebstrap --variant=minbase bookworm - - <<<"$sources"
	else
		mmdebstrap --variant=minbase bookworm
	fi | docker import - "$BASE_IMAGE"
}

need_agent_image() {
	need_base_image
	step agent-image "building the agent's image" docker build --tag "$AGENT_IMAGE" "$SOURCE"
}

need_haproxy_image() {
	get_image "$HAPROXY_IMAGE" && return
	HAPROXY_IMAGE=dockflare-haproxy:bookworm
	need_base_image
	step haproxy-image "building an image with Debian's HAProxy" \
		docker build --tag "$HAPROXY_IMAGE" "$SOURCE/tests/proxies"
}

need_standin_images() {
	need_base_image
	step tools-image "building the stand-ins' image" \
		docker build --tag "$TOOLS_IMAGE" --target tools "$SOURCE/tests/standin"
	step standin-image "building the stand-in cloudflared's image" \
		docker build --tag "$STANDIN_IMAGE" --target cloudflared "$SOURCE/tests/standin"
}

need_all_images() {
	need_standin_images
	need_haproxy_image
	need_agent_image
}
