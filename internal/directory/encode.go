package directory

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// storeVersion is the first byte of a stored shard. A gob of its entries follows, and the CRC-32 of all before.
const storeVersion = 2

// storedEntry is a named entry in the store.
type storedEntry struct {
	Kind         keystone.Kind
	Hashed       bool
	ID           [16]byte
	Name, Domain string
	State        state
	From         int64
	Asked        uint32
	Due          bool
	// Until and Earlier are of its history.
	Until   int64
	Earlier []storedVersion
}

type storedVersion struct {
	Name, Domain string
	From, Until  int64
}

// encodeShard holds the read lock of one shard.
func encodeShard(t *table, index int) ([]byte, error) {
	s := &t.shards[index]
	s.RLock()
	stored := make([]storedEntry, 0, len(s.told))
	add := func(k key, e entry) {
		one := storedEntry{
			Kind: k.kind, Hashed: k.hashed, ID: k.id, Name: e.name, Domain: e.domain.id(), State: e.state,
			From: e.from, Asked: e.asked, Due: e.due,
		}
		if h := e.history; h != nil {
			one.Until = h.until
			for _, v := range h.earlier {
				one.Earlier = append(one.Earlier, storedVersion{v.name, v.domain.id(), v.from, v.until})
			}
		}
		stored = append(stored, one)
	}
	for k, e := range s.told {
		add(k, e)
	}
	for k, e := range s.others {
		if e.state == heard {
			add(k, e)
		}
	}
	s.RUnlock()
	value := bytes.NewBuffer([]byte{storeVersion})
	if err := gob.NewEncoder(value).Encode(stored); err != nil {
		return nil, err
	}
	return binary.BigEndian.AppendUint32(value.Bytes(), crc32.ChecksumIEEE(value.Bytes())), nil
}

// decodeShard puts the entries of a stored shard into the table, unless something newer is there. Of living things it
// has Keystone asked again: names may have changed meanwhile. Times that lie ahead become now: the clock was wrong then, or is.
func decodeShard(value []byte, index int, t *table, now time.Time) (int, error) {
	if len(value) < 5 {
		return 0, errors.New("too short")
	}
	body, sum := value[:len(value)-4], binary.BigEndian.Uint32(value[len(value)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return 0, errors.New("the checksum is wrong")
	}
	if body[0] != storeVersion {
		return 0, fmt.Errorf("version %d, not %d", body[0], storeVersion)
	}
	var stored []storedEntry
	if err := gob.NewDecoder(bytes.NewReader(body[1:])).Decode(&stored); err != nil {
		return 0, err
	}
	s := &t.shards[index]
	s.RLock()
	changed := s.dirty // before the store could be read
	s.RUnlock()
	for i := range stored {
		k, e, ok := stored[i].entry(now)
		if !ok || shardIndex(k) != index {
			return i, errors.New("the entries are damaged")
		}
		t.change(k, func(known entry) entry {
			if known.state.named() {
				return known
			}
			return e
		})
	}
	s.Lock()
	s.dirty = changed
	s.Unlock()
	return len(stored), nil
}

// entry reports whether it is one that a table could have.
func (one *storedEntry) entry(now time.Time) (key, entry, bool) {
	k := key{kind: one.Kind, hashed: one.Hashed, id: one.ID}
	ok := k.kind < keystone.KindCount && one.State.named() && one.State < stateCount && isName(one.Name) && len(one.Earlier) <= maxVersions
	if !ok {
		return k, entry{}, false
	}
	latest := now.UnixNano()
	e := entry{
		name: one.Name, domain: domainOf(one.Domain), from: min(one.From, latest), asked: min(one.Asked, seconds(now)),
		state: one.State, due: one.Due || one.State != deleted,
	}
	if one.Until != 0 || len(one.Earlier) > 0 {
		h := &history{until: min(one.Until, latest)}
		for _, v := range one.Earlier {
			if !isName(v.Name) {
				return k, entry{}, false
			}
			h.earlier = append(h.earlier, version{v.Name, domainOf(v.Domain), min(v.From, latest), min(v.Until, latest)})
		}
		e.history = h
	}
	return k, e, true
}
