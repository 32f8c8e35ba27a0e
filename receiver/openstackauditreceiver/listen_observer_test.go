package openstackauditreceiver

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A complaint is logged once an hour, and an hour has room for so many of them.
func TestListenComplaints(t *testing.T) {
	now := time.Now()
	o := newListenObserver(nil)
	o.now = func() time.Time { return now }
	host := netip.MustParseAddr("192.0.2.1")
	for range 3 {
		assert.True(t, o.isNew(host, "authentication"))
		assert.False(t, o.isNew(host, "authentication"))
		assert.True(t, o.isNew(host, "protocol"))
		for i := 2; i < maxComplaints; i++ {
			assert.True(t, o.isNew(host, fmt.Sprint(i)))
		}
		assert.False(t, o.isNew(host, "network"), "no room")
		now = now.Add(repetition - 1)
		assert.False(t, o.isNew(host, "network"))
		now = now.Add(1)
	}
}
