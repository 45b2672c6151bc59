// Package alert reads what monitoring says: which alert it is, whether it still fires, and what it is about. One alert that goes on
// is one incident, however often it is told.
package alert

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Bounds of one payload.
const (
	MaxBytes  = 1 << 20
	MaxAlerts = 1000
	maxKey    = 200
)

// Alert is one alert as a sender told it.
type Alert struct {
	// Key is the same for as long as it is the same alert: the sender's own, or made of its labels.
	Key         string `json:"key" bun:"key"`
	Firing      bool   `json:"firing" bun:"firing"`
	Title       string `json:"title" bun:"title"`
	Description string `json:"description,omitempty" bun:"description"`
	// Severity is as the sender words it: critical, warning, …
	Severity string `json:"severity,omitempty" bun:"severity"`
	// Items are the names under which the configuration item may be known that it is about, the surest first.
	Items  []string          `json:"items,omitempty" bun:"items,type:json"`
	Labels map[string]string `json:"labels,omitempty" bun:"labels,type:json"`
	// StartsAt is when it began to fire, as the sender says.
	StartsAt *time.Time `json:"starts_at,omitempty" bun:"starts_at"`
	// Link leads to where it was seen.
	Link string `json:"link,omitempty" bun:"link"`
}

// Impact and Urgency are the levels of an incident that an alert opens, by its severity.
func (a Alert) Impact() string { return levels(a.Severity)[0] }

// Urgency is how soon it matters.
func (a Alert) Urgency() string { return levels(a.Severity)[1] }

func levels(severity string) [2]string {
	switch strings.ToLower(severity) {
	case "critical", "fatal", "emergency", "page", "p1":
		return [2]string{"high", "high"}
	case "error", "high", "major", "p2":
		return [2]string{"high", "medium"}
	case "info", "information", "informational", "low", "debug", "none", "p4":
		return [2]string{"low", "low"}
	}
	return [2]string{"medium", "medium"}
}

// Sources are the senders whose payloads are understood.
var Sources = map[string]func([]byte) ([]Alert, error){"generic": Generic, "alertmanager": Alertmanager}

// Generic reads the form for senders that write their own payload: one alert, or a list of them.
func Generic(body []byte) ([]Alert, error) {
	type told struct {
		Key         string            `json:"key" bun:"key"`
		Status      string            `json:"status"`
		Title       string            `json:"title"`
		Description string            `json:"description"`
		Severity    string            `json:"severity"`
		Item        string            `json:"configuration_item"`
		Labels      map[string]string `json:"labels"`
		StartedAt   *time.Time        `json:"started_at"`
		Link        string            `json:"link"`
	}
	var list []told
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := read(body, &list); err != nil {
			return nil, err
		}
	} else {
		var one told
		if err := read(body, &one); err != nil {
			return nil, err
		}
		list = []told{one}
	}
	alerts := make([]Alert, len(list))
	for i, one := range list {
		if one.Status != "firing" && one.Status != "resolved" {
			return nil, domain.Invalid("status", "%q is neither firing nor resolved", one.Status)
		}
		alerts[i] = Alert{
			Key: one.Key, Firing: one.Status == "firing", Title: one.Title, Description: one.Description, Severity: one.Severity,
			Items: names(one.Item), Labels: one.Labels, StartsAt: one.StartedAt, Link: one.Link,
		}
	}
	return checked(alerts)
}

// Alertmanager reads a webhook of Prometheus's Alertmanager, versions 3 and 4 (prometheus.io/docs/alerting/latest/configuration,
// "webhook_config"). Every alert of the group stands for itself. Senders before version 0.19 give no fingerprint; then the key is
// made of the labels, as Alertmanager makes its own.
func Alertmanager(body []byte) ([]Alert, error) {
	var told struct {
		Version json.RawMessage `json:"version"`
		Alerts  []struct {
			Status       string            `json:"status"`
			Labels       map[string]string `json:"labels"`
			Annotations  map[string]string `json:"annotations"`
			StartsAt     *time.Time        `json:"startsAt"`
			GeneratorURL string            `json:"generatorURL"`
			Fingerprint  string            `json:"fingerprint"`
		} `json:"alerts"`
	}
	if err := read(body, &told); err != nil {
		return nil, err
	}
	if len(told.Version) == 0 || len(told.Alerts) == 0 {
		return nil, domain.Invalid("alerts", "are not there: this is no webhook of Alertmanager")
	}
	alerts := make([]Alert, len(told.Alerts))
	for i, one := range told.Alerts {
		if one.Status != "firing" && one.Status != "resolved" {
			return nil, domain.Invalid("alerts", "have the status %q, which is neither firing nor resolved", one.Status)
		}
		label, note := one.Labels, one.Annotations
		alerts[i] = Alert{
			Key: cmp.Or(one.Fingerprint, fingerprint(label)), Firing: one.Status == "firing",
			Title: cmp.Or(note["summary"], note["title"], label["alertname"]), Description: cmp.Or(note["description"], note["message"]),
			Severity: cmp.Or(label["severity"], note["severity"]), Labels: label, StartsAt: one.StartsAt, Link: one.GeneratorURL,
			Items: names(label["configuration_item"], label["instance"], label["host"], label["node"]),
		}
	}
	return checked(alerts)
}

func read(body []byte, into any) error {
	if len(body) > MaxBytes {
		return domain.Invalid("", "the payload has more than %d bytes", MaxBytes)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return domain.Errorf(domain.CodeInvalid, "the payload cannot be read: %v", err)
	}
	return nil
}

// names are the names under which an item may be known: an instance is often a host with a port.
func names(given ...string) []string {
	var list []string
	for _, name := range given {
		list = append(list, name)
		if colon := strings.LastIndexByte(name, ':'); colon > 0 && strings.Trim(name[colon+1:], "0123456789") == "" {
			list = append(list, name[:colon])
		}
	}
	return content.Unique(list)
}

// fingerprint is a key made of an alert's labels.
func fingerprint(labels map[string]string) string {
	text, err := json.Marshal(labels) // in the order of their names
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return "labels:" + hex.EncodeToString(sum[:])[:32]
}

// checked bounds what senders say: a title in one line, texts that fit. What is too long is cut, because an alert must not be lost
// for its words; what has neither key nor title is refused.
func checked(alerts []Alert) ([]Alert, error) {
	if len(alerts) > MaxAlerts {
		return nil, domain.Invalid("alerts", "are %d, at most %d in one payload", len(alerts), MaxAlerts)
	}
	for i := range alerts {
		a := &alerts[i]
		a.Key, a.Title = domain.Line(strings.TrimSpace(a.Key)), strings.TrimSpace(domain.Line(a.Title))
		if a.Key == "" || len(a.Key) > maxKey {
			return nil, domain.Invalid("key", "is needed, of at most %d bytes", maxKey)
		}
		if a.Title == "" {
			return nil, domain.Invalid("title", "is needed")
		}
		a.Title = content.Clip(a.Title, domain.MaxTitleBytes)
		a.Description = content.Clip(lines(a.Description), domain.MaxDescriptionBytes)
		a.Labels = readable(a.Labels)
		a.Severity = content.Clip(domain.Line(a.Severity), domain.MaxItemBytes)
		a.Link = content.Clip(domain.Line(a.Link), domain.MaxReasonBytes)
		a.Items = slices.DeleteFunc(a.Items, func(name string) bool { return len(name) > domain.MaxItemBytes || !domain.OneLine(name) })
		if a.StartsAt != nil && (!domain.Tellable(*a.StartsAt) || a.StartsAt.Unix() < 0) { // a moment before 1970 is a word for none
			a.StartsAt = nil
		}
	}
	return alerts, nil
}

// lines makes a text readable and storable: control characters but for the ends of lines become spaces.
func lines(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && domain.Hidden(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// readable does so for labels, each of one line.
func readable(labels map[string]string) map[string]string {
	clean := make(map[string]string, len(labels))
	for name, value := range labels {
		clean[content.Clip(domain.Line(name), domain.MaxItemBytes)] = content.Clip(domain.Line(value), domain.MaxReasonBytes)
	}
	return clean
}
