package inbound

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/amqpframe"
)

// FuzzAgainstTheLibrary makes a valid stream of the octets, and has it delivered as it is by amqp091-go and past it.
func FuzzAgainstTheLibrary(f *testing.F) {
	f.Add([]byte("\x01\x03\x02keystone"), uint64(1))
	f.Add([]byte("\x00\x09\x05\x01\x04\x02\xff\x07\x03\x02"), uint64(7))
	f.Fuzz(func(t *testing.T, octets []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		stream, count := streamOf(octets, random)
		theirs := consumed(t, stream, random, count, func(conn net.Conn) (io.ReadWriteCloser, <-chan Delivery) { return conn, nil })
		ours := consumed(t, stream, random, count, func(conn net.Conn) (io.ReadWriteCloser, <-chan Delivery) {
			deliveries := make(chan Delivery, count)
			r := NewReader(conn, 128<<10)
			r.DeliverTo(func(taken []Delivery) {
				for _, d := range taken {
					deliveries <- d
				}
			})
			return struct {
				io.Reader
				io.WriteCloser
			}{r, conn}, deliveries
		})
		require.Equal(t, theirs, ours)
	})
}

// streamOf has a delivery for each octet, and heartbeats among them.
func streamOf(octets []byte, random *rand.Rand) (stream []byte, count int) {
	for i, octet := range octets[:min(len(octets), 100)] {
		if octet%7 == 0 {
			stream = append(stream, heartbeat...)
		}
		headers := [][]byte{nil, {}, returned}[octet%3]
		content := strings.Repeat(string(rune('a'+octet%26)), random.IntN(1+int(octet)*int(octet)))
		stream = append(stream, deliver(uint64(i+1), octet%2 == 0, []string{"keystone", "nova", ""}[octet%3])...)
		stream = append(stream, header(uint64(len(content)), headers)...)
		for len(content) > 0 {
			part := min(len(content), 1+random.IntN(20_000))
			stream = append(stream, body(content[:part])...)
			content = content[part:]
		}
		count++
	}
	return stream, count
}

// consumed opens a connection to a broker that sends the stream once its queue is consumed, and returns the deliveries: those of the
// channel that open returns, or amqp091-go's own.
func consumed(t *testing.T, stream []byte, random *rand.Rand, count int,
	open func(net.Conn) (io.ReadWriteCloser, <-chan Delivery)) []Delivery {
	t.Helper()
	client, broker := net.Pipe()
	defer func() { _ = client.Close() }()
	done := make(chan struct{})
	defer func() { _ = broker.Close(); <-done }()
	go func() {
		defer close(done)
		playBroker(broker, stream, random.Uint64())
	}()
	conn, deliveries := open(client)
	connection, err := amqp.Open(conn, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{}}, Heartbeat: -1})
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	library, err := channel.Consume("queue", "consumer", false, false, false, false, nil)
	require.NoError(t, err)
	got := []Delivery{}
	for range count {
		if deliveries != nil {
			got = append(got, <-deliveries)
		} else {
			d := <-library
			got = append(got, Delivery{
				Tag: d.DeliveryTag, Redelivered: d.Redelivered, Exchange: d.Exchange, Headers: tableOf(d.Headers), Body: d.Body,
			})
		}
		if len(got[len(got)-1].Body) == 0 {
			got[len(got)-1].Body = nil
		}
	}
	return got
}

// tableOf is nil where amqp091-go has a table without fields.
func tableOf(table amqp.Table) (ours amqpframe.Table) {
	for name, value := range table {
		if ours == nil {
			ours = amqpframe.Table{}
		}
		ours[name] = value
	}
	return ours
}

// playBroker answers what amqp091-go asks until a queue is consumed, and then sends the stream in pieces.
func playBroker(conn net.Conn, stream []byte, seed uint64) {
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
		return
	}
	start := append([]byte{0, 9, 0, 0, 0, 0, 0, 0, 0, 5}, "PLAIN\x00\x00\x00\x05en_US"...)
	answer := method(0, 10, 10, start...)
	requests := amqpframe.Reader{From: bufio.NewReader(conn), Max: 128 << 10, MaxPayload: 128 << 10}
	for answers := map[uint32][]byte{
		10<<16 | 11: method(0, 10, 30, 0, 1, 0, 2, 0, 0, 0, 0), // tune
		10<<16 | 31: {},
		10<<16 | 40: method(0, 10, 41, 0),
		20<<16 | 10: method(1, 20, 11, 0, 0, 0, 0),
		60<<16 | 20: append(method(1, 60, 21, short("consumer")...), stream...),
	}; answer != nil; {
		pieces := rand.New(rand.NewPCG(seed, 2))
		for len(answer) > 0 {
			piece := min(len(answer), 1+pieces.IntN(5000))
			if _, err := conn.Write(answer[:piece]); err != nil {
				return
			}
			answer = answer[piece:]
		}
		head, err := requests.Next()
		if err != nil {
			return
		}
		payload, err := requests.Payload(head)
		if err != nil {
			return
		}
		answer = answers[amqpframe.NewArguments(payload).Long()]
	}
}
