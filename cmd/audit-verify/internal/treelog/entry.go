package treelog

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// ParseEntry reads an entry about a record, also of a log that another program wrote: what counts is that its bytes were signed, not that
// they are as the collector would write them.
func ParseEntry(data []byte) (evidence.Entry, error) {
	var members map[string]string
	if err := json.Unmarshal(data, &members); err != nil {
		return evidence.Entry{}, fmt.Errorf("an entry is no JSON object of strings: %w", err)
	}
	entry := evidence.Entry{
		Kind: evidence.Kind(members["k"]), EventName: members["e"], Service: members["s"], UID: members["u"],
	}
	hash, err := base64.StdEncoding.DecodeString(members["h"])
	if err == nil && len(hash) == len(entry.Hash) {
		copy(entry.Hash[:], hash)
	}
	entry.Time, _ = strconv.ParseUint(members["t"], 10, 64)
	return entry, nil
}
