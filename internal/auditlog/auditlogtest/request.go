package auditlogtest

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Request is a request that was really made of a service's API, and its answer.
type Request struct {
	// Service is the service's code name, such as nova.
	Service string `json:"-"`
	// Method and Path are those of the request, the path with its query.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Action is the member of the body of POST …/action.
	Action string `json:"action"`
	// Who is the name of the user who made it.
	Who string `json:"who"`
	// Status is that of the answer.
	Status int `json:"status"`
}

func (r *Request) String() string {
	return strings.TrimSpace(r.Method+" "+r.Path+" "+r.Action) + ": " + strconv.Itoa(r.Status)
}

// rawWords are what no sentence may hold: a path, the name of an extension, and words joined with underscores.
var rawWords = regexp.MustCompile(`/|\bos-|[a-z]_[a-z]`)

// Check holds the record of the response to a request against it.
func (r *Request) Check(t testing.TB, line Line) {
	t.Helper()
	path, _, _ := strings.Cut(r.Path, "?")
	assert.Equal(t, r.Service, line.Resource["service.name"], r)
	assert.Equal(t, path, line.Attributes[audit.AttrURLPath], r)
	if line.Attributes[audit.AttrUserName] != nil { // Ironic's lookup and heartbeat need no login
		assert.Equal(t, r.Who, line.Attributes[audit.AttrUserName], r)
	}
	if r.Status < http.StatusBadRequest {
		assert.Equal(t, audit.OutcomeSuccess, line.Attributes[audit.AttrAuditOutcome], r)
	} else {
		assert.Equal(t, audit.OutcomeFailure, line.Attributes[audit.AttrAuditOutcome], r)
		assert.GreaterOrEqual(t, line.Severity, int32(plog.SeverityNumberWarn), r)
	}
	if line.Attributes[audit.AttrErrorType] != "status_unknown" {
		assert.Equal(t, int64(r.Status), line.Attributes[audit.AttrHTTPStatusCode], r)
	}
	r.checkAction(t, line, path)
	r.checkSentence(t, line)
}

// notCreating finds the paths to which a POST creates nothing.
var notCreating = regexp.MustCompile(`/actions/|/(cleanup|continue_inspection|preview|validate|vendor_passthru)$`)

// uuids finds the ids in a path.
var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// checkAction holds action and target against method and path.
func (r *Request) checkAction(t testing.TB, line Line, path string) {
	t.Helper()
	action := line.Attributes[audit.AttrAuditAction]
	ids := uuids.FindAllString(path, -1)
	creates := !notCreating.MatchString(path)
	switch {
	case r.Method == http.MethodDelete:
		assert.Equal(t, "delete", action, r)
	// Cinder changes QoS specs by GET, Nova reboots hosts
	case r.Method == http.MethodGet && !strings.Contains(path, "associate") && !strings.HasSuffix(path, "/reboot"):
		assert.Contains(t, []any{"read", "list"}, action, r)
	case r.Action == "forceDelete", r.Action == "os-force_delete", r.Action == "force_delete":
		assert.Equal(t, "delete", action, r)
	case r.Method == http.MethodPost && len(ids) == 0 && r.Action == "" && creates:
		assert.Equal(t, "create", action, r)
	}
	if len(ids) > 0 && strings.HasSuffix(path, ids[len(ids)-1]) {
		assert.Contains(t, line.Attributes[audit.AttrTargetID], ids[len(ids)-1], r)
	}
}

func (r *Request) checkSentence(t testing.TB, line Line) {
	t.Helper()
	if r.Action == "os-nonsense" { // an action of no service
		return
	}
	sentence, _, _ := strings.Cut(line.Body.(string), ": ")
	// names that users gave
	for _, chosen := range []any{line.Attributes[audit.AttrTargetID], r.Who, "CUSTOM_B", "hw:cpu_policy", "snapshot_support"} {
		if name, ok := chosen.(string); ok {
			sentence = strings.ReplaceAll(sentence, name, "X")
		}
	}
	assert.NotRegexp(t, rawWords, sentence, r)
}
