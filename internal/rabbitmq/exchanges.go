package rabbitmq

import (
	"fmt"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// eagerRounds is how many upkeeps of a connection probe every exchange. RabbitMQ logs an error for each probe of an exchange that does
// not exist, so that a cloud without some services must not be probed for their exchanges at this rate forever.
const eagerRounds = 20

// exchanges are those that the queue is bound to, as far as they exist. They outlive connections.
type exchanges struct {
	// state has the exchanges that were bound once: true while they are, false while they are missing.
	state map[string]bool
}

// due returns the exchanges to probe in a round of a connection: all of them in the first eagerRounds rounds, and where all are expected to
// exist; later those that were bound once, and one of the others in each round.
func (e *exchanges) due(config *Config, round int) []string {
	if config.ExpectExchanges || round < eagerRounds {
		return config.Exchanges
	}
	var due, others []string
	for _, name := range config.Exchanges {
		if _, wasBound := e.state[name]; wasBound {
			due = append(due, name)
		} else {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		due = append(due, others[round%len(others)])
	}
	return due
}

// bindExchanges binds the queue to the exchanges that are due and exist, and tells the observer about all of them.
func (t *topology) bindExchanges(connection *connection, round int) (errs []error) {
	unknown := map[string]bool{}
	for _, exchange := range t.exchanges.due(t.config, round) {
		err := onChannel(connection, func(channel *amqp.Channel) error { return t.bind(channel, exchange) })
		switch {
		case err == nil:
			t.exchanges.state[exchange] = true
		case hasCode(err, amqp.NotFound) && strings.Contains(err.Error(), "no exchange"):
			if _, wasBound := t.exchanges.state[exchange]; wasBound {
				t.exchanges.state[exchange] = false
			}
		default:
			if hasCode(err, amqp.AccessRefused) {
				delete(t.exchanges.state, exchange)
			}
			unknown[exchange] = true
			errs = append(errs, err)
		}
	}
	if connection.IsClosed() {
		return errs // nothing was learned
	}
	var bound, missing []string
	for _, exchange := range t.config.Exchanges {
		switch {
		case t.exchanges.state[exchange]:
			bound = append(bound, exchange)
		case !unknown[exchange]:
			missing = append(missing, exchange)
		}
	}
	slices.Sort(bound)
	slices.Sort(missing)
	t.observer.ExchangesProbed(bound, missing)
	return errs
}

// bind binds the queue to the exchange. The exchange is declared passively only: one that we created with other flags than the
// service expects would make every publish of it fail.
func (t *topology) bind(channel *amqp.Channel, exchange string) error {
	err := channel.ExchangeDeclarePassive(exchange, amqp.ExchangeTopic, false, false, false, false, nil)
	switch {
	case hasCode(err, amqp.AccessRefused):
		// RabbitMQ 4.3 speaks of configure access, where any permission on the exchange is enough; 4.3.0 alone wants that one.
		return fmt.Errorf("probing exchange %q needs the read permission on it (with RabbitMQ 4.3.0 the configure permission): %w", exchange, err)
	case err != nil:
		return fmt.Errorf("probing exchange %q: %w", exchange, err)
	}
	for _, topic := range t.config.Topics {
		for _, priority := range t.config.Priorities {
			key := topic + "." + strings.ToLower(priority)
			if err := channel.QueueBind(t.config.Queue.Name, key, exchange, false, nil); err != nil {
				return fmt.Errorf("binding queue %q to exchange %q with key %q needs the write permission on the queue and the read "+
					"permission on the exchange: %w",
					t.config.Queue.Name, exchange, key, err)
			}
		}
	}
	return nil
}
