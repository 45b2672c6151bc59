package main

import (
	"fmt"
	"strings"
)

const (
	around = 3 // unchanged lines shown beside a change
	// maxCells bounds the table of a comparison; larger texts are shown as wholly replaced.
	maxCells = 16 << 20
)

// change is one line of a comparison: kept ' ', taken '-', put '+'.
type change struct {
	sign byte
	text string
}

// unified shows how two texts differ, as patches do; nothing when they do not.
func unified(oldName, newName, before, after string) string {
	if before == after {
		return ""
	}
	changes := compare(lines(before), lines(after))
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", oldName, newName)
	oldLine, newLine := 1, 1
	for start := 0; start < len(changes); {
		end := hunk(changes, start)
		if end == start { // a kept line far from any change
			start, oldLine, newLine = start+1, oldLine+1, newLine+1
			continue
		}
		oldCount, newCount := 0, 0
		for _, one := range changes[start:end] {
			if one.sign != '+' {
				oldCount++
			}
			if one.sign != '-' {
				newCount++
			}
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", span(oldLine, oldCount), span(newLine, newCount))
		for _, one := range changes[start:end] {
			b.WriteByte(one.sign)
			b.WriteString(one.text + "\n")
		}
		start, oldLine, newLine = end, oldLine+oldCount, newLine+newCount
	}
	return b.String()
}

// span writes where lines stand; no lines stand after the line before.
func span(line, count int) string {
	if count == 0 {
		line--
	}
	return fmt.Sprintf("%d,%d", line, count)
}

// hunk finds where the lines that are shown from start on end: start itself when no change is near.
func hunk(changes []change, start int) int {
	end, last := start, -1
	for i := start; i < len(changes); i++ {
		if changes[i].sign != ' ' {
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

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// compare finds the fewest lines to take and to put, by their longest common subsequence.
func compare(before, after []string) []change {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	changes := []change{}
	for _, line := range before[:head] {
		changes = append(changes, change{' ', line})
	}
	changes = append(changes, between(before[head:len(before)-tail], after[head:len(after)-tail])...)
	for _, line := range before[len(before)-tail:] {
		changes = append(changes, change{' ', line})
	}
	return changes
}

func between(before, after []string) []change {
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
	changes := []change{}
	i, j := 0, 0
	for i < len(before) && j < len(after) && len(longest) > 0 {
		switch {
		case before[i] == after[j]:
			changes = append(changes, change{' ', before[i]})
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			changes = append(changes, change{'-', before[i]})
			i++
		default:
			changes = append(changes, change{'+', after[j]})
			j++
		}
	}
	for ; i < len(before); i++ {
		changes = append(changes, change{'-', before[i]})
	}
	for ; j < len(after); j++ {
		changes = append(changes, change{'+', after[j]})
	}
	return changes
}

// patch prints a comparison, coloured on a terminal.
func (p *printer) patch(text string) error {
	for _, line := range lines(text) {
		colour := ""
		switch {
		case strings.HasPrefix(line, "+"):
			colour = "\x1b[32m"
		case strings.HasPrefix(line, "-"):
			colour = red
		case strings.HasPrefix(line, "@@"):
			colour = bold
		}
		if err := p.line("%s", p.paint(colour, safe(line))); err != nil {
			return err
		}
	}
	return nil
}
