package directory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// A stored shard is
//
//	version, the number of domain ids, the domain ids, the number of entries, the entries, CRC-32 of all before
//
// with every number a uvarint and every text behind its length. An entry is kind, hashed, the 16 bytes of its id,
// state, index of its domain in this shard, since, until, name.
const storeVersion = 1

// encodeShard holds the read lock of one shard.
func encodeShard(t *table, index int) []byte {
	s := &t.shards[index]
	s.RLock()
	defer s.RUnlock()

	places := map[uint32]uint64{}
	var domains []string
	var entries []byte
	count := 0
	for k, at := range s.slots {
		e := s.entry(at)
		if !e.kept() {
			continue
		}
		place, found := places[e.domain]
		if !found {
			place = uint64(len(domains))
			places[e.domain] = place
			domains = append(domains, t.domainID(e.domain))
		}
		hashed := byte(0)
		if k.hashed {
			hashed = 1
		}
		entries = append(entries, byte(k.kind), hashed)
		entries = append(entries, k.id[:]...)
		entries = append(entries, byte(e.state))
		entries = binary.AppendUvarint(entries, place)
		entries = binary.AppendUvarint(entries, uint64(e.since))
		entries = binary.AppendUvarint(entries, uint64(e.until))
		entries = appendText(entries, e.name)
		count++
	}
	value := binary.AppendUvarint(nil, storeVersion)
	value = binary.AppendUvarint(value, uint64(len(domains)))
	for _, id := range domains {
		value = appendText(value, id)
	}
	value = binary.AppendUvarint(value, uint64(count))
	value = append(value, entries...)
	return binary.BigEndian.AppendUint32(value, crc32.ChecksumIEEE(value))
}

func appendText(to []byte, text string) []byte {
	to = binary.AppendUvarint(to, uint64(len(text)))
	return append(to, text...)
}

// decodeShard puts the entries of a stored shard into the table, unless something newer is there. Of living things it
// asks Keystone again: names may have changed meanwhile.
func decodeShard(value []byte, index int, t *table) (int, error) {
	if len(value) < 4 {
		return 0, errors.New("too short")
	}
	body, sum := value[:len(value)-4], binary.BigEndian.Uint32(value[len(value)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return 0, errors.New("the checksum is wrong")
	}
	r := reader{rest: body}
	if version := r.number(); version != storeVersion {
		return 0, fmt.Errorf("version %d, not %d", version, storeVersion)
	}
	domains := make([]uint32, 0, 16)
	for range r.count() {
		domains = append(domains, t.domainIndex(r.text()))
	}
	s := &t.shards[index]
	s.RLock()
	changed := s.dirty // before the store could be read
	s.RUnlock()
	count := 0
	for range r.count() {
		var k key
		k.kind, k.hashed = keystone.Kind(r.octet()), r.octet() == 1
		copy(k.id[:], r.octets(len(k.id)))
		var e entry
		e.state = state(r.octet())
		place := r.number()
		e.since, e.until = uint32(r.number()), uint32(r.number())
		e.name = r.text()
		if r.failed || len(e.name) > chunkBytes || place >= uint64(len(domains)) || k.kind >= keystone.KindCount || !e.named() || e.state >= stateCount || shardIndex(k) != index {
			return count, errors.New("the entries are damaged")
		}
		e.domain = domains[place]
		if !e.state.gone() {
			e.until = 0
		}
		t.change(k, func(known entry) entry {
			if known.named() {
				return known
			}
			return e
		})
		count++
	}
	s.Lock()
	s.dirty = changed
	s.Unlock()
	return count, nil
}

// reader reads a stored shard. After a mistake it returns zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) octets(n int) []byte {
	if n > len(r.rest) {
		r.failed, r.rest = true, nil
		return make([]byte, n)
	}
	octets := r.rest[:n]
	r.rest = r.rest[n:]
	return octets
}

func (r *reader) octet() byte { return r.octets(1)[0] }

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// count is a number that is no larger than what is left to read.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.octets(r.count())) }
