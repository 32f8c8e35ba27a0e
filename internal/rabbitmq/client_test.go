package rabbitmq

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/inbound"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

func TestEveryHostIsTriedWithItsOwnCredentials(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	require.NoError(t, b.AddUser(t.Context(), b.virtualHost, "other"))
	require.NoError(t, b.SetPermissions(t.Context(), b.virtualHost, b.virtualHost, ownPermissions))
	closedPort := collectortest.FreeAddress(t)
	_, port, err := net.SplitHostPort(b.Address())
	require.NoError(t, err)

	// Three names of one node, so that the observer can tell them apart.
	wrong, right, alsoRight := "127.0.0.2:"+port, b.Address(), "localhost:"+port
	config := b.config()
	config.Hosts = []Host{
		{Address: closedPort, Username: "guest", Password: "guest"},
		{Address: wrong, Username: "guest", Password: "guest"},
		{Address: right, Username: "guest", Password: "guest"},
		{Address: alsoRight, Username: b.virtualHost, Password: "other"},
	}
	r := start(t, config)
	for range 2 { // after a loss the next host has its turn
		r.session(t)
		b.closeConnections(t)
	}
	r.session(t)
	r.do(func() {
		require.Subset(t, []string{right, alsoRight}, r.connected)
		require.NotEqual(t, r.connected[0], r.connected[1])
		require.Contains(t, r.disconnected, closedPort)
		require.ErrorContains(t, r.disconnected[closedPort][0], "refused")
		require.Contains(t, r.disconnected, wrong)
		require.ErrorContains(t, r.disconnected[r.connected[0]][0], "CONNECTION_FORCED - closed by the test")
	})
}

func TestRefusalIsToldInTheBrokersWordsWithoutThePassword(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	const secret = "s3cret-p/:@ss"
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"password", func(c *Config) { c.Hosts[0].Password = secret }, `the broker refused the login of user "guest" by PLAIN`},
		{"user", func(c *Config) { c.Hosts[0] = Host{b.Address(), "nobody", secret} }, `the broker refused the login of user "nobody" by PLAIN`},
		{"virtual host", func(c *Config) { c.VirtualHost = "elsewhere" }, "vhost elsewhere not found"},
		{"mechanism", func(c *Config) { c.Mechanism = MechanismExternal }, "SASL could not negotiate a shared mechanism"},
		{"queue", func(c *Config) { *c = b.existing("absent") }, "NOT_FOUND - no queue 'absent' in vhost"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := b.config()
			test.change(&config)
			r := start(t, config)
			r.eventually(t, "refused, twice", func() bool { return len(r.disconnected[b.Address()]) > 1 })
			r.do(func() {
				require.Empty(t, r.connected)
				require.ErrorContains(t, r.disconnected[b.Address()][0], test.want)
				require.NotContains(t, r.disconnected[b.Address()][0].Error(), secret)
			})
		})
	}
}

func TestMechanismAMQPlain(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "1")
	config := b.existing("notifications.info")
	config.Mechanism = MechanismAMQPlain
	require.Equal(t, []string{"1"}, start(t, config).texts(t, 1))
}

func TestConnectionsAreNamed(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	config := b.config()
	config.ConnectionName = "otelcol-openstack-audit/main"
	start(t, config).session(t)
	out, err := b.Ctl(t.Context(), "list_connections", "vhost", "client_properties")
	require.NoError(t, err)
	require.Contains(t, out, `{"connection_name","otelcol-openstack-audit/main"}`)
	require.Contains(t, out, `{"connection_name","otelcol-openstack-audit/main (topology)"}`)
}

func TestStaleTagsAreNeverSettled(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.shared())
	stale := r.session(t)
	b.publish(t, numbered(1, 3)...)
	require.Equal(t, numbered(1, 3), r.texts(t, 3))
	b.closeConnections(t)

	fresh := r.session(t)
	first := r.delivery(t)
	require.Equal(t, "1", string(first.Body))
	require.True(t, first.Redelivered)
	require.EqualValues(t, 1, first.DeliveryCount())
	err := stale.Settle([]uint64{1}, []uint64{2})
	require.ErrorIs(t, err, ErrSessionEnded)
	require.ErrorContains(t, err, "CONNECTION_FORCED - closed by the test")
	require.Equal(t, numbered(2, 3), r.texts(t, 2))
	require.NoError(t, fresh.Settle(acknowledge(1, 2, 3)))
	r.end(t)
	require.ErrorIs(t, fresh.Settle(nil, nil), ErrSessionEnded)
	require.Empty(t, b.bodies(t, "audit", 0))
	require.Empty(t, b.bodies(t, "audit.rejected", 0))
}

func TestPartialSettlementInAnyOrder(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.shared())
	s := r.session(t)
	b.publish(t, numbered(1, 12)...)
	require.Equal(t, numbered(1, 12), r.texts(t, 12))
	require.NoError(t, s.Settle([]uint64{9, 2, 1, 5}, []uint64{3, 7}))
	require.NoError(t, s.Settle([]uint64{10, 6}, []uint64{4}))
	r.end(t)
	require.Equal(t, []string{"8", "11", "12"}, b.bodies(t, "audit", 3))
	require.ElementsMatch(t, []string{"3", "4", "7"}, b.bodies(t, "audit.rejected", 3))
	r.do(func() { require.Empty(t, r.disconnected, "the broker never had to close the channel") })
}

func TestDeletedQueueIsDeclaredAgain(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.config())
	stale := r.session(t)
	b.publish(t, "1")
	require.Equal(t, []string{"1"}, r.texts(t, 1))
	_, err := b.channel(t).QueueDelete("audit", false, false, false)
	require.NoError(t, err)
	r.session(t)
	require.ErrorIs(t, stale.Settle(acknowledge(1)), ErrSessionEnded)
	b.publish(t, "2")
	require.Equal(t, []string{"2"}, r.texts(t, 1))
	r.do(func() {
		err := r.disconnected[b.Address()][0]
		require.ErrorContains(t, err, "the broker cancelled the consumer of queue \"audit\": the queue was deleted")
		require.NotErrorIs(t, err, ErrAcknowledgementTimeout)
	})
}

func TestAcknowledgementTimeoutEndsTheGeneration(t *testing.T) {
	t.Parallel()
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{AdvancedConfig: "[{rabbit, [{consumer_timeout, 10000}, " +
		"{channel_tick_interval, 1000}]}]."})
	b := broker{Node: own, virtualHost: "/"}
	b.publish(t, "0")
	r := start(t, b.config())
	stale := r.session(t)
	b.publish(t, "1")
	require.Equal(t, []string{"1"}, r.texts(t, 1))
	fresh := r.session(t)
	require.ErrorIs(t, stale.Settle(acknowledge(1)), ErrSessionEnded)
	d := r.delivery(t)
	require.Equal(t, "1", string(d.Body))
	require.NoError(t, fresh.Settle(acknowledge(d.Tag)))
	r.do(func() {
		require.ErrorIs(t, r.disconnected[b.Address()][0], ErrAcknowledgementTimeout)
	})
}

func TestKilledBrokerComesBack(t *testing.T) {
	t.Parallel()
	own := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	b := broker{Node: own, virtualHost: "/"}
	b.publish(t, "0")
	r := start(t, b.config())
	r.session(t)
	b.publish(t, numbered(1, 2)...)
	require.Equal(t, numbered(1, 2), r.texts(t, 2))
	// Ra saves its directory of quorum queues every half second only; one that is not in it never gets a leader again.
	_, err := own.Ctl(t.Context(), "eval", "[dets:sync(Table) || Table <- dets:all()].")
	require.NoError(t, err)
	own.Kill()
	r.eventually(t, "refused", func() bool { return len(r.disconnected[b.Address()]) > 3 })
	require.NoError(t, own.Restart(t.Context()))
	s := r.session(t)
	require.Equal(t, numbered(1, 2), r.texts(t, 2))
	require.NoError(t, s.Settle(acknowledge(1, 2)))
	r.end(t)
}

func TestUnansweredConsumeIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	declare(t, b.config())
	leader := fmt.Sprintf("'%s_audit'", b.virtualHost)
	_, err := b.Ctl(t.Context(), "eval", "sys:suspend("+leader+").")
	require.NoError(t, err)
	config := b.config()
	config.ConnectionTimeout = 3 * time.Second
	r := start(t, config)
	r.eventually(t, "given up twice", func() bool {
		return strings.Count(fmt.Sprint(r.disconnected[b.Address()]), "the broker gave no answer in 3s") >= 2
	})
	r.do(func() { require.Empty(t, r.connected) })
	_, err = b.Ctl(t.Context(), "eval", "sys:resume("+leader+").")
	require.NoError(t, err)
	r.session(t)
}

// TestInFlightIsSettledOnShutdown: serve may settle between the end of its context and its return.
func TestInFlightIsSettledOnShutdown(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var session *Session
	connected := make(chan struct{})
	err := make(chan error, 1)
	go func() {
		err <- NewClient(b.shared(), &recorder{}).Run(ctx, func(ctx context.Context, s *Session) error {
			session = s
			close(connected)
			came := 0
			s.Receive(ctx, func(deliveries []inbound.Delivery) {
				for i := range deliveries {
					s.Received(&deliveries[i], len(deliveries[i].Body), time.Now())
				}
				if came += len(deliveries); came == 3 {
					cancel()
				}
			})
			if err := s.Settle(acknowledge(1)); err != nil {
				t.Error(err)
			}
			return nil
		})
	}()
	<-connected
	b.publish(t, numbered(1, 3)...)
	require.ErrorIs(t, <-err, context.Canceled)
	require.ErrorIs(t, session.Settle(acknowledge(2)), ErrSessionEnded)
	require.Equal(t, numbered(2, 3), b.bodies(t, "audit", 2))
	require.Eventually(t, func() bool {
		connections, err := b.Ctl(t.Context(), "list_connections", "vhost", "client_properties")
		require.NoError(t, err)
		return !strings.Contains(connections, b.virtualHost+"\t[{\"product\",\"AMQP 0.9.1 Client\"},{\"connection_name\",\"test\"}")
	}, patience, 100*time.Millisecond)
}

func TestErrorOfServeEndsTheGeneration(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	observer := &recorder{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := 0
	err := NewClient(b.config(), observer).Run(ctx, func(context.Context, *Session) error {
		if served++; served == 3 {
			cancel()
		}
		return context.DeadlineExceeded
	})
	require.ErrorIs(t, err, context.Canceled)
	observer.do(func() {
		require.Len(t, observer.connected, 3)
		require.ErrorIs(t, observer.disconnected[b.Address()][0], context.DeadlineExceeded)
	})
}

// TestDeliveryCountNearTheLimitWarns returns a message as an outage does: by the ends of connections, which count with every version.
func TestDeliveryCountNearTheLimitWarns(t *testing.T) {
	t.Parallel()
	const returns = 15
	b := newBroker(t)
	channel := b.channel(t)
	_, err := channel.QueueDeclare("theirs", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	require.NoError(t, err)
	require.NoError(t, channel.PublishWithContext(t.Context(), "", "theirs", false, false, amqp.Publishing{Body: []byte("1")}))
	for range returns {
		connection, err := amqp.Dial(b.url())
		require.NoError(t, err)
		consumer, err := connection.Channel()
		require.NoError(t, err)
		deliveries, err := consumer.Consume("theirs", "", false, false, false, false, nil)
		require.NoError(t, err)
		<-deliveries
		require.NoError(t, connection.Close())
	}
	r := start(t, b.existing("theirs"))
	d := r.delivery(t)
	require.EqualValues(t, returns, d.DeliveryCount())
	var warnings [][2]int64
	if b.version(t).isAtLeast(4) { // there is no limit before, unless somebody sets one, which nobody tells a consumer
		warnings = [][2]int64{{returns, 20}}
	}
	r.do(func() { require.Equal(t, warnings, r.near) })
}

// TestManyReconnectsLeaveNothing counts on TestMain, which looks for goroutines that are left.
func TestManyReconnectsLeaveNothing(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.config())
	for range 10 {
		r.session(t)
		b.closeConnections(t)
	}
	r.session(t)
	r.end(t)
	require.Eventually(t, func() bool {
		out, err := b.Ctl(t.Context(), "list_connections", "vhost")
		require.NoError(t, err)
		return !strings.Contains(out, b.virtualHost)
	}, patience, 100*time.Millisecond)
}
