package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Delivery is the process of one destination, such as the SMTP relay: as long as something is due there, it has one batch after
// the other sent. What is due, and when, stands in rows; the process only asks. It has two lanes, so that a page never waits
// for a notice, and lives as long as its destination, so that whatever is slow or away holds up nobody else.
func Delivery(ctx workflow.Context, start domain.DeliveryStart) error {
	mustKnowLogic(start.Logic)
	return (&delivery{start: start}).run(ctx)
}

type delivery struct {
	start domain.DeliveryStart
	wakes workflow.ReceiveChannel
	lanes []*lane
	gone  bool // the destination has been taken away
}

// lane is what a delivery remembers of one lane.
type lane struct {
	name domain.Lane
	// asked: something may be due. Held: even so, nothing is sent before the timer comes.
	asked, held bool
	batch       workflow.Future // under way
	timer       workflow.Future
	disarm      workflow.CancelFunc
}

func (d *delivery) run(ctx workflow.Context) error {
	d.wakes = workflow.GetSignalChannel(ctx, domain.SignalWake)
	for _, name := range domain.Lanes {
		d.lanes = append(d.lanes, &lane{name: name, asked: true})
	}
	for {
		d.hear()
		for _, l := range d.lanes {
			d.settle(ctx, l)
		}
		for _, l := range d.lanes {
			d.send(ctx, l)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case d.quiet() && d.gone:
			return nil
		case d.quiet() && d.mustContinue(ctx):
			next := d.start
			next.Logic = max(next.Logic, StartLogic)
			return workflow.NewContinueAsNewError(ctx, workflow.GetInfo(ctx).WorkflowType.Name, next)
		}
		if err := workflow.Await(ctx, d.changed); err != nil {
			return err
		}
	}
}

// hear takes all that was said off the queue: something may be due.
func (d *delivery) hear() {
	for d.wakes.ReceiveAsync(nil) {
		for _, l := range d.lanes {
			l.asked = true
		}
	}
}

// settle takes what has become of a lane's batch, and of its timer.
func (d *delivery) settle(ctx workflow.Context, l *lane) {
	if l.timer != nil && l.timer.IsReady() {
		l.dropTimer()
		l.asked = true
	}
	if l.batch == nil || !l.batch.IsReady() {
		return
	}
	var report domain.DeliveryReport
	err := l.batch.Get(ctx, &report)
	l.batch = nil
	switch {
	case err != nil:
		workflow.GetLogger(ctx).Error("a batch could not be sent; it is tried again", "destination", d.start.Destination, "error", err)
		l.setTimer(ctx, batchRetry)
		l.held = true
	case report.Gone:
		d.gone = true
	case report.More:
		l.asked = true
	case report.Wait > 0:
		l.setTimer(ctx, report.Wait)
		l.held = report.Held
	}
	if report.Answers {
		for _, each := range d.lanes {
			each.dropTimer()
			each.asked = true
		}
	}
}

// send has a lane's next batch sent.
func (d *delivery) send(ctx workflow.Context, l *lane) {
	if !l.asked || l.held || l.batch != nil || d.gone || d.mustContinue(ctx) || ctx.Err() != nil {
		return
	}
	l.dropTimer()
	l.asked = false
	outside := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: domain.QueueOutside, StartToCloseTimeout: batchBound, HeartbeatTimeout: batchBeat,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: batchRetry},
	})
	l.batch = workflow.ExecuteActivity(outside, domain.ActivityDeliver, domain.DeliveryOrder{Destination: d.start.Destination, Lane: l.name})
}

const (
	// batchBound is more than a batch takes: it begins nothing new after 30 s, and no sending takes a minute.
	batchBound = 2 * time.Minute
	// batchBeat is how soon it is known that a worker died with a batch.
	batchBeat  = 20 * time.Second
	batchRetry = 30 * time.Second
)

// changed reports whether anything has to be seen to.
func (d *delivery) changed() bool {
	if d.wakes.Len() > 0 {
		return true
	}
	for _, l := range d.lanes {
		if l.batch != nil && l.batch.IsReady() || l.timer != nil && l.timer.IsReady() {
			return true
		}
	}
	return false
}

// quiet reports whether nothing is under way and nothing was said that has not been heard.
func (d *delivery) quiet() bool {
	for _, l := range d.lanes {
		if l.batch != nil {
			return false
		}
	}
	return d.wakes.Len() == 0
}

// mustContinue says that the run's history has grown long: no batch is begun any more.
func (d *delivery) mustContinue(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

func (l *lane) setTimer(ctx workflow.Context, after time.Duration) {
	l.dropTimer()
	child, cancel := workflow.WithCancel(ctx)
	l.timer, l.disarm = workflow.NewTimer(child, after), cancel
}

func (l *lane) dropTimer() {
	if l.disarm != nil {
		l.disarm()
	}
	l.timer, l.disarm, l.held = nil, nil, false
}
