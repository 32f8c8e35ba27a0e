package openstackauditprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf/signed"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// signedFinder takes the whole body for a signed event of the Rust Keystone, and checks its signature where there are keys.
type signedFinder struct{ keys signed.Keys }

func newSignedFinder(keys []HMACKey) signedFinder {
	var f signedFinder
	for _, k := range keys {
		if key, err := k.key(); err == nil { // Validate saw to it
			f.keys.Add(k.Version, key)
		}
	}
	return f
}

func (f signedFinder) find(lr plog.LogRecord, _ string) (found *oslo.Notification, text string, err error) {
	text = lr.Body().AsString()
	if strings.TrimSpace(text) == "" {
		return nil, "", nil
	}
	found, signature, err := oslo.ReadSigned(text)
	if err != nil || f.keys.Empty() {
		return found, text, err
	}
	verdict := f.keys.Check(text, signature.NodeID, signature.KeyVersion, signature.Value)
	if node, known := nodeOfSpool(lr); known && node != signature.NodeID && verdict == signed.Verified {
		verdict = signed.OtherNode
	}
	found.Verdict = string(verdict)
	return found, text, nil
}

// fileName is the attribute in which file_log says which file a line is from.
const fileName = "log.file.name"

// nodeOfSpool is the node that a spool is named after, crates/audit/src/spool.rs spool_path; a quarantined one has an ending of its own.
func nodeOfSpool(lr plog.LogRecord) (node string, known bool) {
	name, ok := strings.CutPrefix(audit.Text(lr.Attributes(), fileName), "audit-spool-")
	if !ok {
		return "", false
	}
	node, _, known = strings.Cut(name, ".jsonl")
	return node, known
}
