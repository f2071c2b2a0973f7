# docker build --tag understudy .      podman build --tag understudy .
#
# The first build compiles everything; later ones find the crates and what was compiled in the two cache mounts. Both base
# images can be replaced by others of the same C library: --build-arg RUST_IMAGE=... --build-arg BASE_IMAGE=...
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS build
WORKDIR /understudy
COPY . .
# The binary leaves the cache in the step that made it: a later step sees no cache.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/understudy/target \
    cargo build --release --locked -p understudy \
    && cp target/release/understudy /usr/local/bin/understudy

FROM ${BASE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="understudy" \
      org.opencontainers.image.description="Two replicas that behave like one server that does not fail" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /usr/local/bin/understudy /usr/local/bin/understudy
USER 65532:65532
# clients, the other replica, health and metrics
EXPOSE 7440 7441 7442
ENTRYPOINT ["/usr/local/bin/understudy"]
