package export

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Source yields JSON values that have records, each valid until yield returns.
type Source func(ctx context.Context, yield func([]byte) error) error

// chunkSize is about how many bytes of values go to a goroutine at once.
const chunkSize = 256 << 10

// chunk is some values, one after another.
type chunk struct {
	bytes []byte
	ends  []int
}

// ReadAll reads all records of a source. It calls record and unreadable from several goroutines at once.
func ReadAll(ctx context.Context, format Format, source Source, record func(Record), unreadable func(error)) error {
	readers := runtime.GOMAXPROCS(0)
	full, empty := make(chan *chunk, readers), make(chan *chunk, 2*readers+1)
	for range cap(empty) {
		empty <- &chunk{}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(full)
		var current *chunk
		send := func() error {
			select {
			case full <- current:
				current = nil
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := source(ctx, func(value []byte) error {
			if current == nil {
				select {
				case current = <-empty:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			current.bytes = append(current.bytes, value...)
			current.ends = append(current.ends, len(current.bytes))
			if len(current.bytes) < chunkSize {
				return nil
			}
			return send()
		})
		if err == nil && current != nil {
			err = send()
		}
		return err
	})
	for range readers {
		group.Go(func() error {
			reader := NewReader(format)
			for chunk := range full {
				start := 0
				for _, end := range chunk.ends {
					if err := reader.Read(chunk.bytes[start:end], record); err != nil {
						unreadable(fmt.Errorf("%w: %.80q", err, chunk.bytes[start:end]))
					}
					start = end
				}
				chunk.bytes, chunk.ends = chunk.bytes[:0], chunk.ends[:0]
				empty <- chunk
			}
			return nil
		})
	}
	return group.Wait()
}
