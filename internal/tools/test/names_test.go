package test

import (
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/assert"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/exporttest"
)

// FuzzLokiName holds the names that this project expects of Loki against those of the translator that Loki uses.
func FuzzLokiName(f *testing.F) {
	for _, key := range []string{
		"user.id", "openstack.audit.action", "openstack.target.role.name", "a..b", "a_-_b", "2fa", "été.clé", "_private", "trailing.", "__name__",
		"__", "____", "__a.b__", "__2fa__", "x__", "\xff", "日本", "",
	} {
		f.Add(key)
	}
	namer := otlptranslator.LabelNamer{}
	f.Fuzz(func(t *testing.T, key string) {
		want, err := namer.Build(key)
		if err != nil {
			return // Loki refuses such a record
		}
		assert.Equal(t, want, exporttest.LokiName(key), "%q", key)
		if want[:1] != "_" { // reserved names lose their underscores in the canonical form
			assert.Equal(t, want, canonical.Name(key), "%q", key)
		}
	})
}
