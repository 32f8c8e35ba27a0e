package faults

import "time"

// Why a record may come twice.
const (
	unsettledAgain = "what was not acknowledged yet is delivered again"
	queuedAgain    = "what was being sent, or not acknowledged yet, is sent again"
	retriedAgain   = "a request whose answer got lost is sent again"
)

// table is the table of docs/delivery.md. The times to recover are with reconnect::max_interval 2s, rebind_interval 1s and heartbeats
// of 2 s; the defaults are 30 s, 30 s and 60 s.
func table() []fault {
	const soon, later = 15 * time.Second, 40 * time.Second
	return []fault{
		{name: "collector SIGKILL ×3", always: true, within: soon, repeats: queuedAgain, run: collectorKilled(3)},
		{name: "collector SIGKILL ×40", within: soon, repeats: queuedAgain, run: collectorKilled(40)},
		{name: "collector SIGTERM ×4", within: soon, repeats: queuedAgain, run: collectorStopped},
		{name: "collector SIGHUP ×4", within: soon, repeats: queuedAgain, run: collectorReloaded},

		{name: "broker restarted, durable exchange", always: true, within: soon, repeats: unsettledAgain, run: brokerRestarted(true)},
		{name: "broker restarted, transient exchange", within: soon, repeats: unsettledAgain, transient: true, run: brokerRestarted(false)},
		{name: "broker SIGKILL ×2, durable exchange", within: soon, repeats: unsettledAgain, run: brokerKilled(true, "quorum")},
		{name: "broker SIGKILL ×2, classic queue", within: soon, repeats: unsettledAgain, run: brokerKilled(true, "classic")},
		{name: "broker SIGKILL ×2, transient exchange", within: soon, repeats: unsettledAgain, transient: true,
			run: brokerKilled(false, "classic")},

		{name: "connection cut ×5", always: true, within: soon, repeats: unsettledAgain, run: connectionCut},
		{name: "connection half-open ×2", within: soon, repeats: unsettledAgain, run: connectionHalfOpen},
		{name: "connection slow", within: soon, run: connectionSlow},
		{name: "connection cut within a frame ×15", within: soon, repeats: unsettledAgain, run: connectionCutMidFrame},
		{name: "connection cut ×100, leaks", within: soon, repeats: unsettledAgain, run: hundredReconnects},

		{name: "queue deleted and recreated ×2", within: soon, repeats: unsettledAgain, run: queueDeleted},
		{name: "queue exists with other arguments (406)", within: soon, repeats: unsettledAgain, run: queueDiffers},
		{name: "acknowledgement timeout", within: soon, repeats: unsettledAgain, run: acknowledgementTimeout},
		{name: "policy changed ×4", within: soon, run: policyChanged},
		{name: "policy of openstack-helm: TTL", always: true, within: soon, repeats: queuedAgain, run: deployersPolicy(helmPattern, helmPolicy)},
		{name: "policy of kolla-ansible: TTL, expires", within: soon, repeats: queuedAgain, run: deployersPolicy(kollaPattern, kollaPolicy)},
		{name: "broker restarted, the gap fetched", within: soon, repeats: "the services' own queue has them too", run: gapFetched},
		{name: "exchange deleted and recreated", within: soon, repeats: unsettledAgain, transient: true, run: exchangeDeleted},
		{name: "bound to nothing, then bound", within: soon, repeats: retriedAgain, run: boundToNothing},

		{name: "password wrong, then right", within: soon, repeats: unsettledAgain, run: passwordWrong},
		{name: "permissions taken and given back", within: soon, repeats: unsettledAgain, run: permissionsTaken},
		{name: "virtual host missing at start", within: soon, run: virtualHostMissing},
		{name: "connection limit", within: soon, repeats: unsettledAgain, run: connectionLimit},
		{name: "memory alarm, collector killed", within: soon, repeats: queuedAgain, run: memoryAlarm},
		{name: "disk alarm, collector killed", within: soon, repeats: queuedAgain, run: diskAlarm},

		{name: "two of three hosts dead, in turn ×6", within: soon, repeats: unsettledAgain, run: hostsDead},
		// A quorum queue of 4.3 waits a minute for the consumers of a node that is gone (rabbit_fifo, consumer_disconnected_timeout).
		{name: "cluster of 3, each node killed", within: 90 * time.Second, repeats: unsettledAgain, run: clusterNodesKilled},

		{name: "pipeline refuses for now", always: true, within: soon, run: pipelineRefuses},
		{name: "memory_limiter refuses", within: soon, run: memoryLimiter},
		{name: "sending queue full, refusing", within: soon, queued: true, run: queueFull("false")},
		{name: "sending queue full, blocking", within: soon, queued: true, run: queueFull("true")},
		{name: "backend away for 200000 messages", within: later, repeats: retriedAgain, run: backendAway},
		{name: "backend slow", within: soon, run: backendSlow},
		{name: "one record refused for good ×3", within: soon, repeats: bisected, run: recordRefusedForGood},
		{name: "fan-out: for now and for good", within: soon, repeats: bisected, run: fanOut},
		{name: "50 disconnects while the backend is down", within: soon, repeats: unsettledAgain, run: manyReturns},

		{name: "malformed bodies", always: true, within: soon, repeats: "equal bodies have equal ids", run: poison},
		{name: "message that is refused for good and held ×10", within: soon, repeats: bisected, run: heldForGood},
		{name: "messages as large as the broker takes ×4", within: later, repeats: "each was sent twice", run: largestMessage},
		{name: "500 messages of 1 MiB, backend down", within: later, repeats: unsettledAgain, run: largeMessages},
		{name: "event times jump", within: soon, run: eventTimesJump},

		{name: "single_active, active one killed ×5", within: soon, repeats: unsettledAgain, run: activeKilled},
		{name: "shared, one killed", within: soon, repeats: unsettledAgain, run: shared},
		{name: "disk full under the sending queue", within: later, repeats: retriedAgain, queued: true, run: diskFull},
	}
}
