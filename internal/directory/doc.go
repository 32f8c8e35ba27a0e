// Package directory knows the names of users, projects, domains, roles, groups and application credentials by their ids:
// those that Keystone told, those that events told, and those of things that are deleted by now.
//
// A Directory is a bounded map in memory. It asks Keystone for what it does not know, once however many ask, within a time
// that the asker gives; it lists everything in the background; it keeps what it knows through a storage extension.
//
// Keystone's answer to a lookup counts more than its lists, and those more than what events say: trust.go has the rules. What
// came first is told by an order of our own, never by a sender's clock; such a clock only says which of several names is of
// the time of an event, and whether that is certain: history.go.
package directory
