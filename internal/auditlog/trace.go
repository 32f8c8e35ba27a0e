package auditlog

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// setTraceContext takes over a W3C traceparent: 00-<trace id>-<span id>-<flags>.
func setTraceContext(traceParent string, lr plog.LogRecord) {
	if traceParent == "" {
		return
	}
	parts := strings.Split(traceParent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" {
		return
	}
	var (
		trace pcommon.TraceID
		span  pcommon.SpanID
		flags [1]byte
	)
	if !decodeHex(trace[:], parts[1]) || !decodeHex(span[:], parts[2]) || !decodeHex(flags[:], parts[3]) ||
		trace.IsEmpty() || span.IsEmpty() {
		return
	}
	lr.SetTraceID(trace)
	lr.SetSpanID(span)
	lr.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(flags[0]&1 == 1))
}

func decodeHex(dst []byte, s string) bool {
	if len(s) != hex.EncodedLen(len(dst)) {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}
