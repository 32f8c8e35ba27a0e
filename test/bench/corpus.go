package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// corpus are captured notifications, in turn from each service that sent them.
type corpus struct {
	bodies [][]byte
	// warm are those that ask Keystone for nothing once all names are known: what was just created is always looked up. Nor do they
	// delete a domain, which goes through the whole directory.
	warm [][]byte
}

var (
	messageID  = regexp.MustCompile(`message_id\\": \\"[^\\]*`)
	auditEvent = regexp.MustCompile(`event_type\\": \\"(identity|audit)\.`)
	changed    = regexp.MustCompile(`"identity\.[a-z_ ]+\.(created|updated|deleted)\\"`)
)

// readCorpus reads the audit events that Keystone and the audit middlewares sent with oslo.messaging's messagingv2 driver.
func readCorpus(folder string) (corpus, error) {
	var services [][][]byte
	for _, name := range []string{"amqp-keystone-messagingv2", "amqp-audit-middleware", "amqp-audit-middleware-sapcc"} {
		bodies, err := fixtures.ReadBodies(filepath.Join(folder, name+".jsonl"))
		if err != nil {
			return corpus{}, err
		}
		services = append(services, slices.DeleteFunc(bodies, func(body []byte) bool { return !auditEvent.Match(body) }))
	}
	var c corpus
	for i := range 1000 * len(services) {
		bodies := services[i%len(services)]
		body := bodies[i/len(services)%len(bodies)]
		// A message id of its own, as every message has.
		body = withID(body, fmt.Sprintf("%08x-bb1e-437a-a8dc-9f566ffa0589", i))
		c.bodies = append(c.bodies, body)
		if !changed.Match(body) {
			c.warm = append(c.warm, body)
		}
	}
	return c, nil
}

func withID(body []byte, id string) []byte {
	return messageID.ReplaceAll(body, []byte(`message_id\": \"`+id))
}

func meanSize(bodies [][]byte) int {
	total := 0
	for _, body := range bodies {
		total += len(body)
	}
	return total / len(bodies)
}
