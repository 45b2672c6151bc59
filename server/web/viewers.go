package web

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/app"
)

const (
	// lookAround is how often a process asks what the others say of the records that are open in it.
	lookAround = 2 * time.Second
	// sayAgain is how often it says again what is open in it, well before that is too old.
	sayAgain = app.ViewingLasts / 3
	// lookBound bounds one such round.
	lookBound = 5 * time.Second
	// staysFor is how long somebody counts as there after their page left: a browser opens its connection anew whenever what
	// is in sight changes, and others need not hear of that.
	staysFor = 2 * time.Second
)

// viewers know who has which record open, by the live connections of this process and by what the other processes say.
type viewers struct {
	pages app.LivePages // nil: there are no other processes
	log   *slog.Logger
	stays time.Duration

	mu      sync.Mutex
	open    map[string]*audience
	asks    bool          // askAround runs
	news    bool          // it changed who is here, which is yet to be said
	changed chan struct{} // told of news
}

// audience are those who have one record open.
type audience struct {
	here   map[string]int             // how many pages each person has open in this process
	there  []string                   // who has it open in others, in order
	listen map[chan<- struct{}]string // the connections that are told of changes, and whose they are
}

// join counts a page of somebody's in. The channel, which has room for one word, is told, at once and whenever it changes who else
// has the record open; leave counts the page out.
func (v *viewers) join(ctx context.Context, record, handle string, wake chan<- struct{}) (leave func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open == nil {
		v.open, v.changed = map[string]*audience{}, make(chan struct{}, 1)
	}
	those := v.open[record]
	if those == nil {
		those = &audience{here: map[string]int{}, listen: map[chan<- struct{}]string{}}
		v.open[record] = those
	}
	those.listen[wake] = handle
	nudge(wake)
	if those.here[handle]++; those.here[handle] == 1 {
		those.tell(handle)
		v.news = true
		nudge(v.changed)
	}
	if v.pages != nil && !v.asks {
		v.asks = true
		go v.askAround(context.WithoutCancel(ctx)) // it outlives the request that began it
	}
	return func() { v.leave(record, handle, wake) }
}

// leave stops telling a connection, and counts the page out a little later.
func (v *viewers) leave(record, handle string, wake chan<- struct{}) {
	v.mu.Lock()
	delete(v.open[record].listen, wake)
	v.mu.Unlock()
	if v.stays > 0 {
		time.AfterFunc(v.stays, func() { v.left(record, handle) })
		return
	}
	v.left(record, handle)
}

func (v *viewers) left(record, handle string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	those := v.open[record]
	if those.here[handle]--; those.here[handle] == 0 {
		delete(those.here, handle)
		those.tell(handle)
		v.news = true
		nudge(v.changed)
	}
	if len(those.here) == 0 {
		delete(v.open, record)
	}
}

// nudge tells a channel with room for one word, unless it has yet to look.
func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// tell lets all connections but those of one person know; the caller holds the lock.
func (a *audience) tell(but string) {
	for wake, handle := range a.listen {
		if handle != but {
			nudge(wake)
		}
	}
}

// others are the handles of those who have a record open, but for one, in order.
func (v *viewers) others(record, but string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	those := v.open[record]
	if those == nil {
		return nil
	}
	var handles []string
	for _, handle := range slices.AppendSeq(slices.Clone(those.there), maps.Keys(those.here)) {
		if handle != but {
			handles = append(handles, handle)
		}
	}
	slices.Sort(handles)
	return slices.Compact(handles)
}

// askAround exchanges with the other processes who has which record open, as long as somebody here has one.
func (v *viewers) askAround(ctx context.Context) {
	process, said := uuid.NewString(), time.Time{}
	look := time.NewTicker(lookAround)
	defer look.Stop()
	for {
		here, news := v.present()
		say := news || time.Since(said) >= sayAgain
		err := v.exchange(ctx, process, here, say)
		switch {
		case err != nil:
			said = time.Time{}
			v.log.WarnContext(ctx, "who has records open in other processes is not known just now", "error", err)
		case say:
			said = time.Now()
		}
		if v.done(here) {
			return
		}
		select {
		case <-look.C:
		case <-v.changed:
		}
	}
}

// present is who has which record open here; news: that changed since it was asked last.
func (v *viewers) present() (here []app.Viewing, news bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for record, those := range v.open {
		for handle := range those.here {
			here = append(here, app.Viewing{Record: record, Person: handle})
		}
	}
	news, v.news = v.news, false
	return here, news
}

// exchange says who is here, where that is to be said, and hears who is elsewhere.
func (v *viewers) exchange(ctx context.Context, process string, here []app.Viewing, say bool) error {
	ctx, cancel := context.WithTimeout(ctx, lookBound)
	defer cancel()
	if say {
		if err := v.pages.SayViewing(ctx, process, here); err != nil {
			return err
		}
	}
	if len(here) == 0 {
		return nil
	}
	there, err := v.pages.Viewing(ctx, process, here)
	if err == nil {
		v.hear(there)
	}
	return err
}

// hear takes in who has records open elsewhere, and tells those here where that changed.
func (v *viewers) hear(there []app.Viewing) {
	elsewhere := map[string][]string{}
	for _, one := range there {
		elsewhere[one.Record] = append(elsewhere[one.Record], one.Person)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for record, those := range v.open {
		if !slices.Equal(those.there, elsewhere[record]) {
			those.there = elsewhere[record]
			those.tell("")
		}
	}
}

// done ends the asking when nobody is here and that was said.
func (v *viewers) done(said []app.Viewing) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asks = len(v.open) > 0 || len(said) > 0
	return !v.asks
}
