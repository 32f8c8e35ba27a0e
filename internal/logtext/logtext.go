// Package logtext keeps what others chose fit for the collector's own log: message ids, names of connections, the words of a broker. It is
// bounded and its control, format and bidirectional characters are escaped, whoever logs it.
package logtext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// What a field and a message hold at most, in bytes.
const (
	maxField   = 1 << 10
	maxError   = 2 << 10 // errors quote others and say what to do
	maxMessage = 2 << 10
)

// Bounded returns a logger that bounds and escapes the texts of every entry.
func Bounded(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(inner zapcore.Core) zapcore.Core { return core{inner} }))
}

type core struct{ zapcore.Core }

func (c core) With(fields []zapcore.Field) zapcore.Core { return core{c.Core.With(bounded(fields))} }

// Check asks the inner core, which may sample, and writes in its place.
func (c core) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Core.Check(entry, nil) == nil {
		return checked
	}
	return checked.AddCore(entry, c)
}

func (c core) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	entry.Message = clean(entry.Message, maxMessage)
	return c.Core.Write(entry, bounded(fields))
}

func bounded(fields []zapcore.Field) []zapcore.Field {
	result := make([]zapcore.Field, len(fields))
	for i, field := range fields {
		switch err, isError := field.Interface.(error); {
		case field.Type == zapcore.StringType:
			field.String = clean(field.String, maxField)
		case field.Type == zapcore.ErrorType && isError:
			field = zap.String(field.Key, clean(err.Error(), maxError))
		}
		result[i] = field
	}
	return result
}

func clean(s string, limit int) string {
	if len(s) > limit {
		cut := s[:limit]
		for cut != "" && !utf8.RuneStart(s[len(cut)]) {
			cut = cut[:len(cut)-1]
		}
		s = cut + "…"
	}
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return s
	}
	quoted := strconv.QuoteToGraphic(s)
	return quoted[1 : len(quoted)-1]
}
