package main

import (
	"fmt"
	"path/filepath"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// captures are the files from which the notifications come: Keystone's own, and
// those of the two audit middlewares.
var captures = []string{
	"amqp-keystone-messagingv2.jsonl",
	"amqp-audit-middleware.jsonl",
	"amqp-audit-middleware-sapcc.jsonl",
}

// samples returns one notification of every kind, in the order in which they were sent.
func samples(folder string) ([][]byte, error) {
	var bodies [][]byte
	for _, capture := range captures {
		taken := map[string]bool{}
		sent, err := fixtures.ReadBodies(filepath.Join(folder, capture))
		if err != nil {
			return nil, err
		}
		for _, body := range sent {
			n, err := oslo.Decode(body)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", capture, err)
			}
			if kind := n.EventType + n.Event.Action + n.Event.Outcome + n.Event.Reason.Type; n.Kind == oslo.KindCADF && !taken[kind] {
				taken[kind] = true
				bodies = append(bodies, body)
			}
		}
	}
	return bodies, nil
}
