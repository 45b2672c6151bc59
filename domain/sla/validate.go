package sla

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Bounds of an agreement's content.
const (
	MaxThresholds = 50
	MaxActions    = 10
	MaxRank       = 1_000_000
	maxRaise      = 4
)

// notifiable are the roles that an action can notify.
var notifiable = []string{"assignee", "team", "team_lead", "requester", "service_owner", "watchers"}

// findings collects the problems of one agreement.
type findings struct{ list []policy.Problem }

func (f *findings) add(path, format string, args ...any) {
	f.list = append(f.list, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
}

// Validate answers what is wrong with the agreement, but for its expression, which needs an Evaluator's language.
func (a Agreement) Validate() []policy.Problem {
	f := &findings{}
	if a.AppliesTo == "" {
		f.add("applies_to", "needs an expression; true matches every record")
	}
	if a.Rank < -MaxRank || a.Rank > MaxRank {
		f.add("rank", "takes -%d to %d", MaxRank, MaxRank)
	}
	for _, one := range []struct{ path, name string }{{"calendar", a.Calendar}, {"team", a.Team}} {
		if one.name != "" && !policy.ValidName(one.name) {
			f.add(one.path, "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", one.name)
		}
	}
	for _, one := range []struct{ path, text string }{{"customer", a.Customer}, {"signed_off.by", a.SignedOff.By}, {"vendor", a.Vendor}} {
		if len(one.text) > policy.MaxWords {
			f.add(one.path, "takes at most %d bytes, has %d", policy.MaxWords, len(one.text))
		}
	}
	f.dates(a)
	f.targets(a)
	f.thresholds(a)
	for _, origin := range []struct {
		path string
		of   Origin
	}{{"rerate.raise", a.Rerate.Raise}, {"rerate.lower", a.Rerate.Lower}} {
		if origin.of != "" && origin.of != Opened && origin.of != Changed {
			f.add(origin.path, "%q is not one of %s, %s", origin.of, Opened, Changed)
		}
	}
	return f.list
}

func (f *findings) dates(a Agreement) {
	for _, one := range []struct{ path, date string }{
		{"valid.from", a.Valid.From}, {"valid.until", a.Valid.Until}, {"valid.review_by", a.Valid.ReviewBy}, {"signed_off.on", a.SignedOff.On},
	} {
		if _, err := time.Parse(time.DateOnly, one.date); one.date != "" && err != nil {
			f.add(one.path, "%q is not a date like 2026-12-31", one.date)
		}
	}
	if a.Valid.From != "" && a.Valid.Until != "" && a.Valid.Until < a.Valid.From {
		f.add("valid.until", "lies before valid.from")
	}
}

func (f *findings) targets(a Agreement) {
	if len(a.Targets) == 0 {
		f.add("targets", "promises nothing")
	}
	metrics := make([]string, 0, len(a.Targets))
	for metric := range a.Targets {
		metrics = append(metrics, string(metric))
	}
	sort.Strings(metrics)
	for _, name := range metrics {
		metric, path := Metric(name), "targets."+name
		if allowed := a.metrics(); !slices.Contains(allowed, metric) {
			f.add(path, "%s", a.wrongMetric(metric))
			continue
		}
		priorities := make([]string, 0, len(a.Targets[metric]))
		for priority := range a.Targets[metric] {
			priorities = append(priorities, priority)
		}
		sort.Strings(priorities)
		if len(priorities) == 0 {
			f.add(path, "promises nothing")
		}
		for _, priority := range priorities {
			if len(priority) != 1 || priority < "1" || priority > "5" {
				f.add(path+"."+priority, "is not a priority from %d to %d", policy.HighestPriority, policy.LowestPriority)
			}
			if target := a.Targets[metric][priority]; target.WorkingDays == 0 && target.Open < time.Second {
				f.add(path+"."+priority, "is less than a second")
			}
		}
	}
}

// metrics are those that the agreement can promise: it is one to the requester, of a team, or of a vendor.
func (a Agreement) metrics() []Metric {
	switch {
	case a.Team != "" && a.Vendor != "":
		return nil
	case a.Team != "":
		return []Metric{OLA}
	case a.Vendor != "":
		return []Metric{Underpinning}
	}
	return []Metric{Response, Resolution, Update}
}

func (a Agreement) wrongMetric(metric Metric) string {
	switch {
	case a.Team != "" && a.Vendor != "":
		return "an agreement is of a team or of a vendor, not of both"
	case metric == OLA:
		return "is a team's promise; name the team"
	case metric == Underpinning:
		return "is a vendor's promise; name the vendor"
	case !slices.Contains(Metrics, metric):
		return "is not one of " + joinMetrics(Metrics)
	}
	return "is not what a team or a vendor promises; there is " + joinMetrics(a.metrics())
}

func joinMetrics(metrics []Metric) string {
	names := make([]string, len(metrics))
	for i, metric := range metrics {
		names[i] = string(metric)
	}
	return strings.Join(names, ", ")
}

func (f *findings) thresholds(a Agreement) {
	if len(a.Thresholds) > MaxThresholds {
		f.add("thresholds", "takes at most %d entries, has %d", MaxThresholds, len(a.Thresholds))
	}
	seen := map[string]bool{}
	for i, threshold := range a.Thresholds {
		path := fmt.Sprintf("thresholds[%d]", i)
		if _, promised := a.Targets[threshold.Metric]; !promised {
			f.add(path+".metric", "nothing is promised for %q", threshold.Metric)
		}
		key := string(threshold.Metric) + " " + threshold.At.String()
		if seen[key] {
			f.add(path+".at", "%s stands here a second time for %s", threshold.At, threshold.Metric)
		}
		seen[key] = true
		if len(threshold.Do) == 0 || len(threshold.Do) > MaxActions {
			f.add(path+".do", "takes 1 to %d entries, has %d", MaxActions, len(threshold.Do))
		}
		for j, action := range threshold.Do {
			f.action(fmt.Sprintf("%s.do[%d]", path, j), action)
		}
	}
}

func (f *findings) action(path string, action Action) {
	set := 0
	for _, is := range []bool{
		len(action.Notify) > 0, action.Escalate != "", action.RaisePriority != 0, action.Reassign != "", action.AddWatcher != "",
	} {
		if is {
			set++
		}
	}
	if set != 1 {
		f.add(path, "does exactly one thing: notify, escalate, raise_priority, reassign or add_watcher")
	}
	for k, to := range action.Notify {
		if handle, isPerson := strings.CutPrefix(to, "person:"); isPerson && policy.ValidName(handle) || slices.Contains(notifiable, to) {
			continue
		}
		f.add(fmt.Sprintf("%s.notify[%d]", path, k), "%q is nobody that can be notified; there are %s and person:<handle>", to, strings.Join(notifiable, ", "))
	}
	if action.RaisePriority < 0 || action.RaisePriority > maxRaise {
		f.add(path+".raise_priority", "takes 1 to %d steps", maxRaise)
	}
	for _, one := range []struct{ path, name string }{
		{"escalate", action.Escalate}, {"reassign", action.Reassign}, {"add_watcher", action.AddWatcher},
	} {
		if one.name != "" && !policy.ValidName(one.name) {
			f.add(path+"."+one.path, "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", one.name)
		}
	}
}
