package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// writesAllItems reports whether somebody writes items of every team and service.
func writesAllItems(who app.Principal) bool {
	return slices.ContainsFunc(who.Grants, func(grant app.Grant) bool {
		return grant.ScopeKind == scopeAll && (grant.Role == domain.RoleConfigurationManager || grant.Role == domain.RoleAdmin)
	})
}

// baseField names the hidden input with the version that a form was filled in from.
const baseField = "base"

// itemFormView is the form of an item.
type itemFormView struct {
	page
	Form form
	// Base is the version that the form goes on from; 0: there is none in force.
	Base int
	Back string
}

// itemForm are the fields of an item. Only a new one gets a handle: it stays.
func (w *console) itemForm(c *gin.Context, f form, fresh bool) form {
	ctx := c.Request.Context()
	teams, err := w.teamChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams could not be read", "error", err)
	}
	services, err := w.serviceChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the services could not be read", "error", err)
	}
	f.Fields = []field{
		{Name: "title", Label: "Title", Optional: true, MaxLength: domain.MaxTitleBytes, Hint: "What people call it; left empty, its handle."},
		{Name: "class", Label: "Class", Required: true, Choices: w.classes(ctx)},
		{Name: "service", Label: "Service", Optional: true, Choices: services, Hint: "The service that fails where it fails. Its owner and criticality are the item's too."},
		{Name: "owner_team", Label: "Looked after by", Optional: true, Choices: teams},
		{Name: "environment", Label: "Environment", Optional: true, MaxLength: domain.MaxItemBytes, Hint: "Such as production."},
		{Name: "shared", Label: "Shared: so much hangs on it that impact and conflicts are not followed through it", Kind: yesNo, Hint: "DNS, a core switch."},
		{Name: "exclusive", Label: "Exclusive: whoever changes it has it alone", Kind: yesNo, Hint: "No two changes reserve it at the same time."},
		{Name: "attributes", Label: "Attributes", Optional: true, Kind: manyLines, Hint: "One a line, as name: value. Alerts find the item by its handle, its title, and the names in the attribute aliases."},
		{Name: "reason", Label: "Why", Optional: true, MaxLength: domain.MaxReasonBytes, Hint: "Kept in its history."},
	}
	if fresh {
		f.Fields = slices.Insert(f.Fields, 0, field{
			Name: "handle", Label: "Handle", Required: true, MaxLength: 100,
			Hint: "By which changes, incidents and alerts name it, such as mail-1. It stays.",
		})
	}
	return f
}

// newItem shows the form of a new item; ?handle= fills that in.
func (w *console) newItem(c *gin.Context) {
	view := itemFormView{page: w.page(c, "New configuration item"), Back: itemsPath}
	view.Form = w.itemForm(c, form{Title: "New configuration item", Action: newItemPath}, true)
	read(view.Form.Fields, c.Request.URL.Query())
	w.show(c, http.StatusOK, itemFormPage(view))
}

func (w *console) addItem(c *gin.Context) {
	view := itemFormView{page: w.page(c, "New configuration item"), Back: itemsPath}
	view.Form = w.itemForm(c, form{Title: "New configuration item", Action: newItemPath}, true)
	w.writeItem(c, view, "", configuration.Content{})
}

// editItem shows the form of an item in force.
func (w *console) editItem(c *gin.Context) {
	found, err := w.writable(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	view := w.editView(c, found)
	read(view.Form.Fields, map[string][]string{
		"title": {found.Title}, "class": {found.Class}, "service": {found.Service}, "owner_team": {found.OwnerTeam}, "environment": {found.Environment},
		"shared": {ticked(found.Shared)}, "exclusive": {ticked(found.Exclusive)}, "attributes": {attributeLines(found.Content)},
	})
	w.show(c, http.StatusOK, itemFormPage(view))
}

func (w *console) editView(c *gin.Context, found app.ItemView) itemFormView {
	view := itemFormView{page: w.page(c, "Edit "+found.Name()), Base: found.Version, Back: itemURL(found.Handle)}
	view.Form = w.itemForm(c, form{Title: "Edit " + found.Name(), Action: itemURL(found.Handle) + "/edit"}, false)
	return view
}

// writable reads an item that the reader may write.
func (w *console) writable(c *gin.Context) (app.ItemView, error) {
	found, err := w.Service.ConfigurationItem(c.Request.Context(), c.Param("handle"), nil)
	switch {
	case err != nil:
		return found, err
	case found.ValidTo != nil:
		return found, domain.Errorf(domain.CodeConflict, "%s has ended; a new item can begin it anew", found.Handle)
	case !found.MayEdit:
		return found, domain.Errorf(domain.CodeForbidden, "the permission %s is needed for the team or the service of this item", app.PermissionConfigurationWrite)
	}
	return found, nil
}

func (w *console) saveItem(c *gin.Context) {
	found, err := w.writable(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.writeItem(c, w.editView(c, found), found.Handle, found.Content)
}

// writeItem writes an item from its form; without a handle the form names it. What was there says what attributes were of.
func (w *console) writeItem(c *gin.Context, view itemFormView, handle string, was configuration.Content) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	read(view.Form.Fields, c.Request.PostForm)
	text := func(name string) string { return strings.TrimSpace(c.PostForm(name)) }
	body := app.ItemBody{Reason: text("reason"), Content: configuration.Content{
		Title: text("title"), Class: text("class"), Service: text("service"), OwnerTeam: text("owner_team"), Environment: text("environment"),
		Shared: text("shared") == "true", Exclusive: text("exclusive") == "true",
	}}
	base := 0
	var err error
	if handle == "" {
		handle = text("handle")
	} else if base, err = strconv.Atoi(c.PostForm(baseField)); err != nil {
		err = domain.Errorf(domain.CodeMalformed, "the form does not say which version it was made from")
	}
	body.Base, view.Base = &base, base
	if err == nil {
		body.Attributes, err = attributesFrom(c.PostForm("attributes"), was)
	}
	if err == nil {
		_, err = w.Service.SaveItem(c.Request.Context(), handle, body)
	}
	if err != nil {
		w.show(c, view.Form.refuse(err), itemFormPage(view))
		return
	}
	c.Redirect(http.StatusSeeOther, itemURL(handle))
}

func ticked(set bool) string {
	if set {
		return "true"
	}
	return ""
}

// attributeLines are an item's attributes as the form has them, one a line.
func attributeLines(content configuration.Content) string {
	var lines []string
	for _, one := range attributesIn(content) {
		lines = append(lines, one.Name+": "+strings.ReplaceAll(one.Value, "\n", " "))
	}
	return strings.Join(lines, "\n")
}

// attributesFrom reads the lines of a form. A value that reads as it did stays what it was, a number say; a list and an object are
// read as JSON; anything else is a text.
func attributesFrom(lines string, was configuration.Content) (json.RawMessage, error) {
	had := map[string]json.RawMessage{}
	if len(was.Attributes) > 0 {
		if err := json.Unmarshal(was.Attributes, &had); err != nil {
			return nil, domain.Errorf(domain.CodeInternal, "the attributes there are cannot be read")
		}
	}
	before := map[string]string{}
	for _, one := range attributesIn(was) {
		before[one.Name] = strings.ReplaceAll(one.Value, "\n", " ")
	}
	values := map[string]any{}
	for line := range strings.Lines(strings.ReplaceAll(lines, "\r\n", "\n")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, parted := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if _, twice := values[name]; !parted || name == "" || twice {
			return nil, domain.Invalid("attributes", "are one a line, each once, as name: value; %q is none", line)
		}
		switch {
		case had[name] != nil && before[name] == value:
			values[name] = had[name]
		case (strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{")) && json.Valid([]byte(value)):
			values[name] = json.RawMessage(value)
		default:
			values[name] = value
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	return json.Marshal(values)
}
