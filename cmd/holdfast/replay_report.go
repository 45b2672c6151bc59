package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

// replayReport says what a replay did.
type replayReport struct {
	replaySurvey
	Clients int `json:"clients"`
	// Sent commands were applied, repeated (a run before had given them) or refused; Queued of them were answered late.
	Sent     int            `json:"sent"`
	Applied  int            `json:"applied"`
	Repeated int            `json:"repeated"`
	Queued   int            `json:"queued"`
	Refused  []refusedGroup `json:"refused"`
	// LatencyMS is of the applied commands.
	LatencyMS percentiles `json:"latency_ms"`
	Seconds   float64     `json:"seconds"`
	// Ends compares where the log leaves the incidents with where they are here, Otherwise lists what differs.
	Ends      []endGroup  `json:"ends"`
	Otherwise []otherwise `json:"otherwise"`
}

type percentiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// refusedGroup are commands that were refused for one reason.
type refusedGroup struct {
	Command  string      `json:"command"`
	Code     domain.Code `json:"code"`
	Reason   string      `json:"reason"`
	Commands int         `json:"commands"`
	Example  string      `json:"example"`
}

// endGroup are incidents that end alike. Here is empty where the incident was not opened at all.
type endGroup struct {
	Log       domain.State `json:"log"`
	Here      domain.State `json:"here"`
	Incidents int          `json:"incidents"`
}

// otherwise is an incident that did not end as in the log.
type otherwise struct {
	Number string   `json:"number"`
	Here   string   `json:"here"`
	What   []string `json:"what"`
}

// tally counts what the clients do.
type tally struct {
	mu        sync.Mutex
	began     time.Time
	took      time.Duration
	incidents int
	report    replayReport
	times     []time.Duration
	refusals  map[string]*refusedGroup
	ends      map[string]*endGroup
}

func newTally() *tally {
	return &tally{began: time.Now(), refusals: map[string]*refusedGroup{}, ends: map[string]*endGroup{}, report: replayReport{Otherwise: []otherwise{}}}
}

func (t *tally) decided(outcome domain.Outcome, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Sent++
	if outcome == domain.Repeated {
		t.report.Repeated++
		return
	}
	t.report.Applied++
	t.times = append(t.times, took)
}

func (t *tally) queued() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Queued++
}

func (t *tally) refused(plan importmap.Plan, step importmap.Step, refused *domain.Error, here app.IncidentView) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Sent++
	group := refusedGroup{Command: step.Verb, Code: refused.Code, Reason: refused.Message, Example: plan.Number}
	key := fmt.Sprintf("%s %s %s", group.Command, group.Code, group.Reason)
	if t.refusals[key] == nil {
		t.refusals[key] = &group
	}
	t.refusals[key].Commands++
	t.count(plan, here)
}

// ended notes where an incident is after its last command.
func (t *tally) ended(plan importmap.Plan, here app.IncidentView) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if what := differences(plan, here); len(what) > 0 {
		t.report.Otherwise = append(t.report.Otherwise, otherwise{Number: plan.Number, Here: here.Number, What: what})
	}
	t.count(plan, here)
}

func (t *tally) count(plan importmap.Plan, here app.IncidentView) {
	t.incidents++
	key := fmt.Sprintf("%s %s", plan.Ends.State, here.State)
	if t.ends[key] == nil {
		t.ends[key] = &endGroup{Log: plan.Ends.State, Here: here.State}
	}
	t.ends[key].Incidents++
}

// done makes the report.
func (t *tally) done(surveyed replaySurvey, clients int) replayReport {
	report := t.report
	report.replaySurvey, report.Clients, report.Seconds = surveyed, clients, t.took.Seconds()
	report.Refused = mostFirst(t.refusals, func(g refusedGroup) int { return g.Commands })
	report.Ends = mostFirst(t.ends, func(g endGroup) int { return g.Incidents })
	slices.SortFunc(report.Otherwise, func(a, b otherwise) int { return strings.Compare(a.Number, b.Number) })
	slices.Sort(t.times)
	at := func(percent int) float64 {
		if len(t.times) == 0 {
			return 0
		}
		return float64(t.times[min(len(t.times)-1, percent*len(t.times)/100)].Microseconds()) / 1000
	}
	report.LatencyMS = percentiles{P50: at(50), P99: at(99), Max: at(100)}
	return report
}

// showReport prints the report, and fails where a command was refused or an incident did not end as in the log.
func (r *replayRun) showReport() error {
	report := r.tally.done(r.surveyed, r.Clients)
	t := table{titles: []string{"END IN THE LOG", "END HERE", "INCIDENTS"}, empty: "No incident can be replayed."}
	same := len(report.Otherwise) == 0
	for _, end := range report.Ends {
		same = same && end.Log == end.Here
		here := string(end.Here)
		if here == "" {
			here = "not opened"
		}
		t.rows = append(t.rows, []any{string(end.Log), here, end.Incidents})
	}
	if err := r.show(view{data: report, table: t, text: func(p *printer) error { return report.write(p, t) }}); err != nil {
		return err
	}
	if !same || len(report.Refused) > 0 {
		return errTold
	}
	return nil
}

// mostShown bounds the lists that people are shown; -o json has them whole.
const mostShown = 20

// write words the report for people.
func (r replayReport) write(p *printer, ends table) error {
	if err := r.writeSurvey(p); err != nil {
		return err
	}
	refused := 0
	refusals := table{titles: []string{"REFUSED", "COMMAND", "BECAUSE", "FOR EXAMPLE"}}
	for _, group := range r.Refused {
		refused += group.Commands
		refusals.rows = append(refusals.rows, []any{group.Commands, group.Command, group.Reason, group.Example})
	}
	differing := table{titles: []string{"IN THE LOG", "HERE", "ENDED OTHERWISE"}}
	for _, one := range r.Otherwise {
		differing.rows = append(differing.rows, []any{one.Number, one.Here, strings.Join(one.What, "; ")})
	}
	for _, line := range []string{
		fmt.Sprintf("\n%d commands sent by %d clients: %d applied, %d repeated, %d refused; %d were queued",
			r.Sent, r.Clients, r.Applied, r.Repeated, refused, r.Queued),
		fmt.Sprintf("%.1f s: %.1f incidents/s, %.0f commands/s; p50 %.1f ms, p99 %.1f ms, longest %.1f ms\n", r.Seconds,
			float64(r.Replayable)/r.Seconds, float64(r.Sent)/r.Seconds, r.LatencyMS.P50, r.LatencyMS.P99, r.LatencyMS.Max),
	} {
		if err := p.line("%s", line); err != nil {
			return err
		}
	}
	return p.tables(ends, refusals, differing)
}

// tables prints tables one below the other, as far as they have rows, each only so many.
func (p *printer) tables(tables ...table) error {
	for i, t := range tables {
		if len(t.rows) == 0 {
			continue
		}
		more := len(t.rows) - mostShown
		t.rows = t.rows[:min(len(t.rows), mostShown)]
		if i > 0 {
			if err := p.line(""); err != nil {
				return err
			}
		}
		if err := t.write(p); err != nil {
			return err
		}
		if more > 0 {
			if err := p.line("and %d more; -o json lists them", more); err != nil {
				return err
			}
		}
	}
	return nil
}

// showSurvey prints what can be replayed and what not.
func (r *replayRun) showSurvey() error {
	return r.show(view{data: r.surveyed, table: r.surveyed.table(), text: r.surveyed.writeSurvey})
}

func (s replaySurvey) table() table {
	t := table{titles: []string{"INCIDENTS", "CANNOT BE REPLAYED BECAUSE", "FOR EXAMPLE"}}
	for _, one := range s.Cannot {
		t.rows = append(t.rows, []any{one.Incidents, one.Reason, one.Example})
	}
	return t
}

// writeSurvey words the survey for people.
func (s replaySurvey) writeSurvey(p *printer) error {
	planned := s.Planned
	for _, line := range []string{
		fmt.Sprintf("%d rows taken, %d rejected; %d incidents, of which %d can be replayed and %d cannot",
			s.Rows, s.Rejected, s.Incidents, s.Replayable, s.Incidents-s.Replayable),
		fmt.Sprintf("%d commands: %d transitions by one, %d by two; %d assignments, %d changes of priority, %d edits",
			planned.Commands, planned.ByOne, planned.ByTwo, planned.Assignments, planned.Ratings, planned.Edits),
	} {
		if err := p.line("%s", line); err != nil {
			return err
		}
	}
	return p.tables(s.table())
}
