package schemas

import "github.com/holdfast-itsm/holdfast/internal/pg"

// The statements that walk the graph of configuration items, for the test that looks at their plans.
var GraphStatements = map[string]pg.Prepared{
	"overlapping": overlapping, "impact": impactItems, "impacted services": impactedServices,
	"interested near": interestedNear, "interested in a service": interestedInService,
}
