// Package tail shows the records of a running collector to those who look, over a Unix socket: the server in the collector, and what the
// viewer sends to it and reads from it.
//
// A viewer connects and sends one line, a Filter as JSON. Each line that it gets is a record in the form of OTLP/JSON, as the file exporter
// writes, or a Notice.
package tail

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// Filter says which records a viewer wants: those that fit every list that is not empty. A record fits a list with any of its values.
type Filter struct {
	// Users, Projects and Services are names or ids.
	Users    []string `json:"users,omitempty"`
	Projects []string `json:"projects,omitempty"`
	Services []string `json:"services,omitempty"`
	// Addresses are the clients' addresses or networks, such as 192.0.2.0/24.
	Addresses []string `json:"addresses,omitempty"`
	// Outcomes are success, failure, pending and unknown.
	Outcomes []string `json:"outcomes,omitempty"`
	// Events are event names or the notifications' event types; * stands for any characters.
	Events []string `json:"events,omitempty"`
	// Texts are parts of the sentence, in any case.
	Texts []string `json:"texts,omitempty"`
}

// Check says which value can fit nothing.
func (f *Filter) Check() error {
	for _, address := range f.Addresses {
		if _, err := network(address); err != nil {
			return fmt.Errorf("%q is no address and no network, such as 192.0.2.7 or 192.0.2.0/24", address)
		}
	}
	for _, event := range f.Events {
		if _, err := path.Match(event, ""); err != nil {
			return fmt.Errorf("%q is no pattern of an event name, such as identity.user.*", event)
		}
	}
	return nil
}

func (f *Filter) fits(resource pcommon.Map, record plog.LogRecord) bool {
	attributes := record.Attributes()
	return fitsText(f.Users, attributes, audit.AttrUserName, audit.AttrUserID) &&
		fitsText(f.Projects, attributes, audit.AttrProjectName, audit.AttrProjectID) &&
		fitsText(f.Services, resource, audit.AttrServiceName) &&
		fitsText(f.Outcomes, attributes, audit.AttrAuditOutcome) &&
		f.fitsAddress(text(attributes, audit.AttrClientAddress)) &&
		f.fitsEvent(record.EventName(), text(attributes, audit.AttrNotificationEventType)) &&
		f.fitsBody(record.Body())
}

func fitsText(wanted []string, attributes pcommon.Map, keys ...string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(wanted, text(attributes, key)) })
}

func (f *Filter) fitsAddress(client string) bool {
	if len(f.Addresses) == 0 {
		return true
	}
	address, err := netip.ParseAddr(client)
	return err == nil && slices.ContainsFunc(f.Addresses, func(wanted string) bool {
		prefix, err := network(wanted)
		return err == nil && prefix.Contains(address.Unmap())
	})
}

func network(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Unmap().Prefix(address.Unmap().BitLen())
	}
	return netip.ParsePrefix(text)
}

func (f *Filter) fitsEvent(names ...string) bool {
	return len(f.Events) == 0 || slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(f.Events, func(pattern string) bool {
			matches, err := path.Match(pattern, name)
			return err == nil && matches && name != ""
		})
	})
}

func (f *Filter) fitsBody(body pcommon.Value) bool {
	if len(f.Texts) == 0 {
		return true
	}
	sentence := strings.ToLower(body.AsString())
	return slices.ContainsFunc(f.Texts, func(wanted string) bool { return strings.Contains(sentence, strings.ToLower(wanted)) })
}

func text(attributes pcommon.Map, key string) string {
	value, found := attributes.Get(key)
	if !found {
		return ""
	}
	return value.AsString()
}
