package sentence

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The lengths to which values are cut in a sentence, in characters.
const (
	maxWord = 128
	maxPath = 256
)

// appendQuoted appends a value that is safe to read within a sentence. A word stands as it is. Everything else stands in quotes, and what
// could be taken for the end of the quotes, or for nothing, is escaped. A user called "bob: success", or with a line break in the name,
// cannot forge a line.
func appendQuoted(dst []byte, s string) []byte { return appendQuotedTo(dst, s, maxWord) }

func appendQuotedTo(dst []byte, s string, limit int) []byte {
	s, cut := cutRunes(s, limit)
	word := isWord(s)
	if word && !cut {
		return append(dst, s...)
	}
	if strings.Contains(s, ":") && !strings.Contains(s, "%") {
		if _, err := netip.ParseAddr(s); err == nil {
			return append(dst, s...)
		}
	}
	if !word {
		dst = appendEscaped(append(dst, '"'), s)
	} else {
		dst = append(dst, s...)
	}
	if cut {
		dst = append(dst, "…"...)
	}
	if !word {
		dst = append(dst, '"')
	}
	return dst
}

func isWord(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '/': // most names have no more
		default:
			return !strings.ContainsFunc(s[i:], breaksWord)
		}
	}
	return s != ""
}

func breaksWord(r rune) bool {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r > unicode.MaxASCII && needsEscape(r)
	}
	return !strings.ContainsRune("_.@+/%~=*-", r)
}

// appendEscaped appends s with everything escaped that would not be seen, or be seen as part of the sentence. Letters and marks of the
// world's scripts stay, and the joiners that a script needs between them.
func appendEscaped(dst []byte, s string) []byte {
	if !strings.ContainsFunc(s, func(r rune) bool { return needsEscape(r) || unicode.IsMark(r) }) && utf8.ValidString(s) {
		return append(dst, s...)
	}
	joiners := joinersBelong(s)
	base := false // whether a mark would stand on a character of the value
	for _, r := range s {
		switch {
		case isJoiner(r) && joiners:
			dst = utf8.AppendRune(dst, r)
		case unicode.IsMark(r) && !base, needsEscape(r):
			dst = appendEscape(dst, r)
			base = false
		default:
			dst = utf8.AppendRune(dst, r)
			base = unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
		}
	}
	return dst
}

func appendEscape(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r > 0xffff:
		return fmt.Appendf(dst, `\U%08x`, r)
	default:
		return fmt.Appendf(dst, `\u%04x`, r)
	}
}

func needsEscape(r rune) bool {
	switch {
	case r <= unicode.MaxASCII:
		return r == '"' || r == '\\' || r < ' ' || r == 0x7f
	case r == utf8.RuneError:
		return true
	default:
		return !unicode.IsGraphic(r) || unicode.IsSpace(r) ||
			unicode.In(r, unicode.Me, invisible, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, lookAlikes)
	}
}

// invisible are characters that render as nothing and that Unicode does not call ignorable: a musical notehead, a blank of Braille and a
// filler of Khitan. Its Default_Ignorable_Code_Point are these two properties in package unicode and the format characters, which are not
// graphic.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x16fe4, Hi: 0x16fe4, Stride: 1}, {Lo: 0x1d159, Hi: 0x1d159, Stride: 1}},
}

// lookAlikes look like what the sentence is made of: a quotation mark, a colon, a parenthesis, a backslash. They are those of Unicode's
// confusables.txt (UTS #39) that are no marks of a living script, the compatibility forms of the same, and all modifier letters.
var lookAlikes = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x02b0, Hi: 0x02ff, Stride: 1}, // modifier letters
	{Lo: 0x0589, Hi: 0x0589, Stride: 1}, // Armenian full stop
	{Lo: 0x05c3, Hi: 0x05c3, Stride: 1}, // Hebrew sof pasuq
	{Lo: 0x05f2, Hi: 0x05f2, Stride: 1}, // Yiddish double yod
	{Lo: 0x05f4, Hi: 0x05f4, Stride: 1}, // Hebrew gershayim
	{Lo: 0x0703, Hi: 0x0704, Stride: 1}, // Syriac colons
	{Lo: 0x1361, Hi: 0x1361, Stride: 1}, // Ethiopic wordspace
	{Lo: 0x1365, Hi: 0x1366, Stride: 1}, // Ethiopic colons
	{Lo: 0x16ec, Hi: 0x16ec, Stride: 1}, // Runic multiple punctuation
	{Lo: 0x1803, Hi: 0x1803, Stride: 1}, // Mongolian full stops
	{Lo: 0x1809, Hi: 0x1809, Stride: 1},
	{Lo: 0x1cd3, Hi: 0x1cd3, Stride: 1}, // Vedic nihshvasa
	{Lo: 0x201c, Hi: 0x201f, Stride: 1}, // double quotation marks
	{Lo: 0x2033, Hi: 0x2034, Stride: 1}, // double and triple primes
	{Lo: 0x2036, Hi: 0x2037, Stride: 1},
	{Lo: 0x2057, Hi: 0x2057, Stride: 1},
	{Lo: 0x205a, Hi: 0x205a, Stride: 1}, // two dot punctuation
	{Lo: 0x207d, Hi: 0x207e, Stride: 1}, // superscript parentheses
	{Lo: 0x208d, Hi: 0x208e, Stride: 1}, // subscript parentheses
	{Lo: 0x2216, Hi: 0x2216, Stride: 1}, // set minus
	{Lo: 0x2236, Hi: 0x2237, Stride: 1}, // ratio, proportion
	{Lo: 0x239b, Hi: 0x23a0, Stride: 1}, // pieces of parentheses
	{Lo: 0x275d, Hi: 0x275e, Stride: 1}, // quotation mark ornaments
	{Lo: 0x2760, Hi: 0x2760, Stride: 1},
	{Lo: 0x2768, Hi: 0x276b, Stride: 1}, // parenthesis ornaments
	{Lo: 0x2772, Hi: 0x2773, Stride: 1},
	{Lo: 0x27cd, Hi: 0x27cd, Stride: 1}, // falling diagonal
	{Lo: 0x27ee, Hi: 0x27ef, Stride: 1}, // flattened parentheses
	{Lo: 0x2982, Hi: 0x2982, Stride: 1}, // Z notation type colon
	{Lo: 0x2985, Hi: 0x2986, Stride: 1}, // white parentheses
	{Lo: 0x29f5, Hi: 0x29f5, Stride: 1}, // reverse solidus operators
	{Lo: 0x29f9, Hi: 0x29f9, Stride: 1},
	{Lo: 0x2a74, Hi: 0x2a74, Stride: 1}, // double colon equal
	{Lo: 0x2e28, Hi: 0x2e29, Stride: 1}, // double parentheses
	{Lo: 0x2e42, Hi: 0x2e42, Stride: 1}, // double low-reversed-9 quotation mark
	{Lo: 0x2e59, Hi: 0x2e5c, Stride: 1}, // half parentheses
	{Lo: 0x3003, Hi: 0x3003, Stride: 1}, // ditto mark
	{Lo: 0x3014, Hi: 0x3015, Stride: 1}, // tortoise shell brackets
	{Lo: 0x301d, Hi: 0x301f, Stride: 1}, // double prime quotation marks
	{Lo: 0x309b, Hi: 0x309b, Stride: 1}, // voiced sound mark
	{Lo: 0x31d4, Hi: 0x31d4, Stride: 1}, // CJK stroke D
	{Lo: 0xa4f8, Hi: 0xa4fd, Stride: 1}, // Lisu tones
	{Lo: 0xa700, Hi: 0xa721, Stride: 1}, // modifier tone letters
	{Lo: 0xa788, Hi: 0xa78a, Stride: 1}, // modifier letter colon and its neighbours
	{Lo: 0xfd3e, Hi: 0xfd3f, Stride: 1}, // ornate parentheses
	{Lo: 0xfe13, Hi: 0xfe13, Stride: 1}, // vertical forms
	{Lo: 0xfe30, Hi: 0xfe30, Stride: 1},
	{Lo: 0xfe35, Hi: 0xfe36, Stride: 1},
	{Lo: 0xfe55, Hi: 0xfe55, Stride: 1}, // small forms
	{Lo: 0xfe59, Hi: 0xfe5a, Stride: 1},
	{Lo: 0xfe68, Hi: 0xfe68, Stride: 1},
	{Lo: 0xff02, Hi: 0xff02, Stride: 1}, // fullwidth forms
	{Lo: 0xff08, Hi: 0xff09, Stride: 1},
	{Lo: 0xff1a, Hi: 0xff1a, Stride: 1},
	{Lo: 0xff3b, Hi: 0xff3d, Stride: 1},
	{Lo: 0xff9e, Hi: 0xff9e, Stride: 1}, // halfwidth voiced sound mark
}}

// contextJ knows where a joiner belongs: RFC 5892, Appendix A.
var contextJ = idna.New(idna.CheckJoiners(true))

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joinersBelong reports whether each joiner of s stands where its script needs one, such as in Persian compounds and behind a virama of
// Devanagari, Sinhala or Malayalam. Elsewhere nobody sees it.
func joinersBelong(s string) bool {
	found := false
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !isJoiner(r) }) {
		if !strings.ContainsFunc(word, isJoiner) {
			continue
		}
		if _, err := contextJ.ToUnicode(word); err != nil {
			return false
		}
		found = true
	}
	return found
}

func cutRunes(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	for i := range s {
		if limit == 0 {
			return s[:i], true
		}
		limit--
	}
	return s, false
}
