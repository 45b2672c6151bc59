package policytext

import (
	"fmt"
	"strings"
)

const (
	around = 3 // unchanged lines shown beside a change
	// maxCells bounds the table of a comparison; larger texts are shown as wholly replaced.
	maxCells = 16 << 20
)

// Change is one line of a comparison.
type Change struct {
	// Sign says what became of the line: kept ' ', taken '-', put '+'.
	Sign byte
	Text string
}

// Hunk is a change with the lines around it.
type Hunk struct {
	// Before and After are where its lines stand in the two texts, counted from 1; the first of none is the next line.
	Before, After int
	Changes       []Change
}

// Unified shows how two texts differ, as patches do; nothing when they do not.
func Unified(oldName, newName, before, after string) string {
	var b strings.Builder
	for i, hunk := range Hunks(before, after) {
		if i == 0 {
			fmt.Fprintf(&b, "--- %s\n+++ %s\n", oldName, newName)
		}
		taken, put := hunk.counts()
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", span(hunk.Before, taken), span(hunk.After, put))
		for _, one := range hunk.Changes {
			b.WriteByte(one.Sign)
			b.WriteString(one.Text + "\n")
		}
	}
	return b.String()
}

// Hunks finds where two texts differ; none when they do not.
func Hunks(before, after string) []Hunk {
	if before == after {
		return nil
	}
	changes := compare(Lines(before), Lines(after))
	var hunks []Hunk
	oldLine, newLine := 1, 1
	for start := 0; start < len(changes); {
		end := hunkEnd(changes, start)
		if end == start { // a kept line far from any change
			start, oldLine, newLine = start+1, oldLine+1, newLine+1
			continue
		}
		found := Hunk{Before: oldLine, After: newLine, Changes: changes[start:end]}
		hunks = append(hunks, found)
		oldCount, newCount := found.counts()
		start, oldLine, newLine = end, oldLine+oldCount, newLine+newCount
	}
	return hunks
}

// counts says how many lines of each text a hunk has.
func (h Hunk) counts() (before, after int) {
	for _, one := range h.Changes {
		if one.Sign != '+' {
			before++
		}
		if one.Sign != '-' {
			after++
		}
	}
	return before, after
}

// span writes where lines stand; no lines stand after the line before.
func span(line, count int) string {
	if count == 0 {
		line--
	}
	return fmt.Sprintf("%d,%d", line, count)
}

// hunkEnd finds where the lines that are shown from start on end: start itself when no change is near.
func hunkEnd(changes []Change, start int) int {
	end, last := start, -1
	for i := start; i < len(changes); i++ {
		if changes[i].Sign != ' ' {
			last = i
		} else if (last < 0 && i-start >= around) || (last >= 0 && i-last > 2*around) {
			break
		}
	}
	if last >= 0 {
		end = min(last+around+1, len(changes))
	}
	return end
}

// Lines are the lines of a text.
func Lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// compare finds the fewest lines to take and to put, by their longest common subsequence.
func compare(before, after []string) []Change {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	changes := []Change{}
	for _, line := range before[:head] {
		changes = append(changes, Change{' ', line})
	}
	changes = append(changes, between(before[head:len(before)-tail], after[head:len(after)-tail])...)
	for _, line := range before[len(before)-tail:] {
		changes = append(changes, Change{' ', line})
	}
	return changes
}

func between(before, after []string) []Change {
	width := len(after) + 1
	longest := []int32{}
	if (len(before)+1)*width <= maxCells {
		longest = make([]int32, (len(before)+1)*width)
		for i := len(before) - 1; i >= 0; i-- {
			for j := len(after) - 1; j >= 0; j-- {
				if before[i] == after[j] {
					longest[i*width+j] = longest[(i+1)*width+j+1] + 1
				} else {
					longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
				}
			}
		}
	}
	changes := []Change{}
	i, j := 0, 0
	for i < len(before) && j < len(after) && len(longest) > 0 {
		switch {
		case before[i] == after[j]:
			changes = append(changes, Change{' ', before[i]})
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			changes = append(changes, Change{'-', before[i]})
			i++
		default:
			changes = append(changes, Change{'+', after[j]})
			j++
		}
	}
	for ; i < len(before); i++ {
		changes = append(changes, Change{'-', before[i]})
	}
	for ; j < len(after); j++ {
		changes = append(changes, Change{'+', after[j]})
	}
	return changes
}
