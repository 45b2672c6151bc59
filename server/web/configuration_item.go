package web

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

const (
	// nearDepth and nearShown bound the impact on an item's own page, farShown the one on a page to itself.
	nearDepth   = 3
	nearShown   = 40
	farShown    = 500
	alertsShown = 10
)

// itemView is all that the page of an item shows.
type itemView struct {
	page
	Item    app.ItemView
	Service app.ServiceView
	Classes []choice
	// At is the instant as of which it is shown; nil: now.
	At     *time.Time
	Impact impactView
	// Alerts are the newest about it, for those who may read them.
	Alerts []app.AlertRow
	Past   []pastItem
	// Relate ties the item to another, End ends it; each keeps what was typed where it was refused. Unrelate is why a relation was not
	// ended.
	Relate, End, Unrelate form
}

// current reports whether the page shows the item as it is, and it has not ended.
func (v itemView) current() bool { return v.At == nil && v.Item.ValidTo == nil }

// ended reports whether the item has ended at what the page shows.
func (v itemView) ended() bool { return v.At == nil && v.Item.EndedBy != "" }

// item shows one item; ?at= shows it as it was.
func (w *console) item(c *gin.Context) {
	view, err := w.itemView(c)
	switch {
	case domain.CodeOf(err) == domain.CodeNotFound && c.Query("at") == "":
		w.show(c, http.StatusNotFound, onlyANamePage(w.page(c, c.Param("handle")), c.Param("handle")))
	case err != nil:
		w.fail(c, err)
	default:
		w.show(c, http.StatusOK, itemPage(view))
	}
}

func (w *console) itemView(c *gin.Context) (itemView, error) {
	ctx, handle := c.Request.Context(), c.Param("handle")
	at, err := instantAsked(c)
	if err != nil {
		return itemView{}, err
	}
	found, err := w.Service.ConfigurationItem(ctx, handle, at)
	if err != nil {
		return itemView{}, err
	}
	view := itemView{page: w.page(c, found.Name()), Item: found, At: at, Classes: w.classes(ctx)}
	view.Service = w.servicesByName(ctx)[found.Service]
	view.Relate, view.End = relateForm(handle), endForm(handle)
	if !view.ended() {
		near := app.ImpactQuery{At: at, Depth: nearDepth}
		if found.Shared { // nothing would be followed from it
			near.Depth, near.Through = 1, true
		}
		if view.Impact, err = w.impactOf(ctx, handle, near, nearShown); err != nil {
			return view, err
		}
	}
	if view.may(app.PermissionAlertRead) && at == nil {
		alerts, err := w.Service.Alerts(ctx, app.AlertQuery{Item: handle, Limit: alertsShown})
		if err != nil {
			return view, err
		}
		view.Alerts = alerts.Items
	}
	view.Past, err = w.pastOf(ctx, handle)
	return view, err
}

// instantAsked reads the instant as of which a page is asked for: an exact one, or what a field for a date and a time says.
func instantAsked(c *gin.Context) (*time.Time, error) {
	text := strings.TrimSpace(c.Query("at"))
	if text == "" {
		return nil, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return &at, nil
	}
	value, wrong := field{Kind: moment, Value: text}.parse(cmp.Or(c.Query(zoneField), zoneOf(c.Request.Context())))
	at, is := value.(time.Time)
	if wrong != "" || !is {
		return nil, domain.Errorf(domain.CodeMalformed, "the time of which to tell %s", wrong)
	}
	return &at, nil
}

// relationGroup are the relations of one type in one direction.
type relationGroup struct {
	// Title words the type from the item, Felt says which way a failure goes.
	Title, Felt string
	Type        string
	// Out: they begin at the item.
	Out  bool
	Rows []app.RelatedRow
}

// other is the item at the other end of a relation.
func (g relationGroup) other(row app.RelatedRow) string {
	if g.Out {
		return row.To
	}
	return row.From
}

// relationGroups are an item's relations by type: those that begin at it first.
func relationGroups(item app.ItemView) []relationGroup {
	var groups []relationGroup
	for _, out := range []bool{true, false} {
		for _, kind := range configuration.RelationTypes {
			group := relationGroup{Title: kind.Title, Felt: feltWords(kind.Impact, out), Type: kind.Name, Out: out}
			rows := item.RelationsFrom
			if !out {
				group.Title, rows = kind.Reverse, item.RelationsTo
			}
			for _, row := range rows {
				if row.Type == kind.Name {
					group.Rows = append(group.Rows, row)
				}
			}
			if len(group.Rows) > 0 {
				groups = append(groups, group)
			}
		}
	}
	return groups
}

// feltWords say which way a failure goes along relations of an item.
func feltWords(flow configuration.Flow, out bool) string {
	switch {
	case flow == configuration.Both:
		return "a failure is felt at both ends"
	case (flow == configuration.ToFrom) == out:
		return "a failure there is felt here"
	}
	return "a failure here is felt there"
}

// attribute is one of an item's attributes in words.
type attribute struct{ Name, Value string }

func attributesIn(content configuration.Content) []attribute {
	values := map[string]any{}
	if len(content.Attributes) == 0 || json.Unmarshal(content.Attributes, &values) != nil {
		return nil
	}
	var list []attribute
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, attribute{name, attributeText(values[name])})
	}
	return list
}

// attributeText is a value as people read it: texts as they are, anything else as JSON.
func attributeText(value any) string {
	switch known := value.(type) {
	case string:
		return known
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(known, 'f', -1, 64)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// pastItem is what somebody did to an item in one go.
type pastItem struct {
	At     time.Time
	By     string
	Title  string
	Reason string
	Facts  []fact
	// Tied and Untied are relations that began and ended then, in words.
	Tied, Untied []string
	// Version is the one that came into force; 0: none did.
	Version int
}

// pastOf is what was ever done to an item, the newest first.
func (w *console) pastOf(ctx context.Context, handle string) ([]pastItem, error) {
	versions, err := w.Service.ItemVersions(ctx, handle)
	if err != nil {
		return nil, err
	}
	relations, err := w.Service.ItemRelations(ctx, handle)
	if err != nil {
		return nil, err
	}
	return pastIn(ctx, handle, versions, relations), nil
}

// pastIn tells versions, the newest first, and relations as what was done.
func pastIn(ctx context.Context, handle string, versions []configuration.Item, relations []app.RelatedRow) []pastItem {
	var past []pastItem
	done := func(at time.Time, by string) *pastItem {
		for i := range past {
			if past[i].At.Equal(at) && past[i].By == by {
				return &past[i]
			}
		}
		past = append(past, pastItem{At: at, By: by})
		return &past[len(past)-1]
	}
	for i, version := range versions {
		one := done(version.ValidFrom, version.ChangedBy)
		one.Version, one.Title, one.Reason = version.Version, "Added", version.Reason
		if i+1 < len(versions) {
			before := versions[i+1]
			one.Title = "Changed"
			if before.EndedBy != "" {
				one.Title = "Begun anew"
			}
			one.Facts = differenceFacts(ctx, configuration.Differences(before.Content, version.Content))
		}
		if version.EndedBy != "" && version.ValidTo != nil {
			end := done(*version.ValidTo, version.EndedBy)
			end.Title, end.Reason = "Ended", version.EndReason
		}
	}
	for _, relation := range relations {
		words := relationWords(handle, relation)
		begun := done(relation.ValidFrom, relation.MadeBy)
		begun.Tied = append(begun.Tied, words)
		if relation.ValidTo != nil {
			over := done(*relation.ValidTo, relation.EndedBy)
			over.Untied = append(over.Untied, words)
		}
	}
	slices.SortStableFunc(past, func(a, b pastItem) int { return b.At.Compare(a.At) })
	return past
}

// relationWords say from one item how it hangs together with another: "runs on host-3".
func relationWords(handle string, relation app.RelatedRow) string {
	kind, _ := configuration.RelationTypeNamed(relation.Type)
	if relation.From == handle {
		return kind.Title + " " + relation.To
	}
	return kind.Reverse + " " + relation.From
}

func differenceFacts(ctx context.Context, changes map[string]domain.Change) []fact {
	var facts []fact
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		change := changes[name]
		facts = append(facts, fact{Label: itemFieldName(name), Change: true, From: itemValue(ctx, change.From), To: itemValue(ctx, change.To)})
	}
	return facts
}

// itemFieldName words a field of an item, or the name of an attribute.
func itemFieldName(name string) string {
	if attribute, is := strings.CutPrefix(name, "attributes."); is {
		return attribute
	}
	if name == "owner_team" {
		return "Looked after by"
	}
	return human(name)
}

func itemValue(ctx context.Context, value any) string {
	if raw, is := value.(json.RawMessage); is {
		var plain any
		if json.Unmarshal(raw, &plain) != nil {
			return string(raw)
		}
		return attributeText(plain)
	}
	return plainText(ctx, "", value)
}

// tiedShown is how many relations of one moment are told one by one.
const tiedShown = 5

// pastTitle heads what was done in one go.
func pastTitle(one pastItem) string {
	switch {
	case one.Title != "":
		return one.Title
	case len(one.Untied) == 0:
		return "Tied"
	case len(one.Tied) == 0:
		return "Untied"
	}
	return "Tied and untied"
}

// sentenceStart begins words with a capital.
func sentenceStart(words string) string { return strings.ToUpper(words[:1]) + words[1:] }
