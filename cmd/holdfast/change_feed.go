package main

import "context"

type changeFeedCommands struct {
	List   changeFeedList   `cmd:"" help:"List your addresses of the change calendar, without their secrets."`
	Make   changeFeedMake   `cmd:"" help:"Make an address; it is shown once, and the one before works no more."`
	Revoke changeFeedRevoke `cmd:"" help:"End an address at once."`
}

type changeFeedList struct{}

// Run lists addresses.
func (changeFeedList) Run(ctx context.Context, s *session) error {
	list, err := s.service.ChangeFeeds(ctx)
	if err != nil {
		return err
	}
	t := table{titles: []string{"ID", "CHANGES OF", "MADE", "READ"}, empty: "No calendar addresses."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.ID, changesOf(one.Service), one.CreatedAt, one.ReadAt})
	}
	return s.show(view{data: list, table: t})
}

func changesOf(service string) string {
	if service == "" {
		return "all services"
	}
	return service
}

type changeFeedMake struct {
	Service string `short:"s" placeholder:"SERVICE" help:"Whose changes; left out: those of all services."`
}

// Run makes an address. Quiet, it prints nothing but the address.
func (c *changeFeedMake) Run(ctx context.Context, s *session) error {
	made, err := s.service.MakeChangeFeed(ctx, c.Service)
	if err != nil {
		return err
	}
	t := table{titles: []string{"ADDRESS", "ID", "CHANGES OF"}, rows: [][]any{{s.feedURL(made), made.ID, changesOf(made.Service)}}}
	return s.showFeed(made, t, "the change calendar", "change feed")
}

type changeFeedRevoke struct {
	ID string `arg:"" help:"The address's id."`
}

// Run ends an address.
func (c *changeFeedRevoke) Run(ctx context.Context, s *session) error {
	if err := s.service.RevokeChangeFeed(ctx, c.ID); err != nil {
		return err
	}
	return s.say("The address %s works no more.", c.ID)
}
