package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// sensitiveParameters are the query keys whose values give access: those of the
// semantic conventions for url.query, and OpenStack's.
var sensitiveParameters = map[string]bool{
	"awsaccesskeyid": true, "signature": true, "sig": true, "x-goog-signature": true,
	"x-amz-signature": true, "x-amz-credential": true, "x-amz-security-token": true,
	"temp_url_sig": true, "x-auth-token": true, "code": true,
}

// URL masks the sensitive parameters of a URL or path, the user before its host, and tokens in the path.
func URL(s string) string {
	path, query, found := strings.Cut(s, "?")
	plain, plainQuery := redactUserinfo(path), redactQuery(query)
	if strings.Contains(path, "=") || strings.Contains(path, tokenStart) {
		plain = Text(plain)
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
	name, value, ok := strings.Cut(parameter, "=")
	key, err := url.QueryUnescape(name)
	if err != nil {
		key = name
	}
	if key = strings.ToLower(key); ok && (sensitiveParameters[key] || IsSecret(key) || holdsContent(key) && value != "") {
		return name + "=REDACTED"
	}
	if !ok {
		return Text(parameter)
	}
	if plain := Text(value); plain != value {
		return name + "=" + plain
	}
	return parameter
}

// userinfo is what stands before the host of a URL, to the last @: a transport URL has one for each host. JSON may write // as \/\/.
var userinfo = regexp.MustCompile(`(:(?:\\*/){2})[^\s/?#"'<>\\]+@`)

func redactUserinfo(s string) string {
	if !strings.Contains(s, "@") || !strings.Contains(s, ":/") && !strings.Contains(s, `:\`) {
		return s
	}
	return userinfo.ReplaceAllString(s, "${1}"+Masked+"@")
}
