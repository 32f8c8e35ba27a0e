package main

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/export"
	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/reconcile"
)

// sourceFlags name what has the stored records.
type sourceFlags struct {
	loki, elasticsearch, otlp  []string
	lokiURL, lokiQuery, tenant string
	elasticsearchURL, indices  string
	caFile                     string
}

// source is an export.
type source struct {
	name   string
	format export.Format
	values export.Source
	made   time.Time // when the backend was asked
}

func (s *sourceFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&s.loki, "loki", nil, "file with records from Loki")
	flags.StringArrayVar(&s.elasticsearch, "elasticsearch", nil, "file with records from Elasticsearch or OpenSearch")
	flags.StringArrayVar(&s.otlp, "otlp", nil, "file with records as OTLP JSON")
	flags.StringVar(&s.lokiURL, "loki-url", "", "ask this Loki; needs --from")
	flags.StringVar(&s.lokiQuery, "loki-query", `{service_namespace="openstack"}`, "the streams of the audit trail")
	flags.StringVar(&s.tenant, "loki-tenant", "", "tenant of Loki (X-Scope-OrgID)")
	flags.StringVar(&s.elasticsearchURL, "elasticsearch-url", "", "ask this Elasticsearch or OpenSearch")
	flags.StringVar(&s.indices, "elasticsearch-index", "logs-openstack.audit*", "the indices of the audit trail")
	flags.StringVar(&s.caFile, "ca-file", "", "certificates that the backend's is checked with, instead of the system's")
}

func (s *sourceFlags) sources(stdin io.Reader, when reconcile.Range) (sources []source, err error) {
	for _, files := range []struct {
		format export.Format
		paths  []string
	}{{export.Loki, s.loki}, {export.Elasticsearch, s.elasticsearch}, {export.OTLP, s.otlp}} {
		for _, path := range files.paths {
			source, err := fileSource(files.format, path, stdin)
			if err != nil {
				return nil, err
			}
			sources = append(sources, source)
		}
	}
	asked, err := s.asked(when)
	if err != nil {
		return nil, err
	}
	if sources = append(sources, asked...); len(sources) == 0 {
		return nil, errors.New("an export is needed: --loki, --elasticsearch, --otlp, --loki-url or --elasticsearch-url")
	}
	return sources, nil
}

// asked are the backends that are asked themselves.
func (s *sourceFlags) asked(when reconcile.Range) (sources []source, err error) {
	var from, to time.Time
	if when.From > 0 {
		from = time.Unix(0, int64(when.From))
	}
	if when.To < math.MaxUint64 {
		to = time.Unix(0, int64(when.To))
	}
	if s.lokiURL != "" {
		if from.IsZero() {
			return nil, errors.New("--loki-url needs --from")
		}
		until := to
		if until.IsZero() {
			until = time.Now().Add(time.Hour) // clocks differ
		}
		client, err := export.NewClient(s.lokiURL, s.caFile)
		if err != nil {
			return nil, err
		}
		client.Tenant = s.tenant
		sources = append(sources, source{s.lokiURL, export.Loki, client.Loki(s.lokiQuery, from, until), time.Now()})
	}
	if s.elasticsearchURL != "" {
		client, err := export.NewClient(s.elasticsearchURL, s.caFile)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source{s.elasticsearchURL, export.Elasticsearch, client.Elasticsearch(s.indices, from, to), time.Now()})
	}
	return sources, nil
}

func fileSource(format export.Format, path string, stdin io.Reader) (source, error) {
	s := source{name: path, format: format, made: time.Now()}
	if path == "-" {
		s.values = func(_ context.Context, yield func([]byte) error) error { return export.Values(stdin, yield) }
		return s, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	s.made = info.ModTime()
	s.values = func(_ context.Context, yield func([]byte) error) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(export.Values(file, yield), file.Close())
	}
	return s, nil
}
