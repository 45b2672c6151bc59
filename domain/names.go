package domain

// Names that workflows, activities and callers share. A name is a contract with recorded histories: it is never changed.
const (
	// QueueRecords takes the decisions of records, QueueOutside everything slow.
	QueueRecords = "records"
	QueueOutside = "outside"

	// UpdateCommand carries a Command to a running record; UpdateFirst only awaits the outcome of the command that the
	// run was started with, and carries the digest of its body.
	UpdateCommand = "command"
	UpdateFirst   = "first"
	// SignalAdopt tells a record's workflow that its row may be ahead of its memory.
	SignalAdopt = "adopt"
	// QueryView gives the workflow's memory, for the operator's doctor alone.
	QueryView = "view"

	// ActivityApply decides a command and commits it; ActivityLook reads the committed view.
	ActivityApply = "apply"
	ActivityLook  = "look"

	// WorkflowDelivery is the process of one destination, SignalWake tells it that something may be due, and ActivityDeliver
	// sends a batch of that.
	WorkflowDelivery = "delivery"
	SignalWake       = "wake"
	ActivityDeliver  = "deliver"

	// FaultType marks a failure of Apply that no retry mends: a fault of ours, which changed nothing.
	FaultType = "internal"
)

// WorkflowID names a record's workflow: "incident/<uuid>".
func WorkflowID(practice Practice, record string) string { return string(practice) + "/" + record }

// DeliveryID names a destination's workflow: "delivery/mail".
func DeliveryID(destination string) string { return WorkflowDelivery + "/" + destination }

// Start is the input of a record's workflow.
type Start struct {
	Practice Practice `json:"practice"`
	Record   string   `json:"record"`
	// Logic is the version of the workflow code's command sequence that this run follows.
	Logic int `json:"logic"`
	// First is the command that opens the record; nil: the row exists and is adopted.
	First *Command `json:"first,omitempty"`
	// Unknown are fields of a newer build, handed on.
	Unknown Unknown `json:"-"`
}
