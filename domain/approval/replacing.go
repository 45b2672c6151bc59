package approval

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Succeed is the approval of a record that has come under another policy, not yet submitted. Nothing that was said is lost: a stage
// of a name that there was before keeps its votes, all void, its round, and who stepped aside; stages without a namesake are Earlier.
func Succeed(had Approval, choice Selection, parties Parties) Approval {
	had = had.Clone()
	next := Begin(choice, parties)
	next.Hashes, next.Edits, next.Earlier, next.BreakGlass, next.Agendas = had.Hashes, had.Edits, had.Earlier, had.BreakGlass, had.Agendas
	for _, old := range had.Stages {
		i := slices.IndexFunc(next.Stages, func(s Stage) bool { return s.Name == old.Name })
		if i < 0 {
			if len(old.Votes) > 0 {
				old.State, old.Timing = Moot, old.Timing.ended()
				next.Earlier = append(next.Earlier, old)
			}
			continue
		}
		s := &next.Stages[i]
		s.Round, s.Votes, s.Members = old.Round, old.Votes, old.Members
		s.leave(func(m Member) bool { return m.Left == Recused })
	}
	for i := range next.Stages {
		next.Stages[i].takeUp(&next.Earlier)
	}
	return next
}

// takeUp continues an earlier stage of the same name.
func (s *Stage) takeUp(earlier *[]Stage) {
	i := slices.IndexFunc(*earlier, func(old Stage) bool { return old.Name == s.Name })
	if i < 0 {
		return
	}
	old := (*earlier)[i]
	s.Round, s.Votes = max(s.Round, old.Round), append(slices.Clone(old.Votes), s.Votes...)
	*earlier = slices.Delete(*earlier, i, i+1)
}

// Replace puts a submitted record under another policy, because an edit has brought it there: every vote becomes void, nobody is
// asked, and what follows is to be submitted. Fields are what was edited. The Keeper that submits it needs the seats of its stages.
func (k *Keeper) Replace(at time.Time, by string, choice Selection, fields []string) {
	at = domain.Millisecond(at)
	a := &k.Approval
	for i := range a.Stages {
		s := &a.Stages[i]
		people := k.void(s, at, VoidEdited, fields, func(Vote) bool { return true })
		if len(people) > 0 {
			slices.Sort(people)
			k.tell(Happening{Kind: HasVoided, At: at, By: by, Stage: *s, People: people, Fields: fields})
		}
	}
	k.liftGlass(at, VoidEdited, fields)
	k.Approval = Succeed(*a, choice, a.Parties)
	k.tell(Happening{Kind: HasReplaced, At: at, By: by, Fields: fields, Reason: choice.Why})
}
