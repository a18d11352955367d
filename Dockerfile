# A small image that runs as nobody in particular. Build: docker build -t rollcall .
# It listens on 8080 and keeps a SQLite file and the key in /data, unless ROLLCALL_DATABASE and ROLLCALL_SECRET say otherwise.

FROM rust:1.95-slim-trixie AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked -p rollcall-cli \
    && cp target/dist/rollcall /rollcall \
    && mkdir /data

FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /rollcall /usr/local/bin/rollcall
COPY --from=build --chown=65532:65532 --chmod=0700 /data /data
ENV ROLLCALL_LISTEN=0.0.0.0:8080 \
    ROLLCALL_DATABASE=/data/rollcall.db \
    ROLLCALL_LOG_FORMAT=json
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/rollcall"]
CMD ["serve"]
