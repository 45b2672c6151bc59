package web

import (
	"bytes"
	entities "html"

	"github.com/a-h/templ"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	markup "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// maxMarkdown bounds the text that is read as Markdown, in bytes; longer ones, such as logs, are shown as they are.
const maxMarkdown = 32 << 10

// markdown reads Markdown without HTML: a tag is text and is shown. Line breaks stay, because people write notes as they
// write mail.
var markdown = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewThematicBreakParser(), 200), util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400), util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600), util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800), util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100), util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300), util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)),
	goldmark.WithExtensions(extension.Linkify, extension.Strikethrough, extension.Table),
	goldmark.WithRendererOptions(markup.WithHardWraps(), renderer.WithNodeRenderers(util.Prioritized(plainer{}, 100))),
)

// plainer renders headings as strong lines, which leave the page's outline alone, and images as links, because a page loads
// nothing from elsewhere.
type plainer struct{}

func (plainer) RegisterFuncs(registry renderer.NodeRendererFuncRegisterer) {
	registry.Register(ast.KindHeading, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		return ast.WalkContinue, around(w, entering, "<p><strong>", "</strong></p>\n")
	})
	registry.Register(ast.KindImage, func(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
		image, right := node.(*ast.Image)
		if !right {
			return ast.WalkContinue, nil
		}
		name := ""
		if !image.HasChildren() {
			name = "image"
		}
		target := util.EscapeHTML(util.URLEscape(image.Destination, true))
		return ast.WalkContinue, around(w, entering, `<a href="`+string(target)+`">`+name, "</a>")
	})
}

func around(w util.BufWriter, entering bool, before, after string) error {
	text := after
	if entering {
		text = before
	}
	_, err := w.WriteString(text)
	return err
}

// clean is what may be left of rendered Markdown, whatever the renderer made.
var clean = func() *bluemonday.Policy {
	policy := bluemonday.NewPolicy()
	policy.AllowElements("p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")
	policy.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("http", "https", "mailto")
	policy.AllowRelativeURLs(true)
	policy.RequireParseableURLs(true)
	policy.RequireNoFollowOnLinks(true)
	policy.RequireNoReferrerOnLinks(true)
	policy.AddTargetBlankToFullyQualifiedLinks(true)
	return policy
}()

// rendered makes HTML of somebody's Markdown that is safe to stand in a page: no tags, no images and no addresses but those
// of the web and of mail.
func rendered(text string) string {
	if len(text) > maxMarkdown {
		return "<pre>" + entities.EscapeString(text) + "</pre>"
	}
	var made bytes.Buffer
	if err := markdown.Convert([]byte(text), &made); err != nil {
		return "<pre>" + entities.EscapeString(text) + "</pre>"
	}
	return clean.Sanitize(made.String())
}

// written is a note as it was meant to look.
func written(text string) templ.Component { return templ.Raw(rendered(text)) }
