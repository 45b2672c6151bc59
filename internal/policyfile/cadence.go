package policyfile

import (
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/cron"
)

// CadenceSchedule reads when the turns of a Cadence document come.
func CadenceSchedule(spec cadence.Spec) (cron.Schedule, error) {
	zone, err := LoadZone(spec.Timezone)
	if err != nil {
		return cron.Schedule{}, err
	}
	return cron.Parse(spec.Cron, zone)
}

// checkCadence says what is wrong with a Cadence document.
func checkCadence(_ string, spec cadence.Spec) []policy.Problem {
	problems := spec.Validate()
	if _, err := LoadZone(spec.Timezone); err != nil {
		return append(problems, policy.Problem{Path: "spec.timezone", Message: err.Error()})
	}
	schedule, err := CadenceSchedule(spec)
	if err == nil {
		err = notTooOften(schedule)
	}
	if err == nil {
		err = notTooSeldom(schedule)
	}
	if err != nil {
		problems = append(problems, policy.Problem{Path: "spec.cron", Message: err.Error()})
	}
	return problems
}

// notTooOften refuses a schedule whose fields name more turns in a day than a cadence has.
func notTooOften(schedule cron.Schedule) error {
	most := 0
	for _, calendar := range schedule.Calendars() {
		minutes, hours := 0, 0
		for _, r := range calendar.Minutes {
			minutes += r.End - r.Start + 1
		}
		for _, r := range calendar.Hours {
			hours += r.End - r.Start + 1
		}
		most = max(most, minutes*hours)
	}
	if most > cadence.MostADay {
		return fmt.Errorf("names %d turns in a day; a cadence comes at most %d times", most, cadence.MostADay)
	}
	return nil
}

// notTooSeldom refuses a schedule of 29 February: of its turns, which call the next meeting, none can.
func notTooSeldom(schedule cron.Schedule) error {
	leap := time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC)
	first, err := schedule.Next(leap)
	if err == nil && first.Sub(leap) > meeting.MaxAhead {
		return fmt.Errorf("comes once in four years; a meeting is called at most %d days ahead", int(meeting.MaxAhead.Hours()/24))
	}
	return err
}
