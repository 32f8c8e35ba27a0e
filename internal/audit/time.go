package audit

import (
	"math"
	"strings"
	"time"
)

// The times that a log record can hold: nanoseconds since 1970 in 64 bits, of
// which Go's own clock reads no more than 63.
var (
	firstTime = time.Unix(0, 0)
	lastTime  = time.Unix(0, math.MaxInt64)
)

// The parts that every service writes: the date, and the time of day behind a T or a blank.
const (
	date    = len("2006-01-02")
	seconds = len("2006-01-02T15:04:05")
)

// ParseTime reads a time as OpenStack's services write it, false where it is none, or none that a log record can hold. pyCADF writes the
// zone +0000, openstack-audit-middleware +00:00, others Z, and oslo.messaging none: UTC by its own definition.
func ParseTime(s string) (time.Time, bool) {
	if len(s) < seconds || s[date] != 'T' && s[date] != ' ' {
		return time.Time{}, false
	}
	var room [64]byte
	t, err := time.Parse(time.RFC3339, string(AppendISO(room[:0], s))) // which has a quick way for this layout alone
	if err != nil || t.Before(firstTime) || t.After(lastTime) {
		return time.Time{}, false
	}
	return t, true
}

// AppendISO appends a time that ParseTime can read as ISO 8601, with the digits of the source.
func AppendISO(dst []byte, text string) []byte {
	dst = append(append(append(dst, text[:date]...), 'T'), text[date+1:seconds]...)
	zone := text[seconds:]
	if zone != "" && (zone[0] == '.' || zone[0] == ',') {
		end := 1
		for end < len(zone) && '0' <= zone[end] && zone[end] <= '9' {
			end++
		}
		dst = append(append(dst, '.'), zone[1:end]...)
		zone = zone[end:]
	}
	switch {
	case zone == "", zone == "+0000", zone == "+00:00", zone == "-0000", zone == "-00:00":
		return append(dst, 'Z')
	case len(zone) == len("+0000"):
		return append(append(append(dst, zone[:3]...), ':'), zone[3:]...)
	default:
		return append(dst, zone...)
	}
}

// IsISO reports whether a text that ParseTime read is ISO 8601 already.
func IsISO(text string) bool {
	return strings.HasSuffix(text, "Z") && text[date] == 'T' && text[seconds] != ','
}
