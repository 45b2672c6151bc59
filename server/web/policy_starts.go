package web

import (
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// policyStarts are the texts that new documents begin with, each right as it stands but for its name.
var policyStarts = map[string]string{
	policy.KindApprovalPolicy: `kind: ApprovalPolicy
name: cab
spec:
  when: 'record.practice == "change" && record.risk.level in ["medium", "high"]'
  stages:           # one after the other; parallel: together with the one before
    - name: cab
      electorate: [role:cab_member]
      rule: {threshold: 60%, of: electorate, quorum: 50%}
      deadline: 3wd
      default: escalate
      covers: [scope]
    - name: window  # asked again when nothing but the window moves
      electorate: [role:change_manager]
      rule: {threshold: 1, of: approvals}
      deadline: 1wd
      default: escalate
      covers: [schedule]
      parallel: true
`,
	policy.KindAssignmentRules: `kind: AssignmentRules
name: default
spec:
  practice: incident
  rules:          # the first that matches wins
    - name: mail
      when: 'record.service == "mail"'
      set: {team: messaging, tags: [mail]}
    - name: rest
      when: 'true'
      set: {team: service-desk}
`,
	automation.Kind: `kind: AutomationRules
name: desk
spec:
  practice: incident
  rules:          # all that match run, in this order
    - name: executives
      on: [incident.logged]
      when: 'record.requester == "otto" && record.priority > 2'
      then:
        - raise_priority: 1
        - add_tags: [executive]
    - name: came-back
      on: [incident.reopened]
      when: 'record.reopen_count >= 2'
      then:
        - notify: [team_lead]
        - note: Reopened twice. Ask the requester before it is resolved again.
`,
	policy.KindCalendar: `kind: Calendar
name: office-hours
spec:
  timezone: Europe/Berlin
  weekly:
    mon: ["09:00-12:00", "13:00-17:00"]
    tue: ["09:00-17:00"]
    wed: ["09:00-17:00"]
    thu: ["09:00-17:00"]
    fri: ["09:00-15:00"]
  yearly_holidays: ["01-01", "12-25"]
`,
	policy.KindCannedReply: `kind: CannedReply
name: need-more
spec:
  title: Ask for more
  text: |
    Hello {{requester}},

    to go on with **{{number}}** we need to know:

    - since when it happens
    - what you see on the screen

    {{me}}
`,
	policy.KindRecordTemplate: `kind: RecordTemplate
name: printer
spec:
  title: A printer does not print
  practice: incident
  fields:
    title: "Printer does not print: "
    impact: low
    urgency: medium
    category: printer
    description: |
      Which printer:
      Since when:
      What it shows:
`,
	policy.KindEscalationPolicy: `kind: EscalationPolicy
name: messaging
spec:
  steps:            # wait: the time to acknowledge before the next step
    - {wait: 10m, to: [schedule:messaging]}
    - {wait: 15m, to: [role:team_lead]}
  repeat: 1
  fallback: [role:admin]
`,
	policy.KindOnCallSchedule: `kind: OnCallSchedule
name: messaging
spec:
  title: Messaging
  timezone: Europe/Berlin
  layers:           # a later layer wins over an earlier one
    - name: week
      rotation: {every: 1, unit: week, start: 2026-01-05, handoff: "09:00"}
      people: [ana, bo]
`,
	policy.KindPriorityMatrix: `kind: PriorityMatrix
name: default
spec:
  levels: [high, medium, low]
  priorities:     # impact, then urgency
    high: {high: 1, medium: 2, low: 3}
    medium: {high: 2, medium: 3, low: 4}
    low: {high: 3, medium: 4, low: 5}
`,
	policy.KindSLA: `kind: SLA
name: gold
spec:
  customer: all staff
  applies_to: 'record.practice == "incident"'
  rank: 10          # of those that apply, the highest holds
  targets:          # by priority; wd: working days, else open time
    response: {1: 15m, 2: 30m, 3: 4h, 4: 1wd, 5: 2wd}
    resolution: {1: 4h, 2: 8h, 3: 3wd, 4: 5wd, 5: 10wd}
  pause_on: {reasons: [awaiting_requester, scheduled]}
  thresholds:
    - {metric: resolution, at: 75%, do: [{notify: [assignee]}]}
    - {metric: resolution, at: 100%, do: [{notify: [team_lead]}]}
`,
	policy.KindServicePolicy: `kind: ServicePolicy
name: mail
spec:
  title: Mail
  criticality: high
  support: {team: messaging}
  paging: {1: always, 2: support_hours}
`,
	policy.KindChangeModel: `kind: ChangeModel
name: restart-web
spec:
  title: Restart the web servers
  type: standard    # needs no vote as long as it is followed; normal and emergency start from it and are decided
  plan: Restart the web tier one node at a time
  back_out_plan: Start the previous version
  tasks:
    - {id: restart, title: Restart the nodes}
    - {id: check, title: Look at the shop, after: [restart]}
  questionnaire:
    - {id: tested_back_out, ask: "Was the way back tested?", risk: {"no": 25}}    # takes yes and no
    - {id: outage, ask: "How long is it away?", answers: [never, minutes, hours], risk: {minutes: 10, hours: 40}}
  suspend_after: {failures: 2, of: 10, within: 180d}
`,
	policy.KindCadence: `kind: Cadence
name: weekly-cab
spec:
  title: Weekly change advisory board
  cron: "0 14 * * wed"    # minute, hour, day of month, month, day of week
  timezone: Europe/Berlin
  opens:
    cab_meeting:
      board: {role: cab_member}
      cut_off: 1wd        # when the agenda is fixed
      length: 1h
`,
	policy.KindFreezeWindow: `kind: FreezeWindow
name: year-end
spec:
  title: Year end
  from: "2026-12-18T17:00:00Z"
  to: "2027-01-04T06:00:00Z"
  applies_to: 'record.environment == "production"'
`,
	policy.KindMaintenanceWindow: `kind: MaintenanceWindow
name: weekend
spec:
  title: Every weekend
  recurring: {cron: "0 22 * * 5", lasts: 60h, timezone: Europe/Berlin}
  applies_to: 'record.environment == "production"'
`,
	policy.KindTeam: `kind: Team
name: messaging
spec:
  title: Messaging
  lead: ana
  members: [ana, bo]
`,
	policy.KindVocabulary: `kind: Vocabulary
name: hold-reasons
spec:
  terms:
    - {id: awaiting_requester, title: Awaiting requester}
    - {id: awaiting_parts, title: Awaiting parts, base: awaiting_vendor}
`,
}

// testStarts are tests to begin with, for the kinds that can be asked.
var testStarts = map[string]string{
	policy.KindApprovalPolicy: `kind: PolicyTest
name: the board
cases:
  - name: four of six are 60 %
    approval:
      of: cab
      stage: cab
      electorate: [ana, bo, cy, fay, gil, sec]
      requester: dee
      votes: [{by: ana, vote: approve}, {by: bo, vote: approve}, {by: cy, vote: approve}, {by: gil, vote: approve}]
    expect: {verdict: approved}
  - name: who asks for it does not vote
    approval:
      of: cab
      stage: window
      electorate: [dee, mia]
      requester: dee
      votes: [{by: dee, vote: approve}]
    expect: {verdict: pending}
`,
	policy.KindChangeModel: `kind: PolicyTest
name: risks
cases:
  - name: a way back that was not tested
    risk:
      of: restart-web
      answers: {tested_back_out: false}   # true and false mean yes and no
      facts: {critical_services: 1, items: 12}
    expect: {level: high, score: 70}
  - name: nothing to fear
    risk: {of: restart-web, answers: {tested_back_out: true}}
    expect: {level: low}
`,
	policy.KindFreezeWindow: `kind: PolicyTest
name: freezes
cases:
  - name: Christmas Eve
    freeze: {of: year-end, at: "2026-12-24T10:00:00Z"}
    expect: {frozen: true, until: "2027-01-04T06:00:00Z"}
  - name: the moment at which it ends
    freeze: {of: year-end, at: "2027-01-04T06:00:00Z"}
    expect: {frozen: false}
`,
	policy.KindAssignmentRules: `kind: PolicyTest
name: routing
cases:
  - name: mail goes to messaging
    assignment: {of: default, record: {title: Outbox fills up, service: mail}}
    expect: {team: messaging}
`,
	automation.Kind: `kind: PolicyTest
name: rules
cases:
  - name: what an executive logs is raised
    automation: {of: desk, on: incident.logged, record: {requester: otto, priority: 4}}
    expect: {rules: [executives], actions: [raise the priority by 1, add the tags executive]}
`,
	policy.KindServicePolicy: `kind: PolicyTest
name: paging
cases:
  - name: the highest priority pages at night too
    paging: {of: mail, priority: 1, at: "2026-12-05T23:30:00+01:00"}
    expect: {at: "2026-12-05T23:30:00+01:00"}
`,
	policy.KindCalendar: `kind: PolicyTest
name: hours
cases:
  - name: closed on New Year's Day
    calendar: {of: office-hours, is_open: "2027-01-01T10:00:00+01:00"}
    expect: {open: false}
`,
	policy.KindOnCallSchedule: `kind: PolicyTest
name: turns
cases:
  - name: the second week is bo's
    on_call: {of: messaging, at: "2026-01-14T12:00:00+01:00"}
    expect: {people: [bo]}
  - name: hand-offs stay at nine when the clocks change
    handoffs: {of: messaging, from: "2026-10-25T00:00:00+02:00", to: "2026-11-01T00:00:00+01:00"}
    expect: {at: ["2026-10-26T09:00:00+01:00"]}
`,
	policy.KindPriorityMatrix: `kind: PolicyTest
name: matrix
cases:
  - name: much affected, and at once
    priority: {of: default, impact: high, urgency: high}
    expect: {priority: 1}
`,
}
