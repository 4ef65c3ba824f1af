# An image that holds one static program and its scenarios, and runs as nobody.
#
#   docker build --build-arg VERSION=v1.2.3 -t ssegauge .
#   docker run --rm ssegauge load scenarios/quickstart.yaml
#   docker run --rm --network host --user "$(id -u):$(id -g)" -v "$PWD:/data" \
#     ssegauge load mine.yaml --out out
FROM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -ldflags "-s -w -X main.stamped=$VERSION" -o /out/ssegauge ./cmd/ssegauge

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/ssegauge /ssegauge
COPY scenarios /data/scenarios
COPY schema /data/schema
WORKDIR /data
USER 65532:65532
ENTRYPOINT ["/ssegauge"]
