// Package config holds what an operator can set: groups of kong flags that commands embed, the file holdfast.yaml, and
// the list of what is in force and why.
//
// A flag on the command line wins over the environment, the environment over the file, the file over the default.
package config

// Tags beside kong's own: `config` marks a flag as a setting that the file may carry, under the flag's name with
// dashes or nested (database-url, or url below database). `secret:"url"` hides the password of a URL where settings
// are printed, `secret:"all"` the whole value.

// File is embedded by the root of the command line: where the configuration file is.
type File struct {
	Path string `name:"config" env:"HOLDFAST_CONFIG" placeholder:"FILE" help:"Configuration file; holdfast.yaml in this folder is read where it exists."`
}

// Database says where the rows are.
type Database struct {
	URL  string `name:"database-url" env:"HOLDFAST_DATABASE_URL" config:"" secret:"url" placeholder:"URL" group:"Database" help:"PostgreSQL, as postgres://user:password@host:port/name."`
	Pool int    `name:"database-pool" env:"HOLDFAST_DATABASE_POOL" config:"" default:"16" group:"Database" help:"Most connections that this process opens to the database."`
}

// HTTP says where people and machines reach this process.
type HTTP struct {
	Listen    string `name:"listen" env:"HOLDFAST_LISTEN" config:"" default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"HTTP" help:"Address to listen on; port 0 takes a free one."`
	PublicURL string `name:"public-url" env:"HOLDFAST_PUBLIC_URL" config:"" placeholder:"URL" group:"HTTP" help:"Where people reach Holdfast from outside, for links in messages; the listening address where not set."`
	// TrustedProxies are networks whose X-Forwarded-For is believed.
	TrustedProxies []string `name:"trusted-proxies" env:"HOLDFAST_TRUSTED_PROXIES" config:"" placeholder:"ADDRESS" group:"HTTP" help:"Proxies in front of Holdfast, such as 10.0.0.5, that say in X-Forwarded-For who asks: these alone, not the network of people. Nobody is believed where not set."`
}

// Storage says where files are.
type Storage struct {
	Data        string `name:"data" env:"HOLDFAST_DATA" config:"" default:"data" placeholder:"DIR" group:"Storage" help:"Folder of this installation: the engine's cluster, attachments, the administrator's token."`
	Attachments string `name:"attachments-dir" env:"HOLDFAST_ATTACHMENTS_DIR" config:"" placeholder:"DIR" group:"Storage" help:"Folder of attachments; a folder in the data folder where not set."`
}

// Networks are the private networks that what leaves by HTTP may go to.
type Networks struct {
	Allowed []string `name:"webhook-networks" env:"HOLDFAST_WEBHOOK_NETWORKS" config:"" placeholder:"NETWORK" group:"Outside" help:"Private networks, such as 10.1.0.0/16, that webhooks may go to, also without https. None where not set."`
}

// Outside says how what leaves for the outside gets there.
type Outside struct {
	SMTP     string `name:"smtp" env:"HOLDFAST_SMTP_URL" config:"" secret:"url" placeholder:"URL" group:"Outside" help:"Relay that mails leave by, as smtp://user:password@host:587 or smtps://host:465; none are sent where not set."`
	From     string `name:"mail-from" env:"HOLDFAST_MAIL_FROM" config:"" default:"Holdfast <holdfast@localhost>" placeholder:"ADDRESS" group:"Outside" help:"Who mails come from."`
	Networks `embed:""`
}

// Log says what is logged and how.
type Log struct {
	Level  string `name:"log-level" env:"HOLDFAST_LOG_LEVEL" config:"" default:"info" enum:"debug,info,warn,error" group:"Log" help:"Least level that is logged: ${enum}."`
	Format string `name:"log-format" env:"HOLDFAST_LOG_FORMAT" config:"" default:"text" enum:"text,json" group:"Log" help:"Form of a log line: ${enum}."`
}

// Client says which Holdfast the command line talks to, and as whom.
type Client struct {
	URL   string `name:"url" env:"HOLDFAST_URL" config:"" default:"http://127.0.0.1:8080" placeholder:"URL" group:"Client" help:"The Holdfast to talk to."`
	Token string `name:"token" env:"HOLDFAST_TOKEN" config:"" secret:"all" placeholder:"TOKEN" group:"Client" help:"API token to talk with."`
}
