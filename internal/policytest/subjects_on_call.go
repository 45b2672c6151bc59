package policytest

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// takeSchedule makes an OnCallSchedule ready to be asked.
func (d *documents) takeSchedule(document policy.Document) (err error) {
	var spec oncall.Spec
	if err := json.Unmarshal(document.Spec, &spec); err != nil {
		return err
	}
	d.schedules[document.Name], err = policyfile.CompileOnCall(spec)
	return err
}

// maxHandoffs bounds the time that a case looks through.
const maxHandoffs = 5 * 366 * 24 * time.Hour

var errTooLong = errors.New("from and to are at most five years apart")

// onCallSubject asks an OnCallSchedule who is on call, by its document alone: overrides are no policy.
type onCallSubject struct {
	Of string    `json:"of"`
	At time.Time `json:"at"`
}

func (s *onCallSubject) run(documents *documents) (answer, error) {
	schedule, err := find("OnCallSchedule", documents.schedules, s.Of)
	if err != nil {
		return answer{}, err
	}
	people := oncall.People(schedule.On(s.At, nil))
	return answer{people: &people}, nil
}

// handoffsSubject asks an OnCallSchedule when people hand over, from an instant on and before another.
type handoffsSubject struct {
	Of   string    `json:"of"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (s *handoffsSubject) run(documents *documents) (answer, error) {
	schedule, err := find("OnCallSchedule", documents.schedules, s.Of)
	if err != nil {
		return answer{}, err
	}
	if s.To.Sub(s.From) > maxHandoffs {
		return answer{}, errTooLong
	}
	moments := schedule.Handoffs(s.From, s.To, nil)
	for i, at := range moments {
		moments[i] = at.In(schedule.Zone())
	}
	return answer{at: moments}, nil
}
