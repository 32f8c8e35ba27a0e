// Package scale runs several built collectors on one queue of RabbitMQ and on the partitions of a Kafka topic. The Kafka is franz-go's
// kfake: its protocol is Kafka's, its storage is memory. make bench-scale prints the rates; package model predicts them, and those of
// larger clouds.
package scale
