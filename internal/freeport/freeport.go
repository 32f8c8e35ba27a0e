// Package freeport finds ports for servers that are started for a while.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports that are tried: above those of known services, below those that operating systems give to connections that go out. One of
// the latter might be taken by any connection while a server starts, or starts again.
const (
	first = 10240
	last  = 32000
	tries = 100
)

// Find returns different ports on which nobody listens at 127.0.0.1 now.
func Find(count int) (ports []int, err error) {
	// All stay open until all are known, so that they differ.
	var listeners []net.Listener
	defer func() {
		for _, listener := range listeners {
			err = errors.Join(err, listener.Close())
		}
	}()
	for range count {
		listener, err := listen()
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, listener)
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func listen() (listener net.Listener, err error) {
	for range tries {
		port := first + rand.IntN(last-first)
		if listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return listener, nil
		}
	}
	return nil, fmt.Errorf("none of %d ports between %d and %d is free: %w", tries, first, last, err)
}
