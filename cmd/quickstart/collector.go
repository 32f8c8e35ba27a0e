package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout bounds how long the collector may take to end.
const stopTimeout = 15 * time.Second

// collector is the running binary.
type collector struct {
	command *exec.Cmd
	log     string
}

// startCollector starts the binary; its log goes to a file. When ctx ends it is
// told to stop.
func startCollector(ctx context.Context, configuration, log string, environment map[string]string) (*collector, error) {
	file, err := os.Create(filepath.Clean(log))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // the collector has its own descriptor

	command := exec.CommandContext(ctx, collectorBinary, "--config", configuration) //nolint:gosec // one of our own configurations
	command.Stdout, command.Stderr = file, file
	command.Env = os.Environ()
	for name, value := range environment {
		command.Env = append(command.Env, name+"="+value)
	}
	// Not in our process group: the interrupt of the console is ours to pass on, once.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopTimeout
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%w: run `make build`", err)
	}
	return &collector{command: command, log: log}, nil
}

// wait returns once the collector ended: ctx's error where it was told to, else what it said last.
func (c *collector) wait(ctx context.Context) error {
	err := c.command.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(errors.New("the collector ended"), err, c.lastWords())
}

// lastWords are the end of the collector's log.
func (c *collector) lastWords() error {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err
	}
	return errors.New(string(text[max(0, len(text)-2000):]))
}
