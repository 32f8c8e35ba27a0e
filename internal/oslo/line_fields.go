package oslo

import (
	"strconv"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// messageKeys are the fields in which a log record's text is: those of container
// runtimes and fluent-bit, of oslo.log's JSON and fluent formatters, of journald,
// and of Kolla's fluentd.
var messageKeys = [...]string{"message", "log", "MESSAGE", "msg", "Payload"}

// IsMessageKey says whether a field or attribute of that name may hold the text of a log record.
func IsMessageKey(key string) bool {
	for _, k := range messageKeys {
		if k == key {
			return true
		}
	}
	return false
}

// fields reads a record in fields: an event as a whole, or a wrapper around its text.
func (f *finder) fields(record literal.Value, line Line, wrappers int) {
	if record.Kind != literal.Object || wrappers > maxWrappers {
		return
	}
	if isMessage(record) {
		f.addDocument(record, line)
		return
	}
	line = line.withRecord(record)
	if f.nativeArguments(record, line) {
		return
	}
	strict := otherLogger(record)
	for _, key := range messageKeys {
		v, ok := record.Get(key)
		if !ok {
			continue
		}
		known, err := len(f.found), f.err
		switch v.Kind {
		case literal.Object:
			f.fields(v, line, wrappers+1)
		case literal.String:
			f.message(v.Text, line, strict, wrappers)
			f.mendPartial(record, key, v.Text, err)
		case literal.Array: // journald's form of text that is no UTF-8 or holds control characters
			f.message(bytesOf(v), line, strict, wrappers)
		}
		if len(f.found) > known || f.err != err {
			return
		}
	}
	if leftOut(record) {
		f.fail(ReasonTruncated, errLeftOut)
	}
}

// leftOut recognises a journal entry of the driver's logger whose message journalctl
// left out, as it does without --all where it is longer than 4 KiB.
func leftOut(record literal.Value) bool {
	logger, _ := record.Get("LOGGER_NAME")
	message, ok := record.Get("MESSAGE")
	return ok && message.Kind == literal.Null && strings.HasPrefix(logger.Text, loggerMarker)
}

// otherLogger says whether a record of oslo.log's formatters or handlers, or of
// Kolla's fluentd, is of another logger than that of the driver log.
func otherLogger(record literal.Value) bool {
	name, ok := record.Get("LOGGER_NAME")
	if !ok {
		name, ok = record.Get("python_module")
	}
	if _, formatted := record.Get("funcname"); formatted {
		name, ok = record.Get("name")
	}
	return ok && !strings.HasPrefix(name.Text, loggerMarker)
}

func (f *finder) message(text string, line Line, strict bool, wrappers int) {
	if wrappers < maxWrappers && MayHoldEvent(text) {
		f.text(text, line, strict, wrappers+1)
	}
}

// mendPartial names the reason for a piece of a line in Docker's json-file format:
// all but the last of a line's pieces have no line feed at the end.
func (f *finder) mendPartial(record literal.Value, key, text string, before *DecodeError) {
	if _, docker := record.Get("stream"); docker && key == "log" && f.err != before && !strings.HasSuffix(text, "\n") {
		f.err = &DecodeError{Reason: ReasonPartial, Err: errPartial}
	}
}

func bytesOf(v literal.Value) string {
	text := make([]byte, 0, len(v.Items))
	for _, item := range v.Items {
		b, err := strconv.ParseUint(item.Text, 10, 8)
		if err != nil {
			return ""
		}
		text = append(text, byte(b))
	}
	return string(text)
}
