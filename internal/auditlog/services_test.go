package auditlog_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
)

// answered is the response event of a request that was really made of a service's API, with what the client did and was answered.
type answered struct {
	Did  auditlogtest.Request
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
	require.Len(t, captures, 11)
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
				requests[i].Did.Service = service
				requests[i].Did.Check(t, line)
				golden[i] = auditlogtest.Line{Body: line.Body, Attributes: map[string]any{"did": requests[i].Did.String()}}
				for _, key := range []string{audit.AttrAuditAction, audit.AttrTargetType, audit.AttrTargetID} {
					if value, ok := line.Attributes[key]; ok {
						golden[i].Attributes[key] = value
					}
				}
			}
			auditlogtest.Golden(t, "../../testdata/golden/services/"+service+".jsonl", golden)
		})
	}
}
