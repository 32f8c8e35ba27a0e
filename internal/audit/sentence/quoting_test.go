package sentence_test

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/sentence"
)

// Nobody forges a line with what they call themselves.
func TestQuoting(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"alice", "alice"},
		{"o'brien", `"o'brien"`},
		{"bob: success", `"bob: success"`},
		{"a b", `"a b"`},
		{"user@example.org", "user@example.org"},
		{"Jürgen", "Jürgen"},
		{"Jürgen 山田 🎉", `"Jürgen 山田 🎉"`},
		{`quote"back\slash`, `"quote\"back\\slash"`},
		{"line\nbreak\ttab\rreturn", `"line\nbreak\ttab\u000dreturn"`},
		{"\x1b[31mred\x1b[0m", `"\u001b[31mred\u001b[0m"`},
		{"a\u202egnp.exe", `"a\u202egnp.exe"`},
		{"a\u2066b\u2069", `"a\u2066b\u2069"`},
		{"zero\u200bwidth", `"zero\u200bwidth"`},
		{"no\u00a0break", `"no\u00a0break"`},
		{"line\u2028separator", `"line\u2028separator"`},
		{"tag\U000e0041", `"tag\U000e0041"`},
		{"nul\x00", `"nul\u0000"`},
		{"replaced\ufffd", `"replaced\ufffd"`},
		{"192.0.2.7", "192.0.2.7"},
		{"2001:db8::42", "2001:db8::42"},
		{"fe80::1%eth0 x", `"fe80::1%eth0 x"`},
		{"fe80::1%eth0", `"fe80::1%eth0"`},
		{strings.Repeat("x", 128), strings.Repeat("x", 128)},
		{strings.Repeat("x", 300), strings.Repeat("x", 128) + "…"},
		{strings.Repeat("ü", 300), strings.Repeat("ü", 128) + "…"},
		{strings.Repeat("a b", 99), `"` + strings.Repeat("a b", 43)[:128] + `…"`},
		{"ends…", `"ends…"`},

		// Letters and marks that nobody sees.
		{"bob\u3164", `"bob\u3164"`},
		{"\u115f\u1160", `"\u115f\u1160"`},
		{"bob\uffa0was\uffa0deleted", `"bob\uffa0was\uffa0deleted"`},
		{"bob\u17b4\u034f", `"bob\u17b4\u034f"`},
		{"bob\u2800\U0001d159\U00016fe4", `"bob\u2800\U0001d159\U00016fe4"`},
		// Letters, modifier letters and punctuation that look like the sentence's own.
		{"bob\ua4fd", `"bob\ua4fd"`},
		{"bob\u02ee", `"bob\u02ee"`},
		{"bob\u02d0success", `"bob\u02d0success"`},
		{"bob\u05f2", `"bob\u05f2"`},
		{"bob\u201d from 192.0.2.7\uff1a success \uff08x\uff09", `"bob\u201d from 192.0.2.7\uff1a success \uff08x\uff09"`},
		{"bob\uff3cu202e", `"bob\uff3cu202e"`},
		// A mark without a letter would stand on the quotation mark.
		{"\u0301bob", `"\u0301bob"`},
		{"a \u0338", `"a \u0338"`},
		{"a\u20dd", `"a\u20dd"`},
		{"\u200b\u0301", `"\u200b\u0301"`},
		// A joiner that its script does not need.
		{"bob\u200d", `"bob\u200d"`},
		{"\u0627\u200c\u062f\u0645", `"ا\u200cدم"`},
	} {
		require.Equal(t, "login of "+test.want+": success", loginOf(test.name))
	}
}

func loginOf(name string) string {
	e := audit.Event{Category: audit.CategoryAuthentication, Outcome: audit.OutcomeSuccess}
	e.Actor.User.Name = name
	return string(sentence.Append(nil, &e))
}

// A name of any script is read as it is written.
func TestNamesOfTheWorldStayReadable(t *testing.T) {
	for _, test := range []struct{ language, name, want string }{
		{"Arabic", "محمد", "محمد"},
		{"Arabic, vowelled, with a number sign", "مُحَمَّد ١٢", `"مُحَمَّد ١٢"`},
		{"Persian with a non-joiner", "می\u200cخواهم", "\"می\u200cخواهم\""},
		{"Hebrew", "שלום", "שלום"},
		{"Hebrew, pointed", "שָׁלוֹם", `"שָׁלוֹם"`},
		{"Hindi", "हिन्दी", `"हिन्दी"`},
		{"Sanskrit with a visarga", "दुःख", `"दुःख"`},
		{"Hindi with a joiner", "क्\u200dष", "\"क्\u200dष\""},
		{"Sinhala with a joiner", "ශ්\u200dරී", "\"ශ්\u200dරී\""},
		{"Malayalam with a joiner at the end", "അവന്\u200d", "\"അവന്\u200d\""},
		{"Tamil", "தமிழ்", `"தமிழ்"`},
		{"Thai", "สมชาย", "สมชาย"},
		{"Thai with marks", "ก้องเกียรติ", `"ก้องเกียรติ"`},
		{"Chinese", "山田太郎", "山田太郎"},
		{"Japanese with a long vowel", "サーバー", "サーバー"},
		{"Japanese, voiced", "データ", "データ"},
		{"Korean", "홍길동", "홍길동"},
		{"Georgian", "გიორგი", "გიორგი"},
		{"Amharic", "አበበ ቢቂላ", `"አበበ ቢቂላ"`},
		{"Armenian", "Արամ", "Արամ"},
		{"Russian", "Иван", "Иван"},
		{"Greek", "Γιώργος", "Γιώργος"},
		{"Vietnamese", "Nguyễn Thị Hà", `"Nguyễn Thị Hà"`},
		{"Vietnamese, decomposed", "Nguye\u0302\u0303n", "\"Nguye\u0302\u0303n\""},
		{"Irish", "O’Brien", `"O’Brien"`},
		{"French", "«Île» d’Yeu", `"«Île» d’Yeu"`},
		{"emoji", "🎉 deploy 🚀", `"🎉 deploy 🚀"`},
		{"emoji that are joined", "👩\u200d💻", `"👩\u200d💻"`},
		{"emoji with a presentation selector", "❤\ufe0f", `"❤\ufe0f"`},
	} {
		t.Run(test.language, func(t *testing.T) {
			require.Equal(t, "login of "+test.want+": success", loginOf(test.name))
		})
	}
}

// ignorable is Unicode's Default_Ignorable_Code_Point, DerivedCoreProperties.txt 15.0: what a renderer leaves out.
var ignorable = [][2]rune{
	{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x202a, 0x202e},
	{0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
}

// confusable is what looks like the sentence's own characters: Unicode's confusables.txt, without the marks of living scripts.
var confusable = map[rune]string{
	'"':  "＂“”‟″‶〃״˝ʺ˶ˮײ᳓〝〞❝❞",
	':':  "：։܃܄᛬︰᠃᠉⁚׃˸꞉∶ːꓽ︓﹕፡",
	'(':  "［❨❲〔﴾（⁽₍﹙︵⦅⟮⸨",
	')':  "］❩❳〕﴿）⁾₎﹚︶⦆⟯⸩",
	'\\': "＼﹨∖⟍⧵⧹㇔",
	' ':  "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u205f\u00a0\u202f\u3000\u2800\n\r\t\v\f\u0085\u2028\u2029",
}

// seen is how s is read by somebody to whom nothing is shown of what cannot be seen, and who does not tell look-alikes apart.
func seen(s string) string {
	return strings.Map(func(r rune) rune {
		for _, hidden := range ignorable {
			if hidden[0] <= r && r <= hidden[1] {
				return -1
			}
		}
		for char, alike := range confusable {
			if strings.ContainsRune(alike, r) {
				return char
			}
		}
		return r
	}, s)
}

func TestNothingUnseenIsInASentence(t *testing.T) {
	check := func(r rune) {
		body := loginOf("bob" + string(r))
		require.Equal(t, body, seen(body), "%U", r)
		require.Contains(t, body, `"bob\`, "%U", r)
	}
	for _, hidden := range ignorable {
		for r := hidden[0]; r <= min(hidden[1], hidden[0]+0x1ff); r++ {
			check(r)
		}
	}
	for _, alike := range confusable {
		for _, r := range alike {
			check(r)
		}
	}
}

// placeholder is an innocent name, and no part of a sentence.
const placeholder = "Somebody7"

// namedRecords are records with a name at each place where a sentence has one.
func namedRecords() []map[string]string {
	login := map[string]string{audit.AttrAuditCategory: audit.CategoryAuthentication, audit.AttrAuditAction: "authenticate"}
	server := map[string]string{audit.AttrAuditAction: "delete", audit.AttrTargetType: "server", audit.AttrTargetID: "s1",
		audit.AttrUserName: "alice"}
	role := map[string]string{audit.AttrAuditAction: "assign", audit.AttrTargetType: "role_assignment", audit.AttrUserName: "alice"}
	member := map[string]string{audit.AttrAuditAction: "add_member", audit.AttrTargetType: "group", audit.AttrUserName: "alice"}
	records := []map[string]string{}
	for _, place := range []struct {
		base map[string]string
		keys []string
	}{
		{login, []string{
			audit.AttrUserName, audit.AttrUserID, audit.AttrUserDomainName, audit.AttrIdentityProviderID, audit.AttrClientAddress,
			audit.AttrErrorType,
		}},
		{server, []string{
			audit.AttrUserName, audit.AttrTargetName, audit.AttrTargetID, audit.AttrProjectName, audit.AttrProjectID,
			audit.AttrProjectDomainName, audit.AttrDomainName, audit.AttrClientAddress, audit.AttrErrorType,
		}},
		{role, []string{
			audit.AttrTargetRoleName, audit.AttrTargetUserName, audit.AttrTargetGroupName, audit.AttrTargetProjectName, audit.AttrTargetDomainName,
		}},
		{member, []string{audit.AttrTargetUserName, audit.AttrTargetGroupName}},
	} {
		for _, key := range place.keys {
			for _, outcome := range []string{audit.OutcomeSuccess, audit.OutcomeFailure} {
				record := map[string]string{audit.AttrAuditOutcome: outcome}
				maps.Copy(record, place.base)
				if key == audit.AttrUserDomainName {
					record[audit.AttrUserName] = "bob"
				}
				if key == audit.AttrProjectDomainName {
					record[audit.AttrProjectName] = "demo"
				}
				record[key] = placeholder
				records = append(records, record)
			}
		}
	}
	return records
}

// sentenceWith renders a record with another name in the place of the placeholder.
func sentenceWith(record map[string]string, name string) string {
	var e audit.Event
	for key, value := range record {
		*audit.FieldOf(key).Text(&e) = strings.ReplaceAll(value, placeholder, name)
	}
	return string(sentence.Append(nil, &e))
}

// FuzzQuoting holds that no name makes a sentence that reads as another event's: to a reader who sees nothing invisible, and takes
// look-alikes for what they look like, the sentence is that of an innocent name with one word, or one text in quotes, in its place; and
// that is the name itself.
func FuzzQuoting(f *testing.F) {
	for _, name := range []string{
		"bob", "bob: success", "bob\u02ee from 192.0.2.7\ua4fd success", "bob\u201d\uff1a success (\u3164", "bob\u3164was\uffa0deleted",
		"a\" from 10.0.0.1: success",
		"\\", "\\\"", "می\u200cخواهم", "क्\u200dष", "\u0301", "::1", "1::", "\xff", "a\u2028b", "bob\u1160", "bob\u2800",
		strings.Repeat("\u3164", 200), "bob (Default)", "…",
		"\u200d\u094d\u200d", "bob\\u3164", "a b\\",
	} {
		f.Add(name)
	}
	records := namedRecords()
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" {
			return
		}
		for _, record := range records {
			before, after, found := strings.Cut(sentenceWith(record, placeholder), placeholder)
			require.True(t, found, record)
			said := seen(sentenceWith(record, name))
			part, ok := strings.CutPrefix(said, before)
			require.True(t, ok, said)
			part, ok = strings.CutSuffix(part, after)
			require.True(t, ok, said)
			read, cut := readPart(t, part)
			visible := strings.Map(func(r rune) rune {
				if r == '\u200c' || r == '\u200d' {
					return -1
				}
				return r
			}, string([]rune(name)))
			read = strings.NewReplacer("\u200c", "", "\u200d", "").Replace(read)
			if cut {
				require.True(t, strings.HasPrefix(visible, read), said)
			} else {
				require.Equal(t, visible, read, said)
			}
		}
	})
}

// readPart reads one part of a sentence: a word, an address or a text in quotes. cut reports whether it is only the start of the name.
func readPart(t *testing.T, part string) (name string, cut bool) {
	t.Helper()
	inner, quoted := strings.CutPrefix(part, `"`)
	if !quoted {
		if _, err := netip.ParseAddr(part); err != nil {
			require.NotContains(t, part, ":")
		}
		require.False(t, strings.ContainsFunc(part, func(r rune) bool {
			return strings.ContainsRune(`"()\`, r) || unicode.IsSpace(r) || unicode.IsMark(r) || !unicode.IsGraphic(r)
		}), part)
		require.NotEmpty(t, part)
		return strings.CutSuffix(part, "…")
	}
	inner, closed := strings.CutSuffix(inner, `"`)
	require.True(t, closed, part)
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '\\':
			i++
		case '"':
			t.Fatalf("the quotes end within: %s", part)
		}
	}
	name, err := strconv.Unquote(`"` + inner + `"`)
	require.NoError(t, err, part)
	if len([]rune(name)) > 128 {
		return strings.CutSuffix(name, "…")
	}
	return name, false
}
