package configuration_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

var names = configuration.Names{
	Classes: map[string]bool{"server": true, "database": true}, Services: map[string]bool{"mail": true}, Teams: map[string]bool{"messaging": true},
}

func lines(faults []configuration.Fault) []string {
	list := []string{}
	for _, fault := range faults {
		list = append(list, fmt.Sprintf("%s:%d: %s", fault.Source, fault.Line, fault.Message))
	}
	return list
}

func TestATableIsReadByItsHeading(t *testing.T) {
	t.Parallel()
	wanted, faults := configuration.Read([]configuration.Source{
		{Name: "items.csv", Format: configuration.CSV, Text: "handle,class,service,shared,rack\nmx1,server,mail,no,\"A\n1\"\nmx2,server,,maybe,\nmx3,server,,yes,\nmx4,server\n"},
		{Name: "ties.csv", Format: configuration.CSV, Text: "from,type,to\nmx1,depends_on,mx3\n"},
		{Name: "odd.csv", Format: configuration.CSV, Text: "name,class\nmx1,server\n"},
	})
	require.Equal(t, []string{
		`items.csv:4: shared is "maybe", which is neither true nor false`,
		"items.csv:6: has 2 columns, the heading 5",
		"odd.csv:1: the heading names neither handle, for items, nor from, type and to, for relations",
	}, lines(faults))
	require.Len(t, wanted.Items, 2)
	require.JSONEq(t, `{"class": "server", "service": "mail", "shared": false, "attributes": {"rack": "A\n1"}}`, string(wanted.Items[0].Says))
	require.Equal(t, 5, wanted.Items[1].Line)
	require.Equal(t, configuration.Edge{From: "mx1", Type: "depends_on", To: "mx3"}, wanted.Relations[0].Edge())
}

// TestATableOfASpreadsheetIsRead: as Excel writes it where the comma parts decimals, and as other tools do.
func TestATableOfASpreadsheetIsRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"commas":         "handle,class,note\nmx1,server,\"1,5 TB; two\nlines\"\nmx2,server,\n",
		"semicolons":     "\ufeffhandle;class;note\r\nmx1;server;\"1,5 TB; two\r\nlines\"\r\nmx2;server;\r\n",
		"tabs":           "handle\tclass\tnote\r\nmx1\tserver\t\"1,5 TB; two\nlines\"\r\nmx2\tserver\t\r\n",
		"quoted heading": "\"handle\";\"class\";\"note\"\nmx1;server;\"1,5 TB; two\nlines\"\nmx2 ;server;\n",
	} {
		wanted, faults := configuration.Read([]configuration.Source{{Name: "items.csv", Format: configuration.CSV, Text: text}})
		require.Empty(t, faults, name)
		require.Len(t, wanted.Items, 2, name)
		require.Equal(t, "mx1", wanted.Items[0].Handle, name)
		require.JSONEq(t, `{"class":"server","attributes":{"note":"1,5 TB; two\nlines"}}`, string(wanted.Items[0].Says), name)
		require.Equal(t, "mx2", wanted.Items[1].Handle, name)
		require.Equal(t, 4, wanted.Items[1].Line, name)
	}
	wanted, faults := configuration.Read([]configuration.Source{{Name: "relations.csv", Format: configuration.CSV, Text: "from;type;to\r\nmx1 ;runs_on; host-1 \r\n"}})
	require.Empty(t, faults)
	require.Equal(t, configuration.Relation{From: "mx1", Type: "runs_on", To: "host-1"}, wanted.Relations[0].Relation)
}

func TestATextInAnotherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	for text, line := range map[string]int{
		"handle;title\nmx1;M\xfcller\n":          2,
		"\xff\xfeh\x00a\x00n\x00d\x00l\x00e\x00": 1,
		"handle,title\nmx1,Ok\nmx2,\x00\n":       3,
		"handle,title\nmx1,half a letter \xc3":   2,
	} {
		wanted, faults := configuration.Read([]configuration.Source{{Name: "items.csv", Format: configuration.CSV, Text: text}})
		require.Empty(t, wanted.Items)
		require.Len(t, faults, 1)
		require.Equal(t, line, faults[0].Line)
		require.Contains(t, faults[0].Message, "is not UTF-8")
	}
	_, faults := configuration.Read([]configuration.Source{{Name: "items.csv", Format: configuration.CSV, Text: "handle,title\nmx1,\ufffd\n"}})
	require.Empty(t, faults, "the sign for what could not be read is a letter like others")
}

func TestAnObjectIsReadWithItsLines(t *testing.T) {
	t.Parallel()
	wanted, faults := configuration.Read([]configuration.Source{{Name: "estate.json", Format: configuration.JSON, Text: `{
  "items": [
    {"handle": "mx1", "class": "server"},
    {
      "handle": "mx2", "klass": "server"
    },
    {"handle": "mx3", "class": "server"}
  ],
  "relations": [
    {"from": "mx1", "type": "uses", "to": "mx3"}
  ]
}`}})
	require.Equal(t, []string{`estate.json:4: is no item: json: unknown field "klass"`}, lines(faults))
	require.Equal(t, 3, wanted.Items[0].Line)
	require.Equal(t, 7, wanted.Items[1].Line)
	require.Equal(t, 10, wanted.Relations[0].Line)

	_, faults = configuration.Read([]configuration.Source{{Name: "cut.json", Format: configuration.JSON, Text: "{\"items\": [\n{\"handle\": \"mx1\""}})
	require.NotEmpty(t, faults)
}

func TestAnImportSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	have := configuration.Estate{
		Names: names, Ended: map[string]int{"old": 4}, Edges: map[configuration.Edge]bool{{From: "mx1", Type: "uses", To: "mx2"}: true},
		Items: map[string]configuration.Item{
			"mx1": {Handle: "mx1", Version: 2, Content: configuration.Content{Class: "server", Service: "mail", Attributes: json.RawMessage(`{"rack": "A1", "cpu": 4}`)}},
			"mx2": {Handle: "mx2", Version: 1, Content: configuration.Content{Class: "server"}},
		},
	}
	wanted, faults := configuration.Read([]configuration.Source{
		{Name: "i", Format: configuration.JSON, Text: `{"items": [
			{"handle": "mx1", "class": "server", "attributes": {"rack": "B2", "cpu": 4}},
			{"handle": "mx2", "class": "server"},
			{"handle": "old", "class": "database"}], "relations": [
			{"from": "mx1", "type": "uses", "to": "mx2"}, {"from": "old", "type": "runs_on", "to": "mx2"}, {"from": "old", "type": "runs_on", "to": "mx2"}]}`},
	})
	plan := configuration.PlanImport(wanted, faults, have)
	require.Empty(t, plan.Report.Faults)
	require.Equal(t, configuration.Counts{Created: 1, Changed: 1, Unchanged: 1}, plan.Report.Items)
	require.Equal(t, configuration.Counts{Created: 1, Unchanged: 1}, plan.Report.Relations)
	require.Equal(t, []string{"attributes.rack"}, keys(plan.Report.Planned[0].Fields))
	require.Equal(t, []int{3, 5}, []int{plan.Items[0].Version, plan.Items[1].Version}, "an item that ended goes on with its versions")
	require.Equal(t, "mail", plan.Items[0].Service, "what a source does not say stays")

	wanted, faults = configuration.Read([]configuration.Source{
		{Name: "t", Format: configuration.CSV, Text: "handle,class,service\nmx1,toaster,gone\nmx1,server,\n../etc,server,\n"},
		{Name: "r", Format: configuration.CSV, Text: "from,type,to\nmx1,eats,mx9\nmx2,uses,mx2\n"},
	})
	plan = configuration.PlanImport(wanted, faults, have)
	require.Equal(t, []string{
		`t:2: class "toaster" is no term of Vocabulary/item-classes`, `t:2: service "gone" is not known or not active`,
		"t:3: mx1 is named before, in line 2 of t",
		"t:4: handle takes 1 to 100 letters, digits, dots, colons, at signs, underscores and hyphens, the first a letter or a digit",
		`r:2: type "eats" is one of depends_on, runs_on, uses, part_of, connected_to`, `r:2: to "mx9" is no configuration item that is in force`,
		"r:3: to is the item itself",
	}, lines(plan.Report.Faults))
}

func keys(changes map[string]domain.Change) []string {
	list := []string{}
	for name := range changes {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// What was imported once has nothing to write the second time.
func TestAnImportCanBeRepeated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		handles := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][a-z0-9]{0,5}`), 2, 8, func(h string) string { return h }).Draw(t, "handles")
		var items, ties strings.Builder
		items.WriteString("handle,class,service,shared,rack,size\n")
		ties.WriteString("from,type,to\n")
		for i, handle := range handles {
			fmt.Fprintf(&items, "%s,server,%s,%v,%s,%s\n", handle, rapid.SampledFrom([]string{"", "mail"}).Draw(t, "service"), rapid.Bool().Draw(t, "shared"),
				rapid.SampledFrom([]string{"", "A1", `"B, 2"`}).Draw(t, "rack"), rapid.SampledFrom([]string{"", "7"}).Draw(t, "size"))
			fmt.Fprintf(&ties, "%s,%s,%s\n", handle, rapid.SampledFrom(configuration.RelationTypes).Draw(t, "type").Name, handles[(i+1)%len(handles)])
		}
		wanted, faults := configuration.Read([]configuration.Source{{Name: "i", Format: configuration.CSV, Text: items.String()}, {Name: "r", Format: configuration.CSV, Text: ties.String()}})
		have := configuration.Estate{Names: names, Items: map[string]configuration.Item{}, Edges: map[configuration.Edge]bool{}}
		first := configuration.PlanImport(wanted, faults, have)
		require.Empty(t, first.Report.Faults)
		require.Len(t, first.Items, len(handles))
		for _, item := range first.Items {
			have.Items[item.Handle] = item
		}
		for _, edge := range first.Edges {
			have.Edges[edge] = true
		}
		again := configuration.PlanImport(wanted, faults, have)
		require.Empty(t, again.Items)
		require.Empty(t, again.Edges)
		require.Equal(t, len(handles), again.Report.Items.Unchanged)
	})
}

func TestAnImpactIsATree(t *testing.T) {
	t.Parallel()
	tree := configuration.Impact{Reached: []configuration.Reached{
		{Handle: "host"}, {Handle: "vm2", Depth: 1, Via: "host"}, {Handle: "vm1", Depth: 1, Via: "host"}, {Handle: "app", Depth: 2, Via: "vm2"},
	}}.Tree()
	require.Len(t, tree, 1)
	require.Equal(t, "vm1", tree[0].Branches[0].Handle)
	require.Equal(t, "app", tree[0].Branches[1].Branches[0].Handle)
}
