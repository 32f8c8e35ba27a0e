package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
)

// FuzzText holds that a member with a secret's name is masked whatever stands before it on another line, and that no text is too odd to be
// read.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"password=x", "PASSWD: y", "toKen=x", "adminPass = 'x'", "admin_pass:x", "temp_url_sig=1", "Signature=1", "private_key: x",
		"token", "a=token", "token a=b", "gAAAAAbcdefghijklmnopqrstuvwxyz", "x=gAAAAAbcdefghijklmnopqrstuvwxyz", "limit=20", "http://x:1/y",
		`\"secret\\\": \"x`,
		"payload={}", "payload: x", "user_data=x", "Bearer abcdefghijk", "Authorization: Basic abcdefghijk", "rabbit://u:p@h", "İ token=x",
		"-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----", "apiKey=x", "access-key: x", "pwd=x", "credential=x",
		`{"name": "pwd", "value": "x"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		redact.Text(s)
		require.NotContains(t, redact.Text(s+"\n, \"id\": \"x\", \"password\": \"s3cr3t-s3cr3t\""), "s3cr3t-s3cr3t")
	})
}
