package approval

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// MaxQuestions bounds the questions of a stage in one round.
const MaxQuestions = 50

// Ask takes a question of a member, or of their delegate, to whoever submitted it. The stage's deadline stands still until every
// question is answered; votes are taken meanwhile.
func (k *Keeper) Ask(at time.Time, by, stage, text string) error {
	at = domain.Millisecond(at)
	s, err := k.asker(at, stage, by)
	switch {
	case err != nil:
		return err
	case strings.TrimSpace(text) == "":
		return domain.Invalid("question", "is needed: what do you want to know?")
	case len(text) > domain.MaxReasonBytes:
		return domain.Invalid("question", "takes at most %d bytes, has %d", domain.MaxReasonBytes, len(text))
	}
	asked := 0
	for _, q := range s.Questions {
		if q.Round == s.Round {
			asked++
		}
	}
	if asked >= MaxQuestions {
		return domain.Conflict(nil, "%d questions were asked in this round of the stage %s, which is as many as it takes", MaxQuestions, s.Name)
	}
	question := Question{By: by, Round: s.Round, Text: text, AskedAt: at}
	s.Questions = append(s.Questions, question)
	k.stop(s, at)
	k.tell(Happening{Kind: HasAsked, At: at, By: by, Stage: *s, Question: question})
	return k.fault
}

// asker finds the stage in which somebody may ask: one in which they have a seat, or vote for one who has.
func (k *Keeper) asker(at time.Time, stage, by string) (*Stage, error) {
	s, err := k.seatOf(at, stage, by, by)
	if err == nil {
		return s, nil
	}
	for _, d := range k.facts.Delegations {
		if d.Delegate == by && d.Holds(at) {
			if s, other := k.seatOf(at, stage, by, d.Principal); other == nil {
				return s, nil
			}
		}
	}
	return nil, err
}

// Answer answers the questions of a stage that are open. With the last of them the deadline goes on.
func (k *Keeper) Answer(at time.Time, by, stage, text string) error {
	at = domain.Millisecond(at)
	s, err := k.stage(stage)
	switch {
	case err != nil:
		return err
	case !s.State.TakesVotes() || len(s.OpenQuestions()) == 0:
		return domain.Errorf(domain.CodeConflict, "the stage %s waits for no answer", s.Name)
	case strings.TrimSpace(text) == "":
		return domain.Invalid("answer", "is needed")
	case len(text) > domain.MaxReasonBytes:
		return domain.Invalid("answer", "takes at most %d bytes, has %d", domain.MaxReasonBytes, len(text))
	}
	var people []string
	var last Question
	for i := range s.Questions {
		q := &s.Questions[i]
		if q.open(s.Round) {
			q.AnsweredBy, q.Answer, q.AnsweredAt = by, text, &at
			people, last = append(people, q.By), *q
		}
	}
	slices.Sort(people)
	k.resume(s, at)
	k.tell(Happening{Kind: HasAnswered, At: at, By: by, Stage: *s, Question: last, People: slices.Compact(people)})
	return k.fault
}

// OpenQuestions are those that wait for an answer.
func (s Stage) OpenQuestions() []Question {
	var list []Question
	for _, q := range s.Questions {
		if q.open(s.Round) {
			list = append(list, q)
		}
	}
	return list
}

// open reports whether a question of a round waits for an answer.
func (q Question) open(round int) bool { return q.AnsweredAt == nil && q.Round == round }
