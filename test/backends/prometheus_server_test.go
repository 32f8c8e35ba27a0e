package backends

import (
	"fmt"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/prometheustest"
)

type samples = prometheustest.Samples

// prometheus is a running Prometheus.
type prometheus struct{ *prometheustest.Server }

// startPrometheus scrapes the targets: those of prometheus exporters, then those of collectors themselves.
func startPrometheus(t testing.TB, exporters, collectors []string) prometheus {
	t.Helper()
	return prometheus{prometheustest.Start(t, prometheustest.Options{Exporters: exporters, Collectors: collectors})}
}

// wait polls until the query has the samples that are wanted, no more and no less.
func (p prometheus) wait(t testing.TB, expression string, want samples, processes ...*process) {
	t.Helper()
	eventually(t, func() error {
		got, err := p.Query(t.Context(), expression)
		if err != nil {
			return err
		}
		if fmt.Sprint(got) != fmt.Sprint(want) { // fmt sorts keys
			return fmt.Errorf("%s\n got %v\nwant %v", expression, got, want)
		}
		return nil
	}, append(processes, p.Process)...)
}
