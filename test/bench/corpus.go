package main

import (
	"encoding/json"
	"errors"
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

var eventType = regexp.MustCompile(`"event_type": "([^"]*)"`)

// logLine is a notification as oslo.messaging's driver "log" writes it, and a container runtime behind it.
func logLine(body []byte) (string, error) {
	var envelope struct {
		Message string `json:"oslo.message"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return "", err
	}
	match := eventType.FindStringSubmatch(envelope.Message)
	if match == nil {
		return "", errors.New("a notification without event_type")
	}
	return "2026-11-20T23:21:25.898782000Z stdout F 2026-11-20 23:21:25.898 9349 INFO oslo.messaging.notification." + match[1] + " [-] " +
		envelope.Message + "\n", nil
}

func meanSize(bodies [][]byte) int {
	total := 0
	for _, body := range bodies {
		total += len(body)
	}
	return total / len(bodies)
}
