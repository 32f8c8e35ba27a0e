package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// readme is the README with the fenced blocks of one language taken apart.
func readme(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(block[1]))
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// The README's user, with the README's permissions and nothing else, and the
// README's configuration: only where the brokers are is another place.
func TestReadmeReceivesFromRabbitMQ(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	const password = "readme-only"
	runRabbitMQTools(t, node, strings.ReplaceAll(strings.Join(readme(t, "sh"), ""), `"$RABBIT_PASSWORD"`, password))
	for _, exchange := range []string{"keystone", "nova"} {
		collectortest.Publish(t, node.URL(), exchange)
	}

	configuration := readme(t, "yaml")[0]
	require.Contains(t, configuration, "service:")
	for _, host := range []string{"rabbit1:5672", "rabbit2:5672"} {
		configuration = strings.ReplaceAll(configuration, host, node.Address())
	}
	path := filepath.Join(t.TempDir(), "readme.yaml")
	configuration += "  telemetry: {metrics: {level: none}}\n"
	require.NoError(t, os.WriteFile(path, []byte(configuration), 0o600))
	c := start(t, path, "RABBIT_PASSWORD="+password)
	c.Eventually(t, func() bool {
		queues, err := node.Ctl(t.Context(), "list_queues", "name", "consumers")
		return err == nil && strings.Contains(queues, "otelcol-openstack-audit\t1")
	}, "it does not consume")
	collectortest.Publish(t, node.URL(), "keystone", []byte(`{"message_id": "1", "publisher_id": "identity.host1", "priority": "INFO",
		"event_type": "identity.user.created", "timestamp": "2026-11-21 00:00:00", "payload": {"resource_info": "bob"}}`))
	collectortest.Publish(t, node.URL(), "nova", []byte(`{"message_id": "2", "publisher_id": "nova-api", "priority": "INFO",
		"event_type": "audit.http.response", "timestamp": "2026-11-21 00:00:00", "payload": {
		"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": "2", "action": "delete",
		"outcome": "success", "initiator": {"name": "alice"}, "target": {"typeURI": "service/compute/servers/server", "id": "s1"}}}`))
	c.AwaitLog(t, "Body: Str(user bob was created: success)", 1)
	c.AwaitLog(t, "Body: Str(alice deleted ", 1)
	c.Stop(t)
	require.NotContains(t, c.Log.String(), "do not exist yet", "no cloud has every service")
	require.NotContains(t, c.Log.String(), "could not be asserted", "the permissions suffice")
	require.NotContains(t, c.Log.String(), password)
}

// The README's names go with its configuration.
func TestReadmeAddsNames(t *testing.T) {
	blocks := readme(t, "yaml")
	require.Len(t, blocks, 2)
	arguments := []string{"validate"}
	for i, block := range blocks {
		path := filepath.Join(t.TempDir(), []string{"audit.yaml", "names.yaml"}[i])
		require.NoError(t, os.WriteFile(path, []byte(block), 0o600))
		arguments = append(arguments, "--config", path)
	}
	t.Setenv("RABBIT_PASSWORD", "secret")
	t.Setenv("AUDIT_KEYSTONE_PASSWORD", "secret")
	run(t, collectortest.Binary(t), arguments...)
}

// Who did it is known on one way and not on the other: each page on the ways says so in the same words.
func TestWhoDidItIsSaidAlike(t *testing.T) {
	var said []string
	for _, page := range []string{"../docs/ways.md", "../receiver/openstackauditreceiver/README.md",
		"../processor/openstackauditprocessor/README.md"} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		_, paragraph, found := strings.Cut(string(text), "\nOver RabbitMQ some events of Keystone name no actor")
		require.True(t, found, page)
		paragraph, _, _ = strings.Cut(paragraph, "\n\n")
		said = append(said, paragraph)
	}
	require.Equal(t, said[0], said[1])
	require.Equal(t, said[0], said[2])
}
