# syntax=docker/dockerfile:1
ARG NODE_VERSION=20.20.2
ARG GO_VERSION=1.26.8

FROM node:${NODE_VERSION}-bookworm-slim AS ui
WORKDIR /src/web/ui
COPY web/ui/package.json web/ui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ui ./
RUN npm run build

FROM golang:${GO_VERSION}-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=ui /src/web/ui/dist ./web/ui/dist
ARG VERSION=dev
ARG COMMIT=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" -o /out/quantrac ./cmd/quantrac
# The last stage has no shell, so the data directory is made here.
RUN mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/quantrac /quantrac
COPY --from=build --chown=nonroot:nonroot /out/data /data
COPY deploy/quantrac/image.yaml /etc/quantrac/quantrac.yaml
COPY LICENSE /licenses/quantrac
VOLUME /data
EXPOSE 8080 1883
ENTRYPOINT ["/quantrac"]
CMD ["serve", "--config", "/etc/quantrac/quantrac.yaml"]
