# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ./dev reproducible: builds the image twice from one source, without the builder's cache, and
# compares both root folders byte for byte: content, names, modes, owners and times.

# What Docker puts into each container's root.
OF_DOCKER=' (\.|\./(\.dockerenv|dev(/[^ ]*)?|proc|sys|etc|etc/(hostname|hosts|mtab|resolv\.conf)))( |$)'

reproducible_command() {
	local one=$BUILD/reproducible/one two=$BUILD/reproducible/two

	[ $# -eq 0 ] || usage "reproducible takes no '$1'"
	need_packages check
	only_one
	need_engine
	need_base_image
	rm -rf "$BUILD/reproducible"
	mkdir -p "$one" "$two"
	step reproducible-one "building the image without a cache" build_apart one
	step reproducible-two "building it once more" build_apart two
	(cd "$BUILD/reproducible" && sha256sum one/usr/local/bin/* one/usr/local/libexec/*/* \
		one/usr/local/lib/*/*/* | sed 's|  one/|  /|')
	cmp "$BUILD/reproducible/one.list" "$BUILD/reproducible/two.list" ||
		fail "the two differ: compare build/reproducible/one.list and two.list"
	say "both images hold the same $(grep -c '^[0-9a-f]\{64\} ' "$BUILD/reproducible/one.list")" \
		"files, byte for byte, with the same modes, owners and times"
}

# build_apart NAME: from a copy of the source, so that nothing of an earlier build is in it.
build_apart() {
	local folder=$BUILD/reproducible/$1 image=dockflare-agent-reproducible:$1

	mkdir "$folder.source" &&
		files | tar -c -C "$SOURCE" -T - | tar -x -C "$folder.source" &&
		SOURCE=$folder.source build_image "$(native_arch)" "$image" --no-cache &&
		unpack_image "$image" "$folder" &&
		list_folder "$folder" >"$folder.list" &&
		docker image rm "$image" >/dev/null
}

# One line for each file: mode, owner, time, size, name, link; and the sums of the contents.
list_folder() {
	(
		cd "$1" && find . -printf '%M %U:%G %T@ %s %p %l\n' | grep -vE "$OF_DOCKER" | LC_ALL=C sort &&
			find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | grep -vE "$OF_DOCKER"
	)
}
