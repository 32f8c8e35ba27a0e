package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

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
		err := readCapture(filepath.Join(folder, capture), func(body []byte) error {
			n, err := oslo.Decode(body)
			if err != nil || n.Kind != oslo.KindCADF {
				return err
			}
			if kind := n.EventType + n.Event.Action + n.Event.Outcome + n.Event.Reason.Type; !taken[kind] {
				taken[kind] = true
				bodies = append(bodies, body)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

func readCapture(path string, use func(body []byte) error) error {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var delivery struct{ Body string }
		if err := json.Unmarshal(lines.Bytes(), &delivery); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := use([]byte(delivery.Body)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return lines.Err()
}
