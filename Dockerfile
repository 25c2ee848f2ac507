# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's image.  Three stages build on Debian, on the builder's own architecture whatever the
# image's: libraries of the agent's own making, tools, and the programs with the image's root folder.
# The first two depend on Debian alone, so that they are built once.  The last has that folder and
# nothing else.  What comes before it must serve BuildKit and the older builder alike: only BuildKit
# knows BUILDPLATFORM and TARGETARCH (docs/image.md).
FROM --platform=${BUILDPLATFORM:-linux} debian:bookworm-slim AS libraries
ARG TARGETARCH
COPY deploy/image/target.sh deploy/image/libraries.sh /deploy/
RUN /deploy/libraries.sh

FROM libraries AS tools
ARG TARGETARCH
COPY deploy/image/tools.sh /deploy/
RUN /deploy/tools.sh

FROM tools AS programs
ARG TARGETARCH
ARG AGENT_VERSION=0.1.0
ARG SOURCE_DATE_EPOCH
WORKDIR /source
COPY . .
RUN deploy/image/programs.sh build

FROM scratch
COPY --from=programs /image/ /
USER 65532:65532
WORKDIR /app
VOLUME /app/data
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
	CMD ["/usr/local/bin/dockflare-agentctl", "health"]
ENTRYPOINT ["/usr/local/bin/dockflare-agent"]
# Its default is meson.build's, or the build fails.
ARG AGENT_VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE_URL=unknown
LABEL org.opencontainers.image.title="dockflare-agent" \
	org.opencontainers.image.description="Agent for the DockFlare Master, in confined processes" \
	org.opencontainers.image.licenses="GPL-3.0-or-later" \
	org.opencontainers.image.version="$AGENT_VERSION" \
	org.opencontainers.image.revision="$REVISION" \
	org.opencontainers.image.created="$CREATED" \
	org.opencontainers.image.source="$SOURCE_URL"
