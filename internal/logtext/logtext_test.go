package logtext_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/logtext"
)

func TestBounded(t *testing.T) {
	for _, test := range []struct {
		name  string
		field zap.Field
		want  any
	}{
		{"a word", zap.String("id", "c7d7f5a5"), "c7d7f5a5"},
		{"another script", zap.String("name", "Jürgen 山田"), "Jürgen 山田"},
		{"a line", zap.String("id", "a\n2026-11-21 error forged"), `a\n2026-11-21 error forged`},
		{"colours", zap.String("id", "\x1b[31mred"), `\x1b[31mred`},
		{"a direction", zap.String("id", "a\u202egnp"), `a\u202egnp`},
		{"no text", zap.String("id", "a\xff"), `a\xff`},
		{"a long one", zap.String("id", strings.Repeat("x", 5000)), strings.Repeat("x", 1024) + "…"},
		{"a long one of characters", zap.String("id", strings.Repeat("ü", 1000)), strings.Repeat("ü", 512) + "…"},
		{"an error", zap.Error(errors.New("broker: a\x00b")), `broker: a\x00b`},
		{"a long error", zap.Error(errors.New(strings.Repeat("x", 1<<20))), strings.Repeat("x", 2048) + "…"},
		{"no error", zap.Int("n", 7), int64(7)},
	} {
		t.Run(test.name, func(t *testing.T) {
			core, logs := observer.New(zapcore.InfoLevel)
			logger := logtext.Bounded(zap.New(core))
			logger.Info("x", test.field)
			logger.With(test.field).Info("x")
			require.Len(t, logs.All(), 2)
			for _, entry := range logs.All() {
				require.Equal(t, test.want, entry.ContextMap()[test.field.Key])
			}
		})
	}
}

func TestMessageAndLevel(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	logger := logtext.Bounded(zap.New(core))
	logger.Debug("not this")
	logger.Info("a\nb" + strings.Repeat("x", 5000))
	require.Len(t, logs.All(), 1)
	require.Len(t, logs.All()[0].Message, 2048+1+len("…"))
	require.True(t, strings.HasPrefix(logs.All()[0].Message, `a\nbxxx`))
}

// The collector samples its log: what it leaves out stays out.
func TestSamplingStays(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	logger := logtext.Bounded(zap.New(zapcore.NewSamplerWithOptions(core, time.Hour, 2, 0)))
	for range 10 {
		logger.Info("again")
	}
	require.Len(t, logs.All(), 2)
}
