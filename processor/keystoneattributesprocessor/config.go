package keystoneattributesprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"

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
	var errs []error
	must := func(ok bool, format string, arguments ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, arguments...))
		}
	}
	must((c.Cloud != "") != c.Auth.HasValue(), "set exactly one of cloud (an entry of clouds.yaml) and auth")
	must(c.CloudsFile == "" || c.Cloud != "", "clouds_file: needs cloud, the entry to read")
	must(c.HTTP.Endpoint == "", "http::endpoint: is not used, set auth::auth_url or the cloud's auth_url")
	must(!c.HTTP.Auth.HasValue(), "http::auth: is not used, Keystone takes what auth or cloud say")
	must(c.HTTP.Timeout > 0, "http::timeout: %v is not more than 0", c.HTTP.Timeout)
	must(c.Wait >= 0, "wait: %v is less than 0", c.Wait)
	must(c.OnUnavailable == UnavailablePass || c.OnUnavailable == UnavailableRefuse,
		"on_unavailable: %q is none of pass, refuse", string(c.OnUnavailable))
	must(c.OnUnavailable != UnavailableRefuse || c.Wait > 0, "on_unavailable: refuse needs a wait of more than 0")
	must(c.RefreshInterval >= 0, "refresh_interval: %v is less than 0", c.RefreshInterval)
	must(c.MaxConcurrentRequests >= 1 && c.MaxConcurrentRequests <= 256,
		"max_concurrent_requests: %d is not between 1 and 256", c.MaxConcurrentRequests)
	must(len(c.Kinds) > 0, "kinds: is empty, allowed are %s", strings.Join(NewDefaultConfig().Kinds, ", "))
	for i, kind := range c.Kinds {
		_, known := keystone.ParseKind(kind)
		must(known, "kinds[%d]: %q is none of %s", i, kind, strings.Join(NewDefaultConfig().Kinds, ", "))
		must(!slices.Contains(c.Kinds[:i], kind), "kinds[%d]: %q is there twice", i, kind)
	}
	return errors.Join(errs...)
}

// Validate names each key whose value is not allowed.
func (c *CacheConfig) Validate() error {
	var errs []error
	if c.MaxEntries < 1 || c.MaxEntries > 100_000_000 {
		errs = append(errs, fmt.Errorf("max_entries: %d is not between 1 and 100000000", c.MaxEntries))
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"ttl", c.TTL}, {"negative_ttl", c.NegativeTTL}, {"tombstone_ttl", c.TombstoneTTL}} {
		if d.value < time.Second {
			errs = append(errs, fmt.Errorf("%s: %v is less than 1s", d.key, d.value))
		}
	}
	return errors.Join(errs...)
}
