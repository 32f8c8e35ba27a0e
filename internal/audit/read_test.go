package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// write gives each field a value of its own, in a record and in an event.
func write(t *testing.T, record plog.LogRecord, event *audit.Event) {
	t.Helper()
	attributes := record.Attributes()
	for i := range audit.Fields() {
		field := &audit.Fields()[i]
		if text := field.Text(event); text != nil {
			*text = "the text of " + field.Key
			attributes.PutStr(field.Key, *text)
			continue
		}
		switch place := field.Value(event).(type) {
		case *int64:
			*place = int64(i)
			attributes.PutInt(field.Key, *place)
		case *bool:
			*place = true
			attributes.PutBool(field.Key, true)
		case *audit.Optional[bool]:
			place.Known = true
			attributes.PutBool(field.Key, false)
		case *audit.Optional[float64]:
			place.Known = true
			attributes.PutDouble(field.Key, 0)
		case *[]string:
			*place = []string{field.Key, "more"}
			require.NoError(t, attributes.PutEmptySlice(field.Key).FromRaw([]any{field.Key, "more"}))
		default:
			t.Fatalf("%s: a field of another type: %T", field.Key, place)
		}
	}
}

func TestReadIsTheReverseOfTheTable(t *testing.T) {
	record := plog.NewLogRecord()
	record.Attributes().PutStr("openstack.notification.extra.more", "no field has it")
	var want audit.Event
	write(t, record, &want)
	want.Time = time.Unix(1, 2).UTC()
	record.SetTimestamp(pcommon.NewTimestampFromTime(want.Time))
	require.Len(t, audit.Fields(), record.Attributes().Len()-1, "a key that is there twice")

	var read audit.Event
	read.Read(record)
	require.Equal(t, want, read)
}

func TestReadInAnyOrder(t *testing.T) {
	inOrder, reversed := plog.NewLogRecord(), plog.NewLogRecord()
	var want, read audit.Event
	write(t, inOrder, &want)
	fields := audit.Fields()
	for i := range fields {
		value, _ := inOrder.Attributes().Get(fields[len(fields)-1-i].Key)
		value.CopyTo(reversed.Attributes().PutEmpty(fields[len(fields)-1-i].Key))
	}
	read.Read(reversed)
	require.Equal(t, want, read)
}

func TestReadOfOtherTypes(t *testing.T) {
	record := plog.NewLogRecord()
	for _, field := range audit.Fields() {
		record.Attributes().PutEmptyMap(field.Key).PutStr("no", "text")
	}
	var read audit.Event
	read.Read(record)
	require.JSONEq(t, `{"no": "text"}`, read.UID)
	require.Zero(t, read.Request.StatusCode)
	require.Zero(t, read.Duration)
	require.Zero(t, read.Target.Inherited)
	require.Empty(t, read.CADF.Tags)
}

func TestServiceRead(t *testing.T) {
	resource := pcommon.NewMap()
	resource.PutStr(audit.AttrServiceName, "nova")
	resource.PutStr(audit.AttrOpenStackServiceType, "compute")
	var service audit.Service
	service.Read(resource)
	require.Equal(t, audit.Service{Name: "nova", Type: "compute"}, service)
}

func TestFieldOf(t *testing.T) {
	event := audit.Event{Target: audit.Target{Name: "web-01"}}
	require.Equal(t, "web-01", *audit.FieldOf(audit.AttrTargetName).Text(&event))
	require.Nil(t, audit.FieldOf(audit.AttrServiceName), "of the resource")
}
