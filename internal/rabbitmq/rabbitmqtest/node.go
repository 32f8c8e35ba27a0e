package rabbitmqtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/freeport"
)

// binaries is where Debian's package keeps RabbitMQ's own scripts. Those in /usr/sbin insist on switching to user rabbitmq.
const binaries = "/usr/lib/rabbitmq/bin/"

// startTimeout bounds a node's start; on a busy machine with two cores it takes about 10 s.
const startTimeout = 5 * time.Minute

// ErrNotInstalled says what to install.
var ErrNotInstalled = errors.New("RabbitMQ is not installed: apt-get install --no-install-recommends rabbitmq-server")

// Options of a node. The zero value is a plain node.
type Options struct {
	// Config has lines of rabbitmq.conf.
	Config string
	// AdvancedConfig is an advanced.config (an Erlang term), for settings that rabbitmq.conf does not know.
	AdvancedConfig string
	// Directory keeps the node's data, logs and home. Empty means a temporary one that Stop removes.
	Directory string

	// cluster is nil for a node that stands alone.
	cluster *portMapper
}

// Node is one running RabbitMQ node. It ends with Stop, or with the process that started it, however that ends.
type Node struct {
	directory    string
	removeOnStop bool
	name         string
	amqpPort     int
	distPort     int
	epmdPort     int
	cluster      *portMapper
	process      *exec.Cmd
	lifeline     io.Closer
	exited       chan struct{}
}

// StartNode starts a node and waits until it takes connections. ctx bounds the start only.
func StartNode(ctx context.Context, options Options) (*Node, error) {
	if _, err := os.Stat(binaries + "rabbitmq-server"); err != nil {
		return nil, fmt.Errorf("%w (%s: %w)", ErrNotInstalled, binaries+"rabbitmq-server", err)
	}
	n := &Node{directory: options.Directory, cluster: options.cluster}
	if n.directory == "" {
		directory, err := os.MkdirTemp("", "rabbitmq-")
		if err != nil {
			return nil, err
		}
		n.directory, n.removeOnStop = directory, true
	}
	ports, err := freeport.Find(3)
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	n.amqpPort, n.distPort, n.epmdPort = ports[0], ports[1], ports[2]
	if n.cluster != nil {
		n.epmdPort = n.cluster.port
	}
	n.name = fmt.Sprintf("rabbit%d@localhost", n.amqpPort)
	if err := n.writeConfig(options); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	if err := n.Restart(ctx); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

func (n *Node) writeConfig(options Options) error {
	config := fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d\ndisk_free_limit.absolute = 1MB\n%s\n", n.amqpPort, options.Config)
	advanced := options.AdvancedConfig
	if advanced == "" {
		advanced = "[]."
	}
	files := map[string]string{"rabbitmq.conf": config, "advanced.config": advanced, "enabled_plugins": "[].\n"}
	if n.cluster != nil {
		files[".erlang.cookie"] = n.cluster.cookie
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(n.directory, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// environment is complete: nothing of the caller's, or of /etc/rabbitmq, reaches the node.
func (n *Node) environment() []string {
	in := func(name string) string { return filepath.Join(n.directory, name) }
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"HOME=" + n.directory,
		"ERL_EPMD_ADDRESS=127.0.0.1",
		"ERL_EPMD_PORT=" + strconv.Itoa(n.epmdPort),
		// Makes rabbitmq-server become the Erlang machine instead of running it as a child.
		"detached=1",
		"RABBITMQ_NODENAME=" + n.name,
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(n.distPort),
		"RABBITMQ_CONF_ENV_FILE=" + in("rabbitmq-env.conf"),
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		"RABBITMQ_MNESIA_BASE=" + in("data"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("generated"),
		"RABBITMQ_SCHEMA_DIR=" + in("schema"),
		"RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_LOGS=" + in("log/node.log"),
		"RABBITMQ_PID_FILE=" + in("pid"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +S 2:2",
	}
}

// supervise runs the port mapper and the node. It ends both when its standard input ends, which happens at the latest with the
// process that holds the other end. The port mapper goes first, else the node would start one that outlives it.
const supervise = `
trap '' PIPE # whoever reads what the shell says of killed processes may be gone
exec 3<&0
epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" & epmd=$!
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do kill -0 $epmd || exit; sleep 0.05; done
"$1" </dev/null & node=$!
{ read -r _ <&3; kill -KILL $node $epmd; } & watcher=$!
wait $node
kill -KILL $epmd $watcher 2>/dev/null
wait
`

// Restart starts the node, ending it first if it runs, on the same ports with the same data.
func (n *Node) Restart(ctx context.Context) error {
	n.Kill()
	script := supervise
	if n.cluster != nil {
		script = superviseMember
	}
	command := exec.Command("/bin/sh", "-c", script, "sh", binaries+"rabbitmq-server")
	command.Env = n.environment()
	command.Dir = n.directory
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output := &bytes.Buffer{}
	command.Stdout, command.Stderr = output, output
	// The output's pipe may be kept open by a process of the group that is slow to die.
	command.WaitDelay = 5 * time.Second
	lifeline, err := command.StdinPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = command.Wait() // killed: its status says nothing
	}()
	n.process, n.lifeline, n.exited = command, lifeline, exited
	if err := n.waitUntilUp(ctx); err != nil {
		n.Kill()
		return fmt.Errorf("%w\n%s\n%s", err, output, n.Log())
	}
	return nil
}

func (n *Node) waitUntilUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		connection, err := amqp.Dial(n.URL())
		if err == nil {
			err = connection.Close()
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the RabbitMQ node takes no connections: %w (%w)", err, ctx.Err())
		case <-n.exited:
			return errors.New("the RabbitMQ node ended while starting")
		case <-ticker.C:
		}
	}
}

// Kill ends the node's process group at once (SIGKILL). Restart starts it again.
func (n *Node) Kill() {
	if n.process == nil {
		return
	}
	_ = n.lifeline.Close() // fails when the process has ended already
	<-n.exited
	n.process = nil
}

// Stop ends the node and removes what it left. It may be called more than once.
func (n *Node) Stop() error {
	n.Kill()
	if n.removeOnStop {
		return os.RemoveAll(n.directory)
	}
	return nil
}

// Address is the host and port of the AMQP listener.
func (n *Node) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.amqpPort)) }

// URL of the default virtual host for the administrator, understood by oslo.messaging's and amqp091-go's parsers alike
// but for its scheme.
func (n *Node) URL() string { return n.UserURL("guest", "guest", "/") }

// UserURL is URL for another user and virtual host.
func (n *Node) UserURL(user, password, virtualHost string) string {
	return fmt.Sprintf("amqp://%s@%s/%s", url.UserPassword(user, password), n.Address(), url.PathEscape(virtualHost))
}

// Log is what the node has logged.
func (n *Node) Log() string {
	text, err := os.ReadFile(filepath.Join(n.directory, "log", "node.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Ctl runs rabbitmqctl on the node; "eval" runs an Erlang expression.
func (n *Node) Ctl(ctx context.Context, arguments ...string) (string, error) {
	return n.Tool(ctx, "rabbitmqctl", arguments...)
}

// Tool runs another of RabbitMQ's tools on the node: rabbitmq-plugins, rabbitmq-queues, rabbitmq-diagnostics.
func (n *Node) Tool(ctx context.Context, tool string, arguments ...string) (string, error) {
	for attempt := 0; ; attempt++ {
		text, err := n.runTool(ctx, tool, arguments)
		// A node takes connections a moment before it counts itself as running, and the tool, which is an Erlang node itself, does
		// not always reach a busy one (net_setuptime is 7 s). Each try takes the tool half a second at least.
		unreached := strings.Contains(text, "requires the 'rabbit' app to be "+
			"running") || strings.Contains(text, "unable to perform an operation on node")
		if err == nil || !unreached || attempt == 20 {
			return text, err
		}
	}
}

func (n *Node) runTool(ctx context.Context, tool string, arguments []string) (string, error) {
	command := exec.CommandContext(ctx, binaries+tool, append([]string{"--quiet", "--node", n.name}, arguments...)...)
	command.Env = n.environment()
	out, err := command.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("%s %s: %w: %s", tool, arguments[0], err, text)
	}
	return text, nil
}
