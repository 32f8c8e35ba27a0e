package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// runRabbitMQTools runs the lines of a document that call RabbitMQ's tools, and returns what each said. No argument in them has a space.
func runRabbitMQTools(t *testing.T, node *rabbitmqtest.Node, text string) map[string]string {
	t.Helper()
	said := map[string]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.ReplaceAll(line, "'", ""))
		if len(words) == 0 || words[0] != "rabbitmqctl" && words[0] != "rabbitmq-plugins" {
			continue
		}
		out, err := node.Tool(t.Context(), words[0], words[1:]...)
		require.NoError(t, err, line)
		said[words[1]] = out
	}
	require.NotEmpty(t, said)
	return said
}

// The commands of the operators' page do what it says, and the files of deploy/rabbitmq are the same policies.
func TestOperationsPolicies(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "## RabbitMQ's policies\n")
	require.True(t, found)
	section, _, found = strings.Cut(section, "\n## ")
	require.True(t, found)

	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	publisher, err := rabbitmqtest.NewPublisher(node.URL(), "keystone", false)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, publisher.Close()) })
	require.NoError(t, publisher.Publish(t.Context(), "notifications.info", []byte("1"), []byte("2"), []byte("3")))
	connection, err := amqp.Dial(node.URL())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, connection.Close()) })
	channel, err := connection.Channel()
	require.NoError(t, err)
	_, err = channel.QueueDeclare("otelcol-openstack-audit", true, false, false, false, nil)
	require.NoError(t, err)

	said := runRabbitMQTools(t, node, section)
	assert.Contains(t, said["list_queues"], "notifications.info\t")
	require.Eventually(t, func() bool {
		queues, err := node.Ctl(t.Context(), "list_queues", "name", "messages")
		return err == nil && strings.Contains(queues, "otelcol-openstack-audit\t3") && strings.Contains(queues, "notifications.info\t0")
	}, collectortest.Patience, 100*time.Millisecond, "the shovel fetches what is in the services' queue")
	require.NoError(t, publisher.Publish(t.Context(), "notifications.info", []byte("4")), "the services' declaration still fits")

	policies := func() string {
		list, err := node.Ctl(t.Context(), "list_policies", "--formatter", "json")
		require.NoError(t, err)
		return list
	}
	byCommands := policies()
	for _, queue := range []string{"otelcol-openstack-audit", "notifications"} {
		_, err := node.Ctl(t.Context(), "clear_policy", queue)
		require.NoError(t, err)
	}
	for _, file := range []string{"protect-queues.json", "bound-notifications.json"} {
		path, err := filepath.Abs(filepath.Join("..", "deploy", "rabbitmq", file))
		require.NoError(t, err)
		_, err = node.Ctl(t.Context(), "import_definitions", path)
		require.NoError(t, err)
	}
	assert.JSONEq(t, byCommands, policies())
}
