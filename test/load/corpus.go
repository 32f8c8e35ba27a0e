package load

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// captures are those whose notifications are published, in turn.
var captures = []string{fixtures.KeystoneMessagingV2, "amqp-audit-middleware", "amqp-audit-middleware-sapcc"}

// Corpus are captured notifications with the places at which each copy differs from the next.
type Corpus struct {
	templates []template
	ids       []identity
}

// template is one captured notification.
type template struct {
	exchange string
	body     []byte
	places   []place
	// changes says that it creates, changes or deletes what Keystone has; deletes is the identity that it deletes, -1 for none.
	changes bool
	deletes int
	// response says that it ends the request before it.
	response bool
}

// place is where a notification differs from its copies.
type place struct {
	what  content
	at    int
	id    int  // of an identity
	clock byte // between date and time
}

type content int

const (
	sequence content = iota // the first eight digits of the message id
	oneself                 // an identity
	clock                   // a time, to the second
	host                    // the number of the host that published it
)

// identity is an id of the captures. Those of users and projects come again, with their names; any other is new in each round.
type identity struct {
	text string
	kind string
	name string
}

const hostDigits = 5

var (
	auditEvent    = regexp.MustCompile(`event_type\\": \\"(identity|audit)\.`)
	idText        = regexp.MustCompile(`\b(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b`)
	clockText     = regexp.MustCompile(`2026-\d\d-\d\d([T ])\d\d:\d\d:\d\d`)
	messageIDText = regexp.MustCompile(`message_id\\": \\"([0-9a-f]{8})`)
	publisherText = regexp.MustCompile(`(publisher_id\\": \\"[^.\\]+)[^\\]*`)
	changeText    = regexp.MustCompile(`event_type\\": \\"identity\.[A-Za-z0-9_: -]+\.(created|updated|deleted)\\"`)
	deletionText  = regexp.MustCompile(`event_type\\": \\"identity\.(?:user|project)\.deleted\\".*"resource_info\\": \\"([0-9a-f]{32})`)
)

// ReadCorpus reads the notifications of testdata of which the collector makes records.
func ReadCorpus(t testing.TB) *Corpus {
	c := &Corpus{}
	known := map[string]int{}
	named := namesOf(t)
	for _, capture := range captures {
		rows := fixtures.Rows[struct{ Exchange, Body string }](t, "notifications/"+capture+".jsonl")
		for _, row := range rows {
			if !auditEvent.MatchString(row.Body) {
				continue // such as image.create, of which the collector makes no record
			}
			c.templates = append(c.templates, c.template(row.Exchange, row.Body, known, named))
		}
	}
	require.NotEmpty(t, c.templates)
	return c
}

func (c *Corpus) template(exchange, text string, known map[string]int, named map[string]identity) template {
	text = publisherText.ReplaceAllString(text, "${1}.h"+strings.Repeat("0", hostDigits))
	m := template{exchange: exchange, body: []byte(text), changes: changeText.MatchString(text), deletes: -1}
	m.response = strings.Contains(text, `audit.http.response\"`)
	m.places = append(m.places,
		place{what: sequence, at: messageIDText.FindStringSubmatchIndex(text)[2]},
		place{what: host, at: publisherText.FindStringSubmatchIndex(text)[1] - hostDigits})
	for _, found := range clockText.FindAllStringSubmatchIndex(text, -1) {
		m.places = append(m.places, place{what: clock, at: found[0], clock: text[found[2]]})
	}
	for _, found := range idText.FindAllStringIndex(text, -1) {
		id := text[found[0]:found[1]]
		if found[0] == m.places[0].at {
			copy(m.body[found[0]:], messageID)
			continue
		}
		i, ok := known[id]
		if !ok {
			i = len(c.ids)
			known[id] = i
			c.ids = append(c.ids, identity{text: id, kind: named[id].kind, name: named[id].name})
		}
		m.places = append(m.places, place{what: oneself, at: found[0], id: i})
	}
	if deleted := deletionText.FindStringSubmatch(text); deleted != nil {
		m.deletes = known[deleted[1]]
	}
	return m
}

// namesOf finds whose ids are those of the captures, and what the events themselves call them.
func namesOf(t testing.TB) map[string]identity {
	kinds := map[string]string{
		audit.AttrUserID: "user", audit.AttrTargetUserID: "user", audit.AttrProjectID: "project", audit.AttrTargetProjectID: "project",
	}
	found := map[string]identity{}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	for _, capture := range captures {
		for _, body := range fixtures.Bodies(t, capture) {
			logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: body})})
			if logs.LogRecordCount() == 0 {
				continue
			}
			attributes := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
			for key, kind := range kinds {
				id, ok := attributes.Get(key)
				if !ok || len(id.Str()) != 32 { // one with hyphens was made up by pycadf
					continue
				}
				one := found[id.Str()]
				one.kind = kind
				if name, ok := attributes.Get(strings.TrimSuffix(key, ".id") + ".name"); ok {
					one.name = name.Str()
				} else if one.name == "" {
					one.name = fmt.Sprintf("%s-%.8s", kind, id.Str())
				}
				found[id.Str()] = one
			}
		}
	}
	return found
}
