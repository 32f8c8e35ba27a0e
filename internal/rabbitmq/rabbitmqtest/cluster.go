package rabbitmqtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
)

// portMapper is the Erlang port mapper that the nodes of a cluster share, with the cookie by which they trust each other. It is not one
// node's, so that every node can be killed.
type portMapper struct {
	port     int
	cookie   string
	process  *exec.Cmd
	lifeline io.Closer
}

// superviseMember runs the node of a cluster: as supervise, without a port mapper of its own.
const superviseMember = `
exec 3<&0
"$1" </dev/null & node=$!
{ read -r _ <&3; kill -KILL $node; } & watcher=$!
wait $node
kill -KILL $watcher 2>/dev/null
wait
`

// superviseMapper ends the port mapper when standard input ends.
const superviseMapper = `
exec 3<&0
epmd -address 127.0.0.1 -port "$1" & epmd=$!
read -r _ <&3
kill -KILL $epmd
wait
`

func startPortMapper() (*portMapper, error) {
	ports, err := freeport.Find(1)
	if err != nil {
		return nil, err
	}
	m := &portMapper{port: ports[0], cookie: fmt.Sprintf("COOKIE%d", ports[0])}
	m.process = exec.Command("/bin/sh", "-c", superviseMapper, "sh", strconv.Itoa(m.port))
	m.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if m.lifeline, err = m.process.StdinPipe(); err != nil {
		return nil, err
	}
	return m, m.process.Start()
}

func (m *portMapper) stop() {
	_ = m.lifeline.Close() // fails when the process has ended already
	_ = m.process.Wait()   // killed: its status says nothing
}

// StartCluster starts as many nodes and makes them one cluster. They end with the test. Each can be killed and restarted.
func StartCluster(t testing.TB, size int) []*Node {
	t.Helper()
	nodes, stop, err := startCluster(t.Context(), size)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// startCluster returns how to stop it in any case.
func startCluster(ctx context.Context, size int) (nodes []*Node, stop func() error, err error) {
	mapper, err := startPortMapper()
	if err != nil {
		return nil, func() error { return nil }, err
	}
	stop = func() error {
		var errs []error
		for _, node := range nodes {
			errs = append(errs, node.Stop())
		}
		mapper.stop()
		return errors.Join(errs...)
	}
	for range size {
		node, err := StartNode(ctx, Options{cluster: mapper})
		if err != nil {
			return nodes, stop, err
		}
		nodes = append(nodes, node)
		if node == nodes[0] {
			continue
		}
		if err := node.join(ctx, nodes[0]); err != nil {
			return nodes, stop, err
		}
	}
	return nodes, stop, nil
}

// join makes a fresh node a member of the other's cluster.
func (n *Node) join(ctx context.Context, other *Node) error {
	if err := n.StopApp(ctx); err != nil {
		return err
	}
	if _, err := n.Ctl(ctx, "join_cluster", other.name); err != nil {
		return err
	}
	return n.StartApp(ctx)
}
