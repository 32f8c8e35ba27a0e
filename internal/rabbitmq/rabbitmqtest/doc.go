// Package rabbitmqtest runs private RabbitMQ nodes for tests and demonstrations, and publishes to them as
// oslo.messaging does. A node is made from Debian's rabbitmq-server package; it has its own name, ports (loopback only), data,
// log and home folder and its own Erlang port mapper, needs no rights and touches no system service.
package rabbitmqtest
