package distribution

import (
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// root is the top folder of the repository.
const root = "../.."

// binary gives the absolute path of the built collector, which these tests look at and do not build.
func binary(t *testing.T) string {
	t.Helper()
	return collectortest.Binary(t, root)
}
