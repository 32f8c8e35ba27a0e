package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor"
)

// keystones checks the Keystone of each processor that looks up names.
func (e *examination) keystones(ctx context.Context) {
	for _, id := range e.configuration.of("processors", "keystone_attributes") {
		config, name := keystoneattributesprocessor.NewDefaultConfig(), "processors::"+id.String()
		if err := e.configuration.read("processors", id, config); err != nil {
			e.section(name).fail("configuration.component", "Correct the configuration.", "%v", err)
			continue
		}
		e.component(name, func(s *section) { e.keystone(ctx, s, config) })
	}
}

func (e *examination) keystone(ctx context.Context, s *section, config *keystoneattributesprocessor.Config) {
	if auth := config.Auth.Get(); auth != nil {
		e.secrets.add(string(auth.Password), string(auth.ApplicationCredentialSecret))
	}
	config.HTTP.Timeout = e.options.timeout
	settings, err := config.KeystoneSettings(ctx, telemetrySettings())
	switch {
	case err != nil:
		s.fail("keystone.configuration", "Correct the configuration.", "%v", err)
		return
	case settings == nil:
		s.ok("keystone.configuration", "auth::auth_url is empty: no names are added.")
		return
	}
	e.secrets.add(settings.Auth.Password, settings.Auth.ApplicationCredentialSecret)
	defer settings.HTTP.CloseIdleConnections()
	address, err := url.Parse(settings.Auth.IdentityEndpoint)
	if err != nil || !e.reachURL(ctx, s, "keystone", address, &config.HTTP) {
		return
	}
	e.keystoneVersion(ctx, s, settings)
	e.keystoneRole(ctx, s, settings, config.Kinds)
}

// keystoneVersion asks what answers at the URL.
func (e *examination) keystoneVersion(ctx context.Context, s *section, settings *keystone.Settings) {
	const check = "keystone.version"
	base := strings.TrimSuffix(strings.TrimRight(settings.Auth.IdentityEndpoint, "/"), "/v3") + "/v3"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base, http.NoBody)
	if err != nil {
		s.fail(check, "Correct auth_url.", "%v", err)
		return
	}
	response, err := settings.HTTP.Do(request)
	if err != nil {
		s.fail(check, "Correct auth_url.", "%v", err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	e.clockOf(s, "keystone", response)
	var document struct {
		Version struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"version"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&document)
	if err != nil || document.Version.ID == "" {
		s.warn(check, "Correct auth_url: the URL of Keystone, with or without /v3.",
			"GET %s does not answer as Keystone does: %s", base, response.Status)
		return
	}
	s.ok(check, "Keystone answers at %s: API %s, %s.", base, document.Version.ID, document.Version.Status)
}

// keystoneRole logs in and begins to list each kind of thing that the processor names.
func (e *examination) keystoneRole(ctx context.Context, s *section, settings *keystone.Settings, kinds []string) {
	ctx, cancel := context.WithTimeout(ctx, 4*e.options.timeout)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	login := make(chan error, 1)
	settings.LoginChanged = func(err error) {
		select {
		case login <- err:
		default:
		}
	}
	client := keystone.NewClient(*settings)
	running.Go(func() { client.Run(ctx) })
	var err error
	select {
	case err = <-login:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		do := "Look at Keystone's log."
		switch keystone.ReasonOf(err) {
		case keystone.Unauthorized:
			do = "Correct user, domain and password, and give the user a role in the scope: " +
				"openstack role add --user USER --user-domain DOMAIN --system all reader"
		case keystone.Unexpected:
			do = "Correct auth_url."
		case keystone.Absent, keystone.Forbidden, keystone.Unavailable:
		}
		s.fail("keystone.login", do, "%v", err)
		return
	}
	s.ok("keystone.login", "Keystone accepts the login.")
	var listed, refused []string
	var refusal error
	errEnough := errors.New("one is enough")
	for _, name := range kinds {
		kind, known := keystone.ParseKind(name)
		if !known || kind == keystone.ApplicationCredential { // listed by user only
			continue
		}
		_, err := client.List(ctx, kind, "", func(keystone.Entity) error { return errEnough })
		if err == nil || errors.Is(err, errEnough) {
			listed = append(listed, name)
			continue
		}
		refused, refusal = append(refused, name), err
	}
	if len(refused) > 0 {
		s.fail("keystone.role",
			"Give the user the role: openstack role add --user USER --user-domain DOMAIN --system all reader; and set system_scope: all.",
			"The user may not list: %s. Their names will be missing: %v", strings.Join(refused, ", "), refusal)
	}
	if len(listed) > 0 {
		s.ok("keystone.role", "The user may list: %s.", strings.Join(listed, ", "))
	}
}
