package exporttest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Layout says where a backend's document has the parts of a record.
type Layout struct {
	Name string
	// uid is the path of log.record.uid.
	uid string
	// places are the objects whose members are attributes or other fields, by the beginning of the members' paths.
	places func(Document) map[string]members
	// ignored are members that are not the record's.
	ignored map[string]bool
	body    func(Document) string
	setBody func(Document, string)
	later   func(Document, time.Duration)
}

// members are those of an object.
type members interface {
	keys() []string
	get(key string) any
	set(key string, value any)
	remove(key string)
}

// UID returns a document's log.record.uid.
func (l Layout) UID(document Document) string {
	place, key := l.find(document, l.uid)
	uid, _ := place.get(key).(string)
	return uid
}

func (l Layout) find(document Document, path string) (place members, key string) {
	beginning, key, _ := strings.Cut(path, "/")
	return l.places(document)[beginning], key
}

// paths are those of all members but the uid.
func (l Layout) paths(document Document) (paths []string) {
	for beginning, place := range l.places(document) {
		for _, key := range place.keys() {
			if path := beginning + "/" + key; path != l.uid && !l.ignored[key] {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func (l Layout) set(document Document, path string, value any) {
	place, key := l.find(document, path)
	place.set(key, value)
}

// LokiLayout is that of Loki.
var LokiLayout = Layout{
	Name: "loki", uid: "labels/log_record_uid", ignored: map[string]bool{"detected_level": true},
	places: func(d Document) map[string]members {
		return map[string]members{"labels": object(d["labels"].(Document))}
	},
	body:    func(d Document) string { return d["line"].(string) },
	setBody: func(d Document, text string) { d["line"] = text },
	later: func(d Document, by time.Duration) {
		at, _ := time.Parse(time.RFC3339Nano, d["timestamp"].(string))
		d["timestamp"] = at.Add(by).Format(time.RFC3339Nano)
	},
}

// ElasticsearchLayout is that of Elasticsearch in the layout of OpenTelemetry.
var ElasticsearchLayout = Layout{
	Name: "elasticsearch", uid: "attributes/log.record.uid",
	ignored: map[string]bool{"@timestamp": true, "data_stream": true, "attributes": true, "resource": true, "scope": true, "body": true,
		"schema_url": true},
	places: func(d Document) map[string]members {
		places := map[string]members{"": object(d), "attributes": object(d["attributes"].(Document))}
		for _, name := range []string{"resource", "scope"} {
			if outer, ok := d[name].(Document); ok {
				if attributes, ok := outer["attributes"].(Document); ok {
					places[name] = object(attributes)
				}
			}
		}
		return places
	},
	body:    func(d Document) string { return fmt.Sprint(d["body"]) },
	setBody: func(d Document, text string) { d["body"] = Document{"text": text} },
	later: func(d Document, by time.Duration) {
		text := d["@timestamp"].(string)
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			d["@timestamp"] = at.Add(by).Format(time.RFC3339Nano)
			return
		}
		ms, ns, _ := strings.Cut(text, ".")
		milliseconds, _ := strconv.ParseInt(ms, 10, 64)
		nanoseconds, _ := strconv.ParseInt(ns, 10, 64)
		at := milliseconds*1e6 + nanoseconds + by.Nanoseconds()
		d["@timestamp"] = fmt.Sprintf("%d.%d", at/1e6, at%1e6)
	},
}

// OTLPLayout is that of the file exporter, with a record on each line.
var OTLPLayout = Layout{
	Name: "otlp", uid: "attributes/log.record.uid",
	ignored: map[string]bool{"timeUnixNano": true, "body": true, "attributes": true},
	places: func(d Document) map[string]members {
		resource := first(d, "resourceLogs")
		scope := first(resource, "scopeLogs")
		record := first(scope, "logRecords")
		return map[string]members{
			"": object(record), "attributes": list{record}, "resource": list{resource["resource"].(Document)},
			"scope": list{scope["scope"].(Document)},
		}
	},
	body:    func(d Document) string { return fmt.Sprint(record(d)["body"]) },
	setBody: func(d Document, text string) { record(d)["body"] = Document{"stringValue": text} },
	later: func(d Document, by time.Duration) {
		at, _ := strconv.ParseInt(record(d)["timeUnixNano"].(string), 10, 64)
		record(d)["timeUnixNano"] = strconv.FormatInt(at+by.Nanoseconds(), 10)
	},
}

func first(d Document, key string) Document {
	elements := d[key].([]any)
	return elements[0].(Document)
}

func record(d Document) Document {
	return first(first(first(d, "resourceLogs"), "scopeLogs"), "logRecords")
}

// object is a JSON object with a member for each attribute.
type object Document

func (o object) get(key string) any        { return o[key] }
func (o object) set(key string, value any) { o[key] = value }
func (o object) remove(key string)         { delete(o, key) }
func (o object) keys() (keys []string) {
	for key := range o {
		keys = append(keys, key)
	}
	return keys
}

// list has attributes as OTLP has them: objects with key and value.
type list struct{ of Document }

func (l list) attributes() []any {
	attributes, _ := l.of["attributes"].([]any)
	return attributes
}

func (l list) get(key string) any {
	for _, attribute := range l.attributes() {
		if attribute := attribute.(Document); attribute["key"] == key {
			for _, value := range attribute["value"].(Document) {
				return value
			}
		}
	}
	return nil
}

func (l list) set(key string, value any) {
	l.remove(key)
	l.of["attributes"] = append(l.attributes(), Document{"key": key, "value": Document{"stringValue": value}})
}

func (l list) remove(key string) {
	var kept []any
	for _, attribute := range l.attributes() {
		if attribute.(Document)["key"] != key {
			kept = append(kept, attribute)
		}
	}
	l.of["attributes"] = kept
}

func (l list) keys() (keys []string) {
	for _, attribute := range l.attributes() {
		key, _ := attribute.(Document)["key"].(string)
		keys = append(keys, key)
	}
	return keys
}
