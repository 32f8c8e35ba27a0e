package openstackauditreceiver

// serviceExchanges are the exchanges that OpenStack's services publish their notifications to: the defaults of control_exchange
// (oslo_messaging.set_transport_defaults in each service's source), and those that the services' installation guides set. The README has
// the table. A service without one publishes to oslo.messaging's own default, openstack.
func serviceExchanges() []string {
	return []string{
		"keystone", "openstack",
		"aodh", "cinder", "cyborg", "designate", "glance", "heat", "ironic", "magnum", "masakari",
		"neutron", "nova", "octavia", "swift", "tacker", "trove", "watcher", "zun",
	}
}
