package change

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// newTasks are the tasks that a body lists.
func newTasks(given []NewTask) []Task {
	tasks := make([]Task, len(given))
	for i, task := range given {
		tasks[i] = Task{ID: taskID(task.ID, i), Title: task.Title, Owner: task.Owner, After: task.After, State: TaskOpen}
	}
	return tasks
}

// conditionID is the id of the task that a condition of a vote is: by who asks for what in which stage.
func conditionID(condition approval.Condition) string {
	return conditionPrefix + digest([]string{condition.Stage, condition.For, condition.Text})[:10]
}

const conditionPrefix = "c-"

// checkConditions says which listed tasks would take the place of a condition of a board.
func (c *Change) checkConditions(listed []NewTask) []domain.FieldError {
	var wrong []domain.FieldError
	for i, task := range listed {
		if had := c.task(task.ID); had != nil && had.Condition && task.Title != had.Title {
			wrong = append(wrong, domain.FieldError{
				Location: fmt.Sprintf("body.tasks[%d]", i), Message: "is a condition of " + had.AskedBy + ", and stays as it is", Value: task.ID,
			})
		}
	}
	return wrong
}

// checkTasks says what is wrong with a list of tasks: their texts, whom they name, and a circle among them.
func checkTasks(tasks []Task) []domain.FieldError {
	var wrong []domain.FieldError
	add := func(at, format string, args ...any) {
		wrong = append(wrong, domain.FieldError{Location: "body." + at, Message: fmt.Sprintf(format, args...)})
	}
	if len(tasks) > MaxTasks {
		add("tasks", "takes at most %d", MaxTasks)
		return wrong
	}
	place := map[string]int{}
	for i, task := range tasks {
		at := fmt.Sprintf("tasks[%d]", i)
		if _, twice := place[task.ID]; twice {
			add(at+".id", "%q stands here a second time", task.ID)
		}
		place[task.ID] = i
		if !policy.ValidName(task.ID) || len(task.ID) > maxTaskID {
			add(at+".id", "%q is not a name of up to %d letters and digits", task.ID, maxTaskID)
		}
		if !task.Condition && strings.HasPrefix(task.ID, conditionPrefix) {
			add(at+".id", "cannot begin with %s, as that of a board's condition does", conditionPrefix)
		}
		if task.Title == "" || len(task.Title) > domain.MaxTitleBytes || !domain.OneLine(task.Title) {
			add(at+".title", "is one line of 1 to %d bytes", domain.MaxTitleBytes)
		}
		if kind, name, _ := strings.Cut(task.Owner, ":"); task.Owner != "" && (kind != "person" && kind != "team" || !policy.ValidName(name)) {
			add(at+".owner", "%q is neither person:… nor team:…", task.Owner)
		}
	}
	for i, task := range tasks {
		for _, before := range task.After {
			if _, known := place[before]; !known {
				add(fmt.Sprintf("tasks[%d].after", i), "there is no task %q", before)
			}
		}
	}
	if len(wrong) == 0 && circular(tasks) {
		add("tasks", "wait for one another in a circle")
	}
	return wrong
}

const maxTaskID = 40

// circular reports whether tasks wait for one another: taking away, again and again, those that wait for nothing leaves some.
func circular(tasks []Task) bool {
	left := slices.Clone(tasks)
	for len(left) > 0 {
		free := slices.DeleteFunc(slices.Clone(left), func(task Task) bool {
			return slices.ContainsFunc(task.After, func(id string) bool {
				return slices.ContainsFunc(left, func(other Task) bool { return other.ID == id })
			})
		})
		if len(free) == 0 {
			return true
		}
		left = slices.DeleteFunc(left, func(task Task) bool {
			return slices.ContainsFunc(free, func(other Task) bool { return other.ID == task.ID })
		})
	}
	return false
}

// task finds a task by its id; nil when there is none.
func (c *Change) task(id string) *Task {
	for i := range c.Tasks {
		if c.Tasks[i].ID == id {
			return &c.Tasks[i]
		}
	}
	return nil
}

// waitsFor names what a task still waits for.
func (c *Change) waitsFor(task Task) []string {
	var open []string
	for _, id := range task.After {
		if before := c.task(id); before != nil && before.State != TaskDone {
			open = append(open, id)
		}
	}
	return open
}

// openConditions are those of a board that are not met yet; openTasks everything that is not done.
func (c *Change) openConditions() []string {
	return c.titles(func(t Task) bool { return t.Condition && t.State != TaskDone })
}

func (c *Change) openTasks() []string {
	return c.titles(func(t Task) bool { return t.State != TaskDone })
}

func (c *Change) titles(holds func(Task) bool) []string {
	var list []string
	for _, task := range c.Tasks {
		if holds(task) {
			list = append(list, task.Title)
		}
	}
	return list
}

// Carries reports whether a person carries the change out: its assignee, and the owner of a task, by name or by team.
func (c *Change) Carries(person string, teams []string) bool {
	if person == c.Assignee {
		return true
	}
	return slices.ContainsFunc(c.Tasks, func(t Task) bool { return owns(t, person, teams) })
}

// Implementers are the people by name who are to carry the change out, or still have something of it to do: its assignee, and the owners of
// tasks that are not done.
func (c Change) Implementers() []string {
	people := []string{c.Assignee}
	for _, task := range c.Tasks {
		if kind, name, _ := strings.Cut(task.Owner, ":"); kind == "person" && task.State != TaskDone {
			people = append(people, name)
		}
	}
	return sorted(content.Unique(people))
}

// WithTasks are the tasks of the change once an edit has listed others.
func (c Change) WithTasks(listed []NewTask) []Task { return c.retasked(newTasks(listed)) }

// ToDo are the tasks that a change of the model is made with.
func (m Model) ToDo() []Task {
	tasks := make([]Task, len(m.Tasks))
	for i, task := range m.Tasks {
		tasks[i] = Task{ID: taskID(task.ID, i), Title: task.Title, Owner: task.Owner, After: task.After, State: TaskOpen}
	}
	return tasks
}

func owns(task Task, person string, teams []string) bool {
	kind, name, _ := strings.Cut(task.Owner, ":")
	return kind == "person" && name == person || kind == "team" && slices.Contains(teams, name)
}
