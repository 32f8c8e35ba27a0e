package backends

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// eventID is the id of an event within a notification.
var eventID = regexp.MustCompile(`event-[0-9a-f-]+`)

// call is a request to Nova and its response, which has the same event id.
func call(at time.Time) (asked, answered []byte) {
	asked = request(at, alice, "nova-api", "delete", "/v2.1/servers/s1", 0, 0)
	answered = request(at, alice, "nova-api", "delete", "/v2.1/servers/s1", 204, time.Millisecond)
	return asked, bytes.ReplaceAll(answered, eventID.Find(answered), eventID.Find(asked))
}

// A request without its response is a sentence in Loki and an alert.
func TestWhatIsMissing(t *testing.T) {
	t.Parallel()
	loki := collectortest.NewBackend(t, "/otlp/v1/logs")
	f := startFull(t, loki.URL+"/otlp", "--set", "connectors.openstack_audit_completeness.response_within=1s",
		"--set", "connectors.openstack_audit_completeness.flush_interval=200ms")
	p := startPrometheus(t, []string{f.Prometheus}, []string{f.Metrics})
	asked, answered := call(time.Now())
	lost, _ := call(time.Now())
	send(t, f.url, asked, answered, lost)
	eventually(t, func() error {
		for _, sentences := range loki.Sentences() {
			if strings.HasPrefix(sentences[0], "nova (nova-api) sent no response to request "+string(eventID.Find(lost))) {
				return nil
			}
		}
		asked, answered := call(time.Now()) // what came later tells
		send(t, f.url, asked, answered)
		return fmt.Errorf("nothing is missing in %d records", loki.Count())
	}, f.Process)
	eventually(t, func() error {
		gaps, err := scraped(t, f.Prometheus, "openstack_audit_gaps_total", `openstack_audit_gap_kind="response"`)
		if err == nil && gaps != 1 {
			err = fmt.Errorf("%g gaps", gaps)
		}
		return err
	}, f.Process)
	eventually(t, func() error {
		fired, err := p.Fired(t.Context())
		if err == nil && !slices.Contains(fired, "OpenStackAuditResponsesMissing") {
			err = fmt.Errorf("fired: %v", fired)
		}
		return err
	}, f.Process, p.Process)
	for _, name := range []string{
		"openstack_audit_gaps_open", "openstack_audit_publisher_last_event_time_seconds", "openstack_audit_publisher_records_total",
	} {
		text, err := collectortest.Get(t.Context(), "http://"+f.Prometheus+"/metrics")
		require.NoError(t, err)
		require.Contains(t, text, "\n"+name+"{")
	}
}
