package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// write prints a report for machines or for people.
func write(w io.Writer, asJSON bool, report any, text func(io.Writer)) error {
	if !asJSON {
		text(w)
		return nil
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// thousands writes 1234567 as 1,234,567.
func thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func plural[N int | uint64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%s %s", thousands(uint64(n)), what)
}
