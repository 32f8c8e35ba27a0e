package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/printable"
)

// status is what became of a check.
type status string

const (
	statusOK         status = "ok"
	statusWarning    status = "warning"
	statusFailure    status = "failure"
	statusNotChecked status = "not_checked"
)

// finding is the result of one check.
type finding struct {
	// Check is the stable name of the check, such as broker.login.
	Check  string `json:"check"`
	Status status `json:"status"`
	// Component is where the configuration names it, such as receivers::openstack_audit.
	Component string `json:"component,omitempty"`
	// Text says what was found, in the server's own words where it has some.
	Text string `json:"text"`
	// Do says what to do about it.
	Do string `json:"do,omitempty"`
}

// report is all that was found, in the order of the sections.
type report struct {
	Findings   []finding `json:"findings"`
	OK         int       `json:"ok"`
	Warnings   int       `json:"warnings"`
	Failures   int       `json:"failures"`
	NotChecked int       `json:"not_checked"`
	Seconds    float64   `json:"seconds"`
}

// section collects the findings about one component. It is safe for concurrent use.
type section struct {
	component string
	secrets   *secrets

	mu       sync.Mutex
	findings []finding
}

func (s *section) add(check string, status status, do, format string, arguments ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findings = append(s.findings, finding{
		Check: check, Status: status, Component: s.component,
		Text: oneLine(s.secrets.remove(fmt.Sprintf(format, arguments...))), Do: oneLine(s.secrets.remove(do)),
	})
}

func (s *section) ok(check, format string, arguments ...any) {
	s.add(check, statusOK, "", format, arguments...)
}

func (s *section) warn(check, do, format string, arguments ...any) {
	s.add(check, statusWarning, do, format, arguments...)
}

func (s *section) fail(check, do, format string, arguments ...any) {
	s.add(check, statusFailure, do, format, arguments...)
}

func (s *section) notChecked(check, do, format string, arguments ...any) {
	s.add(check, statusNotChecked, do, format, arguments...)
}

func newReport(sections []*section, took time.Duration) *report {
	r := &report{Findings: []finding{}, Seconds: took.Round(time.Millisecond).Seconds()}
	for _, s := range sections {
		for _, f := range s.findings {
			r.Findings = append(r.Findings, f)
			switch f.Status {
			case statusOK:
				r.OK++
			case statusWarning:
				r.Warnings++
			case statusFailure:
				r.Failures++
			case statusNotChecked:
				r.NotChecked++
			}
		}
	}
	return r
}

func (r *report) json(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func (r *report) text(w io.Writer) error {
	var b strings.Builder
	component := ""
	for i, f := range r.Findings {
		if i == 0 || f.Component != component {
			component = f.Component
			fmt.Fprintf(&b, "\n%s\n", component)
		}
		fmt.Fprintf(&b, "  %-12s %s\n", strings.ReplaceAll(string(f.Status), "_", " "), f.Text)
		if f.Do != "" {
			fmt.Fprintf(&b, "  %-12s -> %s\n", "", f.Do)
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d warnings, %d failures, %d not checked, in %.1f s\n", r.OK, r.Warnings, r.Failures, r.NotChecked, r.Seconds)
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

// secrets are the passwords and tokens of the configuration, none of which is printed: a server may repeat what it was sent.
type secrets struct {
	mu     sync.Mutex
	values []string
}

// add remembers secrets. Very short ones would take ordinary words out of the report.
func (s *secrets) add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range values {
		if len(value) > 3 {
			s.values = append(s.values, value)
		}
	}
}

func (s *secrets) remove(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range s.values {
		text = strings.ReplaceAll(text, value, "[REDACTED]")
	}
	return text
}

// maxText bounds a line: some servers answer with a page.
const maxText = 600

// oneLine keeps a server's words on one line, short, and from acting on a terminal.
func oneLine(text string) string {
	text = printable.Line(strings.Join(strings.Fields(text), " "))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + " …"
	}
	return text
}
