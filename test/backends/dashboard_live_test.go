//go:build backends

package backends

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every expression of the dashboards for Loki has an answer once there was some audit trail.
func (l loki) testDashboard(t *testing.T) {
	f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
	p := startPrometheus(t, []string{f.Prometheus}, []string{f.Metrics})
	start := time.Now().Add(-2 * time.Hour)
	sendStoryTwice(t, f, p)
	l.wait(t, `{service_namespace="openstack"} | openstack_audit_category!=""`, start, 2*storyRecords, f.Process)

	asked := 0
	for _, d := range readDashboards(t) {
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				if target.Datasource.Type != "loki" {
					continue
				}
				asked++
				expr := expression(target.Expr)
				eventually(t, func() error {
					var count int
					var err error
					if panel.Type == "logs" {
						_, count, err = l.logs(t.Context(), tenant(t), expr, start)
					} else {
						var answer samples
						answer, err = l.query(t.Context(), tenant(t), expr)
						count = len(answer)
					}
					if err == nil && count == 0 {
						err = errors.New("no answer")
					}
					if err != nil {
						err = fmt.Errorf("%s: %s: %w", panel.Title, expr, err)
					}
					return err
				}, f.Process, p.Process, l.process)
			}
		}
	}
	require.Greater(t, asked, 6)
	for _, d := range readDashboards(t) {
		for _, panel := range d.Panels {
			for _, query := range panel.logLinks(t) {
				_, _, err := l.logs(t.Context(), tenant(t), query, start)
				require.NoError(t, err, "%s: %s", panel.Title, query)
			}
		}
	}
	t.Logf("%d expressions have answers", asked)
	f.Stop(t)
}
