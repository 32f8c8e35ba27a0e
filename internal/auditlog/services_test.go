package auditlog_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

// answered is the response event of a request that was really made of a service's API, with what the client did and was answered.
type answered struct {
	Did struct {
		Method, Path, Action, Who string
		Status                    int
	}
	Body string
}

func readAnswered(t testing.TB, path string) (requests []answered) {
	t.Helper()
	file, err := os.Open(filepath.Clean(path))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answered
		require.NoError(t, json.Unmarshal(lines.Bytes(), &a))
		requests = append(requests, a)
	}
	require.NoError(t, lines.Err())
	return requests
}

// Each record of the services' APIs says what the client did. The golden files hold the sentences, which were read one by one.
func TestServices(t *testing.T) {
	captures, err := filepath.Glob("../../testdata/services/*.jsonl")
	require.NoError(t, err)
	require.Len(t, captures, 9)
	for _, capture := range captures {
		service := strings.TrimSuffix(filepath.Base(capture), ".jsonl")
		t.Run(service, func(t *testing.T) {
			requests := readAnswered(t, capture)
			require.Greater(t, len(requests), 20)
			messages := make([]auditlog.Message, len(requests))
			for i, r := range requests {
				messages[i] = auditlog.Message{Body: []byte(r.Body), Received: received}
			}
			lines := mapAll(t, auditlog.NewDefaultConfig(), messages)
			require.Len(t, lines, len(requests))
			golden := make([]auditlogtest.Line, len(lines))
			for i, line := range lines {
				requests[i].check(t, line, service)
				golden[i] = auditlogtest.Line{Body: line.Body, Attributes: map[string]any{"did": requests[i].did()}}
				for _, key := range []string{auditlog.AttrAuditAction, auditlog.AttrTargetType, auditlog.AttrTargetID} {
					if value, ok := line.Attributes[key]; ok {
						golden[i].Attributes[key] = value
					}
				}
			}
			auditlogtest.Golden(t, "../../testdata/golden/services/"+service+".jsonl", golden)
		})
	}
}

func (a *answered) did() string {
	return strings.TrimSpace(a.Did.Method+" "+a.Did.Path+" "+a.Did.Action) + ": " + strconv.Itoa(a.Did.Status)
}

// rawWords are what no sentence may hold: a path, the name of an extension, and words joined with underscores.
var rawWords = regexp.MustCompile(`/|\bos-|[a-z]_[a-z]`)

func (a *answered) check(t *testing.T, line auditlogtest.Line, service string) {
	t.Helper()
	path, _, _ := strings.Cut(a.Did.Path, "?")
	assert.Equal(t, service, line.Resource["service.name"], a.did())
	assert.Equal(t, path, line.Attributes[auditlog.AttrURLPath], a.did())
	if line.Attributes[auditlog.AttrUserName] != nil { // Ironic's lookup and heartbeat need no login
		assert.Equal(t, a.Did.Who, line.Attributes[auditlog.AttrUserName], a.did())
	}
	if a.Did.Status < 400 {
		assert.Equal(t, auditlog.OutcomeSuccess, line.Attributes[auditlog.AttrAuditOutcome], a.did())
	} else {
		assert.Equal(t, auditlog.OutcomeFailure, line.Attributes[auditlog.AttrAuditOutcome], a.did())
		assert.GreaterOrEqual(t, line.Severity, int32(plog.SeverityNumberWarn), a.did())
	}
	if line.Attributes[auditlog.AttrErrorType] != "status_unknown" {
		assert.Equal(t, int64(a.Did.Status), line.Attributes[auditlog.AttrHTTPStatusCode], a.did())
	}
	a.checkAction(t, line, path)

	sentence, _, _ := strings.Cut(line.Body.(string), ": ")
	for _, chosen := range []any{line.Attributes[auditlog.AttrTargetID], a.Did.Who, "noop_driver", "CUSTOM_B", "hw:cpu_policy"} { // names that users gave
		if name, ok := chosen.(string); ok {
			sentence = strings.ReplaceAll(sentence, name, "X")
		}
	}
	if a.Did.Action != "os-nonsense" { // an action of no service
		assert.NotRegexp(t, rawWords, sentence, a.did())
	}
}

// checkAction holds the action against the method of the request.
func (a *answered) checkAction(t *testing.T, line auditlogtest.Line, path string) {
	t.Helper()
	action := line.Attributes[auditlog.AttrAuditAction]
	ids := pathIDs.FindAllString(path, -1)
	switch {
	case a.Did.Method == http.MethodDelete:
		assert.Equal(t, "delete", action, a.did())
	case a.Did.Method == http.MethodGet && !strings.Contains(path, "associate"): // Cinder changes QoS specs by GET
		assert.Contains(t, []any{"read", "list"}, action, a.did())
	case a.Did.Action == "forceDelete", a.Did.Action == "os-force_delete", a.Did.Action == "force_delete":
		assert.Equal(t, "delete", action, a.did())
	case a.Did.Method == http.MethodPost && len(ids) == 0 && a.Did.Action == "" && !strings.HasSuffix(path, "/preview") && !strings.HasSuffix(path, "/validate"):
		assert.Equal(t, "create", action, a.did())
	}
	if len(ids) > 0 && strings.HasSuffix(path, ids[len(ids)-1]) {
		assert.Contains(t, line.Attributes[auditlog.AttrTargetID], ids[len(ids)-1], a.did())
	}
}

// pathIDs finds the UUIDs in a path.
var pathIDs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
