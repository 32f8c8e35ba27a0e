package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
)

// whatWasDone are the files that tell which id had which name when the notifications were captured.
var whatWasDone = []string{"amqp-keystone-messagingv2.expected.json", "amqp-audit-middleware.expected.json"}

// standIn answers as the Keystone of the notifications would have.
type standIn struct {
	*keystonetest.Server
	authURL string
	// domains by id.
	domains map[string]bool
}

// serveNames starts the stand-in; it ends with ctx.
func serveNames(ctx context.Context, folder string) (*standIn, error) {
	entities, err := readNames(folder)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	keystone := &standIn{Server: keystonetest.NewServer(entities...), authURL: "http://" + listener.Addr().String() + "/v3",
		domains: map[string]bool{}}
	for _, entity := range entities {
		if entity.Kind == "domain" {
			keystone.domains[entity.ID] = true
		}
	}
	server := &http.Server{Handler: keystone, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // it keeps nothing that could be lost
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "stand-in for Keystone:", err)
		}
	}()
	return keystone, nil
}

// awaitPreload waits until the collector has asked for all names: it does not
// wait for them once events come.
func (s *standIn) awaitPreload(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errors.New("the collector does not ask for names: see its log"))
	defer cancel()
	// The roles of all domains together, and at the end of it all each domain's own, after its users and groups.
	for s.Requests("roles") <= len(s.domains) {
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return pause(ctx) // for the last answer to arrive
}

func readNames(folder string) ([]keystonetest.Entity, error) {
	var entities []keystonetest.Entity
	for _, name := range whatWasDone {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		var done struct {
			IDs map[string]map[string]struct {
				Name     string `json:"name"`
				DomainID string `json:"domain_id"`
			} `json:"ids"`
		}
		if err := json.Unmarshal(text, &done); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for kind, things := range done.IDs {
			for id, thing := range things {
				entities = append(entities, keystonetest.Entity{Kind: kind, ID: id, Name: thing.Name, DomainID: thing.DomainID})
			}
		}
	}
	return entities, nil
}
