package rabbitmq

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// What each mode needs at least.
var (
	ownPermissions = rabbitmqtest.Permissions{
		Configure: `^audit(\.rejected)?$`,
		Write:     `^(audit|amq\.default)$`,
		Read:      `^(audit|keystone)$`,
	}
	ownWithoutDeadLetters = rabbitmqtest.Permissions{Configure: `^audit$`, Write: `^audit$`, Read: `^(audit|keystone)$`}
	existingPermissions   = rabbitmqtest.Permissions{Configure: `^$`, Write: `^$`, Read: `^notifications\.info$`}
)

func (b broker) as(t *testing.T, config Config, p rabbitmqtest.Permissions) Config {
	t.Helper()
	user := b.virtualHost
	require.NoError(t, b.AddUser(t.Context(), user, "p/:@ss"))
	require.NoError(t, b.SetPermissions(t.Context(), user, b.virtualHost, p))
	config.Hosts = []Host{{Address: b.Address(), Username: user, Password: "p/:@ss"}}
	return config
}

func TestLeastPermissions(t *testing.T) {
	t.Parallel()
	t.Run("own", func(t *testing.T) {
		t.Parallel()
		b := newBroker(t)
		b.publish(t, "0")
		r := start(t, b.as(t, b.config(), ownPermissions))
		s := r.session(t)
		require.True(t, s.DeadLetters())
		b.publish(t, numbered(1, 2)...)
		require.Equal(t, numbered(1, 2), r.texts(t, 2))
		require.NoError(t, s.Settle([]uint64{1}, []uint64{2}))
		r.afterUpkeep(t)
		r.do(func() {
			require.NoError(t, r.topology)
			require.Empty(t, r.differs)
			require.Empty(t, r.noDeadLetter)
			require.Empty(t, r.disconnected)
		})
		require.Equal(t, []string{"2"}, b.bodies(t, "audit.rejected", 1))
	})
	t.Run("own without dead letters", func(t *testing.T) {
		t.Parallel()
		b := newBroker(t)
		b.publish(t, "0")
		config := b.as(t, b.config(), ownWithoutDeadLetters)
		config.Queue.DeadLetter = false
		r := start(t, config)
		require.False(t, r.session(t).DeadLetters())
		b.publish(t, "1")
		require.Equal(t, []string{"1"}, r.texts(t, 1))
		r.do(func() { require.NoError(t, r.topology) })
	})
	t.Run("existing", func(t *testing.T) {
		t.Parallel()
		b := newBroker(t)
		b.publish(t, "1")
		r := start(t, b.as(t, b.existing("notifications.info"), existingPermissions))
		s := r.session(t)
		require.Equal(t, []string{"1"}, r.texts(t, 1))
		require.NoError(t, s.Settle(acknowledge(1)))
		r.afterUpkeep(t)
		r.do(func() { require.NoError(t, r.topology) })
	})
}

func TestMissingPermissionIsNamedInTheBrokersWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		permissions func(*rabbitmqtest.Permissions)
		want        []string
	}{
		{
			name:        "configure the queue",
			permissions: func(p *rabbitmqtest.Permissions) { p.Configure = `^audit\.rejected$` },
			want:        []string{`declaring queue "audit" needs the configure permission`, "ACCESS_REFUSED", "access to queue 'audit' in vhost"},
		},
		{
			name:        "read the queue",
			permissions: func(p *rabbitmqtest.Permissions) { p.Read = `^keystone$` },
			want:        []string{"the read permission on it", "ACCESS_REFUSED", "access to queue 'audit' in vhost"},
		},
		{
			name:        "write the default exchange",
			permissions: func(p *rabbitmqtest.Permissions) { p.Write = `^audit$` },
			want:        []string{"the write permission on exchange amq.default", "ACCESS_REFUSED", "access to exchange 'amq.default' in vhost"},
		},
		{
			name:        "write the queue",
			permissions: func(p *rabbitmqtest.Permissions) { p.Write = `^amq\.default$` },
			want: []string{`binding queue "audit" to exchange "keystone"`, "the write permission on the queue",
				"access to queue 'audit' in vhost"},
		},
		{
			name:        "read the exchange",
			permissions: func(p *rabbitmqtest.Permissions) { p.Read = `^audit$` },
			want:        []string{"the read permission on", "access to exchange 'keystone' in vhost"},
		},
		{
			name:        "configure the dead-letter queue",
			permissions: func(p *rabbitmqtest.Permissions) { p.Configure = `^audit$` },
			want:        []string{`declaring queue "audit.rejected" needs the configure permission`, "access to queue 'audit.rejected' in vhost"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBroker(t)
			b.publish(t, "0")
			permissions := ownPermissions
			test.permissions(&permissions)
			config := b.as(t, b.config(), permissions)
			r := start(t, config)
			var said string
			r.eventually(t, "an error", func() bool {
				for _, errs := range [][]error{r.disconnected[b.Address()], r.noDeadLetter, {r.topology}} {
					for _, err := range errs {
						if err != nil {
							said = err.Error()
							return true
						}
					}
				}
				return false
			})
			for _, words := range test.want {
				require.Contains(t, said, words)
			}
			require.NotContains(t, said, "p/:@ss")
			// It is tried again, so that a permission that comes later is enough.
			require.NoError(t, b.SetPermissions(t.Context(), b.virtualHost, b.virtualHost, ownPermissions))
			r.session(t)
			r.eventually(t, "all is well", func() bool { return r.topology == nil && len(r.missing) == 0 })
			b.publish(t, "1")
			require.Equal(t, []string{"1"}, r.texts(t, 1))
		})
	}
}

func TestExistingQueueThatMayNotBeConfiguredIsConsumed(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	_, err := b.channel(t).QueueDeclare("audit", true, false, false, false, nil)
	require.NoError(t, err)
	b.publish(t, "0")
	permissions := ownPermissions
	permissions.Configure = `^$`
	r := start(t, b.as(t, b.config(), permissions))
	require.False(t, r.session(t).DeadLetters())
	b.publish(t, "1")
	require.Equal(t, []string{"1"}, r.texts(t, 1))
	b.closeConnections(t)
	r.session(t)
	r.do(func() {
		require.Len(t, r.differs, 1)
		require.ErrorContains(t, r.differs[0], "ACCESS_REFUSED")
		require.ErrorContains(t, r.differs[0], "needs the configure permission on it")
		require.Len(t, r.noDeadLetter, 1)
	})
}

func TestPermissionThatComesIsNoticedWhileConnected(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	declare(t, b.config())
	permissions := ownPermissions
	permissions.Configure = `^$`
	r := start(t, b.as(t, b.config(), permissions))
	s := r.session(t)
	require.False(t, s.DeadLetters())
	require.NoError(t, b.SetPermissions(t.Context(), b.virtualHost, b.virtualHost, ownPermissions))
	r.eventually(t, "it is told once", func() bool {
		return len(r.differs) == 2 && r.differs[1] == nil && len(r.noDeadLetter) == 2 && r.noDeadLetter[1] == nil
	})
	r.afterUpkeep(t)
	require.True(t, s.DeadLetters())
	r.do(func() {
		require.Len(t, r.connected, 1)
		require.Len(t, r.differs, 2)
		require.Len(t, r.noDeadLetter, 2)
	})
}

func TestConsumingNeedsReadOnTheQueue(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	b.publish(t, "0")
	r := start(t, b.as(t, b.existing("notifications.info"), rabbitmqtest.Permissions{Configure: ".*", Write: ".*", Read: "^$"}))
	r.eventually(t, "refused", func() bool { return len(r.disconnected[b.Address()]) > 0 })
	r.do(func() {
		err := r.disconnected[b.Address()][0]
		require.ErrorContains(t, err, `consuming queue "notifications.info" needs the read permission on it`)
		require.ErrorContains(t, err, "ACCESS_REFUSED")
		require.ErrorContains(t, err, "access to queue 'notifications.info' in vhost")
	})
}
