package policy

// The kinds of documents of change enablement: how a repeated change is made, when none may be made, and when they should be.
const (
	KindChangeModel       = "ChangeModel"
	KindFreezeWindow      = "FreezeWindow"
	KindMaintenanceWindow = "MaintenanceWindow"
)
