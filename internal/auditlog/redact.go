package auditlog

import (
	"net/url"
	"regexp"
	"slices"
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
	if key == "credential" {
		return true // one that is no object is the secret itself
	}
	for _, s := range secretKeys {
		if strings.Contains(key, s) {
			return true
		}
	}
	return false
}

// secretText finds secrets in text that is not parsed: what stands before the
// value of a member with a secret's name, with the value's opening quote, and
// Fernet tokens wherever they stand.
var secretText = regexp.MustCompile(
	`(?i:passw(?:or)?d|passphrase|admin_?pass|token|secret|private_key|temp_url_sig|signature)[\w-]*\\*["']?\s*[:=]\s*(?:[ub]?(\\*["']))?` +
		`|(gAAAA[\w=-]{16,})`)

func redactText(s string) string {
	if end := strings.LastIndexAny(s, ":="); (end < 0 || !mayNameSecret(s[:end])) && !strings.Contains(s, "gAAAA") {
		return s // the usual case, without the expression
	}
	var b strings.Builder
	for {
		m := secretText.FindStringSubmatchIndex(s)
		if m == nil {
			b.WriteString(s)
			return b.String()
		}
		from, to := m[1], m[1]
		switch {
		case m[4] >= 0: // a token
			from = m[0]
		case m[2] >= 0:
			to += quotedLength(s[m[1]:], s[m[2]:m[3]])
		default:
			to += valueLength(s[m[1]:])
		}
		b.WriteString(s[:from])
		if to > from {
			b.WriteString(masked)
		}
		s = s[to:]
	}
}

// mayNameSecret says whether secretText can find the name of a secret in s. To its (?i), ſ is an s.
func mayNameSecret(s string) bool {
	s = strings.ToLower(s)
	return isSecretKey(s) || strings.Contains(s, "temp_url_sig") || strings.Contains(s, "signature") || strings.Contains(s, "ſ")
}

// valueLength is where a value ends that does not begin with a quote.
func valueLength(s string) int {
	switch {
	case strings.HasPrefix(s, "{"):
		return 0 // what is secret of an object has names of its own
	case strings.HasPrefix(s, "["), strings.HasPrefix(s, "("):
		return listLength(s)
	default:
		return bareLength(s)
	}
}

// bareLength is where a value without quotes ends.
func bareLength(s string) int {
	if end := strings.IndexAny(s, "\"'\\,&} \t\r\n"); end >= 0 {
		return end
	}
	return len(s)
}

// listItem is the start of an item of a list: its opening quote, if it has one.
var listItem = regexp.MustCompile(`^[\[(,\s]*(?:[ub]?(\\*["']))?`)

// itemEnds are the characters before which an item without quotes ends.
const itemEnds = "[](){},\"' \t\r\n"

// listLength is where a list of values ends. It ends before an object.
func listLength(s string) int {
	end := 0
	for depth := 0; end < len(s); {
		m := listItem.FindStringSubmatchIndex(s[end:])
		start := end + m[1]
		depth += strings.Count(s[end:start], "[") + strings.Count(s[end:start], "(")
		switch rest := s[start:]; {
		case m[2] >= 0:
			quote := s[end+m[2] : end+m[3]]
			end = min(len(s), start+quotedLength(rest, quote)+len(quote))
		case rest == "" || rest[0] == '{':
			return end
		case rest[0] == ']' || rest[0] == ')':
			if end = start + 1; depth <= 1 {
				return end
			}
			depth--
		default:
			end = len(s)
			if i := strings.IndexAny(rest, itemEnds); i >= 0 {
				end = start + max(1, i)
			}
		}
	}
	return end
}

// quotedLength is where a quoted value ends, or its line. The quotes of a document
// within another's text have as many backslashes before them as its depth gives;
// more are of the value: one for an escaped quote, two for a backslash, each
// escaped again at each level.
func quotedLength(s, quote string) int {
	own, backslashes := len(quote)-1, 0
	for i := range len(s) {
		switch s[i] {
		case '\\':
			backslashes++
			continue
		case '\n':
			return i
		case quote[own]:
			if more := backslashes - own; more < 0 || more%(2*(own+1)) == 0 {
				return i - min(backslashes, own)
			}
		}
		backslashes = 0
	}
	return len(s)
}

// maxSearched bounds the text of an attribute that is searched for secrets, in
// bytes: far more than is kept of it.
const maxSearched = 16 << 10

// shortened returns a string as far as it is searched: searching megabytes of
// which two kilobytes are kept would let a sender occupy the collector.
func shortened(v literal.Value) literal.Value {
	if v.Kind == literal.String {
		v.Text = cutUTF8(v.Text, maxSearched)
	}
	return v
}

// redact returns v without its secrets, and whether there were any. A JSON
// document in a string is looked into, as audit middlewares attach request bodies.
func redact(v literal.Value) (literal.Value, bool) { return redactAs(v, v.Key) }

// redactAs is redact for a value that goes by another name than its key.
func redactAs(v literal.Value, name string) (literal.Value, bool) {
	switch {
	case v.Kind == literal.Null:
		return v, false
	case v.Scalar() && isSecretKey(name):
		if v.Text == masked || v.Text == "" {
			return v, false
		}
		return literal.Value{Kind: literal.String, Key: v.Key, Text: masked}, true
	case v.Kind == literal.String:
		text := redactString(name, v.Text)
		found := text != v.Text
		v.Text = text
		return v, found
	case v.Scalar():
		return v, false
	}
	var items []literal.Value
	for i, item := range v.Items {
		if r, found := redactAs(item, nameOfItem(v, item, name)); found {
			if items == nil {
				items = slices.Clone(v.Items)
			}
			items[i] = r
		}
	}
	if items == nil {
		return v, false
	}
	v.Items = items
	return v, true
}

// nameOfItem is what tells whether an item is a secret: the name of a member, the
// name of the array for an element, and for the content of an attachment the
// attachment's own name.
func nameOfItem(v, item literal.Value, name string) string {
	if v.Kind == literal.Array {
		return name
	}
	if item.Key == "content" {
		if attachment, ok := v.Get("name"); ok && attachment.Text != "" {
			return attachment.Text
		}
	}
	return item.Key
}

// redacted returns v without its secrets.
func redacted(v literal.Value) literal.Value {
	v, _ = redact(v)
	return v
}

func redactString(name, s string) string {
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		if v, rest, err := literal.ParseJSON(s); err == nil && rest == "" {
			if r, found := redact(v); found {
				return string(r.AppendJSON(nil))
			}
			return s
		}
	}
	if name == "requestPath" {
		return redactURL(s)
	}
	return redactText(s)
}

// sensitiveParameters are the query keys whose values give access: those of the
// semantic conventions for url.query, and OpenStack's.
var sensitiveParameters = map[string]bool{
	"awsaccesskeyid": true, "signature": true, "sig": true, "x-goog-signature": true,
	"x-amz-signature": true, "x-amz-credential": true, "x-amz-security-token": true,
	"temp_url_sig": true, "x-auth-token": true, "code": true,
}

// redactURL masks the sensitive parameters of a URL or path, and tokens in the path.
func redactURL(s string) string {
	path, query, found := strings.Cut(s, "?")
	plain, plainQuery := path, redactQuery(query)
	if strings.Contains(path, "=") || strings.Contains(path, "gAAAA") {
		plain = redactText(path)
	}
	switch {
	case plain == path && plainQuery == query:
		return s
	case found:
		return plain + "?" + plainQuery
	default:
		return plain
	}
}

// redactQuery masks the values of sensitive keys and leaves the rest as it was written.
func redactQuery(query string) string {
	found := false
	parts := make([]string, 0, 8) // as many as fit need no memory
	for part := range strings.SplitSeq(query, "&") {
		plain := redactParameter(part)
		found = found || plain != part
		parts = append(parts, plain)
	}
	if !found {
		return query
	}
	return strings.Join(parts, "&")
}

func redactParameter(parameter string) string {
	name, _, ok := strings.Cut(parameter, "=")
	key, err := url.QueryUnescape(name)
	if err != nil {
		key = name
	}
	if key = strings.ToLower(key); ok && (sensitiveParameters[key] || isSecretKey(key)) {
		return name + "=REDACTED"
	}
	return redactText(parameter)
}
