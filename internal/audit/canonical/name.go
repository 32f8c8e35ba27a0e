package canonical

// maxNames bounds the names that a Form remembers: whoever writes events may make up keys.
const maxNames = 4096

// name returns the name of an attribute as Loki makes it (otlptranslator.LabelNamer), remembered.
func (f *Form) name(key string) string {
	if name, ok := f.names[key]; ok {
		return name
	}
	name := Name(key)
	if len(f.names) >= maxNames {
		clear(f.names)
	}
	f.names[key] = name
	return name
}

// Name returns the name of an attribute: runs of characters other than ASCII letters and digits become one underscore, and a digit does
// not come first. The name of a name is the same.
func Name(key string) string {
	if key == "" {
		return ""
	}
	name := make([]byte, 0, len(key)+len("key_"))
	if isDigit(key[0]) {
		name = append(name, "key_"...)
	}
	for i := range len(key) {
		c := key[i]
		if isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			name = append(name, c)
		} else if len(name) == 0 || name[len(name)-1] != '_' {
			name = append(name, '_')
		}
	}
	return string(name)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
