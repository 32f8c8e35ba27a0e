package literal

import (
	"io"
	"strconv"
)

// What is kept of a document that is too large to be read whole, besides the members that its shape names.
const (
	condensedValues = 1024
	condensedBytes  = 64 << 10
	condensedDepth  = 32
	// condensedText bounds each text, a named one as well; a record takes less.
	condensedText = 4 << 10
)

// CondenseJSON reads a JSON document of any size in memory that is bounded: the members that the shape names, wherever they
// stand, and the beginning of all else. Value.Cut reports whether that is not all. Where from ends with ErrCut, the document ends
// there too. It forgives in what it leaves out what ParseJSON does not, such as brackets that do not match. The error is a
// *SyntaxError, or that of from.
func CondenseJSON(from io.Reader, shape *Shape) (Value, error) {
	c := newCondenser(newStream(from))
	v, err := c.document(shape)
	if err != nil {
		return Value{}, err
	}
	if c.next() != 0 {
		return Value{}, c.fail("text after the end of the JSON value")
	}
	return v, c.failure()
}

// CondenseJSONText is CondenseJSON for the value at the start of a text that is in memory. It returns what follows.
func CondenseJSONText(text string, shape *Shape) (value Value, rest string, err error) {
	p := &jsonParser{builder: newBuilder(text), text: text}
	return condenseText(&textSource{p, p.value}, shape)
}

// CondensePython is CondenseJSONText for a Python literal.
func CondensePython(text string, shape *Shape) (value Value, rest string, err error) {
	p := newPythonParser(text)
	return condenseText(&textSource{&p.jsonParser, p.value}, shape)
}

func condenseText(s *textSource, shape *Shape) (value Value, rest string, err error) {
	c := newCondenser(s)
	if value, err = c.document(shape); err != nil {
		return Value{}, "", err
	}
	s.skipSpace()
	return value, s.text[s.pos:], nil
}

// source gives out the parts of a text one by one.
type source interface {
	// next skips white space and returns the byte that follows, 0 at the end.
	next() byte
	// advance goes past the byte that next returned.
	advance()
	// scalar reads a value that is no container. No more of its text is kept than limit, if that is not negative.
	scalar(limit int) (v Value, cut bool, err error)
	// leave goes past the end of that many containers in which it is.
	leave(depth int) error
	// quoted returns the text of the string that follows, to be read before the source goes on.
	quoted() (io.Reader, error)
	fail(problem string) error
	// ended reports whether the text ends here because it was cut; failure is why it ends where it should not.
	ended() bool
	failure() error
}

// condenser reads a document for what a shape names.
type condenser struct {
	source
	// values and bytes are what is left for what no shape names.
	values, bytes int
	cut           bool
}

func newCondenser(s source) *condenser {
	return &condenser{source: s, values: condensedValues, bytes: condensedBytes}
}

func (c *condenser) document(shape *Shape) (Value, error) {
	if c.next() != '{' {
		v, _, err := c.other(1)
		v.Cut = c.cut
		return v, err
	}
	o := &shaped{shape: shape}
	err := c.object(o)
	return o.object(c.cut), err
}

// object reads the members of an object with a shape.
func (c *condenser) object(o *shaped) error {
	return c.elements(func() (more bool, err error) {
		name, member, err := c.name()
		switch {
		case err != nil:
			return false, err
		case !member: // an element of a Python set
			c.cut = true
			return true, nil
		default:
			return true, c.member(o, name)
		}
	})
}

// elements calls f before each element of the container that begins here, as long as it wants more.
func (c *condenser) elements(f func() (more bool, err error)) error {
	end := closing(c.next())
	c.advance()
	for first := true; ; first = false {
		b := c.next()
		if b == ',' && !first {
			c.advance()
			b = c.next()
		} else if !first && b != end && !c.ended() {
			return c.fail("expected , or " + string(end))
		}
		if c.ended() {
			c.cut = true
			return nil
		}
		if b == end {
			c.advance()
			return nil
		}
		more, err := f()
		if err != nil {
			return err
		}
		if !more {
			c.cut = true
			return c.leave(1)
		}
	}
}

func opens(b byte) bool { return b == '{' || b == '[' || b == '(' }

func closing(b byte) byte {
	switch b {
	case '{':
		return '}'
	case '[':
		return ']'
	default:
		return ')'
	}
}

// name reads the name of a member and the colon; member is false where an element of a set stands instead.
func (c *condenser) name() (name string, member bool, err error) {
	if opens(c.next()) { // a tuple: no event has one as a name
		c.cut = true
		err = c.skip()
	} else {
		var v Value
		var cut bool
		v, cut, err = c.scalar(condensedText)
		name, c.cut = v.Text, c.cut || cut
	}
	if err != nil || c.next() != ':' {
		return name, false, err
	}
	c.advance()
	return name, true, nil
}

func (c *condenser) member(o *shaped, name string) error {
	shape, b := o.shape.Members[name], c.next()
	switch {
	case o.shape.whole(name) && b == '[' && !c.ended():
		return c.octets(o, name)
	case !opens(b) && o.shape.whole(name) && !c.ended():
		return c.text(o, name, -1)
	case shape != nil && shape.begins(b) && !c.ended():
		m, again := o.member(name)
		c.cut = c.cut || again
		return c.inner(m, shape, b)
	case !opens(b) && o.shape.text(name) && !c.ended():
		return c.text(o, name, condensedText)
	}
	v, kept, err := c.other(1)
	if kept {
		c.bytes -= len(name)
		v.Key = name
		o.others = append(o.others, v)
	}
	return err
}

func (c *condenser) text(o *shaped, name string, limit int) error {
	v, cut, err := c.scalar(limit)
	if err != nil {
		return err
	}
	m, again := o.member(name)
	c.cut = c.cut || cut || again && m.value.Text != v.Text
	v.Key = name
	m.value, m.inner = v, nil
	return nil
}

// octets reads a text that is written as an array of the numbers of its bytes, as journald does where it is no UTF-8.
func (c *condenser) octets(o *shaped, name string) error {
	var text []byte
	err := c.elements(func() (more bool, err error) {
		v, err := c.number()
		octet, notOne := strconv.ParseUint(v.Text, 10, 8)
		if text = append(text, byte(octet)); notOne != nil {
			text = nil
		}
		return notOne == nil, err
	})
	m, _ := o.member(name)
	m.value, m.inner = Value{Kind: String, Key: name, Text: string(text)}, nil
	return err
}

// number reads an element that is a number, if it is one.
func (c *condenser) number() (v Value, err error) {
	if b := c.next(); '0' <= b && b <= '9' {
		v, _, err = c.scalar(condensedText)
	}
	return v, err
}

// inner reads a member that has a shape of its own.
func (c *condenser) inner(m *namedMember, shape *Shape, b byte) error {
	switch {
	case b == '{':
		return c.object(m.begin(shape))
	case b == '[' && shape.Elements:
		return c.elements(func() (more bool, err error) {
			if c.next() != '{' {
				c.cut = true
				return true, c.skip()
			}
			c.cut = c.cut || m.inner != nil
			return true, c.object(m.begin(shape))
		})
	case b == '"' && shape.Quoted:
		text, err := c.quoted()
		if err != nil {
			return err
		}
		return c.within(m, shape, text)
	default:
		v, _, err := c.other(1)
		v.Key = m.value.Key
		m.value, m.inner = v, nil
		return err
	}
}

// within reads an object out of a string.
func (c *condenser) within(m *namedMember, shape *Shape, text io.Reader) error {
	within := *c
	stream := newStream(text)
	within.source = stream
	var err error
	if within.next() == '{' {
		err = within.object(m.begin(shape))
	} else {
		var v Value
		v, _, err = within.other(1)
		v.Key = m.value.Key
		m.value, m.inner = v, nil
	}
	c.values, c.bytes, c.cut = within.values, within.bytes, within.cut || stream.ended()
	if err == nil && within.next() != 0 {
		err = within.fail("text after the end of the JSON value")
	}
	if err == nil {
		err = within.failure()
	}
	return err
}

// other reads a value that no shape names, as long as there is room for it.
func (c *condenser) other(depth int) (v Value, kept bool, err error) {
	switch {
	case c.ended():
		c.cut = true
		return Value{}, false, nil
	case c.full() || depth > condensedDepth:
		c.cut = true
		return Value{}, false, c.skip()
	}
	c.values--
	if opens(c.next()) {
		v, err = c.container(depth)
		return v, err == nil, err
	}
	v, cut, err := c.scalar(min(condensedText, c.bytes))
	c.bytes -= len(v.Text)
	c.cut = c.cut || cut
	return v, err == nil, err
}

func (c *condenser) container(depth int) (Value, error) {
	v := Value{Kind: Array}
	braces := c.next() == '{'
	if braces {
		v.Kind = Object
	}
	err := c.elements(func() (more bool, err error) {
		if c.full() {
			return false, nil
		}
		var name string
		if braces {
			var member bool
			if name, member, err = c.name(); err != nil {
				return false, err
			}
			c.bytes -= len(name)
			if !member { // of a set
				c.values--
				v.Kind = Array
				v.Items = append(v.Items, Value{Kind: String, Text: name})
				return true, nil
			}
		}
		item, kept, err := c.other(depth + 1)
		if kept {
			item.Key = name
			v.Items = append(v.Items, item)
		}
		return true, err
	})
	return v, err
}

// full reports whether there is no room for what no shape names.
func (c *condenser) full() bool { return c.values <= 0 || c.bytes <= 0 }

// skip leaves out a value, however deep it is.
func (c *condenser) skip() error {
	if opens(c.next()) {
		c.advance()
		return c.leave(1)
	}
	_, _, err := c.scalar(0)
	return err
}
