package openstackauditreceiver

import (
	"testing"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/rabbitmq/rabbitmqtest"
)

// TestRabbitMQ runs what needs a broker, on one private node; each test has a virtual host of its own.
func TestRabbitMQ(t *testing.T) {
	node := rabbitmqtest.Start(t, rabbitmqtest.Options{})
	t.Run("all", func(t *testing.T) { // ends when its parallel tests have ended, before the node does
		for _, test := range []struct {
			name string
			run  func(*testing.T, *rabbitmqtest.Node)
		}{
			{"consume_contract", testConsumeContract},
			{"batch_contract", testBatchContract},
			{"group_commit", testGroupCommit},
			{"refused_for_now", testRefusedForNow},
			{"acknowledged_only_when_taken", testAcknowledgedOnlyWhenTaken},
			{"held", testHeld},
			{"drop_policy", testDropPolicy},
			{"undecodable", testUndecodable},
			{"connection_lost", testConnectionLost},
			{"deaf_to_cancellation", testDeafToCancellation},
			{"shutdown_lets_a_batch_finish", testShutdownLetsABatchFinish},
			{"shutdown_deadline", testShutdownDeadline},
			{"shutdown_while_pushed_back", testShutdownWhilePushedBack},
			{"shutdown_under_load", testShutdownUnderLoad},
			{"settled_in_order", testSettledInOrder},
			{"refused_in_the_middle", testRefusedInTheMiddle},
			{"rejected_in_the_middle", testRejectedInTheMiddle},
			{"connection_lost_with_three", testConnectionLostWithThree},
			{"shutdown_lets_three_finish", testShutdownLetsThreeFinish},
			{"shutdown_while_one_is_pushed_back", testShutdownWhileOneIsPushedBack},
			{"wrong_password", testWrongPassword},
			{"password_of_its_own_key", testPasswordOverride},
			{"existing_queue", testExistingQueue},
			{"metrics", testMetrics},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(t, node)
			})
		}
	})
}
