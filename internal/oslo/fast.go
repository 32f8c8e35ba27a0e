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
	r := fastReader{text: strings.TrimSuffix(message, envelopeEnd), event: &n.Event}
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
	event  *cadf.Event
	opened bool // nothing of the container that was just opened has been read
	failed bool
	// quotes are those of the strings that were read. If the text has more, a string of the envelope ended within one of them:
	// to count them once costs less than to look for one in each string.
	quotes int
	rooms  fastRoom
}

// fastRoom is the room for the arrays that most events have; what was taken of it is nil.
type fastRoom struct {
	allocated   bool
	tags        []string
	addresses   []cadf.Endpoint
	attachments []cadf.Attachment
	reporters   []cadf.ReporterStep
}

// room returns what is left of the room, which is allocated in one piece.
func (r *fastReader) room() *fastRoom {
	if !r.rooms.allocated {
		first := &struct {
			tags        [1]string
			addresses   [3]cadf.Endpoint
			attachments [1]cadf.Attachment
			reporters   [1]cadf.ReporterStep
		}{}
		r.rooms = fastRoom{true, first.tags[:0], first.addresses[:0], first.attachments[:0], first.reporters[:0]}
	}
	return &r.rooms
}

func (r *fastReader) message(n *Notification) {
	payload := false
	for more := r.begin('{'); more && r.next('}'); {
		key := r.key()
		switch field, known := n.textField(key); {
		case key == "payload":
			r.failed = r.failed || payload || r.peek() != '{'
			payload = true
			r.object(&n.Event)
		case known && field == nil:
			r.skip(0)
		default:
			r.textOf(field)
		}
	}
}

// object reads an object of the event, or null.
func (r *fastReader) object(o cadf.Object) {
	for more := r.begin('{'); more && r.next('}'); {
		key := r.key()
		switch place := o.Place(key).(type) {
		case *string:
			r.textOf(place)
		case *cadf.Initiator:
			r.event.HasInitiator = r.event.HasInitiator || r.peek() == '{'
			r.object(place)
		case *[]string:
			r.texts(place)
		case *literal.Value:
			r.failed = r.failed || place.Key != ""
			kind, text := r.scalar()
			*place = literal.Value{Kind: kind, Key: key, Text: text}
		case cadf.Dropped:
			r.skip(0)
		case cadf.Object:
			r.object(place)
		case cadf.List:
			for more := r.begin('['); more && r.next(']'); {
				r.reserve(place)
				r.failed = r.failed || place.Len() >= maxElements || r.peek() != '{'
				r.object(place.Add())
			}
		default:
			r.textOf(nil)
		}
	}
}

// texts appends the texts of an array.
func (r *fastReader) texts(list *[]string) {
	for more := r.begin('['); more && r.next(']'); {
		if _, text := r.scalar(); text != "" {
			if *list == nil {
				*list, r.room().tags = r.room().tags, nil
			}
			r.failed = r.failed || len(*list) >= maxElements
			*list = append(*list, text)
		}
	}
}

// reserve gives a list that is empty its part of the room.
func (r *fastReader) reserve(list cadf.List) {
	if list.Len() > 0 {
		return
	}
	switch list := list.(type) {
	case *cadf.Addresses:
		*list, r.room().addresses = r.room().addresses, nil
	case *cadf.Attachments:
		*list, r.room().attachments = r.room().attachments, nil
	case *cadf.ReporterChain:
		*list, r.room().reporters = r.room().reporters, nil
	}
}

// maxElements bounds the lists that the fast path reads: no service writes longer ones.
const maxElements = 64

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
