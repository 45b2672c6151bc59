// Package archtest holds the architecture as data and checks the tree against it: who may import whom, what the pure
// and the replayed code must not touch, and how large, named and documented a file is. Changing this table is changing
// the architecture; the reason goes into docs/adr.
package archtest

// Row says what one package, or all below a folder, may import. Test files are free.
//
// Own lists packages of this module by their path in it, Libraries those of other modules; "x/..." is x and all below.
// The standard library is free but for what Never names, and Never wins over the rest.
type Row struct {
	Package   string
	Own       []string
	Libraries []string
	Never     []string
}

// Rules are all that is checked.
type Rules struct {
	Imports []Row
	// Pure names the folders whose code must give the same result at every replay.
	Pure []string
	// ContextFree names the folders outside of which only main packages and tests make contexts up.
	ContextFree []string
	// MaxLines bounds a source file that is neither generated nor a test.
	MaxLines int
	// LongFiles are the exceptions from MaxLines, by path, each with its reason.
	LongFiles map[string]string
	// Words are forbidden at either end of a word of a package's or a file's name: they say nothing of what is inside.
	Words []string
}

// all stands for every library, or every package of ours.
const all = "..."

const (
	bun      = "github.com/uptrace/bun/..."
	sdk      = "go.temporal.io/sdk/..."
	api      = "go.temporal.io/api/..."
	gin      = "github.com/gin-gonic/gin/..."
	pgx      = "github.com/jackc/pgx/..."
	huma     = "github.com/danielgtaylor/huma/..."
	yaml     = "go.yaml.in/yaml/v3"
	activity = "go.temporal.io/sdk/activity"
	temporal = "go.temporal.io/sdk/temporal"
	workflow = "go.temporal.io/sdk/workflow"
)

// outside are the ways of the standard library out of a computation: input, output, other programs, chance.
var outside = []string{
	"os/...", "net/...", "database/sql/...", "io/ioutil", "log/...", "syscall", "math/rand/...", "crypto/rand", "plugin",
}

// Holdfast is the architecture. The row with the longest match counts.
var Holdfast = Rules{
	Imports: []Row{
		{Package: "domain/...", Own: []string{"domain/..."}, Never: outside},
		{Package: "schemas/...", Own: []string{"domain/...", "schemas/...", "internal/pg"}, Libraries: []string{bun}},
		// The rules of an assignment policy are CEL, which is evaluated where the facts are read.
		{
			Package: "activities/...", Own: []string{"domain/...", "schemas", "internal/policyfile"},
			Libraries: []string{bun, activity, temporal},
		},
		// sdk/temporal holds the retry policies and error types that sdk/workflow's options take.
		{Package: "workflows/...", Own: []string{"domain/..."}, Libraries: []string{workflow, temporal}, Never: outside},
		{
			Package: "app/...", Own: []string{"app/...", "domain/...", "workflows", "schemas", "internal/..."},
			Libraries: []string{all}, Never: []string{gin, huma, "go.temporal.io/sdk/worker", "internal/archtest"},
		},
		{
			Package: "server/...", Own: []string{"server/...", "app/...", "domain/...", "internal/..."},
			Libraries: []string{all}, Never: []string{bun, pgx, sdk, api, "internal/pg", "internal/temporalx", "internal/archtest"},
		},
		{
			Package: "worker/...", Own: []string{"worker/...", "workflows", "activities", "app/...", "schemas", "domain/...", "internal/..."},
			Libraries: []string{all}, Never: []string{gin, huma, "internal/archtest"},
		},

		{Package: "internal/archtest"},
		{Package: "internal/auth", Own: []string{"domain/..."}, Libraries: []string{"golang.org/x/crypto/...", "golang.org/x/time/rate"}},
		{Package: "internal/config", Own: []string{"domain/..."}, Libraries: []string{"github.com/alecthomas/kong", yaml}},
		{Package: "internal/cron", Own: []string{"domain/..."}, Libraries: []string{"github.com/robfig/cron/v3"}},
		{Package: "internal/importmap", Own: []string{"domain/..."}, Libraries: []string{yaml}},
		{Package: "internal/mail", Own: []string{"domain/...", "internal/notice"}, Libraries: []string{"github.com/wneessen/go-mail/..."}},
		{Package: "internal/notice", Own: []string{"domain/..."}},
		{Package: "internal/pg", Own: []string{"domain/..."}, Libraries: []string{bun, pgx, "github.com/pressly/goose/v3/..."}},
		// Documents are read with the parser that gin brings already; it tells the line of every key.
		{Package: "internal/policyfile", Own: []string{"domain/...", "internal/cron"}, Libraries: []string{"cel.dev/cel-go/...", "github.com/goccy/go-yaml/...", "github.com/rickar/cal/v2/..."}},
		{Package: "internal/policyfile/schemagen", Own: []string{"internal/policyfile"}},
		// Policy tests run the very code that production runs.
		{Package: "internal/policytest", Own: []string{"domain/...", "internal/cron", "internal/policyfile"}},
		{Package: "internal/policytext", Own: []string{"domain/..."}, Libraries: []string{yaml}},
		{Package: "internal/slack", Own: []string{"domain/...", "internal/notice", "internal/webhook"}, Libraries: []string{"github.com/slack-go/slack"}},
		{Package: "internal/telemetry", Own: []string{"domain/..."}, Libraries: []string{"github.com/prometheus/client_golang/..."}},
		{Package: "internal/temporalx", Own: []string{"domain/..."}, Libraries: []string{sdk, api, "google.golang.org/grpc/..."}},
		{Package: "internal/webhook", Own: []string{"domain/...", "internal/notice"}},

		// Pages that are made from the rules and from the default documents.
		{Package: "docs/...", Own: []string{"domain/...", "internal/policyfile"}},

		{Package: "cmd/...", Own: []string{all}, Libraries: []string{all}},
		{Package: "test/...", Own: []string{all}, Libraries: []string{all}},
	},
	Pure:        []string{"domain", "workflows"},
	ContextFree: []string{"test", "engine"},
	MaxLines:    400,
	LongFiles:   map[string]string{},
	Words:       []string{"util", "utils", "common", "helper", "helpers", "manager", "managers"},
}
