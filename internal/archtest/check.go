package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Check holds the tree against the rules and gives every violation as one line, sorted.
func (t *Tree) Check(rules Rules) []string {
	var found []string
	found = append(found, t.imports(rules.Imports)...)
	found = append(found, t.documented()...)
	found = append(found, t.sizes(rules)...)
	found = append(found, t.names(rules.Words)...)
	found = append(found, t.replayable(rules.Pure)...)
	found = append(found, t.contexts(rules.ContextFree)...)
	slices.Sort(found)
	return found
}

func (t *Tree) imports(rows []Row) []string {
	var found []string
	for _, pkg := range t.Packages {
		module := pkg.Module.Path
		inside := own(module, pkg.ImportPath)
		row := rowOf(rows, inside)
		if row == nil {
			found = append(found, inside+": no row of the import table is for this package")
			continue
		}
		for _, imported := range pkg.Imports {
			if !row.allows(module, imported) {
				found = append(found, fmt.Sprintf("%s: must not import %s", inside, own(module, imported)))
			}
		}
	}
	return found
}

// rowOf finds the row with the longest path that matches.
func rowOf(rows []Row, inside string) *Row {
	var best *Row
	length := func(row *Row) int { return len(strings.TrimSuffix(row.Package, "/...")) }
	for i := range rows {
		if matches(rows[i].Package, inside) && (best == nil || length(&rows[i]) > length(best)) {
			best = &rows[i]
		}
	}
	return best
}

func (r *Row) allows(module, imported string) bool {
	name := own(module, imported)
	if matchesAny(r.Never, name) {
		return false
	}
	if name != imported {
		return matchesAny(r.Own, name)
	}
	first, _, _ := strings.Cut(imported, "/")
	standard := !strings.Contains(first, ".")
	return standard || matchesAny(r.Libraries, imported)
}

// own gives the path of one of our packages inside the module; other paths stay as they are.
func own(module, importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

// matches tells whether a path is the pattern, or below it where it ends in "/...". "..." alone is everything.
func matches(pattern, name string) bool {
	above, tree := strings.CutSuffix(pattern, "...")
	if !tree {
		return pattern == name
	}
	return strings.HasPrefix(name, above) || name+"/" == above
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) })
}

func (t *Tree) documented() []string {
	var found []string
	for _, pkg := range t.Packages {
		if len(pkg.GoFiles) > 0 && pkg.Doc == "" {
			found = append(found, own(pkg.Module.Path, pkg.ImportPath)+": the package has no doc comment")
		}
	}
	return found
}

func (t *Tree) sizes(rules Rules) []string {
	var found []string
	excused := map[string]bool{}
	for _, source := range t.Sources {
		if source.Test || source.Lines <= rules.MaxLines || ast.IsGenerated(source.Syntax) {
			continue
		}
		if rules.LongFiles[source.Path] != "" {
			excused[source.Path] = true
			continue
		}
		found = append(found, fmt.Sprintf("%s: %d lines, more than %d; give its parts rooms of their own", source.Path, source.Lines, rules.MaxLines))
	}
	for file := range rules.LongFiles {
		if !excused[file] {
			found = append(found, file+": needs no exception for its length, or has no reason for it")
		}
	}
	return found
}

func (t *Tree) names(words []string) []string {
	var found []string
	seen := map[string]bool{}
	for _, source := range t.Sources {
		file := strings.TrimSuffix(strings.TrimSuffix(path.Base(source.Path), ".go"), "_test")
		if word := empty(words, file); word != "" {
			found = append(found, fmt.Sprintf("%s: %q in a name says nothing", source.Path, word))
		}
		folder := path.Dir(source.Path)
		for _, name := range []string{path.Base(folder), source.Syntax.Name.Name} {
			if word := empty(words, name); word != "" && !seen[folder] {
				seen[folder] = true
				found = append(found, fmt.Sprintf("%s: %q in a name says nothing", folder, word))
			}
		}
	}
	return found
}

// empty gives the first of the words that a word of the name begins or ends with.
func empty(words []string, name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	for _, part := range parts {
		for _, word := range words {
			if strings.HasPrefix(part, word) || strings.HasSuffix(part, word) {
				return word
			}
		}
	}
	return ""
}

// impure are the names of package time that ask the clock, the machine's zones or the scheduler.
var impure = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "LoadLocation", "Local"}

func (t *Tree) replayable(folders []string) []string {
	return t.scan(
		func(source Source) bool { return !source.Test && below(folders, source.Path) },
		func(node ast.Node, names map[string]string) string {
			switch node := node.(type) {
			case *ast.GoStmt:
				return "starts a goroutine"
			case *ast.SelectorExpr:
				if name := selected(node, names, "time"); slices.Contains(impure, name) {
					return "uses time." + name
				}
			case *ast.ImportSpec:
				if imported, err := strconv.Unquote(node.Path.Value); err == nil && matchesAny([]string{"math/rand/...", "crypto/rand"}, imported) {
					return "imports " + imported
				}
			}
			return ""
		})
}

func (t *Tree) contexts(free []string) []string {
	return t.scan(
		func(source Source) bool {
			return !source.Test && !below(free, source.Path) && source.Syntax.Name.Name != "main"
		},
		func(node ast.Node, names map[string]string) string {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return ""
			}
			if name := selected(selector, names, "context"); name == "Background" || name == "TODO" {
				return "makes a context up with context." + name
			}
			return ""
		})
}

func below(folders []string, file string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(file, folder+"/") })
}

// scan asks about every node of every file that is wanted; an answer that is not empty is a violation at that place.
func (t *Tree) scan(wanted func(Source) bool, fault func(ast.Node, map[string]string) string) []string {
	var found []string
	for _, source := range t.Sources {
		if !wanted(source) {
			continue
		}
		names := importNames(source.Syntax)
		ast.Inspect(source.Syntax, func(node ast.Node) bool {
			if text := fault(node, names); text != "" {
				place := t.files.Position(node.Pos())
				found = append(found, fmt.Sprintf("%s:%d: %s", source.Path, place.Line, text))
			}
			return true
		})
	}
	return found
}

// importNames maps the name a file uses for an import to its path.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

// selected gives the name that the selector takes from the package, or nothing where it is about something else.
func selected(selector *ast.SelectorExpr, names map[string]string, imported string) string {
	if from, ok := selector.X.(*ast.Ident); ok && names[from.Name] == imported {
		return selector.Sel.Name
	}
	return ""
}
