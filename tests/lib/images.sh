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

native_arch() {
	dpkg --print-architecture
}

# What the image says of its source; a publisher gives SOURCE_URL too.
image_arguments() {
	local revision=unknown moment

	moment=$(date +%s)
	if git -C "$SOURCE" rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
		revision=$(git -C "$SOURCE" describe --always --abbrev=40 --exclude='*' --dirty)
		moment=$(git -C "$SOURCE" log -1 --format=%ct)
	fi
	printf -- '--build-arg\n%s\n' "REVISION=$revision" "SOURCE_DATE_EPOCH=$moment" \
		"CREATED=$(date -u -d "@$moment" +%Y-%m-%dT%H:%M:%SZ)"
}

# build_image ARCHITECTURE TAG DOCKER-OPTION...
# Only BuildKit writes another architecture than its own into the image's configuration.
build_image() {
	local arch=$1 tag=$2
	local -a arguments

	shift 2
	mapfile -t arguments < <(image_arguments)
	if docker buildx version >/dev/null 2>&1; then
		arguments+=(--platform "linux/$arch")
	elif [ "$arch" != "$(native_arch)" ]; then
		arguments+=(--build-arg "TARGETARCH=$arch")
	fi
	docker build --tag "$tag" "${arguments[@]}" "$@" "$SOURCE"
}

# unpack_image TAG FOLDER
unpack_image() {
	local container

	container=$(docker create "$1") &&
		docker export "$container" | tar -x -C "$2" &&
		docker rm "$container" >/dev/null
}

need_agent_image() {
	need_base_image
	step agent-image "building the agent's image" build_image "$(native_arch)" "$AGENT_IMAGE"
}

# Its size, and what takes it.
describe_image() {
	local folder=$BUILD/image-root

	rm -rf "$folder"
	mkdir -p "$folder"
	unpack_image "$1" "$folder"
	(cd "$folder" && find . -type f ! -empty ! -path './usr/share/*' -printf '%10s %P\n' | sort -k 2 &&
		du --apparent-size --bytes --summarize usr/share/* | awk '{ printf "%10d %s/\n", $1, $2 }')
	say "the image is $1: $(docker image inspect --format '{{.Size}}' "$1") bytes," \
		"for $(docker image inspect --format '{{.Architecture}}' "$1")"
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
