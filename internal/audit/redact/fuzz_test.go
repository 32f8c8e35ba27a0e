package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzText holds what is left alone without a search to what the search finds.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"password=x", "PASSWD: y", "paſſwd=x", "toKen=x", "adminPass = 'x'", "admin_pass:x", "temp_url_sig=1", "Signature=1", "private_key: x",
		"token", "a=token", "token a=b", "gAAAAAbcdefghijklmnopqrstuvwxyz", "x=gAAAAAbcdefghijklmnopqrstuvwxyz", "limit=20", "http://x:1/y", `\"secret\\\": \"x`,
		"passphraſe=x", "payload={}", "payload: x", "user_data=x", "Bearer abcdefghijk", "Authorization: Basic abcdefghijk", "rabbit://u:p@h",
		"-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----", "apiKey=x", "access-key: x", "pwd=x", "credential=x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !mayHoldSecret(s) {
			require.False(t, secretText.MatchString(s), "the name of a secret that was not seen: %q", s)
		}
	})
}
