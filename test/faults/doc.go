// Package faults proves the delivery guarantee: the built collector, real RabbitMQ nodes, a publisher that writes down what the
// broker confirmed, and a backend that writes down what it stored, while one thing after another breaks. What docs/delivery.md says
// is what this suite shows.
//
// A short selection runs with the other tests. FAULTS=all in the environment runs the whole table, of config/evidence.yaml, or of another
// file that FAULTS_CONFIGURATION names: make faults and make faults-broker-buffer do so, and print one line per fault. It has no code of
// its own.
package faults
