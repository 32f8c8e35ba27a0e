package cadf

import "github.com/openstack-audit/otelcol-openstack-audit/internal/literal"

// Object is an object of an event, and says where its members go: whoever reads an event, from whatever text, asks it.
type Object interface {
	// Place returns the place of a member: a *string for a text, an Object, a List, a *[]string for an array of texts, a *literal.Value for
	// what is of any kind, or one of the places below; nil where there is none.
	Place(key string) any
}

// The places of which a reader has to know what they are.
type (
	// InitiatorID is of a text that stands in place of an initiator.
	InitiatorID string
	// Document is an object that stays as it is.
	Document literal.Value
	// Documents is an array of such objects.
	Documents []literal.Value
	// Dropped is for a member that is never kept.
	Dropped struct{}
)

// List is an array of objects.
type List interface {
	Len() int
	// Add adds an element.
	Add() Object
}

type (
	// Addresses are those of a target.
	Addresses = list[Endpoint, *Endpoint]
	// Attachments are those of an event or a target.
	Attachments = list[Attachment, *Attachment]
	// ReporterChain has the steps of an event.
	ReporterChain = list[ReporterStep, *ReporterStep]
)

type list[T any, P interface {
	*T
	Object
}] []T

// Len implements List.
func (l *list[T, P]) Len() int { return len(*l) }

// Add implements List.
func (l *list[T, P]) Add() Object {
	*l = append(*l, *new(T))
	return P(&(*l)[len(*l)-1])
}
