package openstackauditcompletenessconnector

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/totals"
)

const (
	scopeName = "github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector"
	eventGap  = "openstack.audit.gap"
)

// kind is what is missing.
type kind string

const (
	kindSilence  kind = "silence"
	kindResponse kind = "response"
	kindSequence kind = "sequence"
	kindCanary   kind = "canary"
)

// kinds are all of them, in the order in which they are told.
var kinds = [...]kind{kindSilence, kindResponse, kindSequence, kindCanary}

// state says whether something is missing, or came after all.
type state string

const (
	stateOpen   state = "open"
	stateClosed state = "closed"
)

// finding is something that is missing, or came after all.
type finding struct {
	Source source
	Kind   kind
	State  state
	// Since is when that was sent, or should have been, which is missing; Found when it was noticed.
	Since, Found time.Time
	Sentence     string
	// EventID is of the request, Session, First and Last are of the missing numbers, UserID is who logged in.
	EventID, Session, UserID string
	First, Last              uint64
}

// findingsToLogs makes a record of each. The resource is the service whose events are missing; the scope tells who says so.
func findingsToLogs(findings []finding, version string, now time.Time) plog.Logs {
	logs := plog.NewLogs()
	records := map[totals.Resource]plog.LogRecordSlice{}
	for i := range findings {
		r := findings[i].Source.Resource
		slice, ok := records[r]
		if !ok {
			rl := logs.ResourceLogs().AppendEmpty()
			r.Write(rl.Resource().Attributes())
			sl := rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName(scopeName)
			sl.Scope().SetVersion(version)
			slice = sl.LogRecords()
			records[r] = slice
		}
		findings[i].write(slice.AppendEmpty(), now)
	}
	return logs
}

func (f *finding) write(record plog.LogRecord, now time.Time) {
	record.SetEventName(eventGap)
	record.SetTimestamp(pcommon.NewTimestampFromTime(f.Found))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	record.SetSeverityNumber(f.severity())
	record.Body().SetStr(f.Sentence)
	attributes := record.Attributes()
	for _, pair := range [...][2]string{
		{audit.AttrRecordUID, f.uid()},
		{audit.AttrGapKind, string(f.Kind)},
		{audit.AttrGapState, string(f.State)},
		{audit.AttrGapSince, f.Since.UTC().Format(time.RFC3339Nano)},
		{audit.AttrPublisher, f.Source.Publisher},
		{audit.AttrEventID, f.EventID},
		{audit.AttrSequenceSession, f.Session},
		{audit.AttrUserID, f.UserID},
	} {
		if pair[1] != "" {
			attributes.PutStr(pair[0], pair[1])
		}
	}
	if f.Kind == kindSequence {
		attributes.PutInt(audit.AttrGapFirst, int64(f.First))
		attributes.PutInt(audit.AttrGapLast, int64(f.Last))
	}
}

// severity of a single event that is missing is WARN, that of all of them ERROR, and that of what came after all INFO.
func (f *finding) severity() plog.SeverityNumber {
	switch {
	case f.State == stateClosed:
		return plog.SeverityNumberInfo
	case f.Kind == kindSilence || f.Kind == kindCanary:
		return plog.SeverityNumberError
	default:
		return plog.SeverityNumberWarn
	}
}

// uid is the same whenever the finding is sent again.
func (f *finding) uid() string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join([]string{
		eventGap, f.Source.ServiceName, f.Source.Region, f.Source.Publisher, string(f.Kind), string(f.State),
		f.Since.UTC().Format(time.RFC3339Nano), f.EventID, f.Session, f.UserID, strconv.FormatUint(f.First, 10),
	}, "\x00"))).String()
}

// at writes a time as in a sentence.
func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lasting writes a duration as in a sentence, in whole seconds.
func lasting(d time.Duration) string { return d.Round(time.Second).String() }

// maxWord is how much of a name stands in a sentence.
const maxWord = 128

// word makes a name of foreign origin safe to read in a sentence.
func word(s string) string {
	if len(s) > maxWord {
		s = s[:maxWord] + "..."
	}
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") == "" {
		return s
	}
	return strconv.QuoteToASCII(s)
}

// named is the service and, where it says more, the publisher.
func (s *source) named() string {
	service := "a service without a name"
	if s.ServiceName != "" {
		service = word(s.ServiceName)
	}
	if s.Publisher == "" || s.Publisher == s.ServiceName {
		return service
	}
	return fmt.Sprintf("%s (%s)", service, word(s.Publisher))
}
