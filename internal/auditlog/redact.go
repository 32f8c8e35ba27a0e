package auditlog

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// masked stands where a secret was; oslo.utils writes the same.
const masked = "***"

// secretKeys are parts of the names of members whose values are secrets, after
// oslo_utils/strutils.py _SANITIZE_KEYS.
var secretKeys = []string{
	"password", "passwd", "passphrase", "adminpass", "admin_pass", "new_pass", "sys_pswd",
	"token", "secret", "private_key", "encrypted_key", "fernetkey", "sslkey", "chapsecret", "configdrive",
}

func isSecretKey(key string) bool {
	key = strings.ToLower(key)
	for _, s := range secretKeys {
		if strings.Contains(key, s) {
			return true
		}
	}
	return false
}

// secretText finds secrets in text that is not parsed: members with a secret's
// name, and Fernet tokens wherever they stand.
var secretText = regexp.MustCompile(
	`((?i:passw(?:or)?d|passphrase|admin_?pass|token|secret|private_key)[\w-]*\\*["']?\s*[:=]\s*u?\\*["']?)[^"'\\,&\s}]+` +
		`|()gAAAA[\w=-]{16,}`)

func redactText(s string) string {
	return secretText.ReplaceAllString(s, "${1}"+masked)
}

// redact returns v without its secrets, and whether there were any. A JSON
// document in a string is looked into, as audit middlewares attach request bodies.
func redact(v literal.Value) (literal.Value, bool) {
	switch {
	case v.Kind == literal.Null:
		return v, false
	case v.Key != "" && isSecretKey(v.Key) && v.Kind == literal.String:
		if v.Text == masked || v.Text == "" {
			return v, false
		}
		return literal.Value{Kind: literal.String, Key: v.Key, Text: masked}, true
	case v.Kind == literal.String:
		text, found := redactString(v.Text)
		v.Text = text
		return v, found
	case v.Scalar():
		return v, false
	}
	var items []literal.Value
	for i, item := range v.Items {
		r, found := redact(item)
		if found && items == nil {
			items = append([]literal.Value(nil), v.Items...)
		}
		if found {
			items[i] = r
		}
	}
	if items == nil {
		return v, false
	}
	v.Items = items
	return v, true
}

func redactString(s string) (string, bool) {
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		if v, rest, err := literal.ParseJSON(s); err == nil && rest == "" {
			if r, found := redact(v); found {
				return string(r.AppendJSON(nil)), true
			}
			return s, false
		}
	}
	r := redactText(s)
	return r, r != s
}

// sensitiveParameters are the query keys whose values give access: those of the
// semantic conventions for url.query, and OpenStack's.
var sensitiveParameters = map[string]bool{
	"awsaccesskeyid": true, "signature": true, "sig": true, "x-goog-signature": true,
	"x-amz-signature": true, "x-amz-credential": true, "x-amz-security-token": true,
	"temp_url_sig": true, "x-auth-token": true, "code": true,
}

// redactQuery masks the values of sensitive keys and leaves the rest as it was written.
func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		key, err := url.QueryUnescape(name)
		if err != nil {
			key = name
		}
		if key = strings.ToLower(key); sensitiveParameters[key] || isSecretKey(key) {
			parts[i] = name + "=REDACTED"
		}
	}
	return redactText(strings.Join(parts, "&"))
}
