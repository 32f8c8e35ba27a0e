package rabbitmqtest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestNodeKeepsDurableDataOverKillAndLeavesNothing(t *testing.T) {
	t.Parallel()
	node, err := StartNode(t.Context(), Options{Config: "consumer_timeout = 60000"})
	require.NoError(t, err)
	directory := node.directory
	t.Cleanup(func() { require.NoError(t, node.Stop()) })

	publisher, err := NewPublisher(node.URL(), "keystone", true)
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), "notifications.info", []byte(`{"n": 1}`), []byte(`{"n": 2}`)))
	node.Kill()
	require.NoError(t, node.Restart(t.Context()))

	connection, err := amqp.Dial(node.URL())
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	first, ok, err := channel.Get("notifications.info", true)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, `{"n": 1}`, string(first.Body))
	require.Equal(t, "application/json", first.ContentType)
	require.Equal(t, "utf-8", first.ContentEncoding)
	require.EqualValues(t, 2, first.DeliveryMode)

	value, err := node.Ctl(t.Context(), "eval", "application:get_env(rabbit, consumer_timeout).")
	require.NoError(t, err)
	require.Equal(t, "{ok,60000}", value)

	require.NoError(t, node.Stop())
	_, err = os.Stat(directory)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Eventually(t, func() bool {
		return !listening(node.amqpPort) && !listening(node.epmdPort) && !listening(node.distPort)
	}, time.Minute, 20*time.Millisecond, "the node and its port mapper are gone")
}

func TestUsersHaveTheirPermissionsOnly(t *testing.T) {
	t.Parallel()
	node := Start(t, Options{})
	ctx := t.Context()
	require.NoError(t, node.AddVirtualHost(ctx, "a/b"))
	require.NoError(t, node.AddUser(ctx, "us@er", "p/:@ss"))
	_, err := amqp.Dial(node.UserURL("us@er", "p/:@ss", "a/b"))
	require.ErrorContains(t, err, "access to vhost 'a/b' refused")
	require.NoError(t, node.SetPermissions(ctx, "us@er", "a/b", Permissions{}))
	connection, err := amqp.Dial(node.UserURL("us@er", "p/:@ss", "a/b"))
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	_, err = channel.QueueDeclare("q", true, false, false, false, nil)
	require.ErrorContains(t, err, "ACCESS_REFUSED")

	require.NoError(t, node.StopApp(ctx))
	require.Eventually(t, connection.IsClosed, time.Minute, 10*time.Millisecond)
	require.NoError(t, node.StartApp(ctx))
}

// TestNodeEndsWithWhoeverStartedIt runs this test again in a process of its own, which it kills.
func TestNodeEndsWithWhoeverStartedIt(t *testing.T) {
	t.Parallel()
	const variable = "RABBITMQTEST_NODE_DIRECTORY"
	if directory := os.Getenv(variable); directory != "" {
		node, err := StartNode(t.Context(), Options{Directory: directory})
		require.NoError(t, err)
		fmt.Printf("\nports %d %d %d\n", node.amqpPort, node.distPort, node.epmdPort)
		select {} // until it is killed
	}
	command := exec.Command(os.Args[0], "-test.run=^TestNodeEndsWithWhoeverStartedIt$")
	command.Env = append(os.Environ(), variable+"="+t.TempDir())
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	var ports [3]int
	for lines := bufio.NewScanner(output); ports[0] == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "ports %d %d %d", &ports[0], &ports[1], &ports[2]) // other lines leave zeros
	}
	for _, port := range ports {
		require.True(t, listening(port))
	}
	require.NoError(t, command.Process.Kill())
	_ = command.Wait() // killed
	require.Eventually(t, func() bool {
		return !listening(ports[0]) && !listening(ports[1]) && !listening(ports[2])
	}, time.Minute, 20*time.Millisecond, "the node and its port mapper are gone")
}

func listening(port int) bool {
	connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}
