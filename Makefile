# make help lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Said at once, rather than by a compiler in the middle of it. Go 1.21 and newer fetch the Go of go.mod by themselves.
GO_NEEDED := go$(shell sed -n 's/^go //p' go.mod)
GO_FOUND  := $(shell go env GOVERSION 2>/dev/null)
ifneq ($(shell printf '%s\n' $(GO_NEEDED) $(GO_FOUND) | sort -V | tail -n 1),$(GO_FOUND))
$(error Go is $(or $(GO_FOUND),missing), and $(GO_NEEDED) or newer is needed: https://go.dev/dl)
endif

BINARY       := build/otelcol-openstack-audit
# What goes with it.
PROGRAMS     := audit-tail audit-verify otelcol-openstack-audit-doctor
DISTRIBUTION := build/distribution
TOOLS        := $(CURDIR)/build/tools
PACKAGES     := build/packages
ARCH         := $(shell go env GOARCH)

RELEASE_TOOLS := $(TOOLS)/nfpm $(TOOLS)/documents $(TOOLS)/image $(TOOLS)/cyclonedx-gomod

# The modules beside that of the product, each with a go.mod of its own so that what it needs changes no version of another's.
TOOL_MODULES := internal/tools internal/tools/nfpm internal/tools/helm internal/tools/release internal/tools/test internal/tools/schema

# How each binary is compiled. --version tells the commit as well.
compile = CGO_ENABLED=0 go build $(1) -trimpath -buildvcs=false -ldflags="-s -w -X main.version=$$(cat build/.version)"

# How long make fuzz spends on each fuzz target.
FUZZTIME ?= 30s

# What the binary is made from: the go files of this module, not of the generated one.
SOURCES := $(shell find . -path ./build -prune -o -path ./.git -prune -o -name '*.go' ! -name '*_test.go' -print)

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: $(BINARY) $(PROGRAMS:%=build/%) ## Build the collector, build/otelcol-openstack-audit, and the programs beside it

.PHONY: run
run: build ## Show it: real notifications, published straight to the collector, as sentences
	go build -o build/quickstart ./cmd/quickstart
	build/quickstart

.PHONY: run-rabbitmq
run-rabbitmq: build ## The same through RabbitMQ: that of AUDIT_TRANSPORT_URL, or a private node
	[[ -n "$${AUDIT_TRANSPORT_URL:-}" ]] || scripts/install-test-packages rabbitmq-server
	go build -o build/quickstart ./cmd/quickstart
	build/quickstart -rabbitmq

.PHONY: package
package: $(PACKAGES)/.made-$(ARCH) ## Make deb, rpm and tar.gz: build/packages; GOARCH names another architecture

.PHONY: release
release: build $(RELEASE_TOOLS) ## Make all that a release is made of, for amd64 and arm64: build/release (10 min)
	scripts/release

##@ Develop

.PHONY: test
test: test-packages build ## Run every test with the race detector; installs what the tests need when root
	go vet ./...
	CGO_ENABLED=1 go test -race -count=1 ./...
	for module in test schema; do CGO_ENABLED=1 go test -C internal/tools/$$module -race -count=1 ./...; done
	go test -count=1 -run 'Memory|Large|HoweverLong|Inflates' ./internal/auditlog ./internal/oslo # what the race detector distorts or slows down

.PHONY: test-backends
test-backends: test-packages build ## Run the tests against a real Loki, VictoriaLogs and ZincSearch too; builds them once, which takes minutes
	scripts/build-backends
	CGO_ENABLED=1 go test -race -count=1 -timeout 45m -tags backends ./test/backends/...

.PHONY: pictures
pictures: test-packages build ## Draw docs/dashboard*.png: Chromium draws what a real Prometheus and a real Loki answer to the dashboards (4 min)
	scripts/install-test-packages chromium-headless-shell fonts-dejavu-core
	scripts/build-backends loki
	go test -count=1 -timeout 20m -tags pictures -run TestPictures ./test/backends

.PHONY: test-keystone
test-keystone: test-packages build ## Run the tests with a real Keystone, which publishes to the collector or a RabbitMQ, or writes logs
	scripts/install-test-packages python3-keystone uwsgi-plugin-python3
	CGO_ENABLED=1 go test -race -count=1 -timeout 20m -tags keystone ./test/keystone/... ./processor/keystoneattributesprocessor/...

.PHONY: test-versions
test-versions: test-packages build ## Run the tests on Debian 13 and testing, with their RabbitMQ and OpenStack; needs root (some minutes each; FAULTS=all: an hour)
	CGO_ENABLED=1 scripts/test-versions

.PHONY: test-services
test-services: test-packages build ## Run the APIs of eleven OpenStack services behind the audit filter, and hold each event against what was done (10 min; SERVICES="glance barbican": some of them)
	scripts/install-test-packages python3-keystone python3-keystonemiddleware python3-pycadf sqlite3 nova-api neutron-server cinder-api heat-api heat-engine \
		designate-api designate-central octavia-api ironic-api ironic-conductor manila-api magnum-api glance-api barbican-api
	CGO_ENABLED=1 go test -race -count=1 -timeout 40m -v -tags services ./test/services

.PHONY: test-helm
test-helm: test-packages build $(TOOLS)/helm $(TOOLS)/kubeconform ## Run the tests of the Helm chart; builds Helm once, which takes minutes
	CGO_ENABLED=1 go test -race -count=1 -tags helm ./test/helm

.PHONY: test-deb
test-deb: test-packages package ## Run the tests of the packages
	scripts/install-test-packages lintian rpmlint rpm
	CGO_ENABLED=1 go test -race -count=1 -tags package ./internal/distribution

.PHONY: test-release
test-release: test-packages release ## Make a release, and run its tests: made again it is the same, arm64 is arm64, runc runs the image
	scripts/install-test-packages qemu-user skopeo umoci runc
	CGO_ENABLED=1 go test -race -count=1 -timeout 40m -tags release ./test/release

.PHONY: test-foreign
test-foreign: $(TOOLS)/builder ## Build a collector from the last commit as a stranger would from a release, and pass an event through it
	CGO_ENABLED=1 go test -race -count=1 -tags foreign ./test/foreign

.PHONY: test-packages
test-packages:
	scripts/install-test-packages

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Check style, formatting and that go.mod is tidy
	go vet ./...
	$(TOOLS)/golangci-lint run ./...
	go mod tidy -diff
	for module in $(TOOL_MODULES); do go mod -C $$module tidy -diff; done
	go vet -C internal/tools/release ./...
	for module in test schema; do (cd internal/tools/$$module; $(TOOLS)/golangci-lint run ./...); done

.PHONY: format
format: $(TOOLS)/golangci-lint ## Format the go files
	$(TOOLS)/golangci-lint fmt ./...

.PHONY: generate
generate: $(TOOLS)/mdatagen ## Generate code and documentation from each metadata.yaml, and the schemas of the configurations
	PATH="$(TOOLS):$$PATH" go generate ./...
	go run -C internal/tools/schema .

.PHONY: check-generated
check-generated: $(TOOLS)/mdatagen ## Check that make generate changes nothing
	scripts/check-generated

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s)
	scripts/fuzz $(FUZZTIME)

.PHONY: faults
faults: test-packages build ## Break one thing after another under load, and print a line for each: nothing may be lost (25 min)
	FAULTS=all CGO_ENABLED=1 go test -C test/faults -race -count=1 -timeout 45m
	FAULTS=all CGO_ENABLED=1 go test -C test/faults/shipped -race -count=1 -timeout 45m -parallel 12
	FAULTS=all CGO_ENABLED=1 go test -C test/backends -race -count=1 -run TestAlertOfEachFault

.PHONY: faults-broker-buffer
faults-broker-buffer: test-packages build ## The first table of make faults with config/broker-buffer.yaml in place of config/evidence.yaml
	FAULTS=all FAULTS_CONFIGURATION=broker-buffer.yaml CGO_ENABLED=1 go test -C test/faults -race -count=1 -timeout 45m -run '^TestFaults$$'

.PHONY: bench
bench: build ## Measure the receiver against amqp091-go alone, and against other programs where they are installed; half an hour; BENCHFLAGS="-only whole -match durable" is a part of it
	scripts/install-test-packages rabbitmq-server
	go run ./test/bench $(BENCHFLAGS)

.PHONY: bench-scale
bench-scale: test-packages build ## Measure 1, 2 and 4 collectors on one queue of RabbitMQ and on Kafka's partitions, beside what the model says of them (10 min)
	go test -tags scale -count=1 -timeout 30m -v -run TestRates ./test/scale

.PHONY: soak
soak: test-packages build ## Run a day's events of a large cloud through the collector: nothing may be lost, nothing may grow (an hour; SOAKFLAGS="-records 2000000": less)
	go test -tags soak -count=1 -timeout 0 -v ./test/soak -args $(SOAKFLAGS)

.PHONY: clean
clean: ## Remove what was built
	rm -rf build

# The builder writes the distribution's main package; it is compiled apart from that, so that a change of our own code
# costs no second look-up of modules.
$(BINARY): $(DISTRIBUTION)/.generated $(SOURCES) build/.version
	$(call compile,-C $(DISTRIBUTION) -mod=mod) -o $(CURDIR)/$@ .

$(PROGRAMS:%=build/%): build/%: go.mod $(SOURCES) build/.version
	$(call compile) -o $@ ./cmd/$*

$(DISTRIBUTION)/.generated: builder-config.yaml go.mod go.sum $(TOOLS)/builder
	rm -rf $(DISTRIBUTION)
	$(TOOLS)/builder --config builder-config.yaml --skip-compilation
	sed -i 's/^\(\t*Version: *\)"[^"]*",/\1version,/' $(DISTRIBUTION)/main.go
	printf 'package main\n\n// version is set by the linker.\nvar version = "%s"\n' "$$(scripts/version)" >$(DISTRIBUTION)/version.go
	touch $@

# Changes when the version or the commit does.
build/.version: FORCE
	@mkdir -p build
	@version=$$(scripts/version --commit); [[ -e $@ && $$(<$@) == "$$version" ]] || echo "$$version" >$@

.PHONY: FORCE
FORCE:

# The binaries of the packages, which may be for another architecture.
.PHONY: binaries
binaries: build/linux_$(ARCH)/otelcol-openstack-audit $(PROGRAMS:%=build/linux_$(ARCH)/%)

build/linux_$(ARCH)/otelcol-openstack-audit: $(DISTRIBUTION)/.generated $(SOURCES) build/.version
	GOOS=linux GOARCH=$(ARCH) $(call compile,-C $(DISTRIBUTION) -mod=mod) -o $(CURDIR)/$@ .

$(PROGRAMS:%=build/linux_$(ARCH)/%): build/linux_$(ARCH)/%: go.mod $(SOURCES) build/.version
	GOOS=linux GOARCH=$(ARCH) $(call compile) -o $@ ./cmd/$*

$(PACKAGES)/.made-$(ARCH): build binaries $(TOOLS)/nfpm $(TOOLS)/documents scripts/package builder-config.yaml \
		$(shell find README.md CHANGELOG.md LICENSE docs config deploy -type f)
	scripts/package $(ARCH) build/linux_$(ARCH) $(PACKAGES)
	touch $@

# The tools' versions are those of internal/tools/go.mod.
$(TOOLS)/builder:       PACKAGE := go.opentelemetry.io/collector/cmd/builder
$(TOOLS)/mdatagen:      PACKAGE := go.opentelemetry.io/collector/cmd/mdatagen
$(TOOLS)/golangci-lint: PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	CGO_ENABLED=0 go build -C internal/tools -buildvcs=false -o $@ $(PACKAGE)

# nfpm has a go.mod of its own: the modules that it needs would change the versions that golangci-lint is made from.
$(TOOLS)/nfpm: internal/tools/nfpm/go.mod internal/tools/nfpm/go.sum
	CGO_ENABLED=0 go build -C internal/tools/nfpm -buildvcs=false -o $@ github.com/goreleaser/nfpm/v2/cmd/nfpm

# The same holds for what make release and make test-helm need.
$(TOOLS)/documents:       PACKAGE := ./documents
$(TOOLS)/image:           PACKAGE := ./image
$(TOOLS)/cyclonedx-gomod: PACKAGE := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

$(TOOLS)/documents $(TOOLS)/image $(TOOLS)/cyclonedx-gomod: $(wildcard internal/tools/release/go.* internal/tools/release/*/*.go)
	CGO_ENABLED=0 go build -C internal/tools/release -buildvcs=false -o $@ $(PACKAGE)

$(TOOLS)/helm:        PACKAGE := helm.sh/helm/v4/cmd/helm
$(TOOLS)/kubeconform: PACKAGE := github.com/yannh/kubeconform/cmd/kubeconform

$(TOOLS)/helm $(TOOLS)/kubeconform: internal/tools/helm/go.mod internal/tools/helm/go.sum
	CGO_ENABLED=0 go build -C internal/tools/helm -buildvcs=false -o $@ $(PACKAGE)
