//go:build backends

package backends

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// promqlRow is a row of the table of queries in docs/metrics.md.
var promqlRow = regexp.MustCompile("(?m)^\\| [A-Z][^|`]* \\| `([^`]*\\([^`]*)` \\|$")

// Every expression of the dashboard has an answer once there was some audit trail.
func (l loki) testDashboard(t *testing.T) {
	f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
	p := startPrometheus(t, []string{f.Prometheus}, []string{f.Metrics})
	now := time.Now()
	// Twice and with time between, so that there are rates.
	p.wait(t, `sum(openstack_audit_events_total)`, samples{"": 0}, f.Process)
	events := float64(storyRecords - 8) // the first halves are not counted
	for i := range 2 {
		send(t, f.url, append(story(now.Add(time.Duration(i)*time.Second)), []byte("no notification"))...)
		p.wait(t, `sum(openstack_audit_events_total)`, samples{"": events * float64(i+1)}, f.Process)
		p.wait(t, `sum(otelcol_openstack_audit_receiver_decode_errors)`, samples{"": float64(i + 1)}, f.Process)
	}
	l.wait(t, `{service_namespace="openstack"} | openstack_audit_category!=""`, now.Add(-2*time.Hour), 2*storyRecords, f.Process)

	asked := 0
	for _, panel := range readDashboard(t).Panels {
		for _, target := range panel.Targets {
			asked++
			expr := expression(target.Expr)
			ask := func() error {
				var answer samples
				var err error
				switch {
				case target.Datasource.Type == "prometheus":
					answer, err = p.Query(t.Context(), expr)
				case panel.Type == "logs":
					_, lines, logsErr := l.logs(t.Context(), tenant(t), expr, now.Add(-2*time.Hour))
					answer, err = samples{"lines": float64(lines)}, logsErr
					if lines == 0 {
						answer = nil
					}
				default:
					answer, err = l.query(t.Context(), tenant(t), expr)
				}
				if err == nil && len(answer) == 0 {
					err = errors.New("no answer")
				}
				for labels, value := range answer {
					if math.IsNaN(value) && len(answer) == 1 {
						err = fmt.Errorf("%s has no value", labels)
					}
				}
				if err != nil {
					err = fmt.Errorf("%s: %s: %w", panel.Title, expr, err)
				}
				return err
			}
			eventually(t, ask, f.Process, p.Process, l.process)
		}
	}
	require.Greater(t, asked, 20)

	text, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	require.NoError(t, err)
	queries := promqlRow.FindAllStringSubmatch(string(text), -1)
	require.Len(t, queries, 6)
	for _, query := range queries {
		eventually(t, func() error {
			answer, err := p.Query(t.Context(), strings.ReplaceAll(query[1], `\|`, "|"))
			if err == nil && len(answer) == 0 {
				err = errors.New("no answer")
			}
			return err
		}, f.Process, p.Process)
	}
	t.Logf("%d expressions of %d panels have answers", asked, len(readDashboard(t).Panels))
	f.Stop(t)
}
