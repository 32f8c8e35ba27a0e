package tail

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// batch has a record for each body.
func batch(bodies ...string) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr(audit.AttrServiceName, "keystone")
	records := resource.ScopeLogs().AppendEmpty().LogRecords()
	for _, body := range bodies {
		record := records.AppendEmpty()
		record.Body().SetStr(body)
		record.SetEventName("identity.user.created")
		record.Attributes().PutStr(audit.AttrUserName, "alice")
		record.Attributes().PutStr(audit.AttrUserID, "a1")
		record.Attributes().PutStr(audit.AttrProjectName, "demo")
		record.Attributes().PutStr(audit.AttrClientAddress, "192.0.2.7")
		record.Attributes().PutStr(audit.AttrAuditOutcome, "success")
		record.Attributes().PutStr(audit.AttrNotificationEventType, "identity.user.created")
	}
	return logs
}

// seen is what a viewer was shown.
type seen struct {
	mu      sync.Mutex
	bodies  []string
	dropped uint64
}

func (s *seen) Record(_ []byte, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for record := range audit.Records(logs) {
		s.bodies = append(s.bodies, record.Body().AsString())
	}
	return nil
}

func (s *seen) Dropped(records uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped += records
	return nil
}

func (s *seen) await(t *testing.T, bodies ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.bodies) >= len(bodies)
	}, collectortest.Patience, time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, bodies, s.bodies)
}

func listen(t *testing.T, path string) *Server {
	t.Helper()
	server, err := Listen(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func socketPath(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tail") //nolint:usetesting // t.TempDir's is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return filepath.Join(folder, "tail.sock")
}

// look connects a viewer, and returns when it is shown what comes.
func look(t *testing.T, server *Server, filter Filter) (viewer *seen, end func() error) {
	t.Helper()
	viewer = &seen{}
	before := watching(server)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- Watch(ctx, server.path, filter, func() {}, viewer) }()
	require.Eventually(t, func() bool { return watching(server) > before }, collectortest.Patience, time.Millisecond)
	end = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	t.Cleanup(func() { _ = end() })
	return viewer, end
}

func watching(server *Server) int {
	if viewers := server.watching.Load(); viewers != nil {
		return len(*viewers)
	}
	return 0
}

func TestViewersSeeWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	require.Nil(t, server.Select(batch("nobody looks")))
	all, endAll := look(t, server, Filter{})
	some, _ := look(t, server, Filter{Texts: []string{"BOB"}})
	server.Select(batch("alice created user bob", "alice created user carol")).Show()
	all.await(t, "alice created user bob", "alice created user carol")
	some.await(t, "alice created user bob")

	require.NoError(t, endAll())
	require.Eventually(t, func() bool { return watching(server) == 1 }, collectortest.Patience, time.Millisecond)
	server.Select(batch("bob again")).Show()
	some.await(t, "alice created user bob", "bob again")
	all.await(t, "alice created user bob", "alice created user carol")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	logs := batch("alice created user bob in project demo from 192.0.2.7: success")
	resource := logs.ResourceLogs().At(0)
	for _, test := range []struct {
		name   string
		filter Filter
		want   bool
	}{
		{"none", Filter{}, true},
		{"user by name", Filter{Users: []string{"eve", "alice"}}, true},
		{"user by id", Filter{Users: []string{"a1"}}, true},
		{"another user", Filter{Users: []string{"eve"}}, false},
		{"project", Filter{Projects: []string{"demo"}}, true},
		{"another project", Filter{Projects: []string{"prod"}}, false},
		{"service", Filter{Services: []string{"keystone"}}, true},
		{"another service", Filter{Services: []string{"nova"}}, false},
		{"outcome", Filter{Outcomes: []string{"success"}}, true},
		{"another outcome", Filter{Outcomes: []string{"failure"}}, false},
		{"address", Filter{Addresses: []string{"192.0.2.7"}}, true},
		{"network", Filter{Addresses: []string{"192.0.2.0/24"}}, true},
		{"another network", Filter{Addresses: []string{"198.51.100.0/24"}}, false},
		{"event", Filter{Events: []string{"identity.user.created"}}, true},
		{"pattern of events", Filter{Events: []string{"identity.*"}}, true},
		{"another event", Filter{Events: []string{"compute.*"}}, false},
		{"text in any case", Filter{Texts: []string{"USER BOB"}}, true},
		{"another text", Filter{Texts: []string{"mallory"}}, false},
		{"one of two fails", Filter{Users: []string{"alice"}, Services: []string{"nova"}}, false},
	} {
		require.NoError(t, test.filter.Check(), test.name)
		require.Equal(t, test.want, test.filter.fits(resource.Resource().Attributes(), resource.ScopeLogs().At(0).LogRecords().At(0)), test.name)
	}
	require.ErrorContains(t, (&Filter{Addresses: []string{"x"}}).Check(), "no address")
	require.ErrorContains(t, (&Filter{Events: []string{"["}}).Check(), "no pattern")
}

// A viewer that reads nothing keeps nobody waiting, and is told what it missed.
func TestSlowViewer(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", server.path)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintln(conn, "{}")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return watching(server) == 1 }, collectortest.Patience, time.Millisecond)

	const sent = 5000
	for range sent {
		server.Select(batch(strings.Repeat("x", 1000))).Show()
	}
	viewer := &seen{}
	go func() { _ = read(conn, viewer) }()
	waiting := (*server.watching.Load())[0].records
	require.Eventually(t, func() bool { return len(waiting) == 0 }, collectortest.Patience, time.Millisecond)
	server.Select(batch("the last")).Show() // before a line a viewer is told what it missed
	require.Eventually(t, func() bool {
		viewer.mu.Lock()
		defer viewer.mu.Unlock()
		return len(viewer.bodies) > 0 && viewer.bodies[len(viewer.bodies)-1] == "the last"
	}, collectortest.Patience, time.Millisecond)
	viewer.mu.Lock()
	defer viewer.mu.Unlock()
	shown := len(viewer.bodies) - 1
	require.Positive(t, viewer.dropped)
	require.Equal(t, sent, shown+int(viewer.dropped), "each is shown or counted")
	require.Less(t, shown, bufferedRecords+1000, "what is kept is bounded, beside what the socket holds")
}

func TestSocketIsForItsUserAlone(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	state, err := os.Stat(server.path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), state.Mode().Perm())
	files, err := os.ReadDir(filepath.Dir(server.path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing else is left")
	require.NoError(t, server.Close())
	require.NoFileExists(t, server.path)
}

func TestSocketOfAKilledCollectorIsReplaced(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	dead, err := net.Listen("unix", path)
	require.NoError(t, err)
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	require.FileExists(t, path)
	viewer, _ := look(t, listen(t, path), Filter{})
	require.Empty(t, viewer.bodies)
}

func TestSocketOfARunningCollectorStays(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	_, err := Listen(t.Context(), server.path)
	require.ErrorContains(t, err, "another collector listens")
	viewer, _ := look(t, server, Filter{})
	server.Select(batch("still here")).Show()
	viewer.await(t, "still here")
}

func TestEndOfTheCollectorEndsItsViewers(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	result := make(chan error, 1)
	go func() { result <- Watch(t.Context(), server.path, Filter{}, func() {}, &seen{}) }()
	require.Eventually(t, func() bool { return watching(server) == 1 }, collectortest.Patience, time.Millisecond)
	require.NoError(t, server.Close())
	require.Error(t, <-result)
	require.ErrorIs(t, Watch(t.Context(), server.path, Filter{}, func() {}, &seen{}), fs.ErrNotExist)
}

func TestTooManyViewers(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	for range maxViewers {
		look(t, server, Filter{})
	}
	err := Watch(t.Context(), server.path, Filter{}, func() {}, &seen{})
	require.Error(t, err)
	require.Equal(t, maxViewers, watching(server))
}

func TestWhatIsNoFilter(t *testing.T) {
	t.Parallel()
	server := listen(t, socketPath(t))
	for _, text := range []string{"x\n", `{"addresses":["x"]}` + "\n"} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", server.path)
		require.NoError(t, err)
		_, err = conn.Write([]byte(text))
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, line, `{"error":"the filter: `)
		require.NoError(t, conn.Close())
	}
	require.Zero(t, watching(server))
}

func TestEnoughIsNoFailureOfTheViewer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Watch(ctx, "none", Filter{}, func() {}, &seen{}), context.Canceled)
}
