package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// Agenda writes the agenda of a meeting as Markdown: what is to be decided, by whom, and until when. Times are those of a zone.
func (p MeetingPaper) Agenda(zone *time.Location) string {
	w := &paperText{zone: zone}
	w.head(p, "Agenda")
	m := p.Meeting
	switch m.State {
	case meeting.Planned:
		w.line("The agenda is fixed %s. What awaits votes of the board then is on it; what stands here was put on it by hand.", w.time(m.CutOffAt))
	case meeting.Canceled:
		w.line("The meeting was canceled.")
	default:
		if m.FixedAt != nil {
			w.line("The agenda was fixed %s.", w.time(*m.FixedAt))
		}
	}
	if len(p.Items) == 0 {
		w.line("\nNothing is on it.")
	}
	for i, item := range p.Items {
		w.title(i, item)
		w.facts(item)
		for _, stage := range item.Stages {
			if stage.State.Undecided() {
				w.line("- Stage %s: %s%s", escaped(stage.Name), escaped(stage.Why), w.missing(stage))
			}
		}
	}
	return w.String()
}

// Minutes writes the minutes of a meeting as Markdown: who voted what when on each change, what was decided, and what was noted.
// Times are those of a zone.
func (p MeetingPaper) Minutes(zone *time.Location) string {
	w := &paperText{zone: zone}
	w.head(p, "Minutes")
	m := p.Meeting
	switch {
	case m.State == meeting.Canceled:
		w.line("The meeting was canceled.")
	case m.HeldAt == nil:
		w.line("The meeting has not been held. What stands here came before it.")
	case m.EndedAt == nil:
		w.line("Begun %s; it goes on.", w.time(*m.HeldAt))
	default:
		w.line("Begun %s, ended %s.", w.time(*m.HeldAt), w.time(*m.EndedAt))
	}
	for i, item := range p.Items {
		w.title(i, item)
		if item.Hidden {
			continue
		}
		w.line("Stands at: %s.", stateWords(item.State))
		for _, stage := range item.Stages {
			w.line("- Stage %s, %s: %s", escaped(stage.Name), stage.State, escaped(stage.Why))
		}
		w.said(item.Lines)
	}
	if len(p.Notes) > 0 {
		w.line("\n## Notes")
		w.said(p.Notes)
	}
	return w.String()
}

// paperText writes a paper, line by line.
type paperText struct {
	strings.Builder
	zone *time.Location
}

func (w *paperText) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// time writes an instant as people who meet read it.
func (w *paperText) time(at time.Time) string {
	return at.In(w.zone).Format("Mon 2006-01-02 15:04 -07:00")
}

func (w *paperText) head(p MeetingPaper, what string) {
	m := p.Meeting
	w.line("# %s: %s, %s\n", what, escaped(m.Title), m.Number)
	w.line("- When: %s to %s", w.time(m.StartsAt), m.EndsAt.In(w.zone).Format("15:04"))
	w.line("- Board: %s", escaped(m.Board.String()))
	if m.Cadence != "" {
		w.line("- Called by: Cadence/%s", m.Cadence)
	} else {
		w.line("- Called by: %s", m.OpenedBy)
	}
	w.line("")
}

func (w *paperText) title(place int, item PaperItem) {
	if item.Hidden {
		w.line("\n## %d. %s\n\nYou may not read this change.", place+1, item.Number)
		return
	}
	w.line("\n## %d. %s: %s\n", place+1, item.Number, escaped(item.Title))
}

func (w *paperText) facts(item PaperItem) {
	if item.Hidden {
		return
	}
	risk := ""
	if item.RiskLevel != "" {
		risk = fmt.Sprintf(", risk %s (%d)", item.RiskLevel, item.RiskScore)
	}
	w.line("- %s change%s, %s", item.Type, risk, stateWords(item.State))
	if item.Team != "" || item.Assignee != "" {
		w.line("- Team %s, carried out by %s", orDash(item.Team), orDash(item.Assignee))
	}
	if len(item.Services) > 0 {
		w.line("- Services: %s", strings.Join(item.Services, ", "))
	}
	if item.WindowFrom != nil && item.WindowTo != nil {
		w.line("- Window: %s to %s", w.time(*item.WindowFrom), w.time(*item.WindowTo))
	}
	if item.Conflicts > 0 {
		w.line("- Conflicts: %s", item.ConflictWords())
	}
	switch {
	case item.PutOffBy != "":
		w.line("- Put off to it by %s: %s", item.PutOffBy, escaped(item.PutOffWhy))
	case item.By != "":
		w.line("- Put on the agenda by %s", item.By)
	}
}

func (w *paperText) missing(stage PaperStage) string {
	var text strings.Builder
	if len(stage.Outstanding) > 0 {
		fmt.Fprintf(&text, "; not yet voted: %s", strings.Join(stage.Outstanding, ", "))
	}
	if stage.DueAt != nil {
		fmt.Fprintf(&text, "; due %s", w.time(*stage.DueAt))
	}
	return text.String()
}

// said lists lines, under what was before, in and after the meeting.
func (w *paperText) said(lines []PaperLine) {
	headings := map[string]string{PaperBefore: "Before the meeting", PaperIn: "In the meeting", PaperAfter: "After the meeting"}
	last := ""
	for _, line := range lines {
		if line.When != last {
			last = line.When
			w.line("\n%s:\n", headings[last])
		}
		until := ""
		if line.DueAt != nil {
			until = "; until " + w.time(*line.DueAt)
		}
		w.line("- %s %s%s", w.time(line.At), escaped(line.Words()), until)
	}
}

// Words say a line in one sentence: "ana votes approve for bo in board: looks good".
func (l PaperLine) Words() string {
	var text strings.Builder
	switch l.Kind {
	case PaperVote:
		voted, worded := votedWords[approval.Choice(l.What)]
		if !worded {
			voted = "votes " + l.What
		}
		text.WriteString(l.By + " ")
		if l.For != "" {
			fmt.Fprintf(&text, "in the place of %s ", l.For)
		}
		text.WriteString(voted)
		if l.Stage != "" {
			fmt.Fprintf(&text, " in %s", l.Stage)
		}
	case PaperDecision:
		if l.Stage != "" {
			fmt.Fprintf(&text, "%s: ", l.Stage)
		}
		text.WriteString(l.What)
		if l.By != "" {
			fmt.Fprintf(&text, " by %s", l.By)
		}
	default:
		fmt.Fprintf(&text, "%s notes", orDash(l.By))
	}
	if l.Text != "" {
		said := strings.Join(strings.Fields(l.Text), " ")
		if len(l.Conditions)+len(l.People)+len(l.Fields) > 0 {
			said = strings.TrimSuffix(said, ".") // the sentence goes on
		}
		fmt.Fprintf(&text, ": %s", said)
	}
	for _, more := range []struct {
		words string
		list  []string
	}{{"on condition of", l.Conditions}, {"people:", l.People}, {"edited:", l.Fields}} {
		if len(more.list) > 0 {
			fmt.Fprintf(&text, "; %s %s", more.words, strings.Join(more.list, ", "))
		}
	}
	return text.String()
}

// ConflictWords count the conflicts by level, the gravest first: "1 blocking, 4 warning".
func (i PaperItem) ConflictWords() string {
	var words []string
	for _, level := range []change.Level{change.Blocking, change.Warning, change.Info} {
		if n := i.ConflictLevels[level]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, level))
		}
	}
	return strings.Join(words, ", ")
}

// votedWords word a vote.
var votedWords = map[approval.Choice]string{
	approval.Approve: "approves", approval.ApproveWith: "approves on conditions", approval.Reject: "rejects",
	approval.Abstain: "abstains", approval.Recuse: "steps aside",
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func stateWords(state domain.State) string { return strings.ReplaceAll(string(state), "_", " ") }

// escaped keeps the words of people from being read as Markdown.
func escaped(text string) string { return markdown.Replace(strings.Join(strings.Fields(text), " ")) }

var markdown = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "#", `\#`, "|", `\|`, "!", `\!`,
)
