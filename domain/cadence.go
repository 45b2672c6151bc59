package domain

import "time"

// WorkflowCadence is one turn of what comes again and again, which Temporal's schedule of a Cadence document starts; ActivityTurn opens
// what it is for.
const (
	WorkflowCadence = "cadence"
	ActivityTurn    = "turn"
)

// CadenceID names the schedule of a Cadence document, and is what the names of its turns begin with: "cadence/weekly-cab".
func CadenceID(name string) string { return WorkflowCadence + "/" + name }

// CadenceStart is the input of a turn's process: the name of its document.
type CadenceStart struct {
	Name string `json:"name"`
}

// CadenceTurn is one turn: when the document says that it comes, however late it is looked at.
type CadenceTurn struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// TurnReport says what became of a turn.
type TurnReport struct {
	Outcome TurnOutcome `json:"outcome"`
	// Record is what was opened, by id; Turn is the wall time that it is for.
	Record string `json:"record,omitempty"`
	Turn   string `json:"turn,omitempty"`
	// Why says in words why nothing was opened.
	Why string `json:"why,omitempty"`
}

// TurnOutcome says what became of a turn, in a word.
type TurnOutcome string

// The outcomes of a turn.
const (
	TurnOpened     TurnOutcome = "opened"
	TurnRepeated   TurnOutcome = "repeated"   // what it is for was opened before
	TurnSuperseded TurnOutcome = "superseded" // it was missed, and a newer one has come
	TurnNone       TurnOutcome = "none"       // no turn comes after it
	TurnRests      TurnOutcome = "rests"      // the cadence is suspended, or gone
	TurnRefused    TurnOutcome = "refused"    // a rule forbids what it would open
)
