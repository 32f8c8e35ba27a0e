// Package distribution holds the tests of the collector as a whole: that build/otelcol-openstack-audit contains what
// builder-config.yaml names, in the versions that this project stands on. It has no code of its own.
package distribution
