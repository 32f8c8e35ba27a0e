package auditlog

import (
	"math"
	"strings"
	"time"
)

// timeLayouts are what pyCADF (+0000), openstack-audit-middleware (+00:00), others
// (Z) and oslo.messaging (no zone, UTC by its own definition) write. time.Parse
// takes a fraction wherever a second may have one.
var timeLayouts = [...]string{
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05-0700",
	"2006-01-02 15:04:05Z07:00",
}

// The times that a log record can hold: nanoseconds since 1970 in 64 bits, of
// which Go's own clock reads no more than 63.
var (
	firstTime = time.Unix(0, 0)
	lastTime  = time.Unix(0, math.MaxInt64)
)

func parseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05") {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if layout[len("2006-01-02")] != s[len("2006-01-02")] {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil && !t.Before(firstTime) && !t.After(lastTime) {
			return t, true
		}
	}
	return time.Time{}, false
}

// isoTime writes a time as ISO 8601, with the digits of the source; what is no
// time stays as it is.
func isoTime(s string) string {
	t, ok := parseTime(s)
	if !ok {
		return s
	}
	const seconds = len("2006-01-02T15:04:05")
	clock, zone := s[:seconds], s[seconds:]
	if strings.HasPrefix(zone, ".") || strings.HasPrefix(zone, ",") {
		end := 1
		for end < len(zone) && '0' <= zone[end] && zone[end] <= '9' {
			end++
		}
		clock += "." + zone[1:end]
	}
	return strings.Replace(clock, " ", "T", 1) + t.Format("Z07:00")
}
