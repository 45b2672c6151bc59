package alert

import (
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Monitoring is the author of what alerts make happen. No account has that name: their handles are in lower case.
const Monitoring = "Monitoring"

// Held is one occurrence of an alert: from when it first fires until it is told to be over.
type Held struct {
	Alert
	// ID is the occurrence's. Service is that of the key with which it was told.
	ID      string `json:"id" bun:"id"`
	Service string `json:"service" bun:"service"`
	// Item is the configuration item that it is taken to be about; empty: none was named.
	Item string `json:"item,omitempty" bun:"item"`
	// Follows is the ended incident of an occurrence before; empty: none.
	Follows string `json:"follows,omitempty" bun:"follows"`
}

// Incident is the id of the one incident that the occurrence can open, however often that is asked for.
func (h Held) Incident() string { return IncidentOf(h.ID) }

// IncidentOf is the id of the one incident that an occurrence can open.
func IncidentOf(id string) string { return domain.NewID("alert/" + id) }

// Opens is the body of the command that logs it.
func (h Held) Opens() map[string]any {
	body := map[string]any{
		"title": h.Title, "description": h.text(), "impact": h.Impact(), "urgency": h.Urgency(), "service": h.Service, "channel": "monitoring",
	}
	if h.Item != "" {
		body["configuration_items"] = []string{h.Item}
	}
	if h.Follows != "" {
		body["follows"] = h.Follows
	}
	return body
}

// text is what the sender says of it, and after that its labels and where it was seen.
func (h Held) text() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(h.Description))
	line := func(name, value string) {
		if value != "" {
			b.WriteString("- " + name + ": " + value + "\n")
		}
	}
	if b.Len() > 0 {
		b.WriteString("\n\n")
	}
	line("severity", h.Severity)
	for _, name := range slices.Sorted(maps.Keys(h.Labels)) {
		if name != "severity" {
			line(name, h.Labels[name])
		}
	}
	line("seen at", h.Link)
	return content.Clip(b.String(), domain.MaxDescriptionBytes)
}
