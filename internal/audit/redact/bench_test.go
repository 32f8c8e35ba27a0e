package redact_test

import (
	"strings"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
)

// BenchmarkText is of a text as long as what is searched of an attribute, with a secret in it and with names that may be those of pairs.
func BenchmarkText(b *testing.B) {
	for _, test := range []struct{ name, text string }{
		{"words", strings.Repeat(`{"id": "a82028e8", "state": "x"}, `, 500) + `"pwd": "x"`},
		{"pairs", strings.Repeat(`"name": "password", "id": 1, `, 500) + `"pwd": "x"`},
		{"plain", strings.Repeat(`{"id": "a82028e8", "state": "x"}, `, 500)},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(test.text)))
			for b.Loop() {
				redact.Text(test.text)
			}
		})
	}
}
