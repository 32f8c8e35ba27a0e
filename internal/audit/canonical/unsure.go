package canonical

import (
	"crypto/sha256"
	"slices"
)

// unsure is a field of which a backend does not tell whether the record had it.
type unsure struct {
	field

	likely bool
}

// Unsure adds a field of which the backend does not tell whether the record had it, and whether that is likely.
func (f *Form) Unsure(name, value string, likely bool) {
	if value != "" {
		f.unsure = append(f.unsure, unsure{field{name, value}, likely})
	}
}

// Doubt makes a field one of which the record may not have had it.
func (f *Form) Doubt(name string) {
	for i, field := range f.fields {
		if field.name == name {
			f.fields = slices.Delete(f.fields, i, i+1)
			f.Unsure(name, field.value, true)
			return
		}
	}
}

// Hashes yields the hash of each record that what the backend gave back can stand for, the likeliest first: mostly that is one.
func (f *Form) Hashes(yield func([sha256.Size]byte) bool) {
	sortFields(f.fields)
	f.certain = append(f.certain[:0], f.fields...)
	for turned := range 1 << len(f.unsure) {
		f.fields = append(f.fields[:0], f.certain...)
		for i, u := range f.unsure {
			if u.likely != (turned>>i&1 == 1) {
				f.fields = append(f.fields, u.field)
			}
		}
		if sum, _ := f.Hash(); !yield(sum) {
			break
		}
	}
	f.fields = append(f.fields[:0], f.certain...)
}
