package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// pollInterval is how often the collector's output is looked at.
const pollInterval = 100 * time.Millisecond

// follow prints the records that the collector writes to a file, until ctx ends.
func follow(ctx context.Context, path string, console io.Writer) error {
	file, err := openWhenThere(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := bufio.NewReader(file)
	var line []byte
	for {
		piece, err := lines.ReadBytes('\n')
		line = append(line, piece...)
		switch {
		case errors.Is(err, io.EOF): // the rest of the line is yet to be written
			if err := pause(ctx); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			if err := printRecords(console, line); err != nil {
				return err
			}
			line = line[:0]
		}
	}
}

func openWhenThere(ctx context.Context, path string) (*os.File, error) {
	for {
		file, err := os.Open(filepath.Clean(path))
		if !errors.Is(err, os.ErrNotExist) {
			return file, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// printRecords prints when, by which service, and the sentence.
func printRecords(console io.Writer, line []byte) error {
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
	if err != nil {
		return err
	}
	for _, rl := range logs.ResourceLogs().All() {
		service, _ := rl.Resource().Attributes().Get(audit.AttrServiceName)
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				_, err := fmt.Fprintf(console, "%s  %-9s %s\n",
					lr.Timestamp().AsTime().Format("2006-01-02 15:04:05"), service.AsString(), lr.Body().AsString())
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}
