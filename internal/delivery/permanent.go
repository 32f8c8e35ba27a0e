package delivery

import (
	"reflect"

	"go.opentelemetry.io/collector/consumer/consumererror"
)

// permanentType is the unexported type that consumererror.NewPermanent wraps errors in.
var permanentType = reflect.TypeOf(consumererror.NewPermanent(nil))

// Permanent reports whether every cause of err is permanent, so that trying again is of no use.
//
// consumererror.IsPermanent does not answer that: of errors that are joined (errors.Join, multierr, the Collector's fan-out
// to several pipelines) it says yes if any one is permanent, although another branch may accept the data later.
// An error that does not say that it is permanent is not; nil is not.
func Permanent(err error) bool {
	if err == nil {
		return false
	}
	if reflect.TypeOf(err) == permanentType {
		return true
	}
	switch wrapper := err.(type) { //nolint:errorlint // the tree is walked by hand, one level at a time
	case interface{ Unwrap() error }:
		return Permanent(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		return allPermanent(wrapper.Unwrap())
	default:
		return consumererror.IsPermanent(err) // an error may say so by an As method of its own
	}
}

func allPermanent(errs []error) bool {
	permanent := false
	for _, err := range errs {
		if err == nil {
			continue
		}
		if !Permanent(err) {
			return false
		}
		permanent = true
	}
	return permanent
}
