package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/oslo"
)

// figure is the cost of one message.
type figure struct {
	Nanoseconds, Allocations, Bytes float64
}

// The steps that are measured alone, on one goroutine.
const (
	microStandard = "decode, encoding/json in two passes"
	microDecode   = "decode, ours"
	microRead     = "decode and classify, ours"
	microMap      = "map, batches of 100"
)

var microSteps = []string{microStandard, microDecode, microRead, microMap}

// runMicro measures each step over the whole corpus, j.Messages messages a time.
func runMicro(_ context.Context, j *job) (result, error) {
	c, err := readCorpus(j.Captures)
	if err != nil {
		return result{}, err
	}
	mapper := auditlog.NewMapper(auditlog.NewDefaultConfig(), "")
	var records []auditlog.Record
	for _, body := range c.bodies {
		records = append(records, mapper.Read(auditlog.Message{Body: body}))
	}
	attributes, size := 0, 0
	const batch = 100
	steps := map[string]func(i int) error{
		microStandard: func(i int) error {
			_, err := decodeStandard(c.bodies[i%len(c.bodies)])
			return err
		},
		microDecode: func(i int) error {
			n, err := oslo.Decode(c.bodies[i%len(c.bodies)])
			size += len(n.EventType)
			return err
		},
		microRead: func(i int) error {
			r := mapper.Read(auditlog.Message{Body: c.bodies[i%len(c.bodies)]})
			size += len(r.Kind)
			return nil
		},
		microMap: func(i int) error {
			if i%batch != 0 {
				return nil
			}
			start := i % len(records)
			logs, _ := mapper.Logs(records[start:min(start+batch, len(records))])
			for lr := range audit.Records(logs) {
				attributes += lr.Attributes().Len()
			}
			return nil
		},
	}
	r := result{Micro: map[string]figure{}}
	for _, name := range microSteps {
		f, err := cost(j.Messages, steps[name])
		if err != nil {
			return result{}, fmt.Errorf("%s: %w", name, err)
		}
		r.Micro[name] = f
	}
	if size == 0 {
		return result{}, errors.New("nothing was decoded")
	}
	r.AttributesARecord = float64(attributes) / float64(j.Messages)
	return r, nil
}

// cost runs a step n times.
func cost(n int, step func(i int) error) (figure, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := processCPU()
	for i := range n {
		if err := step(i); err != nil {
			return figure{}, err
		}
	}
	spent := processCPU() - begin
	runtime.ReadMemStats(&after)
	each := func(total float64) float64 { return total / float64(n) }
	return figure{
		Nanoseconds: each(float64(spent.Nanoseconds())),
		Allocations: each(float64(after.Mallocs - before.Mallocs)),
		Bytes:       each(float64(after.TotalAlloc - before.TotalAlloc)),
	}, nil
}

// standardEvent has the fields of cadf.Event for encoding/json.
type standardEvent struct {
	TypeURI       string             `json:"typeURI"`
	ID            string             `json:"id"`
	EventType     string             `json:"eventType"`
	EventTime     string             `json:"eventTime"`
	Action        string             `json:"action"`
	Outcome       string             `json:"outcome"`
	Name          string             `json:"name"`
	Severity      string             `json:"severity"`
	RequestPath   string             `json:"requestPath"`
	Initiator     *standardResource  `json:"initiator"`
	Target        standardResource   `json:"target"`
	Observer      standardResource   `json:"observer"`
	Reason        standardReason     `json:"reason"`
	Tags          []string           `json:"tags"`
	Attachments   []standardAttached `json:"attachments"`
	ReporterChain []standardReporter `json:"reporterchain"`
	Measurements  []json.RawMessage  `json:"measurements"`
	ResourceInfo  string             `json:"resource_info"`
	Role          string             `json:"role"`
	User          string             `json:"user"`
	Group         string             `json:"group"`
	Project       string             `json:"project"`
	Domain        string             `json:"domain"`
	Inherited     json.RawMessage    `json:"inherited_to_projects"`
}

type standardResource struct {
	ID                      string             `json:"id"`
	TypeURI                 string             `json:"typeURI"`
	Name                    string             `json:"name"`
	Domain                  string             `json:"domain"`
	Host                    standardHost       `json:"host"`
	Credential              standardCredential `json:"credential"`
	Addresses               []standardEndpoint `json:"addresses"`
	Attachments             []standardAttached `json:"attachments"`
	Geolocation             json.RawMessage    `json:"geolocation"`
	UserID                  string             `json:"user_id"`
	Username                string             `json:"username"`
	SubmittedName           string             `json:"user_name"`
	UserDomainID            string             `json:"user_domain_id"`
	UserDomainName          string             `json:"user_domain_name"`
	ProjectID               string             `json:"project_id"`
	ProjectName             string             `json:"project_name"`
	ProjectDomainName       string             `json:"project_domain_name"`
	DomainID                string             `json:"domain_id"`
	DomainName              string             `json:"domain_name"`
	RequestID               string             `json:"request_id"`
	GlobalRequestID         string             `json:"global_request_id"`
	ApplicationCredentialID string             `json:"application_credential_id"`
}

type standardHost struct {
	ID       string `json:"id"`
	Address  string `json:"address"`
	Agent    string `json:"agent"`
	Platform string `json:"platform"`
}

type standardCredential struct {
	Type             string   `json:"type"`
	IdentityStatus   string   `json:"identity_status"`
	IdentityProvider string   `json:"identity_provider"`
	User             string   `json:"user"`
	Groups           []string `json:"groups"`
}

type standardEndpoint struct {
	URL  string `json:"url"`
	Name string `json:"name"`
}

type standardReason struct {
	Type       string          `json:"reasonType"`
	Code       json.RawMessage `json:"reasonCode"`
	PolicyType string          `json:"policyType"`
	PolicyID   string          `json:"policyId"`
}

type standardAttached struct {
	Name    string          `json:"name"`
	TypeURI string          `json:"typeURI"`
	Content json.RawMessage `json:"content"`
}

type standardReporter struct {
	Role         string                `json:"role"`
	Reporter     struct{ ID string }   `json:"reporter"`
	ReporterTime string                `json:"reporterTime"`
	Timestamps   []struct{ At string } `json:"reporterTimestamps"`
}

type standardMessage struct {
	MessageID   string        `json:"message_id"`
	PublisherID string        `json:"publisher_id"`
	EventType   string        `json:"event_type"`
	Priority    string        `json:"priority"`
	Timestamp   string        `json:"timestamp"`
	Payload     standardEvent `json:"payload"`
}

// decodeStandard is what a program without a decoder of its own does: the envelope, then the text within it.
func decodeStandard(body []byte) (message standardMessage, err error) {
	var envelope struct {
		Version string `json:"oslo.version"`
		Message string `json:"oslo.message"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return message, err
	}
	err = json.Unmarshal([]byte(envelope.Message), &message)
	return message, err
}

// microMessages is how many messages each step takes in a round.
const microMessages = 30_000

func micro(ctx context.Context, out io.Writer, b *bench) error {
	for _, gogc := range b.gogc {
		figures := map[string][]figure{}
		attributes := 0.0
		for range b.rounds {
			r, err := b.runContestant(ctx, gogc, job{
				Contestant: "micro", Messages: microMessages, Captures: b.captures, Profile: b.profile,
			})
			if err != nil {
				return err
			}
			attributes = r.AttributesARecord
			for name, f := range r.Micro {
				figures[name] = append(figures[name], f)
			}
		}
		t := newTable(fmt.Sprintf("One goroutine, GOGC=%d, %d B a message, %.1f attributes a record", gogc, meanSize(b.corpus.bodies),
			attributes),
			"step", "CPU ns a message", "of encoding/json", "allocations", "B")
		for _, name := range microSteps {
			ratios := make([]float64, len(figures[name]))
			for i, f := range figures[name] {
				ratios[i] = figures[microStandard][i].Nanoseconds / f.Nanoseconds
			}
			ratio := fmt.Sprintf("%.1f × faster", median(ratios))
			if name == microMap {
				ratio = ""
			}
			f := func(of func(figure) float64) float64 { return median(each(figures[name], of)) }
			t.row(name, "%.0f", f(func(f figure) float64 { return f.Nanoseconds }), ratio,
				"%.1f", f(func(f figure) float64 { return f.Allocations }), "%.0f", f(func(f figure) float64 { return f.Bytes }))
		}
		t.print(out)
	}
	return nil
}
