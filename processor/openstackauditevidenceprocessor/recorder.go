package openstackauditevidenceprocessor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/canonical"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/shared"
)

// recorder writes one log, for all pipelines that name the same processor.
type recorder struct {
	config    *Config
	logger    *zap.Logger
	telemetry *telemetry
	status    *status
	refusals  *refusals
	version   string
	hashers   sync.Pool

	mu        sync.Mutex
	pipelines []*pipeline
	log       *evidence.Log // nil before the start
	stop      context.CancelFunc
	loops     sync.WaitGroup
}

func newRecorder(config *Config, settings processor.Settings) (*recorder, error) {
	t, err := newTelemetry(settings)
	if err != nil {
		return nil, err
	}
	r := &recorder{
		config: config, logger: settings.Logger, telemetry: t, status: &status{logger: settings.Logger}, version: settings.BuildInfo.Version,
		hashers: sync.Pool{New: func() any { return &hasher{form: canonical.NewForm()} }},
	}
	r.refusals = &refusals{append: r.appendRefused, now: time.Now}
	return r, nil
}

// start opens the log with the first pipeline.
func (r *recorder) start(ctx context.Context, host component.Host, p *pipeline) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pipelines = append(r.pipelines, p)
	r.status.Join(host)
	if r.log != nil {
		return nil
	}
	signer, err := evidence.ReadSigner(r.config.KeyFile)
	if err != nil {
		return fmt.Errorf("key_file: %w", err)
	}
	if signer.Origin() != r.config.Origin {
		return fmt.Errorf("key_file: is the key of %s, and origin is %s", signer.Origin(), r.config.Origin)
	}
	options := evidence.Options{
		Directory: r.config.Directory, Signer: signer, RequireWitness: r.config.RequireWitness, Monthly: r.config.Rotate == RotateMonthly,
	}
	for _, w := range r.config.Witnesses {
		options.Witnesses = append(options.Witnesses, evidence.Witness{URL: w.URL, Key: w.Key})
	}
	log, err := evidence.Open(ctx, options)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	if err := r.telemetry.watch(log, time.Now()); err != nil {
		return err
	}
	r.log = log
	stats := log.Stats()
	r.status.changed(stats.Halted)
	if stats.Damage != nil {
		r.logger.Error("records whose entries were damaged count as extra when they are verified", zap.Error(stats.Damage))
	}
	if stats.Halted == nil {
		r.logger.Info("evidence log is open", zap.String("directory", r.config.Directory), zap.Uint64("entries", stats.Entries),
			zap.String("verifier_key", signer.VerifierKey()))
	}
	running, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.loops.Go(func() { shared.Every(running, r.config.CheckpointInterval, func() { r.publish(running) }) })
	if r.config.ExportInterval > 0 {
		r.loops.Go(func() { shared.Every(running, r.config.ExportInterval, func() { r.export(running) }) })
	}
	return nil
}

func (r *recorder) shutdown(ctx context.Context) error {
	defer r.telemetry.Shutdown()
	if r.log == nil {
		return nil
	}
	r.stop()
	r.loops.Wait()
	r.refusals.flush(true)
	err := r.log.Close(ctx)
	if r.log.Stats().Halted != nil {
		return nil // it was said, and there is nothing to publish
	}
	return err
}

// append makes the entries of a batch durable, or says what becomes of the records without that.
func (r *recorder) append(ctx context.Context, b *evidence.Batch) error {
	r.refusals.again(b)
	start := time.Now()
	err := r.log.Append(b)
	r.telemetry.OpenstackAuditEvidenceProcessorAppendDuration.Record(ctx, time.Since(start).Seconds(), r.telemetry.Common)
	r.status.changed(err)
	switch {
	case err == nil:
		return nil
	case r.config.OnFailure == FailurePass:
		r.log.Pass(b.Len())
		r.telemetry.OpenstackAuditEvidenceProcessorPassedRecords.Add(ctx, int64(b.Len()), r.telemetry.Common)
		return nil
	default:
		r.telemetry.OpenstackAuditEvidenceProcessorHeldRecords.Add(ctx, int64(b.Len()), r.telemetry.Common)
		return err
	}
}

// appendRefused notes records that the next consumer rejected permanently.
func (r *recorder) appendRefused(b *evidence.Batch) error {
	if err := r.log.Append(b); err != nil {
		return err
	}
	r.telemetry.OpenstackAuditEvidenceProcessorRefusedRecords.Add(context.Background(), int64(b.Len()), r.telemetry.Common)
	return nil
}

// publish makes a checkpoint.
func (r *recorder) publish(ctx context.Context) {
	r.refusals.flush(false)
	_, err := r.log.Publish(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.telemetry.OpenstackAuditEvidenceProcessorCheckpointFailures.Add(ctx, 1, r.telemetry.Common)
	}
	r.status.changed(err)
	r.status.witnessesChanged(r.log.WitnessError())
}
