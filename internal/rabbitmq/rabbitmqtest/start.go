package rabbitmqtest

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// Start starts a node that ends with the test. It fails the test where RabbitMQ is not installed.
func Start(t testing.TB, options Options) *Node {
	t.Helper()
	node, err := StartNode(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	})
	return node
}

// Main runs a package's tests with one node shared among them, which it stores in node, and returns the exit code:
//
//	func TestMain(m *testing.M) { os.Exit(rabbitmqtest.Main(m, &node)) }
func Main(m *testing.M, node **Node) (exitCode int) {
	started, err := StartNode(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := started.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			exitCode = 1
		}
	}()
	*node = started
	return m.Run()
}
