// Package oslotest makes notifications that are too large to be read whole.
package oslotest

import "strings"

// Junk is a member that nobody reads.
type Junk struct {
	// Name says what is large about it.
	Name string
	// Member is about as long as said.
	Member func(bytes int) string
}

// Junks are members of all kinds that cost memory where a tree of them is made.
func Junks() []Junk {
	return []Junk{
		{"numbers", func(n int) string { return `"junk": [` + strings.Repeat("0,", n/2) + `0]` }},
		{"objects", func(n int) string { return `"junk": [` + strings.Repeat(`{"a":1},`, n/8) + `{}]` }},
		{"empty arrays", func(n int) string { return `"junk": [` + strings.Repeat(`[],`, n/3) + `[]]` }},
		{"nesting", func(n int) string { return `"junk": ` + strings.Repeat("[", n/2) + strings.Repeat("]", n/2) }},
		{"nested objects", func(n int) string { return `"junk": ` + strings.Repeat(`{"a":`, n/6) + "1" + strings.Repeat("}", n/6) }},
		{"one text", func(n int) string { return `"junk": "` + strings.Repeat("x", n) + `"` }},
		{"escaped text", func(n int) string { return `"junk": "` + strings.Repeat(`\"\\\u00fc`, n/10) + `"` }},
		{"text that looks like facts", func(n int) string { return `"junk": "` + strings.Repeat(`\"}, \"id\": \"forged\", {[`, n/26) + `"` }},
		{"long name", func(n int) string { return `"` + strings.Repeat("k", n) + `": 1` }},
		{"many names", func(n int) string { return strings.Repeat(`"junk": 1, `, n/11) + `"junk": 1` }},
		{"a long number", func(n int) string { return `"junk": ` + strings.Repeat("7", n) }},
		{"facts of something else", func(n int) string {
			return `"junk": [` + strings.Repeat(`{"id": "x", "payload": {"id": "y"}},`, n/36) + `1]`
		}},
		{"blanks", func(n int) string { return `"junk":` + strings.Repeat(" ", n) + `1` }},
		{"null facts", func(n int) string {
			return strings.Repeat(`"addresses": null, "target": null, `, n/35) + `"addresses": null`
		}},
	}
}

// Parts are the parts of a message, with the number of their members.
func Parts() map[string]int {
	return map[string]int{"message": len(messageMembers), "event": len(eventMembers), "initiator": len(initiatorMembers)}
}

// The members of a message and of its parts, each of which says something about who did what.
var (
	messageMembers = []string{
		`"message_id": %s`, `"publisher_id": "identity.h"`, `"event_type": "identity.user.created"`, `"priority": "INFO"`,
		`"payload": %s`, `"timestamp": "2026-11-20 23:08:19"`, `"_unique_id": "x"`,
	}
	eventMembers = []string{
		`"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event"`, `"eventType": "activity"`, `"id": "e1"`, `"action": "created.user"`,
		`"outcome": "success"`, `"eventTime": "2026-11-20T23:08:19+0000"`, `"reason": {"reasonCode": "200", "reasonType": "HTTP"}`,
		`"initiator": %s`, `"target": {"id": "t1", "typeURI": "data/security/account/user", "name": "bob", "project_id": "p2"}`,
		`"observer": {"id": "o1", "name": "keystone", "typeURI": "service/security"}`, `"resource_info": "t1"`, `"requestPath": "/v3/users"`,
		`"reporterchain": [{"role": "modifier", "reporterTime": "2026-11-20T23:08:20+0000", "reporter": {"id": "r1"}}]`,
	}
	initiatorMembers = []string{
		`"id": "i1"`, `"name": "alice"`, `"user_id": "u1"`, `"project_id": "p1"`, `"domain_id": "d1"`, `"request_id": "req-1"`,
		`"host": {"address": "192.0.2.7", "agent": "curl"}`, `"credential": {"type": "token", "identity_status": "Confirmed"}`,
	}
)

// Message is a notification with a member among those of one of its parts, before the one at position.
func Message(id, part string, position int, junk string) string {
	object := func(name string, members []string) string {
		if name == part && junk != "" {
			members = append(append(append([]string{}, members[:position]...), junk), members[position:]...)
		}
		return "{" + strings.Join(members, ", ") + "}"
	}
	initiator := object("initiator", initiatorMembers)
	event := strings.Replace(object("event", eventMembers), `"initiator": %s`, `"initiator": `+initiator, 1)
	message := strings.Replace(object("message", messageMembers), `"payload": %s`, `"payload": `+event, 1)
	return strings.Replace(message, `"message_id": %s`, `"message_id": "`+id+`"`, 1)
}

// Enveloped is a message as the driver messagingv2 sends it.
func Enveloped(message string) string {
	return `{"oslo.version": "2.0", "oslo.message": "` + escapes.Replace(message) + `"}`
}

var escapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
