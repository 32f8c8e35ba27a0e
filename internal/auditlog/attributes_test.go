package auditlog_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog/auditlogtest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// attributeKeys are all keys: those of the fields of an event, and those that no field has.
func attributeKeys(t *testing.T) []string {
	t.Helper()
	keys := []string{
		audit.AttrServiceName, audit.AttrServiceNamespace, audit.AttrHostName, audit.AttrCloudProvider, audit.AttrCloudRegion,
		audit.AttrOpenStackServiceType, audit.AttrEncodingFormat, audit.AttrRecordOriginal, audit.AttrNotificationExtraPrefix,
		audit.AttrNotificationDecodeError, audit.AttrNotificationBodySize, audit.AttrNotificationBodySHA256,
		audit.AttrInitiatorGeolocation, audit.AttrPartialPasswordHash, audit.AttrReporterChain, audit.AttrAttachments,
		audit.AttrMeasurements, audit.AttrCADFTargetAddressPrefix, audit.AttrCADFTargetAttachments,
		audit.AttrGapKind, audit.AttrGapState, audit.AttrGapSince, audit.AttrGapFirst, audit.AttrGapLast, audit.AttrPublisher,
		audit.AttrSignature, audit.AttrSequenceNumber, audit.AttrSequenceSession,
		audit.AttrCheckpointNote, audit.AttrCheckpointOrigin, audit.AttrCheckpointSize,
	}
	for _, field := range audit.Fields() {
		keys = append(keys, field.Key)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../audit/keys.go", nil, 0)
	require.NoError(t, err)
	constants := 0
	for name := range file.Scope.Objects {
		if strings.HasPrefix(name, "Attr") {
			constants++
		}
	}
	require.Len(t, keys, constants)
	return keys
}

// documentedKeys are the first cells of the tables of attributes in docs/attributes.md.
func documentedKeys(t *testing.T) map[string]int {
	t.Helper()
	file, err := os.Open("../../docs/attributes.md")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	row := regexp.MustCompile("^\\| `([^`]+)` \\| (string|int|double|boolean|map|string\\[\\]|map\\[\\]) \\| .+ \\| " +
		"(stable|development|private) \\| .+ \\|$")
	keys := map[string]int{}
	inTable := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		inTable = strings.HasPrefix(line, "| attribute | type |") || inTable && strings.HasPrefix(line, "|")
		if !inTable || !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := row.FindStringSubmatch(line)
		require.NotNil(t, cells, "a row of another form: %s", line)
		keys[cells[1]]++
	}
	return keys
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	var inCode []string
	for _, key := range attributeKeys(t) {
		switch key {
		case "openstack.notification.extra.":
			key += "<path>"
		case "cadf.target.address.":
			key += "<name>"
		}
		inCode = append(inCode, key)
	}
	documented := documentedKeys(t)
	require.ElementsMatch(t, inCode, slices.Collect(maps.Keys(documented)))
	for key, rows := range documented {
		require.Equal(t, 1, rows, key)
	}
}

// No name is the namespace of another, nor are two one label once dots are underscores.
func TestAttributeNames(t *testing.T) {
	all := pcommon.NewMap()
	for _, key := range attributeKeys(t) {
		if strings.HasSuffix(key, ".") {
			key += "x"
		}
		require.Regexp(t, `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`, key)
		all.PutStr(key, "")
		for _, forbidden := range []string{
			"audit.", "log.type", "event.name", "error.message", "enduser.", "http.method", "http.status_code", "http.user_agent", "net.", "rpc.",
			"deployment.environment",
		} {
			require.False(t, strings.HasPrefix(key, forbidden), key)
		}
	}
	checkKeys(t, all)
}

// The records hold no other attributes than these.
func TestGoldenRecordsHoldKnownAttributes(t *testing.T) {
	keys := attributeKeys(t)
	for _, capture := range fixtures.Names(t, "golden/notifications", ".jsonl") {
		for _, line := range fixtures.Rows[auditlogtest.Line](t, "golden/notifications/"+capture+".jsonl") {
			for _, attributes := range []map[string]any{line.Attributes, line.Resource, line.Scope} {
				for key := range attributes {
					if !slices.Contains(keys, key) {
						require.Contains(t, keys, key[:strings.LastIndexByte(key, '.')+1], key)
					}
				}
			}
		}
	}
}
