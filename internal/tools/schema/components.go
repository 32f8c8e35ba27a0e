package main

import (
	"reflect"

	"go.opentelemetry.io/collector/component"

	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditcompletenessconnector"
	"github.com/openstack-audit/otelcol-openstack-audit/connector/openstackauditmetricsconnector"
	"github.com/openstack-audit/otelcol-openstack-audit/extension/httpdeliveryextension"
	"github.com/openstack-audit/otelcol-openstack-audit/extension/queuestorageextension"
	"github.com/openstack-audit/otelcol-openstack-audit/extension/selfauthextension"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/keystoneattributesprocessor"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditevidenceprocessor"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackauditprocessor"
	"github.com/openstack-audit/otelcol-openstack-audit/processor/openstackaudittailprocessor"
	"github.com/openstack-audit/otelcol-openstack-audit/receiver/openstackauditreceiver"
)

const module = "github.com/openstack-audit/otelcol-openstack-audit"

// registered is a component of ours.
type registered struct {
	// section is that of a collector's configuration, such as receivers.
	section string
	factory component.Factory
	// folder is that of its package, from the top of the repository.
	folder string
	// config is its default configuration.
	config reflect.Value
}

func components() (all []registered) {
	for _, c := range []struct {
		section string
		factory component.Factory
	}{
		{"receivers", openstackauditreceiver.NewFactory()},
		{"processors", keystoneattributesprocessor.NewFactory()},
		{"processors", openstackauditevidenceprocessor.NewFactory()},
		{"processors", openstackauditprocessor.NewFactory()},
		{"processors", openstackaudittailprocessor.NewFactory()},
		{"connectors", openstackauditcompletenessconnector.NewFactory()},
		{"connectors", openstackauditmetricsconnector.NewFactory()},
		{"extensions", httpdeliveryextension.NewFactory()},
		{"extensions", queuestorageextension.NewFactory()},
		{"extensions", selfauthextension.NewFactory()},
	} {
		config := reflect.ValueOf(c.factory.CreateDefaultConfig()).Elem()
		all = append(all, registered{c.section, c.factory, config.Type().PkgPath()[len(module)+1:], config})
	}
	return all
}
