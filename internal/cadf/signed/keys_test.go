package signed

import (
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

const (
	kek  = "test-kek-32-bytes-0123456789abcd"
	node = "keystone-node-1"
)

func keys() *Keys {
	var k Keys
	k.Add(1, []byte("another-32-bytes-0123456789-abcd"))
	k.Add(1, []byte(kek))
	return &k
}

func lines(t *testing.T, name string) []string { return fixtures.Lines(t, "signed/"+name) }

// The vectors of Keystone's own tests: crates/audit/tests/hmac_vectors.rs, crates/audit/src/kdf.rs.
func TestVectorsOfKeystone(t *testing.T) {
	key, err := nodeKey([]byte(kek), node)
	require.NoError(t, err)
	require.Equal(t, "85256aea1521266824b36db34a3060d0cb91b76bbad266e10ba20dba76eabe72", hex.EncodeToString(key))
	for _, line := range lines(t, "keystone_vectors.jsonl") {
		var vector struct {
			KeyHex            string `json:"key_hex"`
			Canonical         string
			ExpectedSignature string `json:"expected_signature"`
			Event             json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(line), &vector))
		message, err := canonical(string(vector.Event))
		require.NoError(t, err)
		require.Equal(t, vector.Canonical, string(message))
		key, err := hex.DecodeString(vector.KeyHex)
		require.NoError(t, err)
		require.True(t, signs(key, message, vector.ExpectedSignature))
	}
}

// The spool is what the implementation in Python writes.
func TestSpoolIsOfPython(t *testing.T) {
	output, err := exec.Command("python3", fixtures.Path(t, "signed/sign.py")).Output()
	require.NoError(t, err)
	require.Equal(t, strings.Join(lines(t, "spool.jsonl"), "\n")+"\n", string(output))
}

type named struct {
	Signature string
	Version   uint64 `json:"hmac_key_version"`
	Observer  struct {
		NodeID string `json:"node_id"`
	}
}

func check(t *testing.T, k *Keys, line string) Verdict {
	t.Helper()
	var n named
	require.NoError(t, json.Unmarshal([]byte(line), &n))
	return k.Check(line, n.Observer.NodeID, n.Version, n.Signature)
}

func TestCheck(t *testing.T) {
	for _, line := range lines(t, "spool.jsonl") {
		require.Equal(t, Verified, check(t, keys(), line), line)
	}
	line := lines(t, "spool.jsonl")[4]
	for _, test := range []struct {
		name, old, changed string
		want               Verdict
	}{
		{"as it is", "", "", Verified},
		{"other space and order", `{"id":`, `{ "hmac_key_version" : 1, "id":`, Bad}, // the version occurs twice then
		{"space", `"seq":4,`, "\"seq\" : 4 ,\t", Verified},
		{"a number in another notation", `"seq":4,`, `"seq":4e0,`, Verified},
		{"an escaped letter", `"create"`, `"cre\u0061te"`, Verified},
		{"null left out", `"outcome_reason":null,`, "", Verified},
		{"null left out within", `,"domain_id":null`, "", Verified},
		{"another action", `"create"`, `"update"`, Bad},
		{"another outcome", `"success"`, `"failure"`, Bad},
		{"another number", `"seq":4`, `"seq":5`, Bad},
		{"another user", "f7392725f2c8", "f7392725f2c9", Bad},
		{"another time", "23:32:04", "23:32:05", Bad},
		{"a host that is null", `"host":{"address":"192.0.2.7"}`, `"host":null`, Bad},
		{"one more member", `"seq":4`, `"seq":4,"note":"x"`, Bad},
		{"a member that occurs twice", `"outcome":"success"`, `"outcome":"failure","outcome":"success"`, Bad},
		{"another node", node, "keystone-node-2", Bad},
		{"another version", `"hmac_key_version":1`, `"hmac_key_version":2`, UnknownKey},
		{"no signature", `"signature":"`, `"signature":"","unsigned":"`, Missing},
		{"a signature that is no number", `"signature":"`, `"signature":"zz`, Bad},
		{"no initiator", `"initiator":`, `"initiator_":`, Bad},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := strings.ReplaceAll(line, test.old, test.changed)
			require.True(t, test.old == "" || changed != line)
			if test.old == "" {
				changed = line
			}
			require.Equal(t, test.want, check(t, keys(), changed))
		})
	}
	require.Equal(t, Bad, keys().Check("no event", node, 1, "00"))
	require.True(t, (&Keys{}).Empty())
	require.False(t, keys().Empty())
}

// Whatever the text, a check ends with a verdict that only the key's owner can make a good one.
func FuzzCheck(f *testing.F) {
	for _, line := range []string{`{"initiator":{}}`, `{"initiator":null,"a":1e400}`, "", `{"a":"\ud800"}`} {
		f.Add(line, "00")
	}
	f.Fuzz(func(t *testing.T, text, signature string) {
		require.NotEqual(t, Verified, keys().Check(text, node, 1, signature))
	})
}
