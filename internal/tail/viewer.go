package tail

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Notice is a line to a viewer that is no record.
type Notice struct {
	// Dropped records were not shown before the next line, because the viewer read too slowly.
	Dropped uint64 `json:"dropped,omitempty"`
	// Error ends the connection.
	Error string `json:"error,omitempty"`
}

// maxFilterBytes bounds what a viewer may send.
const maxFilterBytes = 64 << 10

// viewer is one who looks.
type viewer struct {
	conn    net.Conn
	filter  Filter
	ready   bool
	records chan plog.Logs
	dropped atomic.Uint64
	// gone is closed when the connection ends.
	gone chan struct{}
}

// serve reads the filter, calls watch, and writes records until the connection ends.
func (v *viewer) serve(watch func()) {
	var reading sync.WaitGroup
	defer reading.Wait()
	defer func() { _ = v.conn.Close() }()
	input := bufio.NewReader(io.LimitReader(v.conn, maxFilterBytes))
	line, err := input.ReadBytes('\n')
	if err != nil {
		return
	}
	if err = json.Unmarshal(line, &v.filter); err == nil {
		err = v.filter.Check()
	}
	if err != nil {
		_ = v.notice(Notice{Error: fmt.Sprintf("the filter: %v", err)}) // it is told, if it listens
		return
	}
	reading.Go(func() {
		defer close(v.gone)
		_, _ = io.Copy(io.Discard, v.conn) // until it goes
	})
	watch()
	v.write()
}

func (v *viewer) write() {
	marshaler := plog.JSONMarshaler{}
	for {
		select {
		case <-v.gone:
			return
		case record := <-v.records:
			if dropped := v.dropped.Swap(0); dropped > 0 && v.notice(Notice{Dropped: dropped}) != nil {
				return
			}
			line, err := marshaler.MarshalLogs(record)
			if err != nil {
				line = []byte(`{"dropped":1}`)
			}
			if _, err := v.conn.Write(append(line, '\n')); err != nil {
				return
			}
		}
	}
}

func (v *viewer) notice(n Notice) error {
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = v.conn.Write(append(line, '\n'))
	return err
}
