package main

import (
	"context"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver"
)

// brokers checks the broker of each receiver that has one.
func (e *examination) brokers(ctx context.Context) {
	for _, id := range e.configuration.of("receivers", "openstack_audit") {
		config := openstackauditreceiver.NewFactory().CreateDefaultConfig().(*openstackauditreceiver.Config)
		name := "receivers::" + id.String()
		if err := e.configuration.read("receivers", id, config); err != nil {
			e.section(name).fail("configuration.component", "Correct the configuration.", "%v", err)
			continue
		}
		if config.RabbitMQ.HasValue() {
			e.component(name+"::rabbitmq", func(s *section) { e.broker(ctx, s, id, config.RabbitMQ.Get()) })
		}
	}
}

func (e *examination) broker(ctx context.Context, s *section, id component.ID, section *openstackauditreceiver.RabbitMQConfig) {
	e.secrets.add(string(section.TransportURL), string(section.Password))
	config, warnings, err := section.ClientConfig(ctx, program+" "+id.String())
	if err != nil {
		s.fail("broker.transport_url", "Correct the configuration.", "%v", err)
		return
	}
	for _, host := range config.Hosts {
		e.secrets.add(host.Password)
	}
	for _, warning := range warnings {
		s.warn("broker.transport_url", "Correct transport_url.", "%s", warning)
	}
	config.ConnectionTimeout = e.options.timeout
	var inspected bool
	for _, host := range config.Hosts {
		if !e.reach(ctx, s, "broker", host.Address, config.TLS) {
			continue
		}
		connection, err := rabbitmq.Connect(ctx, config, host)
		if err != nil {
			s.fail("broker.login", loginRemedy(err, config.VirtualHost, host.Username), "%s: %v", host.Address, err)
			continue
		}
		product, _ := connection.Properties["product"].(string)
		version, _ := connection.Properties["version"].(string)
		s.ok("broker.login", "User %s opens virtual host %s at %s: %s %s.", host.Username, config.VirtualHost, host.Address, product, version)
		if !inspected { // all nodes of a cluster say the same
			inspected = true
			q := &queueInspection{section: s, connection: connection, config: &config, user: host.Username}
			q.run()
			e.management(ctx, s, &config, host)
		}
		_ = connection.Close() // it has served
	}
	if !inspected {
		s.notChecked("broker.permissions", "", "Permissions, queues and exchanges: no broker could be asked.")
	}
}

func loginRemedy(err error, virtualHost, user string) string {
	switch text := err.Error(); {
	case strings.Contains(text, "refused the login"):
		return fmt.Sprintf("Correct user and password in transport_url, or set them: rabbitmqctl change_password %s PASSWORD. "+
			"User guest may log in from the broker's own host only.", user)
	case strings.Contains(text, "opening virtual host"):
		return fmt.Sprintf("Correct the virtual host in transport_url, or give the user permissions in it: "+
			"rabbitmqctl set_permissions -p %s %s CONFIGURE WRITE READ", virtualHost, user)
	default:
		return "Correct transport_url: the port, and ssl=true where the port expects TLS."
	}
}

// on runs f on a channel of its own: what the broker refuses closes the channel.
func on(connection *amqp.Connection, f func(*amqp.Channel) error) error {
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	err = f(channel)
	_ = channel.Close() // the broker has closed it when f failed
	return err
}
