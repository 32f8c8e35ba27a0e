package keystone

import (
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

const (
	// longestWords bounds what of somebody else's text stands in an error.
	longestWords = 200
	// echoLength is how many characters in a row of what we sent count as a repetition of it.
	echoLength = 8
)

// words quotes a text that Keystone, or whoever answers in its place, chose: bounded, and in printable ASCII. A text that repeats
// a part of what we sent, such as a token or a password, is left out.
func words(text string, sent []string) string {
	if text == "" {
		return ""
	}
	folded := strings.ToLower(text)
	for _, secret := range sent {
		if repeats(folded, strings.ToLower(secret)) {
			return "(the text of the answer repeats what was sent)"
		}
	}
	if len(text) > longestWords {
		text = strings.ToValidUTF8(text[:longestWords], "") + "..."
	}
	return strconv.QuoteToASCII(text)
}

// repeats reports whether text holds echoLength characters in a row of secret, or all of a shorter one.
func repeats(text, secret string) bool {
	if len(secret) <= echoLength {
		return secret != "" && strings.Contains(text, secret)
	}
	for i := range len(secret) - echoLength + 1 {
		if strings.Contains(text, secret[i:i+echoLength]) {
			return true
		}
	}
	return false
}

// sentTexts are the texts of a login.
func sentTexts(auth gophercloud.AuthOptions) []string {
	texts := []string{
		auth.Username, auth.UserID, auth.Password, auth.Passcode, auth.DomainID, auth.DomainName, auth.TenantID, auth.TenantName,
		auth.TokenID, auth.ApplicationCredentialID, auth.ApplicationCredentialName, auth.ApplicationCredentialSecret,
	}
	if auth.Scope != nil {
		texts = append(texts, auth.Scope.ProjectID, auth.Scope.ProjectName, auth.Scope.DomainID, auth.Scope.DomainName)
	}
	return texts
}
