# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev test arm64: the image's programs and the unit tests, built for arm64 on this machine; the
# tests run below qemu-user, in a container that has it, with the libraries that the image has.

ARM64_TOOLS=dockflare-agent-tools:arm64
ARM64_TESTS=dockflare-agent-tests:arm64
ARM64_IMAGE=dockflare-agent:arm64

arm64_command() {
	[ $# -eq 0 ] || usage "test arm64 takes no '$1'"
	only_one
	need_engine
	need_base_image
	step arm64-tools "building the tools for arm64" docker build --tag "$ARM64_TOOLS" \
		--target tools --build-arg TARGETARCH=arm64 "$SOURCE"
	step arm64-image "building the image for arm64" build_image arm64 "$ARM64_IMAGE"
	step arm64-tests-image "adding qemu-user" docker build --tag "$ARM64_TESTS" "$SOURCE/tests/arm64"
	rm -rf "$BUILD/arm64" "$BUILD/arm64-image"
	mkdir -p "$BUILD/arm64" "$BUILD/arm64-image"
	step arm64-programs "starting the image's programs" arm64_image_programs
	step arm64-build "building the unit tests for arm64" \
		in_arm64 sh -c 'deploy/image/programs.sh configure /build && meson compile -C /build'
	# What its status is worth, judge.py says.
	step arm64-unit "running the unit tests for arm64" arm64_unit_tests
	"$PYTHON" -B "$SOURCE/tests/arm64/judge.py" "$BUILD/arm64/meson-logs/testlog.json"
}

in_arm64() {
	# The listener is tried with IPv6 too.
	docker run --rm --network none --sysctl net.ipv6.conf.all.disable_ipv6=0 \
		--volume "$SOURCE:/source:ro" --volume "$BUILD/arm64:/build" \
		--volume "$BUILD/arm64-image:/image" --env TARGETARCH=arm64 --workdir /source \
		"$ARM64_TESTS" "$@"
}

arm64_unit_tests() {
	in_arm64 meson test -C /build --no-rebuild || [ -s "$BUILD/arm64/meson-logs/testlog.json" ]
}

# Each program's loader must find all libraries in the image, and each with an option for it must run.
arm64_image_programs() {
	unpack_image "$ARM64_IMAGE" "$BUILD/arm64-image" && in_arm64 tests/arm64/programs.sh
}
