//go:build !race

package oslo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo/hostiletest"
)

// The same however long the text is: what is too large to be read whole is condensed.
func TestNothingTypedIsAnEventHoweverLong(t *testing.T) {
	texts := hostiletest.Texts(t)
	places := hostiletest.Places()
	for i, form := range hostiletest.Forms() {
		place := places[i%len(places)]
		if !form.Has(place) || form.Names {
			continue
		}
		for _, typed := range []string{strings.Repeat("x", 2<<20) + texts[i%len(texts)].Text,
			texts[i%len(texts)].Text + strings.Repeat("\"[{'", 1<<18)} {
			n, _ := oslo.LineReader{}.ReadText(form.Record(place, typed))
			if n != nil {
				assert.True(t, place.Event, "%s: %s", form.Name, place.Name)
				assert.Equal(t, hostiletest.EventID, n.Event.ID)
			}
			assert.Equal(t, place.Event, n != nil, "%s: %s", form.Name, place.Name)
		}
	}
}
