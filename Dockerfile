# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's image: libraries of the agent's own making in one stage, the agent in the next, and in
# the last only what runs.  The first depends on Debian alone, so that it is built once.
FROM debian:bookworm-slim AS libraries
COPY deploy/image/libraries.sh /
RUN /libraries.sh

FROM libraries AS build
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		libc-ares-dev libcap-ng-dev libjson-c-dev libseccomp-dev meson ninja-build \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN meson setup build --prefix=/usr/local --libexecdir=libexec --buildtype=release --strip \
		--pkg-config-path=/opt/libraries/pkgconfig -Dplain_libcurl=libcurl-plain -Dtests=false \
	&& DESTDIR=/installed meson install -C build

FROM debian:bookworm-slim
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		ca-certificates libc-ares2 libcap-ng0 libjson-c5 libseccomp2 libssl3 tzdata \
	&& rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
	&& install -d -o 65532 -g 65532 -m 0755 /run/dockflare-agent /app \
	&& install -d -o 65532 -g 65532 -m 0700 /app/data
COPY --from=libraries /usr/local/lib/dockflare-agent /usr/local/lib/dockflare-agent
COPY --from=build /installed/usr/local /usr/local
USER 65532:65532
WORKDIR /app
VOLUME /app/data
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
	CMD ["/usr/local/bin/dockflare-agentctl", "health"]
ENTRYPOINT ["/usr/local/bin/dockflare-agent"]
