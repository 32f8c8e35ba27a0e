package rabbitmq

import (
	"fmt"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"
)

// brokerVersion is what RabbitMQ says of itself: 4.3.6 is {4, 3, 6}. It is zero where another broker answers.
type brokerVersion [3]int

func brokerVersionOf(properties amqp.Table) (v brokerVersion) {
	product, _ := properties["product"].(string)
	text, _ := properties["version"].(string)
	if product == "RabbitMQ" {
		_, _ = fmt.Sscanf(text, "%d.%d.%d", &v[0], &v[1], &v[2]) // such as 4.4.0-beta.1; what cannot be read stays zero
	}
	return v
}

// isAtLeast reports whether it is this version of RabbitMQ or a later one.
func (v brokerVersion) isAtLeast(version ...int) bool { return slices.Compare(v[:], version) >= 0 }

// defaultDeliveryLimit is that of a quorum queue for which none was set, 0 for none. RabbitMQ 4.0 brought one.
func (v brokerVersion) defaultDeliveryLimit() int64 {
	if v.isAtLeast(4) {
		return 20
	}
	return 0
}
