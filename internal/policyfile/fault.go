package policyfile

import (
	"errors"
	"strconv"
)

// Fault is one thing wrong with a text, at a line of it.
type Fault struct {
	File string
	// Line is counted from 1; 0 where no line is to blame.
	Line    int
	Message string
}

// Error names file and line.
func (f *Fault) Error() string { return f.File + ":" + strconv.Itoa(f.Line) + ": " + f.Message }

// Faults lists what an error of this package says, in its order. What has no line stands with line 0.
func Faults(err error) []Fault {
	if err == nil {
		return nil
	}
	if joined, several := err.(interface{ Unwrap() []error }); several {
		var list []Fault
		for _, one := range joined.Unwrap() {
			list = append(list, Faults(one)...)
		}
		return list
	}
	var fault *Fault
	if errors.As(err, &fault) {
		return []Fault{*fault}
	}
	return []Fault{{Message: err.Error()}}
}
