package main

import "github.com/holdfast-itsm/holdfast/internal/config"

// clientCommands are the commands that talk to a Holdfast, or to none, with the flags they share. The root embeds it.
type clientCommands struct {
	Client config.Client `embed:""`
	Output outputFlags   `embed:""`

	Incident incidentCommands `cmd:"" group:"Records" help:"Log and work incidents."`
	Change   changeCommands   `cmd:"" group:"Records" help:"Draft, decide and carry out changes."`
	Approval approvalCommands `cmd:"" group:"Records" help:"Votes that wait for you, and who votes in whose place."`
	CI       itemCommands     `cmd:"" name:"ci" group:"Records" help:"Configuration items: what is run, and how it hangs together."`
	Alert    alertCommands    `cmd:"" group:"Records" help:"What monitoring told."`
	CAB      cabCommands      `cmd:"" name:"cab" group:"Records" help:"Meetings of change advisory boards: agenda, minutes."`
	Work     workCommand      `cmd:"" group:"Records" help:"My work and my teams'."`
	Waiting  waitingCommand   `cmd:"" group:"Records" help:"Everything that is waited for, the next first."`
	Search   searchCommand    `cmd:"" group:"Records" help:"Find records by number or words."`
	Events   eventsCommand    `cmd:"" group:"Records" help:"Follow events as they happen, until interrupted."`
	Command  commandCommands  `cmd:"" group:"Records" help:"What became of a command."`
	Replay   replayCommand    `cmd:"" group:"Records" help:"Live a log of incidents again by commands, and compare how they end; for a Holdfast to try things on."`

	Clock    clockCommands   `cmd:"" group:"Promises" help:"What was promised of records, and why clocks read what they read."`
	Promises promisesCommand `cmd:"" group:"Promises" help:"How many promises were kept and broken within a day."`

	OnCall      onCallCommands        `cmd:"" group:"On call" help:"Who is on call, and what changes about it."`
	Escalation  escalationCommands    `cmd:"" group:"On call" help:"Whom somebody was called to, and what came of it."`
	Acknowledge escalationAcknowledge `cmd:"" group:"On call" help:"I take care: nobody else is called."`
	Page        incidentPage          `cmd:"" group:"On call" help:"Call people to an incident, or let a policy's steps call them."`

	Apply   applyCommand    `cmd:"" group:"Policies" help:"Store new versions of policy documents."`
	Diff    diffCommand     `cmd:"" group:"Policies" help:"Show how files differ from the stored documents; exit 1 where they do."`
	Get     getCommand      `cmd:"" group:"Policies" help:"List policy documents, or print one."`
	Export  exportCommand   `cmd:"" group:"Policies" help:"Write every policy document to a folder."`
	Policy  policyCommands  `cmd:"" group:"Policies" help:"Check and test policy documents without a server."`
	Cadence cadenceCommands `cmd:"" group:"Policies" help:"What comes again and again."`
	Cron    cronCommands    `cmd:"" group:"Policies" help:"Try out cron text."`

	Simulate simulateCommand `cmd:"" group:"Policies" help:"Let records live again under proposed documents, and tell which promises would be broken or kept."`

	Login   loginCommand    `cmd:"" group:"Accounts" help:"Keep an address and a token for later commands."`
	Logout  logoutCommand   `cmd:"" group:"Accounts" help:"Forget the token kept for an address."`
	Whoami  whoamiCommand   `cmd:"" group:"Accounts" help:"Whose token is used, and what it allows."`
	Person  personCommands  `cmd:"" group:"Accounts" help:"People and machines."`
	Team    teamCommands    `cmd:"" group:"Accounts" help:"Teams."`
	Service serviceCommands `cmd:"" group:"Accounts" help:"Services."`
	Grant   grantCommands   `cmd:"" group:"Accounts" help:"Who may do what."`
	Token   tokenCommands   `cmd:"" group:"Accounts" help:"API tokens."`
	Session sessionCommands `cmd:"" group:"Accounts" help:"Where people are signed in to the console."`

	Delivery    deliveryCommands    `cmd:"" group:"Deliveries" help:"What leaves for the outside."`
	Destination destinationCommands `cmd:"" group:"Deliveries" help:"Where it goes: the mail relay, webhooks."`
	Intake      intakeCommands      `cmd:"" group:"Deliveries" help:"How monitoring tells alerts."`

	Completion completionCommand `cmd:"" help:"Print a completion script for a shell."`
}
