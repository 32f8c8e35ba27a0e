package auditlog

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TraceContext is the span during which a message was sent; the zero value: not known.
type TraceContext struct {
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	Sampled bool
}

// ParseTraceParent reads a W3C traceparent: 00-<trace id>-<span id>-<flags>. What is none gives the zero value.
func ParseTraceParent(traceParent string) TraceContext {
	if traceParent == "" {
		return TraceContext{}
	}
	parts := strings.Split(traceParent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" {
		return TraceContext{}
	}
	var (
		context TraceContext
		flags   [1]byte
	)
	if !decodeHex(context.TraceID[:], parts[1]) || !decodeHex(context.SpanID[:], parts[2]) || !decodeHex(flags[:], parts[3]) {
		return TraceContext{}
	}
	context.Sampled = flags[0]&1 == 1
	return context
}

func (c *TraceContext) write(lr plog.LogRecord) {
	if c.TraceID.IsEmpty() || c.SpanID.IsEmpty() {
		return
	}
	lr.SetTraceID(c.TraceID)
	lr.SetSpanID(c.SpanID)
	lr.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(c.Sampled))
}

func decodeHex(dst []byte, s string) bool {
	if len(s) != hex.EncodedLen(len(dst)) {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}
