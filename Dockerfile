# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's image: built in one stage, and in the other only what runs.
FROM debian:bookworm-slim AS build
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		gcc libc-ares-dev libc6-dev libcap-ng-dev libcurl4-openssl-dev libjson-c-dev \
		libmicrohttpd-dev libseccomp-dev meson ninja-build pkg-config \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN meson setup build --prefix=/usr/local --libexecdir=libexec --buildtype=release --strip \
		-Dtests=false \
	&& DESTDIR=/installed meson install -C build

FROM debian:bookworm-slim
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		ca-certificates libc-ares2 libcap-ng0 libcurl4 libjson-c5 libmicrohttpd12 \
		libseccomp2 tzdata \
	&& rm -rf /var/lib/apt/lists/* \
	&& install -d -o 65532 -g 65532 -m 0755 /run/dockflare-agent /app \
	&& install -d -o 65532 -g 65532 -m 0700 /app/data
COPY --from=build /installed/usr/local /usr/local
USER 65532:65532
WORKDIR /app
VOLUME /app/data
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
	CMD ["/usr/local/bin/dockflare-agentctl", "health"]
ENTRYPOINT ["/usr/local/bin/dockflare-agent"]
