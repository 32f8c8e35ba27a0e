package collectortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/fixtures"
)

// Kafka starts a broker with the topics of oslo.messaging's Kafka driver, and returns its address and what sends it notifications. It is
// internal/tools/test/kafka, which has modules of its own.
func Kafka(t testing.TB) (address string, produce func(bodies ...[]byte) error) {
	t.Helper()
	return KafkaPartitions(t, 1)
}

// KafkaPartitions is Kafka with so many partitions of each topic.
func KafkaPartitions(t testing.TB, partitions int) (address string, produce func(bodies ...[]byte) error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "kafka")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join(fixtures.Root(t), "internal/tools/test"), "-buildvcs=false",
		"-o", program, "./kafka")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	broker := exec.CommandContext(t.Context(), program, strconv.Itoa(partitions))
	broker.Stderr = os.Stderr
	stdin, err := broker.StdinPipe()
	require.NoError(t, err)
	stdout, err := broker.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, broker.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = broker.Wait()
	})

	var mu sync.Mutex
	requests, answers := json.NewEncoder(stdin), json.NewDecoder(stdout)
	require.NoError(t, answers.Decode(&address))
	return address, func(bodies ...[]byte) error {
		mu.Lock()
		defer mu.Unlock()
		if err := requests.Encode(bodies); err != nil {
			return fmt.Errorf("send to the broker: %w", err)
		}
		var answer string
		if err := answers.Decode(&answer); err != nil {
			return fmt.Errorf("answer of the broker: %w", err)
		}
		if answer != "" {
			return errors.New(answer)
		}
		return nil
	}
}
