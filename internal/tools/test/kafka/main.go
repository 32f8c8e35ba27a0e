// Kafka is a broker for tests, with the topics of oslo.messaging's Kafka driver. It is franz-go's: its protocol is Kafka's, its storage is
// not.
//
// Its argument is how many partitions each topic has; notifications go to them in turn. It prints its address. Then it reads batches of
// notifications, each a JSON array of base64 strings, and answers each with a JSON string:
// empty once the broker has the batch, or what is wrong. It ends with its input.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	partitions, err := strconv.ParseInt(os.Args[len(os.Args)-1], 10, 32)
	if err == nil {
		err = run(context.Background(), int32(partitions), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, partitions int32, batches io.Reader, answers io.Writer) error {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "notifications.info", "notifications.warn",
		"notifications.error", "notifications.critical", "notifications.audit"))
	if err != nil {
		return fmt.Errorf("start the broker: %w", err)
	}
	defer broker.Close()
	producer, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	defer producer.Close()

	in, out := json.NewDecoder(batches), json.NewEncoder(answers)
	if err := out.Encode(broker.ListenAddrs()[0]); err != nil {
		return err
	}
	for {
		var bodies [][]byte
		if err := in.Decode(&bodies); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a batch: %w", err)
		}
		records := make([]*kgo.Record, len(bodies))
		for i, body := range bodies {
			records[i] = &kgo.Record{Topic: "notifications.info", Value: body}
		}
		answer := ""
		if err := producer.ProduceSync(ctx, records...).FirstErr(); err != nil {
			answer = err.Error()
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
}
