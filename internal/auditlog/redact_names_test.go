package auditlog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRedactText holds what is left alone without a search to what the search finds.
func FuzzRedactText(f *testing.F) {
	for _, s := range []string{
		"password=x", "PASSWD: y", "paſſwd=x", "toKen=x", "adminPass = 'x'", "admin_pass:x", "temp_url_sig=1", "Signature=1", "private_key: x",
		"token", "a=token", "token a=b", "gAAAAAbcdefghijklmnopqrstuvwxyz", "x=gAAAAAbcdefghijklmnopqrstuvwxyz", "limit=20", "http://x:1/y", `\"secret\\\": \"x`, "passphraſe=x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := strings.LastIndexAny(s, ":=")
		if end >= 0 && mayNameSecret(s[:end]) {
			return
		}
		for _, found := range secretText.FindAllStringSubmatchIndex(s, -1) {
			require.GreaterOrEqual(t, found[4], 0, "the name of a secret that was not seen: %q", s)
			require.Contains(t, s, "gAAAA")
		}
	})
}
