// Package cadence holds what comes again and again: a document says when, as wall time of a zone, and what is opened then.
//
// Each turn has a name of its own, made of the document's name and its local wall time. So a turn that comes twice, because a clock
// change repeats it or because two processes tell of it, opens one record.
package cadence

import (
	"cmp"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// MostADay is how often a cadence comes in a day at most. Turns that were missed are kept for more than a year, and Temporal keeps
// at most a thousand of them: so the newest is always among those that come late.
const MostADay = 2

// Spec is the content of a Cadence document.
type Spec struct {
	Title string `json:"title,omitempty"`
	// Cron are the five fields of its turns: minute, hour, day of month, month, day of week, as wall time of Timezone. Where both day
	// fields are restricted, either suffices. A turn that a clock change leaves out does not come; one that it repeats comes once.
	Cron string `json:"cron"`
	// Timezone is an IANA name.
	Timezone string `json:"timezone"`
	// Suspended lets it rest: nothing is opened until a later version takes that back.
	Suspended bool `json:"suspended,omitempty"`
	// Opens says what its turns open.
	Opens Opens `json:"opens"`
}

// Opens is what the turns of a cadence open.
type Opens struct {
	// CABMeeting: each turn is the time of a meeting of a change advisory board. It is called at the turn before, so that there is
	// time until its cut-off; the first one as the document is applied.
	CABMeeting *CABMeeting `json:"cab_meeting,omitempty"`
}

// CABMeeting describes the meetings that a cadence calls.
type CABMeeting struct {
	// Title is that of every meeting; left out: that of the cadence, or its name.
	Title string        `json:"title,omitempty"`
	Board meeting.Board `json:"board"`
	// CutOff is how long before a meeting its agenda is fixed, in working days or as clock time; left out: 1wd.
	CutOff calendar.Duration `json:"cut_off,omitzero"`
	// Calendar names the one whose working days count; left out: default.
	Calendar string `json:"calendar,omitempty"`
	// Length is how long a meeting lasts, in clock time, such as "45m"; left out: an hour.
	Length Length `json:"length,omitzero"`
}

// Length is a length of clock time that documents write as text, "1h" or "45m".
type Length struct {
	time.Duration
	fault string
}

// UnmarshalText keeps what it cannot read for Validate, which knows where it stands.
func (l *Length) UnmarshalText(text []byte) error {
	*l = Length{}
	var err error
	if l.Duration, err = time.ParseDuration(string(text)); err != nil {
		l.fault = fmt.Sprintf("%q is not a length of time like 1h or 45m", text)
	}
	return nil
}

// MarshalText writes a length as it is read.
func (l Length) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Validate answers what is wrong with the document, but for its cron text and its zone, which need libraries.
func (s Spec) Validate() []policy.Problem {
	var list []policy.Problem
	add := func(path, format string, args ...any) {
		list = append(list, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
	}
	if len(s.Title) > policy.MaxWords {
		add("title", "takes at most %d bytes, has %d", policy.MaxWords, len(s.Title))
	}
	called := s.Opens.CABMeeting
	if called == nil {
		add("opens", "says nothing: cab_meeting is needed")
		return list
	}
	const path = "opens.cab_meeting."
	if len(called.Title) > policy.MaxWords {
		add(path+"title", "takes at most %d bytes, has %d", policy.MaxWords, len(called.Title))
	}
	for _, problem := range called.Board.Validate() {
		add(path+"board."+problem.Path, "%s", problem.Message)
	}
	if !meeting.ValidCutOff(called.CutOff) {
		add(path+"cut_off", "takes up to %d working days, such as 1wd, or as much clock time, such as 4h", meeting.MaxCutOff)
	}
	if called.Calendar != "" && !policy.ValidName(called.Calendar) {
		add(path+"calendar", "%q is not the name of a Calendar", called.Calendar)
	}
	if called.Length.fault != "" {
		add(path+"length", "%s", called.Length.fault)
	} else if length := called.Length.Duration; length != 0 && (length < meeting.MinLength || length > meeting.MaxLength || length%time.Minute != 0) {
		add(path+"length", "takes whole minutes, %s to %s", meeting.MinLength, meeting.MaxLength)
	}
	return list
}

// Opening is the command that opens what one turn of a cadence is for. Its id and its record's id are made of the cadence's name and
// the turn's wall time: whoever gives it, and however often, opens one record.
func Opening(name string, spec Spec, wall string, at, now time.Time) (domain.Command, meeting.Plan, error) {
	called := spec.Opens.CABMeeting
	if called == nil {
		return domain.Command{}, meeting.Plan{}, domain.Errorf(domain.CodeInvalid, "the cadence %s opens nothing", name)
	}
	id := domain.CommandID("cadence", name, wall)
	command := domain.Command{
		ID: id, Name: string(meeting.Practice) + ".plan", Practice: meeting.Practice, Record: domain.NewID(id),
		Actor: domain.Actor{Kind: domain.ActorPolicy, Name: "Cadence/" + name}, ReceivedAt: domain.Millisecond(now),
	}
	return command, meeting.Plan{
		Title: cmp.Or(called.Title, spec.Title, name), Board: called.Board, At: at.UTC(), Minutes: int(called.Length.Minutes()),
		CutOff: called.CutOff, Calendar: called.Calendar, Cadence: name, Turn: wall,
	}, nil
}
