# One image for every role: holdfast server, worker, migrate, and the command line.

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -tags nomsgpack -o /out/holdfast ./cmd/holdfast
# An empty folder to copy, so that a fresh volume mounted over it belongs to the user the program runs as.
RUN mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/holdfast /holdfast
COPY --from=build --chown=65532:65532 /out/data /data
ENV HOLDFAST_DATA=/data
VOLUME /data
EXPOSE 8080
USER 65532:65532
# Asks /readyz of HOLDFAST_URL.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["/holdfast", "health"]
ENTRYPOINT ["/holdfast"]
CMD ["server"]
