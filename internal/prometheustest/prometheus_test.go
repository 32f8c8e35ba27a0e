package prometheustest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHasten(t *testing.T) {
	for _, test := range []struct{ name, rules, want string }{
		{"a window", "rate(a[15m])", "rate(a[15000ms])"},
		{"an offset", "a - a offset 15m", "a - a offset 15000ms"},
		{"a subquery", "sum_over_time(a:rate5m[1d:5m] offset 1d)", "sum_over_time(a:rate5m[1440000ms:5000ms] offset 1440000ms)"},
		{"a delay", "        for: 10m", "        for: 10000ms"},
		{"a process", "otelcol_process_uptime < 960", "otelcol_process_uptime < 16"},
		{"what is no duration", `summary: "nothing for 10 minutes", {code="320m"}`, `summary: "nothing for 10 minutes", {code="320m"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, string(Hasten([]byte(test.rules), 60)))
		})
	}
}
