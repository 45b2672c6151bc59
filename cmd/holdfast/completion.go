package main

import (
	"sort"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Bash  completionBash  `cmd:"" help:"For bash: source <(holdfast completion bash)"`
	Zsh   completionZsh   `cmd:"" help:"For zsh: source <(holdfast completion zsh)"`
	Fish  completionFish  `cmd:"" help:"For fish: holdfast completion fish | source"`
	Words completionWords `cmd:"" hidden:"" help:"What may come next; the scripts ask this."`
}

type (
	completionBash struct{}
	completionZsh  struct{}
	completionFish struct{}
)

const bashScript = `_holdfast() {
  local IFS=$'\n'
  COMPREPLY=($(holdfast completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _holdfast holdfast
`

const zshScript = `#compdef holdfast
_holdfast() {
  local -a found
  found=("${(@f)$(holdfast completion words -- "${words[@]:1:CURRENT-1}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _holdfast holdfast
`

const fishScript = `complete -c holdfast -a '(holdfast completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`

// Run prints bash's script.
func (completionBash) Run(s *session) error { return s.script(bashScript) }

// Run prints zsh's script.
func (completionZsh) Run(s *session) error { return s.script(zshScript) }

// Run prints fish's script.
func (completionFish) Run(s *session) error { return s.script(fishScript) }

func (s *session) script(text string) error {
	return s.line("%s", strings.TrimRight(text, "\n"))
}

type completionWords struct {
	Words []string `arg:"" optional:"" help:"The words so far, the last one being typed."`
}

// Run prints what the last word may become.
func (c *completionWords) Run(parsed *kong.Context, s *session) error {
	for _, word := range candidates(parsed.Model.Node, c.Words) {
		if err := s.line("%s", word); err != nil {
			return err
		}
	}
	return nil
}

// candidates are the commands, flags and values that begin with the last word, given the words before it.
func candidates(node *kong.Node, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	flags := append([]*kong.Flag{}, node.Flags...)
	var open *kong.Flag // waits for its value
	for _, word := range words[:len(words)-1] {
		if open != nil {
			open = nil
			continue
		}
		if strings.HasPrefix(word, "-") {
			open = takesValue(flags, word)
			continue
		}
		if child := childOf(node, word); child != nil {
			node = child
			flags = append(flags, child.Flags...)
		}
	}
	typed, all := words[len(words)-1], []string{}
	switch {
	case open != nil:
		all = enumOf(open)
	case strings.HasPrefix(typed, "-"):
		for _, flag := range flags {
			if !flag.Hidden {
				all = append(all, "--"+flag.Name)
			}
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden && child.Type == kong.CommandNode {
				all = append(all, child.Name)
			}
		}
	}
	found := []string{}
	for _, word := range all {
		if strings.HasPrefix(word, typed) {
			found = append(found, word)
		}
	}
	sort.Strings(found)
	return found
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// takesValue finds the flag that a word is, when the next word is its value.
func takesValue(flags []*kong.Flag, word string) *kong.Flag {
	for _, flag := range flags {
		if word == "--"+flag.Name || (flag.Short != 0 && word == "-"+string(flag.Short)) {
			if flag.IsBool() {
				return nil
			}
			return flag
		}
	}
	return nil
}

func enumOf(flag *kong.Flag) []string {
	values := []string{}
	for value := range flag.EnumMap() {
		values = append(values, value)
	}
	return values
}
