package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// outageRate is how many incidents a second are lived while a receiver is down; each is told three times to both.
	outageRate = 5
	mailed     = 100
)

// deliveries measures how soon notices leave: by mail, and to one webhook while another is down; and how soon that one has
// everything when it is back, and whether in order.
func (b *bench) deliveries(ctx context.Context) error {
	if err := b.mails(ctx); err != nil {
		return fmt.Errorf("mails: %w", err)
	}
	return b.outage(ctx)
}

// mails lets people who asked for something be told that it is done, one after the other.
func (b *bench) mails(ctx context.Context) error {
	var all sample
	for i := range mailed {
		handle := fmt.Sprintf("mailed-%d", i)
		address := handle + "@bench.example"
		if err := b.put(ctx, "/people/"+handle, map[string]any{"name": handle, "mail": address}); err != nil {
			return err
		}
		body := map[string]any{"title": "Told by mail", "impact": "low", "urgency": "low", "requester": handle}
		if err := b.post(ctx, "/incidents", body, http.StatusCreated, nil); err != nil {
			return err
		}
		answered := time.Now()
		for {
			if at, came := b.mailbox.arrived(address); came {
				all.times = append(all.times, max(at.Sub(answered), 0))
				break
			}
			if ctx.Err() != nil || time.Since(answered) > time.Minute {
				return errors.Join(errors.New("a mail does not come"), ctx.Err())
			}
			time.Sleep(time.Millisecond)
		}
	}
	b.row("notice, from the answer to its mail", 1, "", number(all.at(50)), number(all.at(99)), "", "", "", "")
	return nil
}

// put writes something and expects it to be written.
func (b *bench) put(ctx context.Context, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return b.send(ctx, http.MethodPut, path, bytes.NewReader(text), http.StatusOK, nil)
}

// kindsTold are what each incident is told of, in order.
var kindsTold = []string{"incident.logged", "incident.awaiting_requester", "incident.resolved"}

func (b *bench) outage(ctx context.Context) error {
	hooks := map[string]*hook{}
	for _, name := range []string{"down", "up"} {
		receiver, err := newHook()
		if err != nil {
			return err
		}
		defer receiver.close()
		hooks[name] = receiver
		body := map[string]any{"title": name, "url": receiver.url, "kinds": kindsTold, "active": true}
		if err := b.put(ctx, "/destinations/"+name, body); err != nil {
			return err
		}
	}
	hooks["down"].down.Store(true)
	answered, err := b.livesWhile(ctx)
	if err != nil {
		return err
	}
	all := len(kindsTold) * len(answered)
	if _, err := arrived(ctx, hooks["up"], all); err != nil {
		return fmt.Errorf("the receiver that is up: %w", err)
	}
	var late sample
	for _, one := range hooks["up"].all() {
		late.times = append(late.times, max(one.at.Sub(answered[one.record][one.kind]), 0))
	}
	b.row(fmt.Sprintf("notice, from the answer to its webhook, another down %s", b.Outage), "", "", number(late.at(50)), number(late.at(99)), "", "", "", "")

	back := time.Now()
	hooks["down"].down.Store(false)
	last, err := arrived(ctx, hooks["down"], all)
	if err != nil {
		return fmt.Errorf("the receiver that was down: %w", err)
	}
	fmt.Fprintf(b.out, "receiver down %s: %d notices, all of them %.1f s after it was back (first after %.1f s), %d out of their record's order\n",
		b.Outage, all, last.Sub(back).Seconds(), hooks["down"].all()[0].at.Sub(back).Seconds(), disordered(hooks["down"].all()))
	return nil
}

// livesWhile lets incidents be logged, held and resolved for as long as the outage lasts, and answers when each was answered.
func (b *bench) livesWhile(ctx context.Context) (map[string]map[string]time.Time, error) {
	answered, mu := map[string]map[string]time.Time{}, sync.Mutex{}
	count := int(b.Outage.Seconds() * outageRate)
	began := time.Now()
	err := many(ctx, count, func(ctx context.Context, n int) error {
		wait := time.NewTimer(time.Until(began.Add(b.Outage * time.Duration(n) / time.Duration(count))))
		defer wait.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
		var view struct {
			ID string `json:"id"`
		}
		times := map[string]time.Time{}
		if err := b.post(ctx, "/incidents", map[string]any{"title": "Told to two", "impact": "low", "urgency": "low"}, http.StatusCreated, &view); err != nil {
			return err
		}
		times[kindsTold[0]] = time.Now()
		if err := b.post(ctx, "/incidents/"+view.ID+"/hold", map[string]any{"reason": "awaiting_requester"}, http.StatusOK, nil); err != nil {
			return err
		}
		times[kindsTold[1]] = time.Now()
		if err := b.post(ctx, "/incidents/"+view.ID+"/resolve", map[string]any{"code": "fixed", "notes": "Done."}, http.StatusOK, nil); err != nil {
			return err
		}
		times[kindsTold[2]] = time.Now()
		mu.Lock()
		defer mu.Unlock()
		answered[view.ID] = times
		return nil
	})
	return answered, err
}

// arrived waits until a receiver has so many, and answers when the last came.
func arrived(ctx context.Context, receiver *hook, count int) (time.Time, error) {
	began := time.Now()
	for {
		if all := receiver.all(); len(all) >= count {
			return all[len(all)-1].at, nil
		}
		if ctx.Err() != nil || time.Since(began) > 20*time.Minute {
			return time.Time{}, errors.Join(fmt.Errorf("%d of %d came", len(receiver.all()), count), ctx.Err())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// disordered counts the notices that came before one of their record that is told earlier.
func disordered(all []told) int {
	next, wrong := map[string]int{}, 0
	for _, one := range all {
		if one.kind != kindsTold[next[one.record]%len(kindsTold)] {
			wrong++
		}
		next[one.record]++
	}
	return wrong
}
