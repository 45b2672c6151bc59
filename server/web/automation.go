package web

// outcomeTitles word what became of a rule of automation at a record.
var outcomeTitles = map[string]string{
	"ran": "Ran", "held": "Held back", "refused": "An action was refused", "failed": "Its condition failed",
}

// outcomeTone colours it: what somebody has to look at stands out.
func outcomeTone(outcome string) string {
	switch outcome {
	case "failed", "refused":
		return "bad"
	case "held":
		return "warn"
	}
	return "good"
}

// shownRuns is how many runs stand on the page of a document.
const shownRuns = 20
