package escalation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Word that nobody of a step could be reached may come when the steps have begun anew: it is about another step of the same number.
func TestWhatIsHeardOfAnEarlierRunSkipsNoStep(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	require.Equal(t, []int{1, 1, 2}, []int{l.record.Run, l.record.Round, l.record.Step})
	require.EqualValues(t, 1, l.notices[len(l.notices)-1].Data["run"])
	l.do(cy, "reassign", body{"policy": "major"})
	require.Equal(t, []int{2, 1, 2}, []int{l.record.Run, l.record.Round, l.record.Step})
	for _, stale := range []body{{"run": 1, "round": 1, "step": 2}, {"round": 1, "step": 2}} {
		require.Equal(t, domain.CodeConflict, domain.CodeOf(l.give(machine, "unreached", stale)), "%v", stale)
		require.Equal(t, 2, l.record.Step)
	}
	l.do(machine, "unreached", body{"run": 2, "round": 1, "step": 2})
	require.Equal(t, 3, l.record.Step)
	require.EqualValues(t, 2, l.notices[len(l.notices)-1].Data["run"])
}

// A build that counted no runs may have left word just before this one took over.
func TestWhatAnEarlierBuildSaysIsAboutTheFirstRun(t *testing.T) {
	t.Parallel()
	l := nightOf(t, "00:30:00")
	l.do(machine, "open", opening)
	l.do(machine, "unreached", body{"round": 1, "step": 2})
	require.Equal(t, 3, l.record.Step)
}
