package delivery

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/multierr"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestPermanent(t *testing.T) {
	t.Parallel()
	var (
		plain     = errors.New("queue is full")
		permanent = consumererror.NewPermanent(errors.New("bad record"))
		retryable = consumererror.NewRetryableError(errors.New("503"))
	)
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"plain", plain, false},
		{"permanent", permanent, true},
		{"permanent of nothing", consumererror.NewPermanent(nil), true},
		{"permanent wrapped", fmt.Errorf("exporter: %w", permanent), true},
		{"permanent from downstream", consumererror.NewDownstream(permanent), true},
		{"plain from downstream", consumererror.NewDownstream(plain), false},
		{"retryable", retryable, false},
		{"cancelled", context.Canceled, false},
		{"part of the data, retryable", consumererror.NewLogs(plain, plog.NewLogs()), false},
		{"HTTP 400 not called permanent", consumererror.NewOTLPHTTPError(plain, 400), false},
		{"gRPC status", consumererror.NewOTLPGRPCError(plain, status.New(codes.InvalidArgument, "")), false},
		{"permanent of HTTP 503", consumererror.NewPermanent(consumererror.NewOTLPHTTPError(plain, 503)), true},

		{"joined, all permanent", errors.Join(permanent, permanent), true},
		{"joined, one plain", errors.Join(permanent, plain), false},
		{"joined, plain first", errors.Join(plain, permanent), false},
		{"joined of one permanent", errors.Join(nil, permanent), true},
		{"multierr, all permanent", multierr.Append(permanent, permanent), true},
		{"multierr, one plain", multierr.Append(permanent, plain), false},
		{"multierr, wrapped", fmt.Errorf("fan-out: %w", multierr.Append(permanent, retryable)), false},
		{"fan-out behind a fan-out", multierr.Append(permanent, consumererror.NewDownstream(errors.Join(permanent, plain))), false},
		{"two %w, all permanent", fmt.Errorf("%w; %w", permanent, permanent), true},
		{"two %w, one plain", fmt.Errorf("%w; %w", permanent, plain), false},
		{"permanent around a join", consumererror.NewPermanent(errors.Join(plain, permanent)), true},
		{"tree without leaves", emptyTree{}, false},
		{"says so by As", asPermanent{permanent}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, Permanent(test.err))
		})
	}
}

type emptyTree struct{}

func (emptyTree) Error() string   { return "empty" }
func (emptyTree) Unwrap() []error { return []error{nil} }

type asPermanent struct{ inner error }

func (asPermanent) Error() string        { return "as" }
func (e asPermanent) As(target any) bool { return errors.As(e.inner, target) }
