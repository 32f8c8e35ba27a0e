// Package keystone holds the tests with the build tag keystone: the built collector and a real Keystone, that of the Debian package
// python3-keystone, which publishes its notifications straight to it with config/listen.yaml, or through RabbitMQ with config/durable.yaml.
// They tell what the former costs Keystone's API, and count every notification. With config/logfile.yaml they attack its log. It has no
// code of its own.
package keystone
