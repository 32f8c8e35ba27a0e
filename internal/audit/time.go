package audit

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

// ParseTime reads a time as OpenStack's services write it, false where it is none, or none that a log record can hold.
func ParseTime(s string) (time.Time, bool) {
	if len(s) < len(clockLayout) {
		return time.Time{}, false
	}
	if t, ok := parseUTC(s); ok {
		return t, true
	}
	return parseLayouts(s)
}

// clockLayout is the part that all layouts have, but for the T.
const clockLayout = "2006-01-02T15:04:05"

// parseUTC reads what OpenStack writes, a time of UTC with up to nine digits of a second, faster than time.Parse, which has to
// read a layout first. It leaves all else to the layouts: other zones, and what is no time.
func parseUTC(s string) (time.Time, bool) {
	if len(s) < len(clockLayout) || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, month, day := digits(s[:4]), digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	fraction, zone := cutFraction(s[len(clockLayout):])
	nanosecond := digits(fraction)
	if min(year-1970, month-1, day-1, hour, minute, second, nanosecond) < 0 || max(month-12, day-31, hour-23, minute-59, second-59) > 0 ||
		year >= 2262 || !isUTC(zone) {
		return time.Time{}, false
	}
	for range 9 - len(fraction) {
		nanosecond *= 10
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.UTC)
	return t, day <= 28 || t.Day() == day // the 31st of April is the 1st of May to time.Date
}

// digits returns the number, 0 for no digits, or -1.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// cutFraction takes the fraction of a second off, if there is one of up to nine digits.
func cutFraction(s string) (fraction, zone string) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return "", s
	}
	end := 1
	for end < len(s) && end <= 9 && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	if end == 1 {
		return "", s
	}
	return s[1:end], s[end:]
}

func isUTC(zone string) bool { return zone == "" || zone == "Z" || zone == "+0000" || zone == "+00:00" }

func parseLayouts(s string) (time.Time, bool) {
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

// AppendISO appends a time as ISO 8601, with the digits of the source. t is what ParseTime read of the text.
func AppendISO(dst []byte, text string, t time.Time) []byte {
	const date, seconds = len("2006-01-02"), len(clockLayout)
	zone := text[seconds:]
	dst = append(dst, text[:date]...)
	dst = append(dst, 'T')
	dst = append(dst, text[date+1:seconds]...)
	if strings.HasPrefix(zone, ".") || strings.HasPrefix(zone, ",") {
		end := 1
		for end < len(zone) && '0' <= zone[end] && zone[end] <= '9' {
			end++
		}
		dst = append(dst, '.')
		dst = append(dst, zone[1:end]...)
		zone = zone[end:]
	}
	if isUTC(zone) {
		return append(dst, 'Z')
	}
	return t.AppendFormat(dst, "Z07:00")
}

// IsISO reports whether a text that ParseTime read is ISO 8601 already.
func IsISO(text string) bool {
	return strings.HasSuffix(text, "Z") && text[len("2006-01-02")] == 'T' && text[len(clockLayout)] != ','
}
