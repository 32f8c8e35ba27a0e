//go:build pictures

package backends

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// pictured is how many seconds of the cloud the pictures show.
const pictured = 150

// Pixels of the page, as testdata/dashboard.html has them.
const columnWidth, rowHeight, margin = 50, 30, 8

// variableOfLegend is a label in a legend that the series does not have.
var variableOfLegend = regexp.MustCompile(`\{\{\w+\}\}`)

//go:embed testdata/dashboard.html
var dashboardPage string

// answer is what a panel draws: a series with a legend and labels, or lines.
type answer struct {
	Legend string            `json:"legend"`
	Labels map[string]string `json:"labels"`
	Points [][2]float64      `json:"points"` // seconds and values
	Lines  []lokiLine        `json:"lines"`
}

type lokiLine struct {
	Nanoseconds int64  `json:"nanoseconds"`
	Text        string `json:"text"`
}

// TestPictures makes the pictures of docs/metrics.md: a browser draws what a Prometheus and a Loki answer to the expressions of the
// dashboards, after somebody guessed passwords in a small cloud. make pictures runs it.
func TestPictures(t *testing.T) {
	browser := lookPath(t, "chromium-headless-shell", "chromium-headless-shell")
	l := startLoki(t)
	f := startFull(t, l.url+"/otlp", "--set", "exporters.otlp_http/loki.headers.X-Scope-OrgID="+tenant(t))
	p := startPrometheus(t, []string{f.Prometheus}, []string{f.Metrics, withEvidence(t).Metrics})
	p.wait(t, `sum(openstack_audit_events_total)`, samples{"": 0}, f.Process)
	evidence := node.UserURL("guest", "guest", virtualHost(t)+"-evidence")
	start := time.Now()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for i := range pictured {
		bodies := attack(i, <-second.C)
		send(t, f.url, bodies...)
		send(t, evidence, bodies...)
		switch i {
		case pictured * 7 / 10:
			f.elasticsearch.setRefuse(http.StatusServiceUnavailable)
		case pictured * 8 / 10:
			f.elasticsearch.setRefuse(0)
		}
	}
	for dashboard, picture := range map[string]string{trailDashboard: "dashboard.png", "openstack-audit-health": "dashboard-health.png"} {
		drawDashboard(t, browser, dashboard, picture, func(panelType string, asked target) []answer {
			if asked.Datasource.Type == "loki" {
				return l.answers(t, panelType, expression(asked.Expr), start)
			}
			// Grafana's interval of rates follows that of the scrapes, which is half a second here.
			asked.Expr = strings.ReplaceAll(asked.Expr, "$__rate_interval", "10s")
			return p.answers(t, asked, start.Add(10*time.Second))
		})
	}
}

// attack is what happens in one second of the story: work as always, and for a while somebody guesses passwords.
func attack(second int, now time.Time) [][]byte {
	names := []string{"administrator", "backup", "guest", "oracle", "root", "ubuntu"}
	took := time.Duration(40+second*37%11*25) * time.Millisecond
	bodies := [][]byte{
		login(now, alice, "success"),
		request(now, bob, "nova-api", "create", "/v2.1/servers", 0, 0),
		request(now, bob, "nova-api", "create", "/v2.1/servers", http.StatusAccepted, took),
	}
	if second > pictured*4/10 && second < pictured*6/10 {
		for i, name := range names {
			guess := eve
			guess.address = fmt.Sprintf("203.0.113.%d", 9+(second+i)%4)
			bodies = append(bodies, login(now, guess, "failure"))
			if (second+i)%5 < 3 {
				bodies = append(bodies, unknownLogin(now, name, "customers", guess.address))
			}
		}
	}
	every := func(seconds int, body []byte) {
		if second%seconds == seconds/2 {
			bodies = append(bodies, body)
		}
	}
	every(7, login(now, alice, "failure"))
	every(11, login(now, bob, "failure"))
	every(9, unknownLogin(now, names[second%len(names)], "customers", "198.51.100.23"))
	every(5, request(now, bob, "nova-api", "delete", "/v2.1/servers/dd8448cd-7770-45ff-8097-d3a0296ff918", http.StatusForbidden, took))
	every(30, assignment(now, admin, adminRole, bob.id, demo))
	every(45, assignment(now, admin, memberRole, alice.id, demo))
	every(20, change(now, alice, "user", "updated", bob.id))
	every(35, change(now, admin, "project", "updated", demo))
	every(50, []byte("no notification"))
	return bodies
}

// answers are the series from then to now.
func (p prometheus) answers(t testing.TB, asked target, from time.Time) (answers []answer) {
	t.Helper()
	expr := expression(asked.Expr)
	body, err := collectortest.Get(t.Context(), p.URL+"/api/v1/query_range?"+url.Values{
		"query": {expr}, "step": {"1"}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(time.Now().Unix(), 10)},
	}.Encode())
	require.NoError(t, err, expr)
	var response struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &response))
	for _, result := range response.Data.Result {
		a := answer{Legend: asked.LegendFormat, Labels: result.Metric}
		for label, value := range result.Metric {
			a.Legend = strings.ReplaceAll(a.Legend, "{{"+label+"}}", value)
		}
		a.Legend = strings.TrimSpace(variableOfLegend.ReplaceAllString(a.Legend, ""))
		for _, point := range result.Values {
			if value := number(t, point[1]); !math.IsNaN(value) && !math.IsInf(value, 0) {
				a.Points = append(a.Points, [2]float64{point[0].(float64), value})
			}
		}
		answers = append(answers, a)
	}
	return answers
}

// answers are the newest lines since then, or the values now.
func (l loki) answers(t testing.TB, panelType, expr string, since time.Time) (answers []answer) {
	t.Helper()
	path, query := "/loki/api/v1/query", url.Values{"query": {expr}}
	if panelType == "logs" {
		path = "/loki/api/v1/query_range"
		query.Set("limit", "50")
		query.Set("start", strconv.FormatInt(since.UnixNano(), 10))
	}
	var response lokiAnswer
	require.NoError(t, l.get(t.Context(), tenant(t), path, query, &response), expr)
	var lines []lokiLine
	for _, result := range response.Data.Result {
		if panelType != "logs" {
			answers = append(answers, answer{Labels: result.Metric, Points: [][2]float64{{0, number(t, result.Value[1])}}})
		}
		for _, value := range result.Values {
			lines = append(lines, lokiLine{Nanoseconds: int64(number(t, value[0])), Text: value[1].(string)})
		}
	}
	if len(lines) == 0 {
		return answers
	}
	slices.SortFunc(lines, func(a, b lokiLine) int { return cmp.Compare(b.Nanoseconds, a.Nanoseconds) })
	return append(answers, answer{Lines: lines})
}

func number(t testing.TB, value any) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(value.(string), 64)
	require.NoError(t, err)
	return n
}

// drawDashboard makes a picture of a dashboard in docs/.
func drawDashboard(t testing.TB, browser, uid, picture string, ask func(panelType string, asked target) []answer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "grafana", uid+".json"))
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	answers := map[int][]answer{}
	rows := 0
	for _, panel := range d.Panels {
		rows = max(rows, panel.GridPos.Y+panel.GridPos.H)
		for _, asked := range panel.Targets {
			answers[panel.ID] = append(answers[panel.ID], ask(panel.Type, asked)...)
		}
		if panel.Type != "row" {
			require.NotEmpty(t, answers[panel.ID], panel.Title)
		}
	}
	data, err := json.Marshal(object{"dashboard": json.RawMessage(text), "answers": answers})
	require.NoError(t, err)
	page := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(page, []byte(strings.Replace(dashboardPage, "DATA", string(data), 1)), 0o600))
	path, err := filepath.Abs(filepath.Join(root, "docs", picture))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	size := fmt.Sprintf("--window-size=%d,%d", 24*columnWidth+2*margin, rows*rowHeight+2*margin)
	// Its sandbox needs user namespaces, and root has none. The page is ours.
	out, err := exec.CommandContext(ctx, browser, "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size,
		"--user-data-dir="+t.TempDir(), "--screenshot="+path, "file://"+page).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.FileExists(t, path, "%s", out)
}
