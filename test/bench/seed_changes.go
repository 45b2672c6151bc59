package bench

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

//go:embed seed_changes.sql
var seedBoard string

const (
	// seedSpan is the time in which they were drafted, up to now: less than any reminder takes.
	seedSpan = 6 * time.Hour
	// seedAhead is when the first of their windows opens, from now; the last does twenty days later.
	seedAhead = 60 * 24 * time.Hour
	// waitingTables are those that waiting changes are written into.
	waitingTables = "records, changes, change_items, approval_seats, votes, interests, timeline, deadlines, commands, record_words, configuration_items, configuration_relations"
)

// seedClock shows what the seed sets it to.
type seedClock struct{ now time.Time }

// Now implements domain.Clock.
func (c *seedClock) Now() time.Time { return c.now }

// changeSeeder gives commands of changes as their workflows would.
type changeSeeder struct {
	db    *bun.DB
	clock *seedClock
	first time.Time // when the first window opens
	*activities.Activities
	given int
}

// Waiting adds changes that wait for a board of nine and for the change managers to a seed that has none, each with two tasks and up to
// five votes; some touch what another one touches in the same window. Apply itself writes them. owner acts as
// the owner, worker as a worker does.
func Waiting(ctx context.Context, owner, worker *bun.DB, changes int) error {
	if err := script(ctx, owner, seedBoard); err != nil {
		return fmt.Errorf("seed a board: %w", err)
	}
	clock := &seedClock{}
	s := changeSeeder{db: worker, clock: clock, Activities: activities.New(activities.Dependencies{
		DB: worker, Clock: clock, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
		Transient: pg.Transient, Constraint: pg.Constraint, Log: slog.New(slog.DiscardHandler),
	})}
	now := domain.Millisecond(time.Now())
	s.first = now.Truncate(24 * time.Hour).Add(seedAhead)
	for n := range changes {
		clock.now = now.Add(-seedSpan + time.Duration(n)*(seedSpan-time.Minute)/time.Duration(changes))
		if err := s.asks(ctx, n); err != nil {
			return fmt.Errorf("seed change %d: %w", n, err)
		}
	}
	clock.now = now
	if err := s.tell(ctx); err != nil {
		return fmt.Errorf("seed what changes tell each other: %w", err)
	}
	if _, err := owner.ExecContext(ctx, `VACUUM (ANALYZE) `+waitingTables); err != nil {
		return fmt.Errorf("count what was seeded: %w", err)
	}
	return nil
}

// asks brings one change to where it is voted on, and gives votes that decide nothing.
func (s *changeSeeder) asks(ctx context.Context, n int) error {
	team := n % 10
	agent := func(place int) domain.Actor {
		return domain.Actor{Kind: domain.ActorPerson, Name: fmt.Sprintf("agent-%d", team+20*place), Roles: []domain.Role{domain.RoleAgent}}
	}
	from := s.first.Add(time.Duration(n/3%20)*24*time.Hour + time.Duration(n%3)*2*time.Hour)
	id, err := s.give(ctx, agent(1), "from_model", "", change.FromModel{
		Model: "seed-platform", Title: fmt.Sprintf("%s: move to the platform of this year, part %d", seedThings[n%len(seedThings)], n+1),
		Description: seedSentences[n%len(seedSentences)], Service: fmt.Sprintf("platform-%d", team), Assignee: agent(2).Name,
		ConfigurationItems: []string{fmt.Sprintf("machine-%d", n*7%100), fmt.Sprintf("machine-%d", (n*7+31)%100), fmt.Sprintf("host-%d", n%20)},
		WindowFrom:         &from, WindowTo: new(from.Add(time.Duration(2+n%3) * time.Hour)),
	})
	if err != nil {
		return err
	}
	answers := map[string]string{"done_before": []string{"yes", "no"}[n%2], "outage": []string{"yes", "no"}[n%4/2]}
	for _, step := range []struct {
		by   domain.Actor
		verb string
		body any
	}{{agent(1), "submit", change.Submit{}}, {agent(3), "assess", change.AnswerRisk{Answers: answers}}, {agent(3), "peer_review", change.PeerReview{}}} {
		if _, err := s.give(ctx, step.by, step.verb, id, step.body); err != nil {
			return err
		}
	}
	asked, found, err := schemas.ReadChange(ctx, s.db, schemas.Reader{All: true, Restricted: true}, id)
	if err != nil || !found || asked.State != change.AwaitingApproval {
		return errors.Join(fmt.Errorf("the change is %s, and not voted on", asked.State), err)
	}
	for voter := range n % 6 {
		vote := change.CastVote{Stage: "board", Vote: []approval.Choice{approval.Approve, approval.Approve, approval.Abstain}[(n+voter)%3], Hashes: asked.Approval.Hashes}
		if voter == 4 {
			vote.Vote, vote.Comment = approval.Reject, "The way back takes longer than the window."
		}
		name := fmt.Sprintf("agent-%d", 100+voter)
		if voter == 3 {
			name = anAgent
		}
		by := domain.Actor{Kind: domain.ActorPerson, Name: name, Roles: []domain.Role{domain.RoleCABMember}}
		if _, err := s.give(ctx, by, "cast_vote", id, vote); err != nil {
			return err
		}
	}
	return nil
}

// give gives one command a second after the last, and answers the change's id.
func (s *changeSeeder) give(ctx context.Context, by domain.Actor, verb, id string, content any) (string, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	s.given++
	s.clock.now = s.clock.now.Add(time.Second)
	command := domain.Command{
		ID: domain.CommandID("seed", fmt.Sprint(s.given)), Name: string(change.Practice) + "." + verb, Practice: change.Practice,
		Record: id, Actor: by, ReceivedAt: s.clock.now, Body: body, Digest: domain.Digest(body),
	}
	if id == "" {
		command.Record = domain.NewID(command.ID)
	}
	result, err := s.Apply(ctx, command)
	if err == nil && result.Outcome != domain.Applied {
		err = fmt.Errorf("%s was %s: %w", verb, result.Outcome, result.Refusal)
	}
	return command.Record, err
}

// tell delivers what changes have to tell each other, as the relay does, until nothing is left.
func (s *changeSeeder) tell(ctx context.Context) error {
	for {
		rows, err := schemas.ClaimMessages(ctx, s.db, "", s.clock.now, s.clock.now.Add(time.Minute), 100)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			var command domain.Command
			if err := json.Unmarshal(row.Command, &command); err != nil {
				return fmt.Errorf("reading message %s: %w", row.ID, err)
			}
			command.Relayed = true
			result, err := s.Apply(ctx, command)
			if err != nil {
				return err
			}
			if err := schemas.SettleMessage(ctx, s.db, row.ID, schemas.MessageDelivered, &result, s.clock.now); err != nil {
				return err
			}
		}
	}
}
