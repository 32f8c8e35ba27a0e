package backends

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// kql is a query in Kibana's language, as far as our saved objects make use of it: `field: value`, `field: (a or b)`, `field: *`, and, or,
// not, and parentheses. An operator has parts, a comparison has a field.
type kql struct {
	operator string // and, or, not
	parts    []kql
	field    string
	value    any // nil: there is one
}

var kqlToken = regexp.MustCompile(`\s*("[^"]*"|[():*]|[\w.@-]+)`)

type kqlParser struct{ tokens []string }

func parseKQL(text string) (kql, error) {
	p := &kqlParser{}
	for len(text) > 0 {
		at := kqlToken.FindStringSubmatchIndex(text)
		if at == nil || at[0] != 0 {
			return kql{}, fmt.Errorf("unexpected %q", text)
		}
		p.tokens, text = append(p.tokens, text[at[2]:at[3]]), text[at[1]:]
	}
	query, err := p.operation("or")
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("unexpected %v", p.tokens)
	}
	return query, err
}

func (p *kqlParser) next() (token string) {
	if len(p.tokens) > 0 {
		token, p.tokens = p.tokens[0], p.tokens[1:]
	}
	return token
}

func (p *kqlParser) accept(token string) bool {
	accepted := len(p.tokens) > 0 && p.tokens[0] == token
	if accepted {
		p.next()
	}
	return accepted
}

// operation parses parts that are joined by or; and binds stronger.
func (p *kqlParser) operation(operator string) (query kql, err error) {
	part := p.part
	if operator == "or" {
		part = func() (kql, error) { return p.operation("and") }
	}
	query = kql{operator: operator}
	for more := true; more && err == nil; more = p.accept(operator) {
		var next kql
		next, err = part()
		query.parts = append(query.parts, next)
	}
	if len(query.parts) == 1 {
		return query.parts[0], err
	}
	return query, err
}

func (p *kqlParser) part() (query kql, err error) {
	if p.accept("not") {
		part, err := p.part()
		return kql{operator: "not", parts: []kql{part}}, err
	}
	if p.accept("(") {
		if query, err = p.operation("or"); err == nil && !p.accept(")") {
			err = fmt.Errorf("no ) before %v", p.tokens)
		}
		return query, err
	}
	field := unquote(p.next())
	if !p.accept(":") {
		return kql{}, fmt.Errorf("no : after %q", field)
	}
	if !p.accept("(") {
		return p.value(fmt.Sprint(field))
	}
	query = kql{operator: "or"}
	for more := true; more && err == nil; more = p.accept("or") {
		var next kql
		next, err = p.value(fmt.Sprint(field))
		query.parts = append(query.parts, next)
	}
	if err == nil && !p.accept(")") {
		err = fmt.Errorf("no ) before %v", p.tokens)
	}
	return query, err
}

func (p *kqlParser) value(field string) (kql, error) {
	switch token := p.next(); token {
	case "*":
		return kql{field: field}, nil
	case "", "(", ")", ":", "or", "and", "not":
		return kql{}, fmt.Errorf("%s has no value, but %q", field, token)
	default:
		return kql{field: field, value: unquote(token)}, nil
	}
}

// unquote returns a text or a number.
func unquote(token string) any {
	if text, err := strconv.Unquote(token); err == nil {
		return text
	}
	if number, err := strconv.Atoi(token); err == nil {
		return number
	}
	return token
}

func (q kql) fields() (fields []string) {
	if q.operator == "" {
		return []string{q.field}
	}
	for _, part := range q.parts {
		fields = append(fields, part.fields()...)
	}
	return fields
}

// elasticsearch returns the query as Kibana sends it. path is where the documents have a field.
func (q kql) elasticsearch(path func(field string) string) object {
	parts := make([]any, len(q.parts))
	for i, part := range q.parts {
		parts[i] = part.elasticsearch(path)
	}
	switch {
	case q.operator == "or":
		return object{"bool": object{"should": parts, "minimum_should_match": 1}}
	case q.operator == "and":
		return object{"bool": object{"filter": parts}}
	case q.operator == "not":
		return object{"bool": object{"must_not": parts}}
	case q.value == nil:
		return object{"exists": object{"field": path(q.field)}}
	}
	return object{"term": object{path(q.field): q.value}}
}

func TestKQL(t *testing.T) {
	t.Parallel()
	same := func(field string) string { return field }
	for _, test := range []struct {
		query, problem string
		want           object
	}{
		{query: `a.b : "x y"`, want: object{"term": object{"a.b": "x y"}}},
		{query: `a:*`, want: object{"exists": object{"field": "a"}}},
		{query: `"@timestamp": *`, want: object{"exists": object{"field": "@timestamp"}}},
		{query: `not a : 1`, want: object{"bool": object{"must_not": []any{object{"term": object{"a": 1}}}}}},
		{query: `a : (1 or "2") and b : "3" or c : *`, want: object{"bool": object{"minimum_should_match": 1, "should": []any{
			object{"bool": object{"filter": []any{
				object{"bool": object{"minimum_should_match": 1, "should": []any{object{"term": object{"a": 1}}, object{"term": object{"a": "2"}}}}},
				object{"term": object{"b": "3"}},
			}}},
			object{"exists": object{"field": "c"}},
		}}}},
		{query: `a`, problem: `no : after "a"`},
		{query: `a :`, problem: `a has no value, but ""`},
		{query: `a : and b : c`, problem: `a has no value, but "and"`},
		{query: `(a : b`, problem: `no ) before []`},
		{query: `a : (b`, problem: `no ) before []`},
		{query: `a : b)`, problem: `unexpected [)]`},
		{query: `a : "b`, problem: `unexpected " \"b"`},
	} {
		t.Run(test.query, func(t *testing.T) {
			parsed, err := parseKQL(test.query)
			if test.problem != "" {
				require.EqualError(t, err, test.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, parsed.elasticsearch(same))
		})
	}
}
