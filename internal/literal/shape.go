package literal

// Shape names what is read of an object by its name. A document that is too large to be read whole is read for these members,
// wherever they stand; of all else the first part is kept.
type Shape struct {
	// Text reports whether the member of that name is read as a text; nil for none.
	Text func(name string) bool
	// Whole reports whether that text is itself to be parsed, and so must not be cut; nil for none.
	Whole func(name string) bool
	// Members are the members that are objects. Where one occurs twice, both are read into one.
	Members map[string]*Shape

	// Replaces says that the last occurrence of this member counts, whatever stands there.
	Replaces bool
	// Elements says that this member is an array of such objects, of which the last counts.
	Elements bool
	// Quoted says that this member may be a string with the JSON text of such an object.
	Quoted bool
}

func (s *Shape) text(name string) bool { return s.Text != nil && s.Text(name) }

func (s *Shape) whole(name string) bool { return s.Whole != nil && s.Whole(name) }

// begins reports whether a value that begins with c is read by this shape.
func (s *Shape) begins(c byte) bool {
	return c == '{' || s.Replaces || s.Elements && c == '[' || s.Quoted && c == '"'
}

// shaped is what was found of an object so far: the members that its shape names, each once, and others.
type shaped struct {
	shape  *Shape
	named  []namedMember
	others []Value
}

type namedMember struct {
	value Value
	inner *shaped // in place of the value
}

// member returns the place of a member that the shape names; the names of a shape are few.
func (o *shaped) member(name string) (m *namedMember, again bool) {
	for i := range o.named {
		if o.named[i].value.Key == name {
			return &o.named[i], true
		}
	}
	o.named = append(o.named, namedMember{value: Value{Key: name}})
	return &o.named[len(o.named)-1], false
}

// begin returns the inner object of m, empty where the former one does not count.
func (m *namedMember) begin(shape *Shape) *shaped {
	if m.inner == nil {
		m.inner = &shaped{shape: shape}
	} else if shape.Replaces || shape.Elements {
		clear(m.inner.named)
		m.inner.named, m.inner.others = m.inner.named[:0], nil
	}
	return m.inner
}

// object returns what was found. The members that the shape names come last: of members that occur twice the last one counts.
func (o *shaped) object(cut bool) Value {
	items := o.others
	for _, m := range o.named {
		v := m.value
		if m.inner != nil {
			v = m.inner.object(cut)
			v.Key = m.value.Key
			if m.inner.shape.Elements {
				v.Key = ""
				v = Value{Kind: Array, Key: m.value.Key, Items: []Value{v}}
			}
		}
		items = append(items, v)
	}
	return Value{Kind: Object, Cut: cut, Items: items}
}
