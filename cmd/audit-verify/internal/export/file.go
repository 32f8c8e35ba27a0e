package export

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/valyala/fastjson"
)

const (
	// lookAhead is how far the first line may reach in a file of JSON lines.
	lookAhead = 4 << 20
	// maxValue bounds one JSON value of an export.
	maxValue = 256 << 20
)

// Values yields the JSON values of an export that has records: lines, or one or more values over many lines, of which the records are
// yielded one by one. It may be compressed with gzip. A value is valid until yield returns.
func Values(export io.Reader, yield func([]byte) error) error {
	reader := bufio.NewReaderSize(export, lookAhead)
	if magic, _ := reader.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		inflated, err := gzip.NewReader(reader)
		if err != nil {
			return fmt.Errorf("no gzip: %w", err)
		}
		reader = bufio.NewReaderSize(inflated, lookAhead)
	}
	beginning, err := reader.Peek(lookAhead)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	whole := err != nil
	first, _, ended := bytes.Cut(bytes.TrimLeft(beginning, " \t\r\n"), []byte("\n"))
	if (ended || whole) && fastjson.ValidateBytes(first) == nil {
		return lines(reader, yield)
	}
	return documents(json.NewDecoder(reader), yield)
}

func lines(reader *bufio.Reader, yield func([]byte) error) error {
	var long []byte // a line that does not fit into the reader's buffer
	for {
		part, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(long)+len(part) > maxValue {
				return fmt.Errorf("a line is longer than %d MiB", maxValue>>20)
			}
			long = append(long, part...)
			continue
		}
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		line := part
		if len(long) > 0 {
			long = append(long, part...)
			line = long
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := yield(line); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		long = long[:0]
	}
}

// documents yields the elements of the arrays that an answer has its records in, so that a large answer does not have to fit into memory.
func documents(decoder *json.Decoder, yield func([]byte) error) error {
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("no JSON: %w", err)
		}
		switch token {
		case json.Delim('['):
			err = elements(decoder, "", yield)
		case json.Delim('{'):
			err = members(decoder, "", yield)
		default:
			err = errNoRecords
		}
		if err != nil {
			return err
		}
	}
}

// members goes through an object of which the brace is read.
func members(decoder *json.Decoder, path string, yield func([]byte) error) error {
	var others []byte // the members that are no arrays of records, as an object
	found := path != ""
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("no JSON: %w", err)
		}
		key, _ := token.(string)
		switch path + key {
		case "data", "hits":
			found = true
			err = open(decoder, '{', func() error { return members(decoder, key+".", yield) })
		case "data.result", "hits.hits":
			err = open(decoder, '[', func() error { return elements(decoder, "", yield) })
		case "resourceLogs":
			found = true
			err = open(decoder, '[', func() error { return elements(decoder, key, yield) })
		default:
			var value json.RawMessage
			if err = decoder.Decode(&value); err == nil && !found {
				name, _ := json.Marshal(key)
				others = append(append(append(append(others, ','), name...), ':'), value...)
			}
		}
		if err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	if found {
		return nil
	}
	if len(others) == 0 {
		return errNoRecords
	}
	others[0] = '{'
	return yield(append(others, '}'))
}

// elements yields the elements of an array of which the bracket is read; those of OTLP as requests.
func elements(decoder *json.Decoder, member string, yield func([]byte) error) error {
	for decoder.More() {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return fmt.Errorf("no JSON: %w", err)
		}
		if member != "" {
			value = fmt.Appendf(nil, `{%q:[%s]}`, member, value)
		}
		if err := yield(value); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	return nil
}

func open(decoder *json.Decoder, delimiter json.Delim, inside func() error) error {
	token, err := decoder.Token()
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	if token != delimiter {
		return fmt.Errorf("%w: %v stands where %v is wanted", errNoRecords, token, delimiter)
	}
	return inside()
}
