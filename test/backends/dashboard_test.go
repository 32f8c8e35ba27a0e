package backends

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence/evidencetest"
)

// dashboard is what of a Grafana dashboard these tests look at.
type dashboard struct {
	UID, Title, Description string
	ID                      *int
	SchemaVersion           int
	Panels                  []panel
	Templating              struct {
		List []struct {
			Name, Type, Query, AllValue any
			Refresh                     int
		}
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	FieldConfig              struct {
		Defaults struct {
			Unit  string
			Links []link
		}
		Overrides []struct {
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Targets []target
}

// link leads from a value to its log records, or to the dashboard with a filter.
type link struct{ Title, URL string }

type target struct {
	RefID, Expr, LegendFormat string
	Instant                   bool
	Datasource                struct{ Type, UID string }
}

// readDashboards reads all that are shipped.
func readDashboards(t testing.TB) (all []dashboard) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "deploy", "grafana", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Clean(file))
		require.NoError(t, err)
		var d dashboard
		require.NoError(t, json.Unmarshal(text, &d), file)
		all = append(all, d)
	}
	return all
}

// expression puts values in the place of Grafana's variables: of the filters what they are when nothing is typed.
func expression(expr string) string {
	return strings.NewReplacer("$__rate_interval", "1m", "$__range", "2h", "$region", ".*", "$instance", ".*",
		"${user:regex}", "", "${project:regex}", "", "${address:regex}", "").Replace(expr)
}

// No Grafana can be had here, so that its import was not tried: this is what an import trips over.
func TestDashboardsArePortable(t *testing.T) {
	t.Parallel()
	variables := map[string]map[string]any{
		"openstack-audit": {
			"prometheus": "datasource", "loki": "datasource", "region": "query", "user": "textbox", "project": "textbox", "address": "textbox",
		},
		"openstack-audit-health": {"prometheus": "datasource", "loki": "datasource", "instance": "query"},
	}
	for _, d := range readDashboards(t) {
		require.Contains(t, variables, d.UID)
		assert.Nil(t, d.ID)
		assert.NotZero(t, d.SchemaVersion)
		found := map[string]any{}
		for _, v := range d.Templating.List {
			found[v.Name.(string)] = v.Type
			if v.Type == "query" {
				assert.Equal(t, 2, v.Refresh, "%s: is asked again when the time changes", v.Name)
			}
		}
		assert.Equal(t, variables[d.UID], found)
		ids := map[int]bool{}
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			assert.False(t, ids[p.ID], "two panels have id %d", p.ID)
			ids[p.ID] = true
			for x := range p.GridPos.W {
				for y := range p.GridPos.H {
					cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
					require.Less(t, cell[0], 24, p.Title)
					require.Empty(t, taken[cell], "%s overlaps", p.Title)
					taken[cell] = p.Title
				}
			}
			for _, target := range p.Targets {
				assert.Equal(t, "${"+target.Datasource.Type+"}", target.Datasource.UID, p.Title)
				assert.NotContains(t, expression(target.Expr), "$", p.Title)
			}
		}
	}
}

// What Grafana's dashboard-linter asks for: a title, a description and a unit for each panel, a legend for each line, and a rate over
// the interval that Grafana chooses.
func TestDashboardsSayWhatTheyShow(t *testing.T) {
	t.Parallel()
	window := regexp.MustCompile(`\[(.*?)\]`)
	for _, d := range readDashboards(t) {
		assert.NotEmpty(t, d.Title)
		assert.NotEmpty(t, d.Description, d.Title)
		for _, p := range d.Panels {
			require.NotEmpty(t, p.Title)
			if p.Type == "row" {
				continue
			}
			assert.NotEmpty(t, p.Description, p.Title)
			assert.NotEmpty(t, p.Targets, p.Title)
			if p.Type != "logs" {
				assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, p.Title)
			}
			for _, target := range p.Targets {
				if p.Type == "timeseries" {
					assert.NotEmpty(t, target.LegendFormat, p.Title)
				}
				for _, interval := range window.FindAllStringSubmatch(target.Expr, -1) {
					want := "$__range"
					if p.Type == "timeseries" {
						want = "$__rate_interval"
					}
					assert.Equal(t, want, interval[1], p.Title)
				}
			}
		}
	}
}

// The collector's own metrics are those of this job: other Collectors have metrics of the same names.
func TestDashboardsAskOurCollectors(t *testing.T) {
	t.Parallel()
	own := regexp.MustCompile(`otelcol_\w+(\{[^}]*\}?)?`)
	asked := 0
	for _, d := range readDashboards(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				for _, selector := range own.FindAllStringSubmatch(target.Expr, -1) {
					asked++
					assert.Contains(t, selector[1], `job="otelcol-openstack-audit", instance=~"$instance"`, "%s: %s", p.Title, selector[0])
				}
			}
		}
	}
	assert.Greater(t, asked, 20)
}

// logLinks are the queries that panels lead to in Grafana's Explore, each with values in the place of Grafana's variables.
func (p panel) logLinks(t testing.TB) (queries []string) {
	t.Helper()
	links := p.FieldConfig.Defaults.Links
	for _, override := range p.FieldConfig.Overrides {
		for _, property := range override.Properties {
			if property.ID == "links" {
				text, err := json.Marshal(property.Value)
				require.NoError(t, err)
				var more []link
				require.NoError(t, json.Unmarshal(text, &more))
				links = append(links, more...)
			}
		}
	}
	for _, l := range links {
		require.NotEmpty(t, l.Title)
		_, text, explores := strings.Cut(l.URL, "/explore?schemaVersion=1&orgId=${__org.id}&panes=")
		if !explores {
			require.True(t, strings.HasPrefix(l.URL, "/d/"+trailDashboard+"?${__url_time_range}&var-"), l.URL)
			continue
		}
		require.Empty(t, strings.Trim(variable.ReplaceAllString(text, ""), percentEncoded), "the rest is encoded")
		text, err := url.PathUnescape(text)
		require.NoError(t, err)
		var panes struct {
			Logs struct {
				Datasource string
				Queries    []struct {
					Datasource struct{ Type, UID string }
					Expr       string
				}
				Range struct{ From, To string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &panes), text)
		require.Equal(t, "${loki}", panes.Logs.Datasource)
		require.Equal(t, struct{ From, To string }{"${__from}", "${__to}"}, panes.Logs.Range)
		for _, q := range panes.Logs.Queries {
			require.Equal(t, "${loki}", q.Datasource.UID)
			queries = append(queries, linkValues.Replace(q.Expr))
		}
	}
	return queries
}

const (
	trailDashboard = "openstack-audit"
	percentEncoded = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%"
)

// variable is one of Grafana's, as links have them.
var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// linkValues are what somebody may have clicked in the story.
var linkValues = strings.NewReplacer("${user:percentencode}", "", "${project:percentencode}", "", "${address:percentencode}", "",
	"${__field.labels.openstack_user_domain_name:percentencode}", "Default",
	"${__field.labels.error_type:percentencode}", "invalid_credentials",
	"${__field.labels.reason:percentencode}", "json", "${__field.labels.openstack_audit_gap_kind:percentencode}", "response",
	"${__value.text:percentencode}", "keystone")

// Panels of counts lead to the records that were counted.
func TestDashboardsLeadToLogs(t *testing.T) {
	t.Parallel()
	links := map[string]int{}
	for _, d := range readDashboards(t) {
		for _, p := range d.Panels {
			for _, query := range p.logLinks(t) {
				links[d.UID]++
				assert.NotContains(t, query, "$", p.Title)
			}
		}
	}
	assert.GreaterOrEqual(t, links[trailDashboard], 6)
	assert.GreaterOrEqual(t, links["openstack-audit-health"], 4)
}

// Each log panel, and each table of users and addresses, is filtered by what is typed.
func TestFiltersReachEachLogQuery(t *testing.T) {
	t.Parallel()
	filtered := 0
	for _, d := range readDashboards(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				if target.Datasource.Type != "loki" {
					continue
				}
				filtered++
				for _, variable := range []string{"${user:regex}", "${project:regex}", "${address:regex}"} {
					assert.Contains(t, target.Expr, variable, p.Title)
				}
			}
		}
	}
	assert.Greater(t, filtered, 6)
}

// promqlRow is a row of the table of queries in docs/metrics.md.
var promqlRow = regexp.MustCompile("(?m)^\\| [A-Z][^|`]* \\| `([^`]*\\([^`]*)` \\|$")

// Every expression of the dashboards for Prometheus, and of docs/metrics.md, has an answer once there was some audit trail.
func TestDashboardsHaveAnswers(t *testing.T) {
	t.Parallel()
	l := collectortest.NewBackend(t, "/otlp/v1/logs")
	f := startFull(t, l.URL+"/otlp")
	p := startPrometheus(t, []string{f.Prometheus}, []string{f.Metrics, withEvidence(t).Metrics})
	sendStoryTwice(t, f, p)

	var expressions []string
	for _, d := range readDashboards(t) {
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				if target.Datasource.Type == "prometheus" {
					expressions = append(expressions, expression(target.Expr))
				}
			}
		}
	}
	require.Greater(t, len(expressions), 25)
	text, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	require.NoError(t, err)
	queries := promqlRow.FindAllStringSubmatch(string(text), -1)
	require.Len(t, queries, 6)
	for _, query := range queries {
		expressions = append(expressions, strings.ReplaceAll(query[1], `\|`, "|"))
	}
	eventually(t, func() (all error) {
		for _, expr := range expressions {
			answer, err := p.Query(t.Context(), expr)
			if err == nil && len(answer) == 0 {
				err = errors.New("no answer")
			}
			for labels, value := range answer {
				if math.IsNaN(value) && len(answer) == 1 {
					err = fmt.Errorf("%s has no value", labels)
				}
			}
			if err != nil {
				all = errors.Join(all, fmt.Errorf("%s: %w", expr, err))
			}
		}
		return all
	}, f.Process, p.Process)
	t.Logf("%d expressions have answers", len(expressions))
	f.Stop(t)
}

// withEvidence is a collector that writes an evidence log, with a witness that is away.
func withEvidence(t testing.TB) *collectortest.Collector {
	t.Helper()
	host := virtualHost(t) + "-evidence"
	require.NoError(t, node.AddVirtualHosts(t.Context(), host))
	_, witness := evidencetest.NewKey(t, "witness.example.com")
	environment := append(brokerEnvironment(t, node.UserURL("guest", "guest", host)),
		"AUDIT_OTLP_ENDPOINT="+collectortest.NewBackend(t, "/v1/logs").URL)
	c := collectortest.Run(t, collectortest.Options{Config: "evidence.yaml", Environment: environment, Changes: []string{`
processors: {openstack_audit_evidence: {witnesses: [{url: "http://` + collectortest.FreeAddress(t) + `", key: ` + witness + `}]}}
`}})
	c.AwaitReady(t)
	return c
}

// sendStoryTwice sends it with time between, so that there are rates.
func sendStoryTwice(t testing.TB, f full, p prometheus) {
	t.Helper()
	now := time.Now()
	p.wait(t, `sum(openstack_audit_events_total)`, samples{"": 0}, f.Process)
	events := float64(storyRecords - 8) // the first halves are not counted
	for i := range 2 {
		send(t, f.url, append(story(now.Add(time.Duration(i)*time.Second)), []byte("no notification"))...)
		p.wait(t, `sum(openstack_audit_events_total)`, samples{"": events * float64(i+1)}, f.Process)
		// The configuration has three receivers, and each of them reads every message.
		p.wait(t, `sum(otelcol_openstack_audit_receiver_decode_errors)`, samples{"": 3 * float64(i+1)}, f.Process)
	}
}
