package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// grantable are the roles that can be given, with what they are for. Whoever asks for something is its requester anyway.
var grantable = []choice{
	{string(domain.RoleAgent), "Agent: works on records"},
	{string(domain.RoleTeamLead), "Team lead: is told when work is late"},
	{string(domain.RoleIncidentManager), "Incident manager: sets priorities by hand"},
	{string(domain.RoleServiceOwner), "Service owner: reads what touches the service"},
	{string(domain.RoleConfigurationManager), "Configuration manager: keeps what is known of configuration items"},
	{string(domain.RoleAuditor), "Auditor: reads, and changes nothing"},
	{string(domain.RoleAdmin), "Administrator: governs people and policies"},
}

// The values of a scope in a form: everything, or a kind and a name.
const (
	scopeAll     = "all"
	scopeTeam    = "team"
	scopeService = "service"
)

// scopes are what a role can be given for.
func (w *console) scopes(c *gin.Context, teams []app.TeamView) []choice {
	choices := []choice{{scopeAll, "Everything"}}
	for _, team := range teams {
		choices = append(choices, choice{scopeTeam + ":" + team.Name, "The team " + titled(team.Name, team.Title).Title})
	}
	services, err := w.Service.Services(c.Request.Context())
	if err != nil {
		w.Log.WarnContext(c.Request.Context(), "the services to grant a role for could not be read", "error", err)
	}
	for _, service := range services {
		choices = append(choices, choice{scopeService + ":" + service.Name, "The service " + titled(service.Name, service.Title).Title})
	}
	return choices
}

func grantFields(scopes []choice) []field {
	return []field{
		{Name: "role", Label: "Role", Required: true, Choices: grantable},
		{Name: "scope", Label: "For", Required: true, Value: scopeAll, Choices: scopes},
	}
}

// grantOf reads a grant from a form.
func grantOf(c *gin.Context) app.Grant {
	grant := app.Grant{Person: c.Param("handle"), Role: domain.Role(c.PostForm("role"))}
	grant.ScopeKind, grant.ScopeName, _ = strings.Cut(c.PostForm("scope"), ":")
	return grant
}

// scopeOf is a grant's scope as a form sends it.
func scopeOf(grant app.Grant) string {
	if grant.ScopeKind == scopeAll {
		return scopeAll
	}
	return grant.ScopeKind + ":" + grant.ScopeName
}

// scopeTitle words a grant's scope.
func scopeTitle(grant app.Grant) string {
	if grant.ScopeKind == scopeAll {
		return "everything"
	}
	return "the " + grant.ScopeKind + " " + grant.ScopeName
}

func (w *console) giveGrant(c *gin.Context) {
	w.changeGrant(c, func(grant app.Grant) error {
		_, err := w.Service.GiveGrant(c.Request.Context(), grant)
		return err
	}, func(view *personView, err error) int {
		read(view.Give.Fields, c.Request.PostForm)
		return view.Give.refuse(onScope(err))
	})
}

func (w *console) takeGrant(c *gin.Context) {
	w.changeGrant(c, func(grant app.Grant) error {
		_, err := w.Service.TakeGrant(c.Request.Context(), grant)
		return err
	}, func(view *personView, err error) int { return view.TakeWrong.refuse(err) })
}

func (w *console) changeGrant(c *gin.Context, change func(app.Grant) error, refused func(*personView, error) int) {
	err := parseForm(c, smallForm)
	if err == nil {
		err = change(grantOf(c))
	}
	w.answerPerson(c, err, "#grants", func(view *personView) int { return refused(view, err) })
}

// answerPerson leads back to a part of somebody's page, or shows that page again with what was refused.
func (w *console) answerPerson(c *gin.Context, err error, part string, refused func(*personView) int) {
	if err == nil {
		c.Redirect(http.StatusSeeOther, personURL(c.Param("handle"))+part)
		return
	}
	view, viewErr := w.personView(c)
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	status := refused(&view)
	w.show(c, status, personPage(view))
}

// onScope lets what is wrong with a scope's parts stand beside the one field that says it.
func onScope(err error) error {
	known := domain.AsError(err)
	if known == nil {
		return err
	}
	told := *known
	told.Fields = slices.Clone(known.Fields)
	for i, wrong := range told.Fields {
		if strings.HasSuffix(wrong.Location, "scope_kind") || strings.HasSuffix(wrong.Location, "scope_name") {
			told.Fields[i].Location = "body.scope"
		}
	}
	return &told
}

func tokenFields() []field {
	return []field{
		{Name: "name", Label: "Name", Required: true, MaxLength: 200, Hint: "What it is for, such as the monitoring."},
		{Name: "days", Label: "Days", Kind: number, Required: true, Value: "90", Minimum: "1", Maximum: "3650", Hint: "It ends by itself after these."},
	}
}

// makeToken makes a token and shows its secret, once.
func (w *console) makeToken(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	body := app.TokenBody{Person: c.Param("handle"), Name: strings.TrimSpace(c.PostForm("name")), Permissions: c.PostFormArray("permissions")}
	days, err := strconv.Atoi(strings.TrimSpace(c.PostForm("days")))
	if err != nil || days < 1 { // the service takes none as the usual number
		err = domain.Invalid("days", "must be a whole number from 1 on")
	}
	body.Days = days
	var made app.NewToken
	if err == nil {
		made, err = w.Service.CreateToken(c.Request.Context(), c.PostForm(keyField), body)
	}
	view, viewErr := w.personView(c)
	if viewErr != nil && err == nil {
		w.Log.ErrorContext(c.Request.Context(), "the page about a person could not be read after making a token", "error", viewErr)
		view = personView{page: w.page(c, body.Person), Person: app.Person{Handle: body.Person, Name: body.Person}}
	} else if viewErr != nil {
		w.fail(c, err)
		return
	}
	if err != nil {
		read(view.Token.Fields, c.Request.PostForm)
		view.Permissions, view.Token.Key = body.Permissions, c.PostForm(keyField)
		w.show(c, view.Token.refuse(err), personPage(view))
		return
	}
	view.Made = &made
	w.show(c, http.StatusCreated, personPage(view))
}

func (w *console) revokeToken(c *gin.Context) {
	err := w.Service.RevokeToken(c.Request.Context(), c.Param("token"))
	w.answerPerson(c, err, "#tokens", func(view *personView) int { return view.Token.refuse(err) })
}

// ended reports whether a token does not work any more.
func ended(token app.Token, now time.Time) bool {
	return token.RevokedAt != nil || !token.ExpiresAt.After(now)
}

// live and past part tokens into those that work and those that do not.
func liveAndPast(tokens []app.Token, now time.Time) (live, past []app.Token) {
	for _, token := range tokens {
		if ended(token, now) {
			past = append(past, token)
		} else {
			live = append(live, token)
		}
	}
	return live, past
}

// permissionGroups are all permissions, by what they are about.
func permissionGroups() [][]string {
	var groups [][]string
	for _, permission := range app.AllPermissions() {
		about, _, _ := strings.Cut(permission, ".")
		last := len(groups) - 1
		if last < 0 || !strings.HasPrefix(groups[last][0], about+".") {
			groups = append(groups, nil)
			last++
		}
		groups[last] = append(groups[last], permission)
	}
	return groups
}

func has(list []string, value string) bool { return slices.Contains(list, value) }
