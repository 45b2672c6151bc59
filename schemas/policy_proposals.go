package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
)

// ProposalRow is an edit of a policy document that waits for a second person, or has been decided.
type ProposalRow struct {
	bun.BaseModel `bun:"table:policy_proposals"`
	ID            string            `bun:"id,pk,type:uuid"`
	Kind          string            `bun:"kind"`
	Name          string            `bun:"name"`
	Base          int               `bun:"base"`
	Spec          string            `bun:"spec"`
	Reason        string            `bun:"reason"`
	Hash          string            `bun:"hash"`
	State         proposal.State    `bun:"state"`
	ProposedBy    string            `bun:"proposed_by"`
	ProposedAt    time.Time         `bun:"proposed_at"`
	Approval      approval.Approval `bun:"approval,type:json"`
	Version       int               `bun:"version"`
	DecidedBy     string            `bun:"decided_by"`
	DecidedAt     *time.Time        `bun:"decided_at"`
}

// SaveProposal writes a proposal, new or known.
func SaveProposal(ctx context.Context, db bun.IDB, p proposal.Proposal) error {
	row := ProposalRow{
		ID: p.ID, Kind: p.Kind, Name: p.Name, Base: p.Base, Spec: string(p.Spec), Reason: p.Reason, Hash: p.Hash, State: p.State,
		ProposedBy: p.ProposedBy, ProposedAt: p.ProposedAt, Approval: p.Approval, Version: p.Version, DecidedBy: p.DecidedBy, DecidedAt: p.DecidedAt,
	}
	_, err := db.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").
		Set("base = excluded.base, spec = excluded.spec, reason = excluded.reason, hash = excluded.hash, state = excluded.state").
		Set("proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at, approval = excluded.approval").
		Set("version = excluded.version, decided_by = excluded.decided_by, decided_at = excluded.decided_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing the proposal %s: %w", p.ID, err)
	}
	return nil
}

// WaitingProposal reads the proposal that waits under a document's name; false where there is none.
func WaitingProposal(ctx context.Context, db bun.IDB, kind, name string) (proposal.Proposal, bool, error) {
	return oneProposal(ctx, db, "kind = ? AND name = ? AND state = 'waiting'", kind, name)
}

// ReadProposal reads a proposal by its id.
func ReadProposal(ctx context.Context, db bun.IDB, id string) (proposal.Proposal, bool, error) {
	if !IsID(id) {
		return proposal.Proposal{}, false, nil
	}
	return oneProposal(ctx, db, "id = ?", id)
}

func oneProposal(ctx context.Context, db bun.IDB, where string, args ...any) (proposal.Proposal, bool, error) {
	found, err := proposals(ctx, db.NewSelect().Where(where, args...).Limit(1))
	if err != nil || len(found) == 0 {
		return proposal.Proposal{}, false, err
	}
	return found[0], true, nil
}

// ListProposals lists proposals, those that wait first, then the newest.
func ListProposals(ctx context.Context, db bun.IDB, limit int) ([]proposal.Proposal, error) {
	return proposals(ctx, db.NewSelect().OrderExpr("state <> 'waiting', proposed_at DESC, id").Limit(int64(limit)))
}

func proposals(ctx context.Context, q *bun.SelectQuery) ([]proposal.Proposal, error) {
	var rows []ProposalRow
	if err := q.Model(&rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading proposals: %w", err)
	}
	list := make([]proposal.Proposal, len(rows))
	for i, row := range rows {
		toUTC(&row.ProposedAt, row.DecidedAt)
		list[i] = proposal.Proposal{
			ID: row.ID, Kind: row.Kind, Name: row.Name, Base: row.Base, Spec: []byte(row.Spec), Reason: row.Reason, Hash: row.Hash, State: row.State,
			ProposedBy: row.ProposedBy, ProposedAt: row.ProposedAt, Approval: row.Approval, Version: row.Version, DecidedBy: row.DecidedBy, DecidedAt: row.DecidedAt,
		}
	}
	return list, nil
}
