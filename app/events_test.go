package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const soon = 20 * time.Second // long enough for a busy machine

// listener is a live stream of somebody, of which it hears the notes. A stream from now on can begin a little earlier: while
// other tests' transactions run in the same cluster, what has just committed is not yet past.
type listener struct {
	t     testing.TB
	heard chan app.LiveEvent
	ended chan error
	begun chan string
	stop  context.CancelFunc
}

func (d *desk) listen(ctx context.Context, query app.EventQuery) *listener {
	d.t.Helper()
	ctx, stop := context.WithCancel(ctx)
	l := &listener{t: d.t, heard: make(chan app.LiveEvent), ended: make(chan error, 1), begun: make(chan string, 1), stop: stop}
	query.Started = func(place string) { l.begun <- place }
	go func() {
		l.ended <- d.Events(ctx, query, func(event app.LiveEvent) error {
			if event.Type != "note.added" {
				return nil
			}
			select {
			case l.heard <- event:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	d.t.Cleanup(stop)
	select {
	case <-l.begun:
	case err := <-l.ended:
		require.NoError(d.t, err)
	}
	return l
}

func (l *listener) hears() app.LiveEvent {
	l.t.Helper()
	select {
	case event := <-l.heard:
		return event
	case err := <-l.ended:
		require.FailNow(l.t, "the stream ended", err)
	case <-time.After(soon):
		require.FailNow(l.t, "nothing came")
	}
	return app.LiveEvent{}
}

func (l *listener) ends() error {
	l.t.Helper()
	select {
	case event := <-l.heard:
		require.FailNow(l.t, "something came", event.Type)
	case err := <-l.ended:
		return err
	case <-time.After(soon):
		require.FailNow(l.t, "the stream goes on")
	}
	return nil
}

// note puts an event on a record's timeline.
func (d *desk) note(record incident.Incident, count int) {
	d.t.Helper()
	events := make([]domain.Event, count)
	for i := range events {
		events[i] = domain.Event{Type: "note.added", At: d.clock.Now(), Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}}
	}
	_, err := schemas.AppendTimeline(d.t.Context(), d.worker, record.ID, events, d.clock.Now())
	require.NoError(d.t, err)
}

// agent gives bo a role and a token, and asks with it.
func (d *desk) agent(grant app.Grant) (context.Context, app.NewToken) {
	d.t.Helper()
	grant.Person = "bo"
	_, err := d.GiveGrant(d.as("ana", all(domain.RoleAdmin)), grant)
	require.NoError(d.t, err)
	token := d.token("bo", 1)
	return d.with(token.Secret), token
}

func TestAStreamEndsWithTheRightToRead(t *testing.T) {
	t.Parallel()
	admin := all(domain.RoleAdmin)
	for name, end := range map[string]func(*desk, app.NewToken){
		"revoked": func(d *desk, token app.NewToken) { require.NoError(t, d.RevokeToken(d.as("ana", admin), token.ID)) },
		"expired": func(d *desk, _ app.NewToken) { d.clock.Advance(25 * time.Hour) },
		"inactive": func(d *desk, _ app.NewToken) {
			_, err := d.SavePerson(d.as("ana", admin), app.Person{Handle: "bo", Name: "Bo"})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			record := d.incident()
			ctx, token := d.agent(all(domain.RoleAgent))
			busy, silent := d.listen(ctx, app.EventQuery{}), d.listen(ctx, app.EventQuery{Record: "INC-999999"})
			d.note(record, 1)
			busy.hears()
			end(d, token)
			d.note(record, 1)
			refuses(t, domain.CodeUnauthenticated, busy.ends())
			refuses(t, domain.CodeUnauthenticated, silent.ends())
		})
	}
}

func TestAStreamFollowsTheGrants(t *testing.T) {
	t.Parallel()
	d := setup(t)
	mail, wifi := d.incident(), d.incident(func(i *incident.Incident) { i.Team, i.Service = "network", "wifi" })
	ctx, _ := d.agent(ofTeam(domain.RoleAgent, "messaging"))
	l := d.listen(ctx, app.EventQuery{})
	d.note(wifi, 1)
	d.note(mail, 1)
	require.Equal(t, mail.ID, l.hears().Record)
	admin := d.as("ana", all(domain.RoleAdmin))
	for i, grant := range []app.Grant{ofTeam(domain.RoleAgent, "network"), ofTeam(domain.RoleAgent, "messaging")} {
		grant.Person = "bo"
		var err error
		if i == 0 {
			_, err = d.GiveGrant(admin, grant)
		} else {
			_, err = d.TakeGrant(admin, grant)
		}
		require.NoError(t, err)
	}
	d.note(mail, 1)
	d.note(wifi, 1)
	require.Equal(t, wifi.ID, l.hears().Record, "they read the network's now, and not messaging's")
}

func TestAStreamGoesOnExactlyWhereItEnded(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident()
	ctx, _ := d.agent(all(domain.RoleAgent))
	d.note(record, 500)
	want := int64(2) // the first event is the log
	after := "0"
	for range 3 {
		l := d.listen(ctx, app.EventQuery{After: after})
		for range 100 {
			event := l.hears()
			require.Equal(t, want, event.Seq)
			want, after = want+1, event.ID
		}
		d.note(record, 100)
		l.stop()
		<-l.ended
	}
	l := d.listen(ctx, app.EventQuery{After: after})
	for want <= 801 { // the log and 500 + 3 × 100 notes
		require.Equal(t, want, l.hears().Seq)
		want++
	}
}

func TestASlowReaderIsDroppedAndGoesOn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident()
	ctx, _ := d.agent(all(domain.RoleAgent))
	l := d.listen(ctx, app.EventQuery{})
	var last app.LiveEvent
	for range 2 { // with the second one it surely follows live
		d.note(record, 1)
		last = l.hears()
	}
	d.note(record, 1) // it has this one to give, and nobody takes it
	quick := d.listen(ctx, app.EventQuery{After: last.ID})
	want := last.Seq + 1
	for range 12 {
		d.note(record, 200)
		for range 200 {
			require.Equal(t, want, quick.hears().Seq, "another reader is not held up")
			want++
		}
	}
	var err error
	for err == nil {
		select {
		case event := <-l.heard:
			last = event
		case err = <-l.ended:
		case <-time.After(soon):
			require.FailNow(t, "it was neither served nor dropped")
		}
	}
	require.Contains(t, refuses(t, domain.CodeUnavailable, err).Message, "too slowly")
	again := d.listen(ctx, app.EventQuery{After: last.ID})
	for want := last.Seq + 1; want <= 2404; want++ {
		require.Equal(t, want, again.hears().Seq, "not one is missing")
	}
}

func TestWhatAReaderSaysOfAnEventEndsTheStream(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.incident()
	ctx, _ := d.agent(all(domain.RoleAgent))
	enough := errors.New("enough")
	require.ErrorIs(t, d.Events(ctx, app.EventQuery{After: "0"}, func(app.LiveEvent) error { return enough }), enough)
	refuses(t, domain.CodeMalformed, d.Events(ctx, app.EventQuery{After: "x"}, nil))
}

func TestAPlaceIsReachedOnlyWithinItsBound(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident()
	ctx, _ := d.agent(all(domain.RoleAgent))
	l := d.listen(ctx, app.EventQuery{})
	d.note(record, 1)
	place := l.hears().ID
	begins := func(after string, within int) string {
		t.Helper()
		begun := ""
		ended, stop := context.WithCancel(ctx)
		defer stop()
		require.NoError(t, d.Events(ended, app.EventQuery{After: after, Within: within, Started: func(at string) {
			begun = at
			stop()
		}}, func(app.LiveEvent) error { return nil }))
		return begun
	}
	require.Equal(t, place, begins(place, 1))
	d.note(record, 2)
	for range 2 {
		l.hears()
	}
	require.Equal(t, place, begins(place, 2))
	require.NotEqual(t, place, begins(place, 1), "too much lies behind it")
	for _, unknown := range []string{"x", "18446744073709551615-1"} {
		require.NotEqual(t, unknown, begins(unknown, 1000), "it is of another stream")
	}
	require.True(t, app.PlaceBefore("9-5", "10-1"))
	require.True(t, app.PlaceBefore("9--1", "9-0"))
	require.False(t, app.PlaceBefore(place, place))
}

// TestWatchersOfARestrictedRecordHearOfIt: they may read it, and hear of it as long as they watch.
func TestWatchersOfARestrictedRecordHearOfIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	hidden, open := d.incident(func(i *incident.Incident) { i.Restricted = true }), d.incident()
	ctx, _ := d.agent(all(domain.RoleAgent))
	l := d.listen(ctx, app.EventQuery{})
	d.note(hidden, 1)
	d.note(open, 1)
	require.Equal(t, open.ID, l.hears().Record, "it is not theirs to hear of")
	_, err := d.Watch(d.as("ana", all(domain.RoleAgent)), hidden.Number, "bo")
	require.NoError(t, err)
	d.note(hidden, 1)
	require.Equal(t, hidden.ID, l.hears().Record)
	_, err = d.Unwatch(d.as("ana", all(domain.RoleAgent)), hidden.Number, "bo")
	require.NoError(t, err)
	d.note(hidden, 1)
	d.note(open, 1)
	require.Equal(t, open.ID, l.hears().Record)
}
