// Package configcheck holds the checks of configured values, so that every component says in the same way what is wrong.
//
// A Validate method is one errors.Join of these checks: the operator sees all mistakes at once. Each error begins with the path of the key
// in the YAML, such as rabbitmq::queue::name, then says what is wrong with the value, and what to do where that is not plain. Secrets are
// never part of an error. The Collector puts the path of the section in front where the section has a Validate of its own.
package configcheck

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// That returns an error with this text unless ok. The text begins with the path of the key.
func That(ok bool, format string, arguments ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, arguments...)
}

// OneOf checks that the value is one of those that are allowed.
func OneOf[T ~string](path string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return fmt.Errorf("%s: %q is none of %s", path, string(value), strings.Join(names, ", "))
}

// Between checks the bounds of a number, both included. The unit is part of the error, such as MiB.
func Between[T int | int64](path string, value, minimum, maximum T, unit string) error {
	return That(minimum <= value && value <= maximum, "%s: %d is not between %d and %d (%s)", path, value, minimum, maximum, unit)
}

// AtLeast checks the lower bound of a duration.
func AtLeast(path string, value, minimum time.Duration) error {
	return That(value >= minimum, "%s: %v is less than %v", path, value, minimum)
}

// Each checks the values of a list, each with its own path, such as exchanges[0].
func Each[T any](path string, values []T, check func(path string, value T) error) error {
	errs := make([]error, len(values))
	for i, value := range values {
		errs[i] = check(fmt.Sprintf("%s[%d]", path, i), value)
	}
	return errors.Join(errs...)
}
