package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone/keystonetest"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor"
)

// named are the attributes whose ids Keystone names.
var named = map[string]string{
	audit.AttrUserID: "user", audit.AttrTargetUserID: "user",
	audit.AttrProjectID: "project", audit.AttrTargetProjectID: "project",
	audit.AttrUserDomainID: "domain", audit.AttrDomainID: "domain", audit.AttrTargetDomainID: "domain",
	audit.AttrTargetRoleID: "role", audit.AttrTargetGroupID: "group",
}

// startKeystone serves the names of all ids of the corpus, and users to make up the number of entries.
func startKeystone(c corpus, entries int) *httptest.Server {
	server := keystonetest.NewServer(keystonetest.Entity{Kind: "domain", ID: "default", Name: "Default"})
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	known := map[string]keystonetest.Entity{}
	for _, body := range c.bodies {
		logs, _ := mapper.Logs([]auditlog.Record{mapper.Read(auditlog.Message{Body: body})})
		for _, rl := range logs.ResourceLogs().All() {
			for key, value := range rl.ScopeLogs().At(0).LogRecords().At(0).Attributes().All() {
				if kind, ok := named[key]; ok {
					known[kind+value.Str()] = keystonetest.Entity{Kind: kind, ID: value.Str(), Name: "name of " + value.Str(), DomainID: domainOf(kind)}
				}
			}
		}
	}
	for _, entity := range known {
		server.Put(entity)
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v3/users" || r.URL.Query().Get("domain_id") != "default" {
			server.ServeHTTP(w, r)
			return
		}
		// All on one page, as Keystone does before 2025.1.
		fmt.Fprint(w, `{"users":[`)
		for _, entity := range known {
			if entity.Kind == "user" {
				fmt.Fprintf(w, `{"id":%q,"name":%q,"domain_id":"default"},`, entity.ID, entity.Name)
			}
		}
		for i := range entries - len(known) {
			fmt.Fprintf(w, `{"id":"%016x%016x","name":"user%d","domain_id":"default"},`, uint64(i)*0x9e3779b97f4a7c15, i, i)
		}
		fmt.Fprint(w, `{"id":"ffffffffffffffffffffffffffffffff","name":"last","domain_id":"default"}]}`)
	}))
}

func domainOf(kind string) string {
	if kind == "domain" || kind == "role" {
		return ""
	}
	return "default"
}

// runNames is runReceiver with the names of Keystone between the receiver and the consumer.
func runNames(ctx context.Context, j *job) (result, error) {
	factory := keystoneattributesprocessor.NewFactory()
	config := factory.CreateDefaultConfig()
	err := confmap.NewFromStringMap(map[string]any{"auth": map[string]any{
		"auth_url": j.Keystone, "username": keystonetest.Username, "password": keystonetest.Password,
		"user_domain_name": "Default", "system_scope": "all",
	}, "cache": map[string]any{"max_entries": 2 * j.Entries}}).Unmarshal(&config)
	if err != nil {
		return result{}, err
	}
	telemetry := componenttest.NewTelemetry()
	settings := processortest.NewNopSettings(factory.Type())
	settings.TelemetrySettings = telemetrySettings(telemetry)
	s := &sink{meter: newMeter(j.Messages)}
	processor, err := factory.CreateLogs(ctx, settings, config, s)
	if err != nil {
		return result{}, err
	}
	if err := processor.Start(ctx, componenttest.NewNopHost()); err != nil {
		return result{}, err
	}
	if err := waitForEntries(telemetry, j.Entries); err != nil {
		return result{}, err
	}
	receiver, err := startReceiver(ctx, j, j.Queue, processor)
	if err != nil {
		return result{}, err
	}
	r, err := s.meter.wait(ctx)
	if err != nil {
		return result{}, err
	}
	return r, errors.Join(receiver.Shutdown(ctx), processor.Shutdown(ctx))
}

// waitForEntries waits until the directory holds the entries and no more come.
func waitForEntries(telemetry *componenttest.Telemetry, entries int) error {
	const name = "otelcol_processor_keystone_attributes_cache_entries"
	var last int64
	for end := time.Now().Add(runTimeout); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		metric, err := telemetry.GetMetric(name)
		if err != nil {
			continue // nothing was measured yet
		}
		var sum int64
		gauge, _ := metric.Data.(metricdata.Gauge[int64])
		for _, point := range gauge.DataPoints {
			sum += point.Value
		}
		if sum >= int64(entries) && sum == last {
			runtime.GC() // what the list left behind is not the records' work
			return nil
		}
		last = sum
	}
	return fmt.Errorf("the directory did not get its %d entries", entries)
}
