package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sources is what reflection does not tell of the types of the configurations.
type sources struct {
	// docs are the comments of types and of fields, by package.Type and package.Type.Field.
	docs map[string]string
	// values are those that our own types of string allow: their constants.
	values map[string][]string
}

// parseSources reads the packages of the components, and those that they import.
func parseSources(ctx context.Context, root string, components []registered) (*sources, error) {
	arguments := []string{"list", "-deps", "-f", `{{if not .Standard}}{{range $file := .GoFiles}}{{$.ImportPath}} {{$.Dir}}/{{$file}}
{{end}}{{end}}`}
	for _, c := range components {
		arguments = append(arguments, "./"+c.folder)
	}
	list := exec.CommandContext(ctx, "go", arguments...)
	list.Dir = root
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages of the components: %w", err)
	}
	s := &sources{docs: map[string]string{}, values: map[string][]string{}}
	for line := range strings.Lines(string(output)) {
		importPath, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(importPath, module) && !strings.HasPrefix(importPath, "go.opentelemetry.io/collector/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parse the configurations: %w", err)
		}
		for _, declaration := range file.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok {
				s.declaration(importPath, general)
			}
		}
	}
	return s, nil
}

func (s *sources) declaration(importPath string, general *ast.GenDecl) {
	for _, spec := range general.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			name := importPath + "." + spec.Name.Name
			s.docs[name] = text(spec.Doc)
			if s.docs[name] == "" {
				s.docs[name] = text(general.Doc)
			}
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, field := range structure.Fields.List {
				for _, fieldName := range field.Names {
					s.docs[name+"."+fieldName.Name] = text(field.Doc)
				}
			}
		case *ast.ValueSpec:
			named, ok := spec.Type.(*ast.Ident)
			if !ok || general.Tok != token.CONST || !strings.HasPrefix(importPath, module) {
				continue
			}
			for _, value := range spec.Values {
				if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if value, err := strconv.Unquote(literal.Value); err == nil {
						name := importPath + "." + named.Name
						s.values[name] = append(s.values[name], value)
					}
				}
			}
		}
	}
}

func text(comment *ast.CommentGroup) string {
	first, _, _ := strings.Cut(comment.Text(), "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

var (
	words = regexp.MustCompile(`\b[A-Z]\w+\b`)
	// subjects are the names with which a comment begins.
	subjects = regexp.MustCompile(`^[A-Z]\w+(, [A-Z]\w+)*( and [A-Z]\w+)?\b`)
)

// describe returns the comment of a field, or of the one before that speaks of both, or of its type, with keys for the names of fields.
func (s *sources) describe(owner, field, fieldType string, keys map[string]string, order []string) string {
	doc := s.docs[owner+"."+field]
	for i := 0; doc == "" && i < len(order) && order[i] != field; i++ {
		other := s.docs[owner+"."+order[i]]
		if slices.Contains(words.FindAllString(subjects.FindString(other), -1), field) {
			doc = other
		}
	}
	if name, ours := strings.CutPrefix(fieldType, module); doc == "" && ours {
		_, name, _ = strings.Cut(name, ".")
		doc = strings.Replace(s.docs[fieldType], name, field, 1)
	}
	beginning := subjects.FindString(doc)
	return words.ReplaceAllStringFunc(beginning, func(word string) string { return keyOf(word, keys) }) +
		words.ReplaceAllStringFunc(doc[len(beginning):], func(word string) string {
			if key := keyOf(word, keys); strings.Contains(key, "_") {
				return key
			}
			return word
		})
}

func keyOf(word string, keys map[string]string) string {
	if key, ok := keys[word]; ok {
		return key
	}
	return word
}
