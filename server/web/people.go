package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server"
)

const peoplePath = "/people"

// mountPeople adds the pages about people, teams and services. All staff read them.
func (w *console) mountPeople(pages *gin.RouterGroup) {
	desk := pages.Group("", w.staffOnly)
	desk.GET("/teams", w.teams)
	desk.GET("/services", w.services)
	people := desk.Group(peoplePath)
	people.GET("", w.people)
	people.GET("/:handle", w.person)
	people.POST("/:handle/tokens", w.makeToken)
	people.POST("/:handle/tokens/:token/revoke", w.revokeToken)
	write := people.Group("", w.needs(app.PermissionPeopleWrite))
	write.GET("/new", w.newPerson)
	write.POST("/new", w.addPerson)
	write.GET("/:handle/edit", w.editPerson)
	write.POST("/:handle/edit", w.savePerson)
	govern := people.Group("", w.needs(app.PermissionGrantWrite))
	govern.POST("/:handle/grants", w.giveGrant)
	govern.POST("/:handle/grants/take", w.takeGrant)
	w.mountPersonSignIn(pages)
}

// peopleFilter is what narrows the list of people, as the URL says it.
type peopleFilter struct{ Words, Active, Cursor string }

// The words of the filter by who is active; left out, it is those who are.
const (
	activeOnly = "yes"
	activeNot  = "no"
	activeAny  = "all"
)

func (f peopleFilter) query() app.PeopleQuery {
	query := app.PeopleQuery{Text: f.Words, Cursor: f.Cursor}
	if f.Active != activeAny {
		active := f.Active != activeNot
		query.Active = &active
	}
	return query
}

func (f peopleFilter) url(cursor string) string {
	values := url.Values{"q": {f.Words}, "active": {f.Active}}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return peoplePath + "?" + values.Encode()
}

// people lists people, one page at a time.
func (w *console) people(c *gin.Context) {
	filter := peopleFilter{Words: strings.TrimSpace(c.Query("q")), Active: c.DefaultQuery("active", activeOnly), Cursor: c.Query("cursor")}
	found, err := w.Service.Directory(c.Request.Context(), filter.query())
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, peoplePage(w.page(c, "People"), filter, found))
}

// personView is somebody, with what they may do.
type personView struct {
	page
	Person app.Person
	Teams  []app.TeamView
	Grants []app.Grant
	Tokens []app.Token
	// Handles reports whether the reader may make and end the person's tokens.
	Handles   bool
	Give      form
	TakeWrong form
	Token     form
	// Permissions are those ticked in the form for a token.
	Permissions []string
	// Made is a token that was made just now, with its secret.
	Made *app.NewToken
	// Sessions are where the person is signed in, and Link a one-use link that was made just now: for administrators.
	Sessions    []app.Session
	Link        string
	SignInWrong *server.Problem
}

func (w *console) person(c *gin.Context) {
	view, err := w.personView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, personPage(view))
}

// personView reads what the page about somebody shows to its reader.
func (w *console) personView(c *gin.Context) (personView, error) {
	ctx, handle := c.Request.Context(), c.Param("handle")
	person, err := w.Service.Person(ctx, handle)
	if err != nil {
		return personView{}, err
	}
	view := personView{page: w.page(c, person.Name), Person: person}
	teams, err := w.Service.Teams(ctx)
	if err != nil {
		return view, err
	}
	view.Teams = teamsOf(teams, handle)
	if view.may(app.PermissionGrantRead) || handle == view.Who.Handle {
		if view.Grants, err = w.Service.Grants(ctx, handle); err != nil {
			return view, err
		}
	}
	if view.may(app.PermissionGrantWrite) {
		view.Give = form{Fields: grantFields(w.scopes(c, teams))}
	}
	view.Handles = view.may(app.PermissionTokenWrite) || handle == view.Who.Handle && view.may(app.PermissionTokenOwn)
	if view.Handles {
		view.Token = form{Key: newKey(), Fields: tokenFields()}
		if view.Tokens, err = w.Service.Tokens(ctx, handle); err != nil {
			return view, err
		}
	}
	if view.may(app.PermissionPeopleWrite) {
		view.Sessions, err = w.Service.Sessions(ctx, handle)
	}
	return view, err
}

// newPerson shows the form of somebody new.
func (w *console) newPerson(c *gin.Context) {
	f := form{Title: "New person", Action: peoplePath + "/new", Fields: personFields(true)}
	w.show(c, http.StatusOK, personFormPage(w.page(c, f.Title), f, peoplePath))
}

func (w *console) addPerson(c *gin.Context) {
	f := form{Title: "New person", Action: peoplePath + "/new", Fields: personFields(true)}
	w.writePerson(c, f, "", peoplePath)
}

// editPerson shows the form of somebody known.
func (w *console) editPerson(c *gin.Context) {
	person, err := w.Service.Person(c.Request.Context(), c.Param("handle"))
	if err != nil {
		w.fail(c, err)
		return
	}
	f := editForm(person.Handle)
	active := ""
	if person.Active {
		active = "true"
	}
	read(f.Fields, map[string][]string{"name": {person.Name}, "mail": {person.Mail}, "kind": {person.Kind}, "zone": {person.Zone}, "active": {active}})
	w.show(c, http.StatusOK, personFormPage(w.page(c, f.Title), f, personURL(person.Handle)))
}

func editForm(handle string) form {
	return form{Title: "Edit " + handle, Action: personURL(handle) + "/edit", Fields: personFields(false)}
}

func (w *console) savePerson(c *gin.Context) {
	handle := c.Param("handle")
	if _, err := w.Service.Person(c.Request.Context(), handle); err != nil { // saving would make somebody new of a mistyped one
		w.fail(c, err)
		return
	}
	w.writePerson(c, editForm(handle), handle, personURL(handle))
}

// writePerson writes somebody from a form; without a handle the form names them, and they must not be known.
func (w *console) writePerson(c *gin.Context, f form, handle, back string) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	read(f.Fields, c.Request.PostForm)
	person := app.Person{
		Handle: handle, Name: strings.TrimSpace(c.PostForm("name")), Mail: strings.TrimSpace(c.PostForm("mail")),
		Kind: c.PostForm("kind"), Active: c.PostForm("active") == "true", Zone: strings.TrimSpace(c.PostForm("zone")),
	}
	write := w.Service.SavePerson
	if handle == "" {
		person.Handle, write = strings.TrimSpace(c.PostForm("handle")), w.Service.AddPerson
	}
	person, err := write(c.Request.Context(), person)
	if err != nil {
		w.show(c, f.refuse(err), personFormPage(w.page(c, f.Title), f, back))
		return
	}
	c.Redirect(http.StatusSeeOther, personURL(person.Handle))
}

func personURL(handle string) string { return peoplePath + "/" + handle }

// personFields are the fields of the form about somebody. Only somebody new gets a handle: it stays.
func personFields(fresh bool) []field {
	fields := []field{
		{Name: "name", Label: "Name", Required: true, MaxLength: 200},
		{Name: "mail", Label: "Mail", Optional: true, MaxLength: 320},
		{Name: "kind", Label: "Kind", Required: true, Value: "person", Choices: []choice{{"person", "Person"}, {"machine", "Machine"}}, Hint: "A machine works with tokens."},
		{Name: "zone", Label: "Time zone", Optional: true, Hint: "Such as Europe/Berlin; left empty, UTC."},
		{Name: "active", Label: "Active", Kind: yesNo, Value: "true", Hint: "Somebody who is not cannot sign in, and their tokens end to work."},
	}
	if fresh {
		handle := field{Name: "handle", Label: "Handle", Required: true, MaxLength: 100, Hint: "How records name them, such as ana; it stays for ever."}
		fields = append([]field{handle}, fields...)
	}
	return fields
}

func teamsOf(teams []app.TeamView, handle string) []app.TeamView {
	var list []app.TeamView
	for _, team := range teams {
		if team.Lead == handle || has(team.Members, handle) {
			list = append(list, team)
		}
	}
	return list
}
