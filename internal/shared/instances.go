package shared

import "sync"

// Instances are the instances of a component, each by the configuration that it was made of: it is one for all pipelines. The zero value is
// ready to be used.
type Instances[C comparable, T any] struct {
	mu    sync.Mutex
	known map[C]*instance[T]
}

type instance[T any] struct {
	value T
	users int
}

// Join returns the instance of a configuration for one more user, made anew for the first.
func (s *Instances[C, T]) Join(config C, create func() (T, error)) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.known[config]; ok {
		i.users++
		return i.value, nil
	}
	value, err := create()
	if err != nil {
		return value, err
	}
	if s.known == nil {
		s.known = map[C]*instance[T]{}
	}
	s.known[config] = &instance[T]{value: value, users: 1}
	return value, nil
}

// Leave takes a user off, and reports whether it was the last: then the instance has to end.
func (s *Instances[C, T]) Leave(config C) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.known[config]
	if i.users--; i.users > 0 {
		return false
	}
	delete(s.known, config)
	return true
}
