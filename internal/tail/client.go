package tail

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"go.opentelemetry.io/collector/pdata/plog"
)

// maxLineBytes bounds a line of the collector: a record is much smaller, but for a raw body.
const maxLineBytes = 64 << 20

// Handler is told what comes.
type Handler interface {
	// Record is one record, also as the line that it came in.
	Record(line []byte, logs plog.Logs) error
	// Dropped is the number of records that could not be shown before the next one.
	Dropped(records uint64) error
}

// Watch connects to the socket of a collector and hands over what comes, until ctx ends, which is no error.
func Watch(ctx context.Context, path string, filter Filter, connected func(), handler Handler) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	line, err := json.Marshal(filter)
	if err != nil {
		return err
	}
	if _, err = conn.Write(append(line, '\n')); err != nil {
		return err
	}
	connected()
	err = read(conn, handler)
	if ctx.Err() != nil {
		return nil // the connection was closed because the viewer ended
	}
	return err
}

func read(conn io.Reader, handler Handler) error {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxLineBytes)
	unmarshaler := plog.JSONUnmarshaler{}
	for lines.Scan() {
		var notice Notice
		if err := json.Unmarshal(lines.Bytes(), &notice); err != nil {
			return fmt.Errorf("what comes is no JSON: %w", err)
		}
		var err error
		switch {
		case notice.Error != "":
			err = errors.New(notice.Error)
		case notice.Dropped > 0:
			err = handler.Dropped(notice.Dropped)
		default:
			var logs plog.Logs
			if logs, err = unmarshaler.UnmarshalLogs(lines.Bytes()); err == nil {
				err = handler.Record(lines.Bytes(), logs)
			}
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the collector has ended")
}
