// Package services holds the tests with the APIs of real OpenStack services behind keystonemiddleware's audit filter:
// make test-services.
package services
