package oslo_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// Whatever somebody types into a log of any form: the events are those that happened. Each text is in each form, at a third of its places.
func TestNothingTypedIsAnEvent(t *testing.T) {
	texts := hostiletest.Texts(t)
	for i, form := range hostiletest.Forms() {
		t.Run(form.Name, func(t *testing.T) {
			for j, place := range hostiletest.Places() {
				if !form.Has(place) {
					continue
				}
				innocent := innocentAt(t, form, place)
				for k, typed := range texts {
					if (i+j+k)%3 != 0 {
						continue
					}
					if problem := problemOf(form, place, typed.Text, innocent); problem != "" {
						t.Errorf("%s: %s: %s\n%s", place.Name, typed.Name, problem, form.Record(place, typed.Text))
					}
				}
			}
		})
	}
}

// FuzzTyped: the same for any text.
func FuzzTyped(f *testing.F) {
	forms, places := hostiletest.Forms(), hostiletest.Places()
	for i, typed := range hostiletest.Texts(f) {
		f.Add(i, i, typed.Text)
	}
	f.Fuzz(func(t *testing.T, i, j int, typed string) {
		form, place := forms[uint(i)%uint(len(forms))], places[uint(j)%uint(len(places))]
		if !utf8.ValidString(typed) || !form.Has(place) {
			t.Skip("no text that a service can hold; no such line")
		}
		problem := problemOf(form, place, typed, innocentAt(t, form, place))
		require.Empty(t, problem, "%s: %s: %s", form.Name, place.Name, form.Record(place, typed))
	})
}

// Not even who trusts lines without a logger takes an event from a line of a web server.
func TestWebServersLinesHoldNoEvents(t *testing.T) {
	reader := oslo.LineReader{TrustUnnamed: true}
	for _, form := range hostiletest.Forms() {
		for _, place := range hostiletest.Places() {
			if place.Logger != "" || !form.Has(place) {
				continue
			}
			for _, typed := range hostiletest.Texts(t) {
				n, _ := reader.ReadText(form.Record(place, typed.Text))
				assert.Nil(t, n, "%s: %s: %s", form.Name, place.Name, typed.Name)
			}
		}
	}
}

const innocentName = "bob"

// innocentAt is what is read where somebody typed a name.
func innocentAt(t *testing.T, form hostiletest.Form, place hostiletest.Place) *oslo.Notification {
	t.Helper()
	n, err := oslo.LineReader{}.ReadText(form.Record(place, innocentName))
	require.NoError(t, err)
	require.Equal(t, place.Event, n != nil, "%s: %s", form.Name, place.Name)
	return n
}

// problemOf tells what is wrong with what is read where somebody typed, compared with an innocent text.
func problemOf(form hostiletest.Form, place hostiletest.Place, typed string, innocent *oslo.Notification) string {
	n, err := oslo.LineReader{}.ReadText(form.Record(place, typed))
	switch {
	case n == nil && innocent != nil && form.Names && place.Summary != nil:
		return "" // it is kept raw
	case n == nil && innocent != nil:
		return "the event is lost: " + errorText(err)
	case n != nil && innocent == nil:
		return "an event is forged"
	case n != nil && !assert.ObjectsAreEqual(factsOf(innocent), factsOf(n)):
		return "the event is another one"
	case n != nil && n.Event.Target.Name != innocent.Event.Target.Name &&
		(n.Event.Target.Name != typed || innocent.Event.Target.Name != innocentName):
		return "the event has another name"
	}
	if !strings.Contains(typed, "\n") || form.Plain && place.Logger != "" {
		return "" // where each line is a record, plain text cannot tell a whole line that somebody typed
	}
	for _, line := range form.Lines(place, typed) {
		if n, _ := (oslo.LineReader{}).ReadText(line); n != nil && innocent == nil {
			return "a line forges an event: " + line
		}
	}
	return ""
}

// factsOf is all of a notification but the text as it came and the name that may have been typed.
func factsOf(n *oslo.Notification) any {
	event := n.Event
	event.Target.Name = ""
	return []any{n.Kind, n.MessageID, n.PublisherID, n.EventType, n.Priority, n.Timestamp, event, n.Basic, n.Extras, n.Native, n.Line}
}

func errorText(err error) string {
	if err == nil {
		return "no reason"
	}
	return err.Error()
}
