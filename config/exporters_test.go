package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// exporter is what the delivery of an HTTP exporter stands on.
type exporter struct {
	Endpoint       string
	Compression    string
	Timeout        string
	Middlewares    []struct{ ID string }
	RetryOnFailure struct {
		Enabled        *bool
		MaxElapsedTime *int `yaml:"max_elapsed_time"`
	} `yaml:"retry_on_failure"`
	Retry struct {
		MaxRetries    int   `yaml:"max_retries"`
		RetryOnStatus []int `yaml:"retry_on_status"`
	}
	SendingQueue struct {
		Enabled *bool
		Storage string
		Sizer   string
		Batch   struct{ Sizer string }
	} `yaml:"sending_queue"`
}

// No exporter of a shipped configuration gives up what was acknowledged: each default that does is changed in each file.
func TestExportersGiveNothingUp(t *testing.T) {
	configurations, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	checked := 0
	for _, configuration := range configurations {
		text, err := os.ReadFile(filepath.Clean(configuration))
		require.NoError(t, err)
		var c struct {
			Receivers  map[string]any
			Exporters  map[string]yaml.Node
			Extensions map[string]struct {
				Fsync       bool
				Storage     string
				DeadLetters struct{ Enabled *bool } `yaml:"dead_letters"`
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &c), configuration)
		for id, node := range c.Exporters {
			kind, _, _ := strings.Cut(id, "/")
			if kind != "otlp_http" && kind != "elasticsearch" || id == "otlp_http/names" { // which goes to the collector itself
				continue
			}
			checked++
			var e exporter
			require.NoError(t, node.Decode(&e), configuration)
			require.Equal(t, []struct{ ID string }{{"http_delivery"}}, e.Middlewares, configuration)
			require.Equal(t, "0s", e.Timeout, configuration)
			require.True(t, c.Extensions["file_storage"].Fsync, configuration)
			if e.SendingQueue.Enabled != nil { // the receiver waits for the backend's answer, tries again and rejects
				require.False(t, *e.SendingQueue.Enabled, configuration)
				require.False(t, *e.RetryOnFailure.Enabled, configuration)
				require.False(t, *c.Extensions["http_delivery"].DeadLetters.Enabled, configuration)
				require.Equal(t, []string{"openstack_audit"}, slices.Collect(maps.Keys(c.Receivers)), configuration)
				continue
			}
			require.Nil(t, c.Extensions["http_delivery"].DeadLetters.Enabled, configuration)
			require.Equal(t, "queue_storage", e.SendingQueue.Storage, configuration)
			require.Equal(t, "file_storage", c.Extensions["queue_storage"].Storage, configuration)
			require.Equal(t, "items", e.SendingQueue.Sizer, configuration)
			require.Equal(t, "bytes", e.SendingQueue.Batch.Sizer, configuration)
			if kind == "elasticsearch" {
				// What http_delivery takes for rejected is what is not in this list.
				require.Equal(t, []int{401, 403, 404, 408, 429, 500, 502, 503, 504}, e.Retry.RetryOnStatus, configuration)
				require.GreaterOrEqual(t, e.Retry.MaxRetries, 1000000, configuration)
				continue
			}
			require.Equal(t, "zstd", e.Compression, configuration) // http_delivery sends gzip where the backend does not know it
			require.NotNil(t, e.RetryOnFailure.MaxElapsedTime, configuration)
			require.Zero(t, *e.RetryOnFailure.MaxElapsedTime, configuration)
		}
	}
	require.GreaterOrEqual(t, checked, 13)
}
