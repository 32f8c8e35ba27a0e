// Package redact takes secrets out of what an event says, wherever they stand: in members with a secret's name, in documents within
// strings, in URLs and in text that is not parsed.
package redact

import (
	"slices"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// Masked stands where a secret was. oslo.utils writes the same.
const Masked = "***"

// secretNames are parts of the names of members whose values are secrets: oslo_utils/strutils.py _SANITIZE_KEYS, and what others call them.
var secretNames = []string{
	"password", "passwd", "passphrase", "adminpass", "admin_pass", "new_pass", "sys_pswd", "pwd",
	"token", "secret", "private_key", "encrypted_key", "fernetkey", "sslkey", "chapsecret", "configdrive",
	"api_key", "apikey", "api-key", "access_key", "accesskey", "access-key", "bearer",
}

// contentNames end the names of members whose values are secrets unless they are documents, which have names of their own: Barbican takes a
// secret's value as payload.
var contentNames = []string{"payload", "user_data", "userdata"}

// IsSecret reports whether a member's name says that its value is a secret.
func IsSecret(name string) bool {
	name = strings.ToLower(name)
	if name == "credential" {
		return true // one that is no object is the secret itself
	}
	return slices.ContainsFunc(secretNames, func(secret string) bool { return strings.Contains(name, secret) })
}

func holdsContent(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(contentNames, func(content string) bool { return strings.HasSuffix(name, content) })
}

// Value returns v without its secrets, and reports whether there were any. A document in a string is looked into: audit middlewares attach
// the bodies of requests so.
func Value(v literal.Value) (literal.Value, bool) { return Named(v, v.Key) }

// Named is Value for a value that goes by another name than its key.
func Named(v literal.Value, name string) (literal.Value, bool) {
	switch {
	case v.Kind == literal.Null:
		return v, false
	case v.Scalar():
		text := scalar(v, name)
		if text == v.Text {
			return v, false
		}
		return literal.Value{Kind: literal.String, Key: v.Key, Text: text}, true
	}
	var items []literal.Value
	for i, item := range v.Items {
		if r, found := Named(item, nameOfItem(v, item, name)); found {
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

func scalar(v literal.Value, name string) string {
	switch {
	case v.Text == "":
		return ""
	case IsSecret(name), holdsContent(name) && !isDocument(v.Text):
		return Masked
	case v.Kind != literal.String:
		return v.Text
	}
	if isDocument(v.Text) {
		if document, rest, err := literal.ParseJSON(v.Text); err == nil && rest == "" {
			if r, found := Value(document); found {
				return string(r.AppendJSON(nil))
			}
			return v.Text
		}
	}
	if name == "requestPath" {
		return URL(v.Text)
	}
	return Text(v.Text)
}

// isDocument reports whether a text may be a document, whole or cut.
func isDocument(text string) bool {
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// nameOfItem is what tells whether an item is a secret: the name of a member, the name of the array for an element, and for one half of a
// pair, such as the content of an attachment, the pair's own name.
func nameOfItem(v, item literal.Value, name string) string {
	if v.Kind == literal.Array {
		return name
	}
	if item.Key == "content" || item.Key == "value" {
		for _, key := range [...]string{"name", "key"} {
			if pair, ok := v.Get(key); ok && pair.Kind == literal.String && pair.Text != "" {
				return pair.Text
			}
		}
	}
	return item.Key
}
