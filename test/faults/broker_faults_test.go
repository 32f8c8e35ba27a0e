package faults

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// brokerRestarted stops and starts the broker as a planned restart does.
func brokerRestarted(durable bool) func(*trial) {
	return func(t *trial) {
		t.load.durable = durable
		t.underLoad()
		require.NoError(t, t.node.StopApp(t.Context()))
		require.NoError(t, t.node.StartApp(t.Context()))
		t.faultEnds()
		t.recover()
		t.flow(2000)
	}
}

// brokerKilled kills the node, twice.
func brokerKilled(durable bool, queueType string) func(*trial) {
	return func(t *trial) {
		t.load.durable = durable
		t.changes = "receivers: {openstack_audit: {rabbitmq: {queue: {type: " + queueType + "}}}}"
		t.underLoad()
		for range 2 {
			// As of a queue that is older than three minutes: RabbitMQ keeps where its replicas are in DETS, which it writes to the disk that often.
			t.ctl("eval", "[dets:sync(T) || T <- dets:all()].")
			t.node.Kill()
			require.NoError(t, t.node.Restart(t.Context()))
			if queueType == "quorum" {
				// The only replica of a quorum queue may forget to elect itself after that (RabbitMQ 3.10.8, rabbitmq-server issue 10070):
				// docs/delivery.md has this command.
				t.ctl("eval", "ra:trigger_election({'%2F_"+t.queue()+"', node()}).")
			}
			t.faultEnds()
			t.recover()
			t.flow(2000)
		}
	}
}

// memoryAlarm makes the broker block its publishers; consumers go on.
func memoryAlarm(t *trial) {
	c := t.underLoad()
	t.ctl("set_vm_memory_high_watermark", "0.000001")
	t.Cleanup(func() { _, _ = t.node.Ctl(t.Context(), "set_vm_memory_high_watermark", "0.4") })
	t.stalled()
	c.Kill() // and the new one has to connect to an alarmed broker
	t.start()
	t.ctl("set_vm_memory_high_watermark", "0.4")
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// diskAlarm is the same for the broker's disk.
func diskAlarm(t *trial) {
	c := t.underLoad()
	t.ctl("set_disk_free_limit", "100000GB")
	t.stalled()
	c.Kill()
	t.start()
	t.ctl("set_disk_free_limit", "1MB")
	t.faultEnds()
	t.recover()
	t.flow(1000)
}

// stalled waits until the broker lets nobody publish and the collector has what was published.
func (t *trial) stalled() {
	t.Helper()
	t.eventually(func() bool { return t.ctl("eval", "rabbit_alarm:get_alarms().") != "[]" }, "there is no alarm")
	t.eventually(func() bool { return len(t.backend.missing(t.load.sent())) == 0 }, "consuming stopped")
}

// hostsDead has two dead hosts in transport_url beside the one that lives, and has them change places.
func hostsDead(t *trial) {
	dead, other := collectortest.FreeAddress(t.T), newProxy(t.T, t.node.Address())
	url := "rabbit://guest:guest@" + dead + ",guest:guest@" + t.proxy.address() + ",guest:guest@" + other.address() +
		"/%2F?heartbeat_timeout_threshold=2"
	other.connectTo(dead)
	t.changes = "receivers: {openstack_audit: {rabbitmq: {transport_url: '" + url + "'}}}"
	t.underLoad()
	for range 3 {
		t.proxy.connectTo(dead)
		other.connectTo(t.node.Address())
		t.proxy.cut()
		t.faultEnds()
		t.recover()
		t.flow(1000)
		other.connectTo(dead)
		t.proxy.connectTo(t.node.Address())
		other.cut()
		t.faultEnds()
		t.recover()
		t.flow(1000)
	}
}

// clusterNodesKilled has a quorum queue on three nodes, of which each is killed in turn.
func clusterNodesKilled(t *trial) {
	nodes := rabbitmqtest.StartCluster(t.T, 3)
	var hosts []string
	for _, node := range nodes {
		hosts = append(hosts, "guest:guest@"+node.Address())
	}
	t.changes = "receivers: {openstack_audit: {rabbitmq: {transport_url: 'rabbit://" + strings.Join(hosts, ",") +
		"/%2F?heartbeat_timeout_threshold=2'}}}"
	t.node, t.load.url, t.load.others = nodes[0], nodes[0].URL(), []string{nodes[1].URL(), nodes[2].URL()}
	t.load.quorum = true // a queue that is not replicated would be gone with its node, and nobody could publish to it
	t.underLoad()
	for _, node := range nodes {
		node.Kill()
		t.faultEnds()
		t.recover()
		t.flow(1000)
		require.NoError(t, node.Restart(t.Context()))
		t.flow(1000)
	}
}
