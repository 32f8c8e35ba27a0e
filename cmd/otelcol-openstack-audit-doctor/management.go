package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
)

// managementAPI is RabbitMQ's HTTP API, asked as the collector's user.
type managementAPI struct {
	base, virtualHost string
	user, password    string
	client            *http.Client
}

// errStatus is an answer other than 200.
type errStatus struct {
	code int
	text string
}

func (e *errStatus) Error() string {
	return fmt.Sprintf("%d %s: %s", e.code, http.StatusText(e.code), e.text)
}

func (m *managementAPI) get(ctx context.Context, into any, path ...string) error {
	elements := []string{m.base, "api"}
	for _, element := range path {
		elements = append(elements, url.PathEscape(element))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Join(elements, "/"), http.NoBody)
	if err != nil {
		return err
	}
	request.SetBasicAuth(m.user, m.password)
	response, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return &errStatus{code: response.StatusCode, text: string(body[:min(len(body), 200)])}
	}
	return json.Unmarshal(body, into)
}

// policy is one of /api/policies.
type policy struct {
	Name       string         `json:"name"`
	Pattern    string         `json:"pattern"`
	ApplyTo    string         `json:"apply-to"`
	Priority   int            `json:"priority"`
	Definition map[string]any `json:"definition"`
}

// management checks what only RabbitMQ's management API knows: policies, bindings and publishers.
func (e *examination) management(ctx context.Context, s *section, config *rabbitmq.Config, host rabbitmq.Host) {
	ctx, cancel := context.WithTimeout(ctx, 2*e.options.timeout)
	defer cancel()
	api, err := e.findManagement(ctx, config, host)
	if err != nil {
		s.notChecked("broker.policies", fmt.Sprintf("At the broker: rabbitmqctl list_policies -p %[1]s; rabbitmqctl list_queues -p %[1]s "+
			"name policy effective_policy_definition; rabbitmqctl list_bindings -p %[1]s", config.VirtualHost),
			"Policies, bindings and publishers: RabbitMQ's management API does not answer user %s: %v", host.Username, err)
		return
	}
	queues := []string{config.Queue.Name}
	if config.Queue.Mode == rabbitmq.QueueOwn && config.Queue.DeadLetter {
		name, _ := config.Queue.DeadLetterQueue()
		queues = append(queues, name)
	}
	for _, queue := range queues {
		api.policies(ctx, s, queue)
	}
	if config.Queue.Mode == rabbitmq.QueueOwn {
		api.publishers(ctx, s, config)
	}
}

func (e *examination) findManagement(ctx context.Context, config *rabbitmq.Config, host rabbitmq.Host) (*managementAPI, error) {
	name, _, err := net.SplitHostPort(host.Address)
	if err != nil {
		return nil, err
	}
	bases := []string{"http://" + net.JoinHostPort(name, "15672"), "https://" + net.JoinHostPort(name, "15671")}
	if config.TLS != nil { // a password that travels encrypted to the broker does not travel in the clear to its management
		bases = bases[1:]
	}
	if e.options.management != "" {
		bases = []string{strings.TrimRight(e.options.management, "/")}
	}
	transport := &http.Transport{TLSClientConfig: config.TLS.Clone()}
	var errs []error
	for _, base := range bases {
		api := &managementAPI{
			base: base, virtualHost: config.VirtualHost, user: host.Username, password: host.Password,
			client: &http.Client{Transport: transport, Timeout: e.options.timeout},
		}
		var who struct{}
		err := api.get(ctx, &who, "whoami")
		if err == nil {
			return api, nil
		}
		errs = append(errs, err)
		if _, answers := errors.AsType[*errStatus](err); answers {
			return nil, fmt.Errorf("%w (the user needs the tag monitoring: rabbitmqctl set_user_tags %s monitoring)", err, host.Username)
		}
	}
	return nil, errors.Join(errs...)
}

// policies looks for what deletes messages of a queue.
func (m *managementAPI) policies(ctx context.Context, s *section, queue string) {
	const check = "broker.policies"
	var state struct {
		Policy         string         `json:"policy"`
		OperatorPolicy string         `json:"operator_policy"`
		Effective      map[string]any `json:"effective_policy_definition"`
	}
	err := m.get(ctx, &state, "queues", m.virtualHost, queue)
	var status *errStatus
	if errors.As(err, &status) && status.code == http.StatusNotFound {
		m.policiesToCome(ctx, s, queue)
		return
	}
	if err != nil {
		s.notChecked(check, "", "Policies of queue %s: %v", queue, err)
		return
	}
	names := strings.Join(slices.DeleteFunc([]string{state.Policy, state.OperatorPolicy}, func(name string) bool { return name == "" }), ", ")
	m.judge(s, queue, "Policy "+cmp.Or(names, "(none)"), state.Effective)
}

// policiesToCome judges the policies that will apply to a queue that does not exist yet.
func (m *managementAPI) policiesToCome(ctx context.Context, s *section, queue string) {
	for _, kind := range []string{"policies", "operator-policies"} {
		var all []policy
		if err := m.get(ctx, &all, kind, m.virtualHost); err != nil {
			if kind == "policies" {
				s.notChecked("broker.policies", "", "Policies of queue %s: %v", queue, err)
			}
			continue
		}
		var applies *policy
		for _, p := range all {
			pattern, err := regexp.Compile(p.Pattern)
			switch {
			case p.ApplyTo == "exchanges":
			case err != nil: // such as a look-ahead, which RabbitMQ knows
				m.judge(s, queue, fmt.Sprintf("Policy %s with pattern %s, if it matches,", p.Name, p.Pattern), p.Definition)
			case pattern.MatchString(queue) && (applies == nil || p.Priority > applies.Priority):
				applies = &p
			}
		}
		switch {
		case applies != nil:
			m.judge(s, queue, "Policy "+applies.Name, applies.Definition)
		case kind == "policies":
			m.judge(s, queue, "Policy (none)", nil)
		}
	}
}

func (m *managementAPI) judge(s *section, queue, what string, definition map[string]any) {
	const check = "broker.policies"
	do := fmt.Sprintf("Give the queue a policy of higher priority: rabbitmqctl set_policy -p %s --priority 10 --apply-to queues "+
		`otelcol-openstack-audit '^%s' '{"max-length":1000000}'`, m.virtualHost, regexp.QuoteMeta(strings.TrimSuffix(queue, ".rejected")))
	bad := false
	for _, key := range []struct{ name, means string }{
		{"message-ttl", "deletes messages that wait for more than %v ms: a collector that is away loses events"},
		{"expires", "deletes the queue when no collector consumed it for %v ms, with all that waits"},
		{"delivery-limit", "drops a message after %v returns: a backend that is away loses events"},
	} {
		if value, set := definition[key.name]; set {
			bad = true
			s.fail(check, do, "%s "+key.means+" (queue %s).", what, value, queue)
		}
	}
	if value, set := definition["overflow"]; set && value != "drop-head" {
		bad = true
		s.warn(check, do, "%s sets overflow %v (queue %s). A full queue then makes the broker refuse the services' notifications.",
			what, value, queue)
	}
	if value, isNumber := definition["max-length"].(float64); isNumber && value < 100_000 {
		bad = true
		s.warn(check, do, "%s keeps only %.0f messages (queue %s), then the oldest are dropped.", what, value, queue)
	}
	if !bad {
		s.ok(check, "%s deletes nothing of queue %s.", what, queue)
	}
}

// publishers tells for each exchange that exists whether the queue is bound, who made it, and whether anybody publishes to it.
func (m *managementAPI) publishers(ctx context.Context, s *section, config *rabbitmq.Config) {
	const check = "broker.publishers"
	var bindings []struct {
		Source string `json:"source"`
	}
	_ = m.get(ctx, &bindings, "queues", m.virtualHost, config.Queue.Name, "bindings") // 404: not created yet
	for _, name := range config.Exchanges {
		var exchange struct {
			Creator string `json:"user_who_performed_action"`
			Stats   struct {
				PublishIn int64 `json:"publish_in"`
			} `json:"message_stats"`
		}
		err := m.get(ctx, &exchange, "exchanges", m.virtualHost, name)
		var status *errStatus
		switch {
		case errors.As(err, &status) && status.code == http.StatusNotFound:
			continue
		case err != nil:
			s.notChecked(check, "", "Publishers of exchange %s: %v", name, err)
			return
		}
		state := "not bound to the queue yet"
		for _, binding := range bindings {
			if binding.Source == name {
				state = "bound to the queue"
			}
		}
		if exchange.Stats.PublishIn == 0 {
			s.warn(check, "Check driver and transport_url under [oslo_messaging_notifications] of the service.",
				"Exchange %s is %s. User %s created it, and nobody has published to it lately.", name, state, exchange.Creator)
			continue
		}
		s.ok(check, "Exchange %s is %s. User %s created it, and %d messages were published to it.",
			name, state, exchange.Creator, exchange.Stats.PublishIn)
	}
}
