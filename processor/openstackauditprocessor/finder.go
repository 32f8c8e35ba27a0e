package openstackauditprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// finder finds the notification in a log record. The text that it returns is what the notification, or what could not be read, is in.
type finder interface {
	find(lr plog.LogRecord, scope string) (found *oslo.Notification, text string, err error)
}

func newFinder(config *Config) finder {
	switch config.Content {
	case ContentNotifications:
		return notificationFinder{}
	case ContentSignedEvents:
		return newSignedFinder(config.HMACKeys)
	}
	return lineFinder{oslo.LineReader{Loggers: config.Loggers, TrustUnnamed: config.TrustUnnamedLogger}}
}

// notificationFinder takes the whole body for a notification.
type notificationFinder struct{}

func (notificationFinder) find(lr plog.LogRecord, _ string) (found *oslo.Notification, text string, err error) {
	found = &oslo.Notification{}
	switch body := lr.Body(); body.Type() {
	case pcommon.ValueTypeEmpty:
		return nil, "", nil
	case pcommon.ValueTypeMap:
		document := toLiteral(body)
		text = document.String()
		*found, err = oslo.FromValue(document)
	case pcommon.ValueTypeBytes:
		text = string(body.Bytes().AsRaw())
		err = oslo.DecodeInto(found, []byte(text))
	default:
		text = body.AsString()
		err = oslo.DecodeInto(found, []byte(text))
	}
	if err != nil {
		return nil, text, err
	}
	return found, text, nil
}

// lineFinder reads a line of a service's log: the body or, if there is nothing in it, an attribute that is named as one.
type lineFinder struct{ reader oslo.LineReader }

func (f lineFinder) find(lr plog.LogRecord, scope string) (found *oslo.Notification, text string, err error) {
	logger := ""
	if f.reader.IsEventLogger(scope) { // OpenTelemetry's own handler for Python names the scope after the logger
		logger = scope
	}
	if found, text, err = f.findInBody(lr, logger); found != nil || err != nil {
		return found, text, err
	}
	for key, value := range lr.Attributes().All() {
		if !oslo.IsMessageKey(key) || !mayHoldEvent(value, 0) {
			continue
		}
		if found, err = f.reader.ReadFields(object(lr.Attributes()), logger); found != nil || err != nil {
			return found, value.AsString(), err
		}
		break
	}
	return nil, "", nil
}

func (f lineFinder) findInBody(lr plog.LogRecord, logger string) (found *oslo.Notification, text string, err error) {
	switch body := lr.Body(); body.Type() {
	case pcommon.ValueTypeStr:
		text = body.Str()
	case pcommon.ValueTypeBytes:
		text = string(body.Bytes().AsRaw())
	default:
		if !mayHoldEvent(body, 0) {
			return nil, "", nil
		}
		fields := toLiteral(body)
		found, err = f.reader.ReadFields(fields, logger)
		return found, fields.String(), err
	}
	switch {
	case logger == "" && !describesLine(lr.Attributes()):
		found, err = f.reader.ReadText(text)
	case oslo.MayHoldEvent(text): // most records of a log are not worth their fields
		found, err = f.reader.ReadFields(lineInFields(lr.Attributes(), text), logger)
	}
	return found, text, err
}
