//go:build backends

package backends

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Each event of real services is there once under its id, also when its message comes twice, and is found by who, where and how it ended.
func TestZincSearch(t *testing.T) {
	t.Parallel()
	const index = "logs-openstack.audit-default"
	z := startZincSearch(t)
	fields := []string{"user.name", "openstack.project.id", "event.outcome", "source.ip"}
	z.keywords(t, index, fields...)
	url, environment := broker(t)
	c := consuming(t, "elasticsearch-ecs.yaml", append(environment, "AUDIT_KEYSTONE_URL="), z.settings()...)
	bodies, want := captured(t)
	stored := func(times int) (documents map[string]object) {
		t.Helper()
		sent := float64(times * want.messages)
		eventually(t, func() (err error) {
			if got := c.Metric(t.Context(), "otelcol_exporter_sent_log_records"); got != sent {
				return fmt.Errorf("%g records sent, want %g", got, sent)
			}
			documents, err = z.search(t.Context(), index, object{"match_all": object{}})
			if err == nil && len(documents) != len(want.records) {
				err = fmt.Errorf("%d documents, want %d", len(documents), len(want.records))
			}
			return err
		}, c.Process, z.process)
		return documents
	}
	send(t, url, bodies...)
	once := stored(1)
	require.Equal(t, slices.Sorted(maps.Keys(want.records)), slices.Sorted(maps.Keys(once)))
	send(t, url, bodies...)
	require.Equal(t, once, stored(2))
	t.Logf("sent %d messages, each twice: %d documents with %d ids", want.messages, len(once), len(want.records))

	searched := 0
	for _, field := range fields {
		attribute := map[string]string{"event.outcome": "openstack.audit.outcome", "source.ip": "client.address"}[field]
		if attribute == "" {
			attribute = field
		}
		for value, ids := range want.by(attribute) {
			if field == "event.outcome" && value != "success" && value != "failure" {
				continue // ECS knows these as unknown
			}
			found, err := z.search(t.Context(), index, object{"term": object{field: value}})
			require.NoError(t, err)
			require.Equal(t, ids, slices.Sorted(maps.Keys(found)), "%s: %s", field, value)
			searched++
		}
	}
	require.GreaterOrEqual(t, searched, 20)
	t.Logf("%d searches find what they should", searched)
	c.Stop(t)
}

// captures of all services as records, by their log.record.uid, of which some come several times.
type expectedRecords struct {
	messages int
	records  map[string]map[string]any
}

// captured returns the messages of testdata/notifications, and the records that the receiver makes of them by default.
func captured(t testing.TB) (bodies [][]byte, want expectedRecords) {
	t.Helper()
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "0.0.0-test")
	var records []auditlog.Record
	for _, capture := range fixtures.Names(t, "notifications", ".jsonl") {
		for _, body := range fixtures.Bodies(t, capture) {
			bodies = append(bodies, body)
			records = append(records, mapper.Read(auditlog.Message{Body: body, Received: time.Now()}))
		}
	}
	logs, _ := mapper.Logs(records)
	want = expectedRecords{messages: logs.LogRecordCount(), records: map[string]map[string]any{}}
	for record := range audit.Records(logs) {
		attributes := record.Attributes().AsRaw()
		want.records[attributes["log.record.uid"].(string)] = attributes
	}
	return bodies, want
}

// by returns the ids of the records with each value of an attribute.
func (e expectedRecords) by(attribute string) map[string][]string {
	ids := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(e.records)) {
		if value, ok := e.records[id][attribute].(string); ok {
			ids[value] = append(ids[value], id)
		}
	}
	return ids
}
