package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

const intakeKeysPath = "/intake-keys"

// intakeView is the page of the keys with which monitoring tells alerts.
type intakeView struct {
	page
	// Live work, Past were revoked.
	Live, Past []app.IntakeKey
	// Services are those that the reader may connect.
	Services []choice
	Make     form
	// Made is a key that was made just now, with its secret; Address is where its alerts go, without the sender's name.
	Made        *app.NewIntakeKey
	Address     string
	RevokeWrong form
}

func (w *console) intakeKeys(c *gin.Context) {
	view, err := w.intakeView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, intakeKeysPage(view))
}

func (w *console) intakeView(c *gin.Context) (intakeView, error) {
	ctx := c.Request.Context()
	keys, err := w.Service.IntakeKeys(ctx)
	if err != nil {
		return intakeView{}, err
	}
	view := intakeView{page: w.page(c, "Intake keys")}
	for _, key := range keys {
		if key.RevokedAt == nil {
			view.Live = append(view.Live, key)
		} else {
			view.Past = append(view.Past, key)
		}
	}
	view.Services = w.connected(ctx, *view.Who)
	view.Make.Fields = []field{
		{Name: "service", Label: "Service", Required: true, Choices: view.Services, Value: c.Query("service"), Hint: "What comes with the key belongs to it: its team gets the incidents."},
		{Name: "name", Label: "Name", Required: true, MaxLength: 200, Hint: "Where the key will be kept, such as prometheus-berlin."},
	}
	return view, nil
}

// connected are the services whose keys somebody keeps: an administrator's all of them, a service's its owner's.
func (w *console) connected(ctx context.Context, who app.Principal) []choice {
	services := w.servicesByName(ctx)
	all := slices.ContainsFunc(who.Grants, func(grant app.Grant) bool {
		return grant.ScopeKind == scopeAll && (grant.Role == domain.RoleServiceOwner || grant.Role == domain.RoleAdmin)
	})
	var list []choice
	for name, service := range services {
		granted := slices.ContainsFunc(who.Grants, func(grant app.Grant) bool {
			return grant.ScopeKind == scopeService && grant.ScopeName == name && (grant.Role == domain.RoleServiceOwner || grant.Role == domain.RoleAdmin)
		})
		if all || granted || service.Owner == who.Handle {
			list = append(list, titled(name, service.Title))
		}
	}
	slices.SortFunc(list, func(a, b choice) int { return strings.Compare(a.Title, b.Title) })
	return list
}

// makeIntakeKey makes a key and shows its secret, once. The secret is on this page only, so there is no going elsewhere first.
func (w *console) makeIntakeKey(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	body := app.IntakeKeyBody{Service: strings.TrimSpace(c.PostForm("service")), Name: strings.TrimSpace(c.PostForm("name"))}
	made, err := w.Service.MakeIntakeKey(c.Request.Context(), body)
	view, viewErr := w.intakeView(c)
	switch {
	case err == nil && viewErr != nil:
		w.Log.ErrorContext(c.Request.Context(), "the intake keys could not be read after making one", "error", viewErr)
		view = intakeView{page: w.page(c, "Intake keys")}
	case viewErr != nil:
		w.fail(c, err)
		return
	case err != nil:
		read(view.Make.Fields, c.Request.PostForm)
		w.show(c, view.Make.refuse(err), intakeKeysPage(view))
		return
	}
	view.Made, view.Address = &made, w.reachedAt(c)+made.Path
	w.show(c, http.StatusCreated, intakeKeysPage(view))
}

// reachedAt is the address of this console: the public one, else the one by which its reader came.
func (w *console) reachedAt(c *gin.Context) string {
	if w.PublicURL != "" {
		return strings.TrimSuffix(w.PublicURL, "/")
	}
	if c.Request.TLS != nil {
		return "https://" + c.Request.Host
	}
	return "http://" + c.Request.Host
}

func (w *console) revokeIntakeKey(c *gin.Context) {
	err := w.Service.RevokeIntakeKey(c.Request.Context(), c.Param("id"))
	if err == nil {
		c.Redirect(http.StatusSeeOther, intakeKeysPath)
		return
	}
	view, viewErr := w.intakeView(c)
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	w.show(c, view.RevokeWrong.refuse(err), intakeKeysPage(view))
}

// keyTitle is what people call the service of a key.
func (v intakeView) keyTitle(key app.IntakeKey) string {
	for _, one := range v.Services {
		if one.Value == key.Service {
			return one.Title
		}
	}
	return key.Service
}

// trialOf is a command that tells a first alert, as somebody would type it.
func trialOf(address string) string {
	return "curl -d '{\"key\": \"trial\", \"status\": \"firing\", \"title\": \"A trial of the intake\", \"severity\": \"info\"}' \\\n  " + address + "generic"
}

// trialOver tells that it is over.
func trialOver(address string) string {
	return "curl -d '{\"key\": \"trial\", \"status\": \"resolved\", \"title\": \"A trial of the intake\"}' \\\n  " + address + "generic"
}

// alertmanagerReceiver is the part of Alertmanager's configuration that tells alerts at an address.
func alertmanagerReceiver(address string) string {
	return "receivers:\n  - name: holdfast\n    webhook_configs:\n      - url: " + address + "alertmanager\n        send_resolved: true\n        max_alerts: 1000\n"
}
