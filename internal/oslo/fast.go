package oslo

import (
	"strings"
	"unicode/utf8"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/cadf"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// The fast path reads what oslo.messaging's messagingv2 driver sends for an audit event. It takes the notification out of the
// text as it stands, escaped within the envelope, and builds neither the unescaped text nor a tree: that is most of the work
// of decoding. It assumes
//
//   - the envelope as oslo_messaging/_drivers/common.py serialize_msg writes it, to the byte, in valid UTF-8;
//   - a message whose quotes are \" and whose white space is blanks, as Python's json module writes it;
//   - no list of more than maxElements;
//   - a payload that calls itself a CADF event, and in it only members that cadf.Event has fields for, each of its kind and
//     not twice with different values.
//
// Anything else, as every error, is left to the plain path: it decides what the message is. Where the fast path does
// answer, its answer is that of the plain path; FuzzFastPath proves them equal. Strings are substrings of the text.

const (
	envelopeStart = `{"oslo.version": "2.0", "oslo.message": "`
	envelopeEnd   = `"}`
)

// decodeFast reads text into n, which is empty, and returns false where the plain path has to.
func decodeFast(text string, n *Notification) bool {
	message, found := strings.CutPrefix(text, envelopeStart)
	if !found || !strings.HasSuffix(message, envelopeEnd) || !utf8.ValidString(message) {
		return false
	}
	r := fastReader{text: strings.TrimSuffix(message, envelopeEnd)}
	r.message(n)
	if r.failed || r.pos != len(r.text) || r.quotes != strings.Count(r.text, `"`) ||
		!strings.HasSuffix(n.Event.TypeURI, cadf.EventTypeSuffix) {
		return false
	}
	if n.EventType == "" {
		n.EventType = NativeEventType
	}
	n.Kind, n.unparsed = KindCADF, text
	return true
}

// fastReader reads an escaped text. Once something is unusual it has failed, and what it returns means nothing.
type fastReader struct {
	text   string
	pos    int
	opened bool // nothing of the container that was just opened has been read
	failed bool
	// quotes are those of the strings that were read. If the text has more, a string of the envelope ended within one of them:
	// to count them once costs less than to look for one in each string.
	quotes int
	room   *fastRoom
}

// fastRoom is, in one allocation, the room for the arrays that most events have.
type fastRoom struct {
	tags        [1]string
	addresses   [3]cadf.Endpoint
	attachments [1]cadf.Attachment
	reporters   [1]cadf.ReporterStep
}

func (r *fastReader) allocated() *fastRoom {
	if r.room == nil {
		r.room = &fastRoom{}
	}
	return r.room
}

func (r *fastReader) message(n *Notification) {
	payload := false
	for more := r.begin('{'); more && r.next('}'); {
		key := r.key()
		switch field, known := n.textField(key); {
		case key == "payload":
			r.failed = r.failed || payload || r.peek() != '{'
			payload = true
			r.event(&n.Event)
		case known && field == nil:
			r.skip(0)
		default:
			r.textOf(field)
		}
	}
}

func (r *fastReader) event(e *cadf.Event) {
	for more := r.begin('{'); more && r.next('}'); {
		key := r.key()
		switch key {
		case "initiator":
			r.initiator(e)
		case "target":
			r.target(&e.Target)
		case "observer":
			for more := r.begin('{'); more && r.next('}'); {
				r.textOf(e.Observer.TextField(r.key()))
			}
		case "reason":
			for more := r.begin('{'); more && r.next('}'); {
				r.textOf(e.Reason.TextField(r.key()))
			}
		case "tags":
			e.Tags = r.texts(e.Tags, r.allocated().tags[:0])
		case "attachments":
			r.attachments(e)
		case "reporterchain":
			r.reporterChain(e)
		default:
			r.textOf(e.TextField(key))
		}
	}
}

func (r *fastReader) initiator(e *cadf.Event) {
	more := r.begin('{')
	if !more {
		return
	}
	e.HasInitiator = true
	for i := &e.Initiator; more && r.next('}'); {
		switch key := r.key(); key {
		case "host":
			for more := r.begin('{'); more && r.next('}'); {
				r.textOf(i.Host.TextField(r.key()))
			}
		case "credential":
			for more := r.begin('{'); more && r.next('}'); {
				switch key := r.key(); key {
				case cadf.CredentialToken:
					r.skip(0)
				case "groups":
					i.Credential.Groups = r.texts(i.Credential.Groups, nil)
				default:
					r.textOf(i.Credential.TextField(key))
				}
			}
		default:
			r.textOf(i.TextField(key))
		}
	}
}

func (r *fastReader) target(t *cadf.Target) {
	for more := r.begin('{'); more && r.next('}'); {
		key := r.key()
		if key != "addresses" {
			r.textOf(t.TextField(key))
			continue
		}
		for more := r.begin('['); more && r.next(']'); {
			if t.Addresses == nil {
				t.Addresses = r.allocated().addresses[:0]
			}
			r.bound(len(t.Addresses))
			t.Addresses = append(t.Addresses, cadf.Endpoint{})
			address := &t.Addresses[len(t.Addresses)-1]
			for more := r.beginElement(); more && r.next('}'); {
				r.textOf(address.TextField(r.key()))
			}
		}
	}
}

// texts appends the texts of an array to list, or to room where list is nil.
func (r *fastReader) texts(list, room []string) []string {
	for more := r.begin('['); more && r.next(']'); {
		if _, text := r.scalar(); text != "" {
			if list == nil {
				list = room
			}
			r.bound(len(list))
			list = append(list, text)
		}
	}
	return list
}

func (r *fastReader) attachments(e *cadf.Event) {
	for more := r.begin('['); more && r.next(']'); {
		if e.Attachments == nil {
			e.Attachments = r.allocated().attachments[:0]
		}
		r.bound(len(e.Attachments))
		e.Attachments = append(e.Attachments, cadf.Attachment{})
		attachment := &e.Attachments[len(e.Attachments)-1]
		for more := r.beginElement(); more && r.next('}'); {
			switch key := r.key(); key {
			case "name":
				r.textOf(&attachment.Name)
			case "typeURI", "contentType":
				r.textOf(&attachment.TypeURI)
			case "content":
				r.failed = r.failed || attachment.Content.Key != ""
				kind, text := r.scalar()
				attachment.Content = literal.Value{Kind: kind, Key: key, Text: text}
			default:
				r.textOf(nil)
			}
		}
	}
}

func (r *fastReader) reporterChain(e *cadf.Event) {
	for more := r.begin('['); more && r.next(']'); {
		if e.ReporterChain == nil {
			e.ReporterChain = r.allocated().reporters[:0]
		}
		r.bound(len(e.ReporterChain))
		e.ReporterChain = append(e.ReporterChain, cadf.ReporterStep{})
		step := &e.ReporterChain[len(e.ReporterChain)-1]
		for more := r.beginElement(); more && r.next('}'); {
			key := r.key()
			if key != "reporter" {
				r.textOf(step.TextField(key))
				continue
			}
			for more := r.begin('{'); more && r.next('}'); {
				if r.key() == "id" {
					r.textOf(&step.ReporterID)
				} else {
					r.textOf(nil)
				}
			}
		}
	}
}

// maxElements bounds the lists that the fast path reads: no service writes longer ones.
const maxElements = 64

// bound fails where a list of that length is to become longer than that.
func (r *fastReader) bound(length int) { r.failed = r.failed || length >= maxElements }

// textOf reads a scalar into the field. A member without a field may only be null.
func (r *fastReader) textOf(field *string) {
	kind, text := r.scalar()
	switch {
	case field == nil:
		r.failed = r.failed || kind != literal.Null
	case *field != "" && *field != text:
		r.failed = true
	default:
		*field = text
	}
}
