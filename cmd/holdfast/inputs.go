package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxInput bounds what is read from the input: no text or list of ours is longer.
const maxInput = 1 << 20

// items is a list that replaces another one: the empty text is the empty list.
type items struct{ values []string }

// UnmarshalText reads items with commas between them.
func (i *items) UnmarshalText(text []byte) error {
	i.values = []string{}
	for _, item := range strings.Split(string(text), ",") {
		if item = strings.TrimSpace(item); item != "" {
			i.values = append(i.values, item)
		}
	}
	return nil
}

func (i *items) list() *[]string {
	if i == nil {
		return nil
	}
	return &i.values
}

// text is a flag's text, or what stands on the input where the flag is -.
func (s *session) text(given string) (string, error) {
	if given != "-" {
		return given, nil
	}
	content, err := io.ReadAll(io.LimitReader(s.in, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("reading the input: %w", err)
	}
	if len(content) > maxInput {
		return "", misusef("the input has more than %d bytes", maxInput)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// references are numbers or ids; - stands for those on the input, one per line.
func (s *session) references(given []string) ([]string, error) {
	all := []string{}
	for _, reference := range given {
		if reference != "-" {
			all = append(all, reference)
			continue
		}
		lines := bufio.NewScanner(io.LimitReader(s.in, maxInput))
		for lines.Scan() {
			if line := strings.TrimSpace(lines.Text()); line != "" {
				all = append(all, line)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading the input: %w", err)
		}
	}
	if len(all) == 0 {
		return nil, misusef("no record is named")
	}
	return all, nil
}
