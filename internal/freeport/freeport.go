// Package freeport finds ports for servers that are started for a while.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// The ports that are tried: above those of known services, below those that operating systems give to connections that go out. One of
// the latter might be taken by any connection while a server starts, or starts again.
const (
	first = 10240
	last  = 32000
	tries = 100
)

// Find returns different ports on which nobody listens at 127.0.0.1 now. They are reserved until this process ends: no other call, in any
// process of this user, returns them.
func Find(count int) ([]int, error) {
	locks := filepath.Join(os.TempDir(), fmt.Sprintf("otelcol-openstack-audit-ports-%d", os.Getuid()))
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return nil, fmt.Errorf("a folder for locks of ports: %w", err)
	}
	var ports []int
	var errs []error
	for len(ports) < count {
		if len(errs) == tries {
			return nil, fmt.Errorf("%d ports between %d and %d were tried: %w", tries, first, last, errors.Join(errs...))
		}
		port := first + rand.IntN(last-first)
		if err := errors.Join(reserve(locks, port), check(port)); err != nil {
			errs = append(errs, fmt.Errorf("port %d: %w", port, err))
			continue
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// reserve locks the port's file. It is no os.File, which the garbage collector would close: the lock is to end with the process.
func reserve(locks string, port int) error {
	file, err := syscall.Open(filepath.Join(locks, strconv.Itoa(port)), syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(file, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(err, syscall.Close(file))
	}
	return nil
}

// check fails when somebody listens, who knows of no reservation.
func check(port int) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	return listener.Close()
}
