package backends

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/collectortest"
)

// sums are those that docs/troubleshooting.md compares.
type sums struct {
	published, acknowledged, waiting, rejected int // of RabbitMQ
	settled, sending                           int // of the collector: what it acknowledged, and what waits on its disk
	stored                                     int // distinct ids at the backend
}

// agree tells where they do not.
func (s sums) agree() error {
	if s.published != s.acknowledged+s.waiting+s.rejected || s.acknowledged != s.settled || s.acknowledged != s.stored+s.sending {
		return fmt.Errorf("they do not agree: %+v", s)
	}
	return nil
}

// reconciliation runs the commands of docs/troubleshooting.md, as they stand there but for addresses and the password.
type reconciliation struct {
	commands []string // RabbitMQ, the collector, Elasticsearch, Loki
	replace  *strings.Replacer
}

func newReconciliation(t testing.TB, management, self string, replace ...string) reconciliation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "troubleshooting.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "## How do I show that nothing is missing?")
	require.True(t, found)
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)\n```").FindAllStringSubmatch(section, -1) {
		commands = append(commands, block[1])
	}
	require.Len(t, commands, 4)
	return reconciliation{commands: commands, replace: strings.NewReplacer(append([]string{
		"rabbit1:15672", management, "audit-monitor:PASSWORD", "guest:guest", "%2F", virtualHost(t), "127.0.0.1:8888", self,
	}, replace...)...)}
}

func (r reconciliation) run(t testing.TB, command int) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", r.replace.Replace(r.commands[command])).Output()
	return string(out), err
}

// read runs the commands; stored is the one of the backend, and number finds its answer.
func (r reconciliation) read(t testing.TB, stored int, number *regexp.Regexp) (s sums, err error) {
	t.Helper()
	out, err := r.run(t, 0)
	if err != nil {
		return s, err
	}
	var queues []struct {
		Name         string
		Messages     int
		MessageStats struct{ Publish, Ack int } `json:"message_stats"`
	}
	if err := json.Unmarshal([]byte(out), &queues); err != nil {
		return s, fmt.Errorf("%w: %s", err, out)
	}
	for _, queue := range queues {
		switch {
		case strings.HasSuffix(queue.Name, ".rejected"):
			s.rejected = queue.Messages
		case strings.HasPrefix(queue.Name, "otelcol-openstack-audit"):
			s.published, s.acknowledged, s.waiting = queue.MessageStats.Publish, queue.MessageStats.Ack, queue.Messages
		}
	}
	if out, err = r.run(t, 1); err != nil {
		return s, err
	}
	value := func(metric string) int {
		match := regexp.MustCompile(`(?m)^` + metric + `[^ ]* (\d+)$`).FindStringSubmatch(out)
		if match == nil {
			return 0
		}
		number, _ := strconv.Atoi(match[1]) // digits
		return number
	}
	s.settled = value(`otelcol_openstack_audit_receiver_deliveries\{[^}]*settlement="acknowledged"`)
	s.sending = value("otelcol_exporter_queue_size")
	if out, err = r.run(t, stored); err != nil {
		return s, err
	}
	match := number.FindStringSubmatch(out)
	if match == nil {
		return s, fmt.Errorf("no number: %s", out)
	}
	s.stored, err = strconv.Atoi(match[1])
	return s, err
}

// manage enables RabbitMQ's management plugin on the node of all tests.
func manage(t testing.TB) (address string) {
	t.Helper()
	address = collectortest.FreeAddress(t)
	_, err := node.Ctl(t.Context(), "eval", fmt.Sprintf(
		`application:set_env(rabbitmq_management, tcp_config, [{ip, "127.0.0.1"}, {port, %s}], [{persistent, true}]).`,
		collectortest.Port(t, address)))
	require.NoError(t, err)
	_, err = node.Tool(t.Context(), "rabbitmq-plugins", "enable", "rabbitmq_management")
	require.NoError(t, err)
	return address
}

// reconcile publishes what is stored, what is rejected, and what waits because the backend is away, and compares the sums after each.
func reconcile(t *testing.T, url string, read func() (sums, error), setAway func(bool), processes ...*process) {
	t.Helper()
	const stored, unreadable, waiting = 200, 5, 60
	wait := func(done func(sums) bool) (s sums) {
		eventually(t, func() (err error) {
			if s, err = read(); err == nil {
				err = s.agree()
			}
			if err == nil && !done(s) {
				err = fmt.Errorf("not yet: %+v", s)
			}
			return err
		}, processes...)
		t.Logf("%+v", s)
		return s
	}
	logins := func(count int) (bodies [][]byte) {
		for range count {
			bodies = append(bodies, login(time.Now(), alice, "success"))
		}
		return bodies
	}
	send(t, url, logins(stored)...)
	for range unreadable {
		send(t, url, []byte("no notification"))
	}
	wait(func(s sums) bool {
		return s.published == stored+unreadable && s.stored == stored && s.rejected == unreadable && s.waiting == 0
	})
	setAway(true)
	send(t, url, logins(waiting)...)
	wait(func(s sums) bool {
		return s.published == stored+unreadable+waiting && s.stored == stored && s.waiting > 0 && s.sending > 0
	})
	setAway(false)
	wait(func(s sums) bool { return s.stored == stored+waiting && s.waiting == 0 && s.sending == 0 })
}

// In the sending queue there is room for 30 records.
func reconciled(exporter string) []string {
	return []string{
		"--set", "receivers.openstack_audit.on_decode_error=reject", "--set", "receivers.openstack_audit.rabbitmq.max_batch_size=10",
		"--set", "exporters." + exporter + ".sending_queue.queue_size=30",
	}
}

func TestReconciliation(t *testing.T) {
	t.Parallel()
	management := manage(t)
	url, environment := broker(t)
	e := newElasticsearch(t)
	c := consuming(t, "elasticsearch.yaml", append(environment, "AUDIT_ELASTICSEARCH_ENDPOINT="+e.URL),
		append(reconciled("elasticsearch"), "--set", "exporters.elasticsearch.retry.max_interval=1s")...)
	r := newReconciliation(t, management, c.Metrics, "elasticsearch:9200", strings.TrimPrefix(e.URL, "http://"))
	reconcile(t, url, func() (sums, error) {
		return r.read(t, 2, regexp.MustCompile(`"count":(\d+)`))
	}, func(away bool) {
		e.setRefuse(map[bool]int{true: http.StatusServiceUnavailable}[away])
	}, c.Process)
}
