// Command excerpt takes incidents out of a large log: a small one that shows what the large one knows, for examples and tests.
//
//	go run -tags=nomsgpack ./test/excerpt -count 480 LOG.csv.gz MAP.yaml EXCERPT.csv.gz
//
// It takes only incidents that the lifecycle can express, whole and as they stand: first those in which a kind of step comes
// up for the first time, then others from the whole of the file at equal distances. The same log and map give the same rows.
package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/internal/importmap"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

func main() {
	count := flag.Int("count", 480, "how many incidents")
	flag.Parse()
	if flag.NArg() != 3 {
		fmt.Fprintln(os.Stderr, "excerpt: three files are needed: a log, its map, and where the excerpt goes")
		os.Exit(2)
	}
	if err := write(flag.Arg(0), flag.Arg(1), flag.Arg(2), *count); err != nil {
		fmt.Fprintln(os.Stderr, "excerpt:", err)
		os.Exit(1)
	}
}

// write writes the excerpt, packed.
func write(log, rules, into string, count int) error {
	text, err := excerpt(log, rules, count)
	if err != nil {
		return err
	}
	file, err := os.Create(into)
	if err != nil {
		return fmt.Errorf("write the excerpt: %w", err)
	}
	packed, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	_, err = io.WriteString(packed, text)
	return errors.Join(err, packed.Close(), file.Close())
}

// excerpt gives the header and the rows of the chosen incidents, in the order of the log.
func excerpt(log, rules string, count int) (string, error) {
	content, err := os.ReadFile(rules)
	if err != nil {
		return "", fmt.Errorf("read the map: %w", err)
	}
	m, err := importmap.Parse(content)
	if err != nil {
		return "", err
	}
	file, err := os.Open(log)
	if err != nil {
		return "", fmt.Errorf("read the log: %w", err)
	}
	defer file.Close()
	lives, column, err := livesOf(file, m)
	if err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the log: %w", err)
	}
	return rowsOf(file, m.Delimiter, column, choose(lives, count))
}

// life is an incident that can be replayed, and what kinds of steps it has.
type life struct {
	number string
	kinds  []string
}

// livesOf plans all incidents of a log. An incident of which a row is rejected is left out: it is not whole.
func livesOf(file io.Reader, m *importmap.Map) (lives []life, column int, err error) {
	documents, err := policyfile.Defaults()
	if err != nil {
		return nil, 0, err
	}
	vocabulary, err := importmap.VocabularyOf(importmap.Among(documents))
	if err != nil {
		return nil, 0, err
	}
	unpacked, err := importmap.Open(file)
	if err != nil {
		return nil, 0, err
	}
	torn := map[string]bool{}
	reader, err := importmap.NewReader(m, vocabulary, unpacked, func(reject importmap.Reject) {
		if column < len(reject.Values) {
			torn[reject.Values[column]] = true
		}
	})
	if err != nil {
		return nil, 0, err
	}
	column = slices.Index(reader.Header(), m.Columns["number"])
	for {
		group, err := reader.Next()
		if errors.Is(err, io.EOF) {
			lives = slices.DeleteFunc(lives, func(l life) bool { return torn[l.number] })
			return lives, column, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if plan, whyNot := m.Plan(group, vocabulary); whyNot == "" {
			lives = append(lives, life{group.Number, kindsOf(group, plan)})
		}
	}
}

// kindsOf are what the incident's rows take: the commands, and the state that they lead to.
func kindsOf(group importmap.Group, plan importmap.Plan) []string {
	kinds := make([]string, len(group.Snapshots))
	for i, row := range group.Snapshots {
		kinds[i] = fmt.Sprintf("%s %s:", row.State, row.Hold.Reason)
	}
	for _, step := range plan.Steps {
		kinds[step.Row-1] += " " + step.Verb
	}
	return kinds
}

// choose takes the first incident with each kind of step, then others at equal distances.
func choose(lives []life, count int) map[string]bool {
	chosen, shown := map[string]bool{}, map[string]bool{}
	for _, one := range lives {
		fresh := slices.ContainsFunc(one.kinds, func(kind string) bool { return !shown[kind] })
		if !fresh || len(chosen) == count {
			continue
		}
		chosen[one.number] = true
		for _, kind := range one.kinds {
			shown[kind] = true
		}
	}
	others := slices.DeleteFunc(lives, func(l life) bool { return chosen[l.number] })
	wanted := min(count-len(chosen), len(others))
	for i := range wanted {
		chosen[others[i*len(others)/wanted].number] = true
	}
	return chosen
}

// rowsOf copies the header and the rows of the chosen incidents. A row is a line: a log with values in quotation marks is
// not for this program.
func rowsOf(file io.Reader, delimiter string, column int, chosen map[string]bool) (string, error) {
	unpacked, err := importmap.Open(file)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	lines := bufio.NewScanner(unpacked)
	for first := true; lines.Scan(); first = false {
		if strings.Contains(lines.Text(), `"`) {
			return "", errors.New("the log has values in quotation marks")
		}
		values := strings.Split(lines.Text(), delimiter)
		if first || column < len(values) && chosen[values[column]] {
			text.WriteString(lines.Text() + "\n")
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read the log: %w", err)
	}
	return text.String(), nil
}
