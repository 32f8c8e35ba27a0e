# make help lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BINARY       := build/otelcol-openstack-audit
VERIFIER     := build/audit-verify
DISTRIBUTION := build/distribution
TOOLS        := $(CURDIR)/build/tools
PACKAGES     := build/packages

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
build: $(BINARY) $(VERIFIER) ## Build the collector, build/otelcol-openstack-audit, and build/audit-verify

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
package: $(PACKAGES)/.made ## Make the packages: build/packages/*.deb and *.rpm

##@ Develop

.PHONY: test
test: test-packages build ## Run every test with the race detector; installs what the tests need when root
	go vet ./...
	CGO_ENABLED=1 go test -race -count=1 ./...
	go test -count=1 -run Memory ./internal/auditlog # the race detector has memory of its own

.PHONY: test-backends
test-backends: test-packages build ## Run the tests against a real Loki too; builds it once, which takes minutes
	scripts/build-loki
	CGO_ENABLED=1 go test -race -count=1 -timeout 45m -tags backends ./test/backends/...

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
test-deb: test-packages package ## Run the tests of the deb
	CGO_ENABLED=1 go test -race -count=1 -tags package ./internal/distribution

.PHONY: test-packages
test-packages:
	scripts/install-test-packages

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Check style, formatting and that go.mod is tidy
	go vet ./...
	$(TOOLS)/golangci-lint run ./...
	go mod tidy -diff
	go mod -C internal/tools tidy -diff
	go mod -C internal/tools/nfpm tidy -diff
	go mod -C internal/tools/helm tidy -diff

.PHONY: format
format: $(TOOLS)/golangci-lint ## Format the go files
	$(TOOLS)/golangci-lint fmt ./...

.PHONY: generate
generate: $(TOOLS)/mdatagen ## Generate code and documentation from each metadata.yaml
	PATH="$(TOOLS):$$PATH" go generate ./...

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

.PHONY: bench
bench: build ## Measure the receiver against amqp091-go alone, and against other programs where they are installed; about ten minutes
	scripts/install-test-packages rabbitmq-server
	go run ./test/bench $(BENCHFLAGS)

.PHONY: clean
clean: ## Remove what was built
	rm -rf build

# The builder writes the distribution's main package; it is compiled apart from that, so that a change of our own code
# costs no second look-up of modules.
$(BINARY): $(DISTRIBUTION)/.generated $(SOURCES)
	CGO_ENABLED=0 go build -C $(DISTRIBUTION) -mod=mod -trimpath -buildvcs=false -ldflags='-s -w' -o $(CURDIR)/$@ .

$(VERIFIER): go.mod $(SOURCES)
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w' -o $@ ./cmd/audit-verify

$(DISTRIBUTION)/.generated: builder-config.yaml go.mod go.sum $(TOOLS)/builder
	rm -rf $(DISTRIBUTION)
	$(TOOLS)/builder --config builder-config.yaml --skip-compilation
	touch $@

$(PACKAGES)/.made: $(BINARY) $(VERIFIER) $(TOOLS)/nfpm builder-config.yaml LICENSE README.md $(wildcard config/*.yaml docs/*.md deploy/*/*)
	rm -rf $(PACKAGES)
	mkdir -p $(PACKAGES)
	export VERSION="$$(sed -n 's/^  version: \([^ ]*\).*/\1/p' builder-config.yaml)" ARCH="$$(go env GOARCH)"; \
	for packager in deb rpm; do $(TOOLS)/nfpm package --config deploy/package/nfpm.yaml --packager $$packager --target $(PACKAGES); done
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

# The same holds for what make test-helm needs.
$(TOOLS)/helm:        PACKAGE := helm.sh/helm/v4/cmd/helm
$(TOOLS)/kubeconform: PACKAGE := github.com/yannh/kubeconform/cmd/kubeconform

$(TOOLS)/helm $(TOOLS)/kubeconform: internal/tools/helm/go.mod internal/tools/helm/go.sum
	CGO_ENABLED=0 go build -C internal/tools/helm -buildvcs=false -o $@ $(PACKAGE)
