package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
)

// configuration is that of the collector, resolved.
type configuration struct {
	conf *confmap.Conf
	// used has the components that the service starts, by section: receivers, processors, exporters, connectors, extensions.
	used map[string][]component.ID
}

// providers are those of builder-config.yaml.
func providers() []confmap.ProviderFactory {
	return []confmap.ProviderFactory{envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory()}
}

// readConfiguration resolves the configuration as the collector does.
func readConfiguration(ctx context.Context, o *options) (*configuration, error) {
	uris := slices.Clone(o.configs)
	for _, set := range o.sets {
		key, value, found := strings.Cut(set, "=")
		if !found {
			return nil, fmt.Errorf("--set %s: is not of the form KEY=VALUE", key)
		}
		uris = append(uris, "yaml:"+strings.TrimSpace(strings.ReplaceAll(key, ".", "::"))+": "+strings.TrimSpace(value))
	}
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{URIs: uris, ProviderFactories: providers(), DefaultScheme: "env"})
	if err != nil {
		return nil, err
	}
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	c := &configuration{conf: conf}
	return c, errors.Join(c.findUsed(), resolver.Shutdown(ctx))
}

// exports reports whether a pipeline of the signal, such as logs, has the exporter.
func (c *configuration) exports(id component.ID, signal string) bool {
	return slices.Contains(c.used["exporters of "+signal], id)
}

// findUsed reads the service section.
func (c *configuration) findUsed() error {
	type pipeline struct {
		Receivers  []component.ID `mapstructure:"receivers"`
		Processors []component.ID `mapstructure:"processors"`
		Exporters  []component.ID `mapstructure:"exporters"`
	}
	var service struct {
		Service struct {
			Extensions []component.ID      `mapstructure:"extensions"`
			Pipelines  map[string]pipeline `mapstructure:"pipelines"`
		} `mapstructure:"service"`
	}
	if err := c.conf.Unmarshal(&service, confmap.WithIgnoreUnused()); err != nil {
		return err
	}
	used := map[string][]component.ID{"extensions": service.Service.Extensions}
	for name, p := range service.Service.Pipelines {
		signal, _, _ := strings.Cut(name, "/")
		used["exporters of "+signal] = append(used["exporters of "+signal], p.Exporters...)
		used["receivers"] = append(used["receivers"], p.Receivers...)
		used["processors"] = append(used["processors"], p.Processors...)
		used["exporters"] = append(used["exporters"], p.Exporters...)
	}
	c.used = map[string][]component.ID{}
	for kind, ids := range used {
		slices.SortFunc(ids, func(a, b component.ID) int { return strings.Compare(a.String(), b.String()) })
		c.used[kind] = slices.Compact(ids)
	}
	return nil
}

// of returns the components of a section and of one of the types, that the service starts and the configuration describes. A
// connector, which pipelines name among receivers and exporters, is in none.
func (c *configuration) of(kind string, types ...string) []component.ID {
	return slices.DeleteFunc(slices.Clone(c.used[kind]), func(id component.ID) bool {
		return !c.conf.IsSet(kind+"::"+id.String()) || len(types) > 0 && !slices.Contains(types, id.Type().String())
	})
}

// read reads what the configuration says of a component into a struct of its own type, or of another that has some of its keys.
func (c *configuration) read(kind string, id component.ID, into any) error {
	sub, err := c.conf.Sub(kind + "::" + id.String())
	if err != nil {
		return err
	}
	return sub.Unmarshal(into, confmap.WithIgnoreUnused())
}

// validate lets the collector say what is wrong with its configuration.
func validate(ctx context.Context, o *options, s *section) {
	arguments := []string{"validate"}
	for _, config := range o.configs {
		arguments = append(arguments, "--config="+config)
	}
	for _, set := range o.sets {
		arguments = append(arguments, "--set="+set)
	}
	if o.featureGates != "" {
		arguments = append(arguments, "--feature-gates="+o.featureGates)
	}
	output, err := exec.CommandContext(ctx, o.collector, arguments...).CombinedOutput() //nolint:gosec // the operator's own choice
	var exit *exec.ExitError
	switch {
	case err == nil:
		s.ok("configuration.valid", "The collector accepts its configuration.")
	case errors.As(err, &exit):
		s.fail("configuration.valid", "Correct the configuration.", "The collector refuses its configuration: %s", output)
	default:
		s.notChecked("configuration.valid", "Name the collector with --collector PATH.", "The collector could not be run: %v", err)
	}
}
