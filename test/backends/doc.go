// Package backends holds the tests that run config/ with the built collector against real backends: a RabbitMQ node to take
// notifications from, Prometheus and, with the build tag backends, Loki. Elasticsearch is played by an endpoint that answers as
// Elasticsearch does. With the build tag pictures it draws those of the dashboards. It has no code of its own.
package backends
