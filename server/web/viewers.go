package web

import (
	"slices"
	"sync"
)

// viewers know who has which record open in this process, by the live streams of its pages. The zero value is ready.
type viewers struct {
	mu   sync.Mutex
	open map[string]*audience
}

// audience are those who have one record open.
type audience struct {
	pages  map[string]int           // how many pages each person has open
	listen map[chan struct{}]string // a page's channel, which is told of changes, and whose it is
}

// join counts a page of somebody's in. The channel is told, at once and whenever it changes who else has the record open;
// leave counts the page out.
func (v *viewers) join(record, handle string) (changed <-chan struct{}, leave func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open == nil {
		v.open = map[string]*audience{}
	}
	those := v.open[record]
	if those == nil {
		those = &audience{pages: map[string]int{}, listen: map[chan struct{}]string{}}
		v.open[record] = those
	}
	page := make(chan struct{}, 1)
	those.listen[page] = handle
	page <- struct{}{}
	if those.pages[handle]++; those.pages[handle] == 1 {
		those.tell(handle)
	}
	return page, func() { v.leave(record, handle, page) }
}

func (v *viewers) leave(record, handle string, page chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	those := v.open[record]
	delete(those.listen, page)
	if those.pages[handle]--; those.pages[handle] == 0 {
		delete(those.pages, handle)
		those.tell(handle)
	}
	if len(those.listen) == 0 {
		delete(v.open, record)
	}
}

// tell lets all pages but those of one person know; the caller holds the lock.
func (a *audience) tell(but string) {
	for page, handle := range a.listen {
		if handle == but {
			continue
		}
		select {
		case page <- struct{}{}:
		default: // it has yet to look
		}
	}
}

// others are the handles of those who have a record open, but for one, in order.
func (v *viewers) others(record, but string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var handles []string
	if those := v.open[record]; those != nil {
		for handle := range those.pages {
			if handle != but {
				handles = append(handles, handle)
			}
		}
	}
	slices.Sort(handles)
	return handles
}
