package keystone

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTokenThatEndedWhileTheMachineSlept(t *testing.T) {
	s := &session{
		wanted: make(chan struct{}, 1), news: make(chan struct{}), changed: func(error) {},
		current: &token{id: "old", expires: time.Now().Add(-time.Minute)},
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.take(ctx)
	assert.Equal(t, Unavailable, ReasonOf(err))
	assert.Len(t, s.wanted, 1, "a login is wanted")

	s.settle(&token{id: "new", expires: time.Now().Add(time.Hour)}, nil)
	assert.Empty(t, s.wanted, "it has come")
	got, err := s.take(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "new", got.id)
}
