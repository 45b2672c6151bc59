package policy

// The kinds of documents that say whom to reach, and how. Their types stand in domain/oncall and domain/escalation.
const (
	KindOnCallSchedule   = "OnCallSchedule"
	KindEscalationPolicy = "EscalationPolicy"
)
