package keystoneattributesprocessor

import (
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// Config is the configuration of the processor. Either Cloud or Auth says which Keystone to ask, and as whom.
type Config struct {
	// Cloud is an entry of clouds.yaml.
	Cloud string `mapstructure:"cloud"`
	// CloudsFile is the path of clouds.yaml; empty: the usual places.
	CloudsFile string `mapstructure:"clouds_file"`
	// Auth says the same without a file.
	Auth configoptional.Optional[AuthConfig] `mapstructure:"auth"`
	// HTTP is the client for Keystone; its endpoint and auth stay empty.
	HTTP confighttp.ClientConfig `mapstructure:"http"`
	// Kinds are the kinds of things that Keystone is asked for.
	Kinds []string `mapstructure:"kinds"`
	// Wait is how long a batch waits for Keystone at most; 0: never.
	Wait time.Duration `mapstructure:"wait"`
	// OnUnavailable says what becomes of a batch with ids that cannot be looked up because Keystone is away.
	OnUnavailable UnavailablePolicy `mapstructure:"on_unavailable"`
	// Cache bounds what is remembered.
	Cache CacheConfig `mapstructure:"cache"`
	// Preload lists everything in the background, after the start and then every RefreshInterval.
	Preload bool `mapstructure:"preload"`
	// RefreshInterval is the time between two lists; 0: only after the start.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	// MaxConcurrentRequests is the number of lookups at a time; a list is one more.
	MaxConcurrentRequests int `mapstructure:"max_concurrent_requests"`
	// Canary tells of each login of ours in a record of its own, so that the connector openstack_audit_completeness can look for its event.
	// Keystone sends one only where its notification_opt_out is empty.
	Canary bool `mapstructure:"canary"`
	// Storage is the storage extension that keeps names over a restart; nil: none.
	Storage *component.ID `mapstructure:"storage"`

	_ struct{}
}

// CacheConfig bounds what is remembered.
type CacheConfig struct {
	// MaxEntries is the number of names, those of deleted things included.
	MaxEntries int `mapstructure:"max_entries"`
	// TTL is how long a name holds before Keystone is asked again.
	TTL time.Duration `mapstructure:"ttl"`
	// NegativeTTL is how long it holds that Keystone has no such thing.
	NegativeTTL time.Duration `mapstructure:"negative_ttl"`
	// TombstoneTTL is how long the names of deleted things are kept.
	TombstoneTTL time.Duration `mapstructure:"tombstone_ttl"`

	_ struct{}
}

// UnavailablePolicy is pass or refuse.
type UnavailablePolicy string

// The policies.
const (
	UnavailablePass   UnavailablePolicy = "pass"
	UnavailableRefuse UnavailablePolicy = "refuse"
)

// NewDefaultConfig returns the defaults. They lack the one thing that has none: cloud or auth.
func NewDefaultConfig() *Config {
	httpConfig := confighttp.NewDefaultClientConfig()
	httpConfig.Timeout = 5 * time.Second
	kinds := make([]string, 0, keystone.KindCount)
	for kind := range keystone.KindCount {
		kinds = append(kinds, kind.String())
	}
	return &Config{
		HTTP:          httpConfig,
		Kinds:         kinds,
		Wait:          2 * time.Second,
		OnUnavailable: UnavailablePass,
		Cache: CacheConfig{
			MaxEntries: 1_000_000, TTL: time.Hour, NegativeTTL: time.Minute, TombstoneTTL: 90 * 24 * time.Hour,
		},
		Preload:               true,
		RefreshInterval:       time.Hour,
		MaxConcurrentRequests: 8,
	}
}

// off reports whether there is no Keystone to ask.
func (c *Config) off() bool {
	return c.Auth.HasValue() && c.Auth.Get().AuthURL == ""
}

// Validate names each key whose value is not allowed, and what is.
func (c *Config) Validate() error {
	known := NewDefaultConfig().Kinds
	seen := map[string]bool{}
	return errors.Join(
		configcheck.That((c.Cloud != "") != c.Auth.HasValue(), "set exactly one of cloud (an entry of clouds.yaml) and auth"),
		configcheck.That(c.CloudsFile == "" || c.Cloud != "", "clouds_file: needs cloud, the entry to read"),
		configcheck.That(c.HTTP.Endpoint == "", "http::endpoint: is not used, set auth::auth_url or the cloud's auth_url"),
		configcheck.That(!c.HTTP.Auth.HasValue(), "http::auth: is not used, Keystone takes what auth or cloud say"),
		configcheck.That(c.HTTP.Timeout > 0, "http::timeout: %v is not more than 0", c.HTTP.Timeout),
		configcheck.AtLeast("wait", c.Wait, 0),
		configcheck.OneOf("on_unavailable", c.OnUnavailable, UnavailablePass, UnavailableRefuse),
		configcheck.That(c.OnUnavailable != UnavailableRefuse || c.Wait > 0, "on_unavailable: refuse needs a wait of more than 0"),
		configcheck.AtLeast("refresh_interval", c.RefreshInterval, 0),
		configcheck.Between("max_concurrent_requests", c.MaxConcurrentRequests, 1, 256, "requests"),
		configcheck.That(len(c.Kinds) > 0, "kinds: is empty, allowed are %s", strings.Join(known, ", ")),
		configcheck.Each("kinds", c.Kinds, func(path, kind string) error {
			repeated := seen[kind]
			seen[kind] = true
			return errors.Join(configcheck.OneOf(path, kind, known...), configcheck.That(!repeated, "%s: %q is there twice", path, kind))
		}),
	)
}

// Validate names each key whose value is not allowed.
func (c *CacheConfig) Validate() error {
	return errors.Join(
		configcheck.Between("max_entries", c.MaxEntries, 1, 100_000_000, "names"),
		configcheck.AtLeast("ttl", c.TTL, time.Second),
		configcheck.AtLeast("negative_ttl", c.NegativeTTL, time.Second),
		configcheck.AtLeast("tombstone_ttl", c.TombstoneTTL, time.Second),
	)
}
