//go:build keystone

package keystone

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/debiantest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// What Keystone publishes to RabbitMQ arrives once, with the names of what is there and of what is deleted.
func TestThroughRabbitMQ(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	collectortest.Publish(t, node.URL(), "keystone") // makes the exchange

	b := newBackend(t)
	port := collectortest.FreePort(t)
	c := newCollector(t, b, port, "processors: {keystone_attributes: {wait: 1m, http: {timeout: 1m}}}") // a slow machine gets its names too
	c.options.Config = "durable.yaml"
	transportURL := collectortest.TransportURL(node.URL())
	c.options.Environment = append(c.options.Environment, "AUDIT_TRANSPORT_URL="+transportURL)
	state := t.TempDir()
	c.start(state)
	c.AwaitConsuming(t)
	c.stop() // the queue keeps what comes
	keystone := debiantest.Start(t, debiantest.Options{
		Port: port, Notifications: "driver = log\ndriver = messagingv2\ntransport_url = " + transportURL, Config: inMemory,
	})
	keystone.CreateReader()
	c.start(state)
	awaitAll(t, keystone, b)

	type object = map[string]any
	corp := keystone.Create("domain", "/domains", object{"name": "corp"})
	awaitAll(t, keystone, b)
	shop := keystone.Create("project", "/projects", object{"name": "web-shop", "domain_id": corp})
	alice := keystone.Create("user", "/users", object{"name": "alice", "domain_id": corp})
	awaitAll(t, keystone, b)
	keystone.Call(http.MethodPut, "/projects/"+shop+"/users/"+alice+"/roles/"+keystone.Roles()["member"], nil)
	awaitAll(t, keystone, b)
	keystone.Call(http.MethodDelete, "/projects/"+shop, nil) // of which every version says who did it
	var sentences []string
	for _, id := range awaitAll(t, keystone, b) {
		assert.Len(t, b.Sentences()[id], 1)
		sentences = append(sentences, strings.Replace(b.Sentences()[id][0], " from 127.0.0.1", "", 1))
	}
	assert.Subset(t, sentences, []string{
		"admin created domain corp: success",
		"admin created project web-shop (corp): success",
		"admin created user alice (corp): success",
		"admin granted role member to user alice (corp) on project web-shop (corp): success",
		"admin deleted project web-shop (corp): success",
	})
}
