package openstackauditevidenceprocessor

import (
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// Config is the configuration of the processor.
type Config struct {
	// Origin names the log, such as audit.example.com/ctl01. Each collector has a log of its own.
	Origin string `mapstructure:"origin"`
	// Directory has the log's files.
	Directory string `mapstructure:"directory"`
	// KeyFile has the private key, which audit-verify keygen makes.
	KeyFile string `mapstructure:"key_file"`
	// CheckpointInterval is the time between two checkpoints (default 10s).
	CheckpointInterval time.Duration `mapstructure:"checkpoint_interval"`
	// ExportInterval is the time between two records that tell of the newest checkpoint (default 60s); 0: there are none.
	ExportInterval time.Duration `mapstructure:"export_interval"`
	// Witnesses are asked to cosign each checkpoint.
	Witnesses []WitnessConfig `mapstructure:"witnesses"`
	// RequireWitness says that a checkpoint is published only with the cosignature of at least one witness. Records do not wait for it.
	RequireWitness bool `mapstructure:"require_witness"`
	// OnFailure says what becomes of a record that cannot be logged (default hold).
	OnFailure FailurePolicy `mapstructure:"on_failure"`
	// Embed adds the canonical text as an attribute to each record.
	Embed bool `mapstructure:"embed"`
	// Rotate says when an entry begins a new shard of the log (default monthly).
	Rotate Rotation `mapstructure:"rotate"`

	_ struct{}
}

// WitnessConfig is a witness (c2sp.org/tlog-witness).
type WitnessConfig struct {
	// URL is the submission prefix, without /add-checkpoint.
	URL string `mapstructure:"url"`
	// Key is the public key, name+hash+key.
	Key string `mapstructure:"key"`

	_ struct{}
}

// FailurePolicy is hold or pass.
type FailurePolicy string

// The policies.
const (
	FailureHold FailurePolicy = "hold"
	FailurePass FailurePolicy = "pass"
)

// Rotation is monthly or never.
type Rotation string

// The rotations.
const (
	RotateMonthly Rotation = "monthly"
	RotateNever   Rotation = "never"
)

func createDefaultConfig() component.Config {
	return &Config{
		CheckpointInterval: 10 * time.Second,
		ExportInterval:     time.Minute,
		OnFailure:          FailureHold,
		Rotate:             RotateMonthly,
	}
}

// Validate names each key whose value is not allowed, and what is.
func (c *Config) Validate() error {
	isName := func(r rune) bool { return unicode.IsSpace(r) || r == '+' || unicode.IsControl(r) }
	return errors.Join(
		configcheck.That(c.Origin != "", "origin: is empty; name the log, such as audit.example.com/ctl01"),
		configcheck.That(!strings.ContainsFunc(c.Origin, isName), "origin: %q has a space, a plus or a control character", c.Origin),
		configcheck.That(c.Directory != "", "directory: is empty; name a directory for the log's files"),
		configcheck.That(c.KeyFile != "", "key_file: is empty; make a key with audit-verify keygen --origin %s --out FILE", c.Origin),
		configcheck.AtLeast("checkpoint_interval", c.CheckpointInterval, 100*time.Millisecond),
		configcheck.That(c.ExportInterval == 0 || c.ExportInterval >= time.Second,
			"export_interval: %v is less than 1s; 0 exports nothing", c.ExportInterval),
		configcheck.Each("witnesses", c.Witnesses, checkWitness),
		configcheck.That(!c.RequireWitness || len(c.Witnesses) > 0, "require_witness: needs one of witnesses"),
		configcheck.OneOf("on_failure", c.OnFailure, FailureHold, FailurePass),
		configcheck.OneOf("rotate", c.Rotate, RotateMonthly, RotateNever),
	)
}

func checkWitness(path string, w WitnessConfig) error {
	address, err := url.Parse(w.URL)
	isHTTP := err == nil && (address.Scheme == "http" || address.Scheme == "https") && address.Host != ""
	_, keyErr := evidence.NewWitnessVerifier(w.Key)
	return errors.Join(
		configcheck.That(isHTTP, "%s::url: is no http or https URL", path),
		configcheck.That(!isHTTP || address.User == nil, "%s::url: must not have a user or password", path),
		configcheck.That(keyErr == nil, "%s::key: is no public key (name+hash+key): %v", path, keyErr),
	)
}
