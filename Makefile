# Each line also runs by hand.
GO ?= go

# As releases are built. Only the race detector needs C.
export CGO_ENABLED = 0

# One clone uses what another has built, and the image what both have.
export GOFLAGS := $(GOFLAGS) -trimpath

.PHONY: test lint unit selftest interop fuzz bench needs

test: needs lint unit fuzz interop

# The programs that tests drive: nginx with nchan, Node with npm, Prometheus.
needs:
	sh .ci/needs

lint:
	test -z "$$(gofmt -l bench cmd conformance internal loadgen schema | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/ssegauge
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/ssegauge
	GOOS=linux GOARCH=arm64 $(GO) build ./internal/epoll

# Without the race detector: what has no goroutine and much to compute, the
# decoder, charts and comparisons; the tests of the house, which only start
# programs; and the command and the doctor, whose tests have hundreds of servers,
# too slow with it for what is measured of them. Those tests mostly wait, so that
# more of them run at once than there are processors.
UNRACED = cmd/.*|conformance/doctor|internal/(chart|eventstream|house)|loadgen/compare
unit:
	CGO_ENABLED=1 $(GO) test -race -vet=off -p 4 -timeout 8m $$($(GO) list ./... | grep -vE '/($(UNRACED))$$')
	$(GO) test -vet=off -p 4 -parallel 4 -timeout 8m $$($(GO) list ./... | grep -E '/($(UNRACED))$$')
	$(GO) test -vet=off -run SameBuild ./loadgen
	cd bench && $(GO) test ./...

# Every check against the reference server and each of its faults.
selftest:
	$(GO) run ./cmd/ssegauge check --self-test

# A short run of every fuzz target, on top of the seeds that unit runs.
fuzz:
	sh .ci/fuzz 2s

interop:
	cd internal/interop && $(GO) vet ./... && $(GO) test -vet=off -parallel 4 -timeout 6m ./...

# The table of BENCHMARKS.md, in about an hour: -markdown FILE writes it.
bench:
	cd bench && $(GO) vet ./... && $(GO) test ./... && $(GO) run . $(BENCH)
