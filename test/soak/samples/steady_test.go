package samples

import (
	"bytes"
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/require"
)

// flat is a run of which nothing grows but the evidence log, after a first quarter in which all does.
func flat() []Sample {
	var all []Sample
	for i := range 100 {
		n := float64(i)
		warm := min(n, 25)
		all = append(all, Sample{
			Seconds: 10 * n, Records: 1e5 * n, CPUSeconds: 4 * n, RSSMiB: 50 + 2*warm, HeapMiB: 20 + warm, Goroutines: 60, Descriptors: 30,
			QueueMiB: 4 * warm, NamesMiB: warm, EvidenceMiB: 3 * n, OtherMiB: 1, Series: 100 * warm,
		})
	}
	return all
}

func TestSteady(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(n float64, s *Sample)
		grows  string // empty: nothing
	}{
		{"flat", func(float64, *Sample) {}, ""},
		{"a peak in memory", func(n float64, s *Sample) {
			if n == 90 {
				s.HeapMiB *= 5
				s.RSSMiB *= 5
			}
		}, ""},
		{"goroutines leak", func(n float64, s *Sample) {
			if n > 70 {
				s.Goroutines += 3
			}
		}, "goroutines, median"},
		{"descriptors leak", func(n float64, s *Sample) { s.Descriptors += n / 10 }, "open descriptors, least"},
		{"heap leaks", func(n float64, s *Sample) { s.HeapMiB += n / 5 }, "live heap, median"},
		{"resident memory grows", func(n float64, s *Sample) { s.RSSMiB += n }, "resident memory, median"},
		{"one moment of a large queue", func(n float64, s *Sample) {
			if n == 90 {
				s.QueueMiB = 200
			}
		}, "sending queue's file, most"},
		{"names grow", func(n float64, s *Sample) { s.NamesMiB += n / 5 }, "names' file, most"},
		{"files of no one", func(n float64, s *Sample) { s.OtherMiB += n / 5 }, "other files, most"},
		{"series grow", func(n float64, s *Sample) { s.Series += n }, "metric series, most"},
		{"evidence takes more a record", func(n float64, s *Sample) { s.EvidenceMiB += n * n / 100 }, "evidence log, a record"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all := flat()
			for i := range all {
				test.change(float64(i), &all[i])
			}
			rows, ok, err := Steady(all)
			require.NoError(t, err)
			require.Equal(t, test.grows == "", ok)
			for _, row := range rows {
				require.Equal(t, row.Name != test.grows, row.Steady, "%+v", row)
			}
		})
	}
	_, _, err := Steady(flat()[:10])
	require.ErrorContains(t, err, "too few")
}

func TestWriterAndRead(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w, err := NewWriter(&file)
	require.NoError(t, err)
	for _, s := range flat() {
		require.NoError(t, w.Write(s))
	}
	all, err := Read(&file)
	require.NoError(t, err)
	require.Equal(t, flat(), all)

	_, err = Read(bytes.NewBufferString("a,b\n"))
	require.Error(t, err)
}

func TestTableAndFigureSayWhatGrew(t *testing.T) {
	t.Parallel()
	var table, figure bytes.Buffer
	require.NoError(t, Table(&table, flat()))
	require.Contains(t, table.String(), "9.9 million records in 16 minutes: 10000 a second, 40 µs of the collector's CPU each.")
	require.Contains(t, table.String(), "Nothing grew.")
	leaking := flat()
	for i := range leaking {
		leaking[i].Goroutines += float64(i)
	}
	table.Reset()
	require.NoError(t, Table(&table, leaking))
	require.Contains(t, table.String(), "| goroutines, median | 97 | 147 | 99 | **grew** |")
	require.NotContains(t, table.String(), "Nothing grew.")

	require.NoError(t, Figure(&figure, flat()))
	require.NoError(t, xml.Unmarshal(figure.Bytes(), new(any)))
	require.Error(t, Figure(&figure, nil))
}
