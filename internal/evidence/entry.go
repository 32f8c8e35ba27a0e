package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
)

// HashSize is the length of a record's hash.
const HashSize = 32

// MaxEntrySize is the longest entry that a bundle can hold.
const MaxEntrySize = 1<<16 - 1

// Kind says what an entry tells.
type Kind string

// The kinds of entries.
const (
	// KindRecord is a record that left the collector.
	KindRecord Kind = ""
	// KindRefused is a record that is in the log, and that the next consumer rejected permanently afterwards.
	KindRefused Kind = "refused"
	// KindGap counts the records that left the collector while the log could not be written.
	KindGap Kind = "gap"
	// KindShard begins a month. It links to the entry that began the month before.
	KindShard Kind = "shard"
)

// Entry is an entry of the log. On disk it is an RFC 8785 object whose values are strings.
type Entry struct {
	// Kind is the member "k", which a record does not have.
	Kind Kind
	// EventName is "e". Records and refused records have it, even if it is empty, and the same holds for the next three.
	EventName string
	// Hash is "h", that of the canonical form.
	Hash [HashSize]byte
	// Service is "s", the attribute service.name of the resource.
	Service string
	// UID is "u", the attribute log.record.uid.
	UID string
	// Time is "t", in nanoseconds since 1970: the record's time; of a gap, when it began; of a shard, when it was written.
	Time uint64

	// Count is "n": the records in a gap; the entries before a shard.
	Count uint64
	// Until is "z": when a gap ended, in nanoseconds since 1970.
	Until uint64
	// Month is "m": the month of a shard in UTC, such as 2026-11.
	Month string
	// Root is "r": the root of the entries before a shard.
	Root tlog.Hash
	// Previous is "p": the index of the entry that began the shard before this one. The first shard is its own previous one.
	Previous uint64
}

// maxText bounds the texts of an entry, so that it fits into a bundle however they are escaped.
const maxText = 2048

// Append appends the entry's bytes. What is longer than 2 KiB of the event name, the service and the uid is cut off.
func (e *Entry) Append(dst []byte) []byte {
	w := writer{dst: append(dst, '{')}
	switch e.Kind {
	case KindRecord, KindRefused:
		w.text("e", e.EventName)
		w.member("h", base64.StdEncoding.EncodeToString(e.Hash[:]))
		if e.Kind != KindRecord {
			w.member("k", string(e.Kind))
		}
		w.text("s", e.Service)
		w.number("t", e.Time)
		w.text("u", e.UID)
	case KindGap:
		w.member("k", string(e.Kind))
		w.number("n", e.Count)
		w.number("t", e.Time)
		w.number("z", e.Until)
	case KindShard:
		w.member("k", string(e.Kind))
		w.text("m", e.Month)
		w.number("n", e.Count)
		w.number("p", e.Previous)
		w.member("r", base64.StdEncoding.EncodeToString(e.Root[:]))
		w.number("t", e.Time)
	default:
		w.text("k", string(e.Kind))
	}
	return append(w.dst, '}')
}

// ParseEntry reads an entry's bytes. It accepts only what Append writes, and entries of kinds that it does not know, of which it returns
// the kind alone.
func ParseEntry(data []byte) (Entry, error) {
	if len(data) > MaxEntrySize {
		return Entry{}, fmt.Errorf("an entry of %d bytes is longer than %d", len(data), MaxEntrySize)
	}
	var members map[string]string
	if err := json.Unmarshal(data, &members); err != nil {
		return Entry{}, fmt.Errorf("an entry is no JSON object of strings: %w", err)
	}
	e := Entry{
		Kind: Kind(members["k"]), EventName: members["e"], Service: members["s"], UID: members["u"], Month: members["m"],
	}
	r := reader{members: members}
	switch e.Kind {
	case KindRecord, KindRefused:
		r.hash("h", e.Hash[:])
		e.Time = r.number("t")
	case KindGap:
		e.Count, e.Time, e.Until = r.number("n"), r.number("t"), r.number("z")
	case KindShard:
		e.Count, e.Previous, e.Time = r.number("n"), r.number("p"), r.number("t")
		r.hash("r", e.Root[:])
	default:
		return Entry{Kind: e.Kind}, nil
	}
	if r.err != nil {
		return Entry{}, r.err
	}
	if !bytes.Equal(e.Append(make([]byte, 0, len(data))), data) {
		return Entry{}, errors.New("an entry is not in the form of RFC 8785, or has members that its kind does not have")
	}
	return e, nil
}

// cut shortens a text to maxText bytes, at the end of a character.
func cut(value string) string {
	if len(value) <= maxText {
		return value
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end]
}

// LeafHash returns the hash of an entry's bytes in the tree (RFC 6962).
func LeafHash(entry []byte) tlog.Hash {
	return tlog.RecordHash(entry)
}

// writer appends members, in the order of their keys.
type writer struct{ dst []byte }

// member appends a value that needs no escaping.
func (w *writer) member(key, value string) {
	w.key(key)
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, value...)
	w.dst = append(w.dst, '"')
}

func (w *writer) number(key string, value uint64) {
	w.key(key)
	w.dst = append(w.dst, '"')
	w.dst = strconv.AppendUint(w.dst, value, 10)
	w.dst = append(w.dst, '"')
}

func (w *writer) text(key, value string) {
	w.key(key)
	w.dst = canonical.AppendString(w.dst, cut(value))
}

func (w *writer) key(key string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, key...)
	w.dst = append(w.dst, '"', ':')
}

// reader keeps the first error.
type reader struct {
	members map[string]string
	err     error
}

func (r *reader) number(key string) uint64 {
	n, err := strconv.ParseUint(r.members[key], 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("the member %q of an entry is no number: %w", key, err)
	}
	return n
}

func (r *reader) hash(key string, hash []byte) {
	value, err := base64.StdEncoding.Strict().DecodeString(r.members[key])
	if err == nil && len(value) != len(hash) {
		err = fmt.Errorf("it has %d bytes", len(value))
	}
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("the member %q of an entry is no hash: %w", key, err)
	}
	copy(hash, value)
}
