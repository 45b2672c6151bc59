package web

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNotesAreMarkdown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"**so** _it_ `is`":               "<p><strong>so</strong> <em>it</em> <code>is</code></p>",
		"one\ntwo":                       "<p>one<br>\ntwo</p>",
		"- a\n- b":                       "<ul>\n<li>a</li>\n<li>b</li>\n</ul>",
		"3. a":                           "<ol start=\"3\">\n<li>a</li>\n</ol>",
		"# Head":                         "<p><strong>Head</strong></p>",
		"```sh\nls <dir>\n```":           "<pre><code>ls &lt;dir&gt;\n</code></pre>",
		"mail\n---\nAna":                 "<p>mail</p>\n<hr>\n<p>Ana</p>",
		"a <b>tag</b> & <script>":        "<p>a &lt;b&gt;tag&lt;/b&gt; &amp; &lt;script&gt;</p>",
		"<div>\nblock\n</div>":           "<p>&lt;div&gt;<br>\nblock<br>\n&lt;/div&gt;</p>",
		"![a plan](https://x.example/p)": `<p><a href="https://x.example/p" rel="nofollow noreferrer noopener" target="_blank">a plan</a></p>`,
		"see https://x.example/a?b=1":    `<p>see <a href="https://x.example/a?b=1" rel="nofollow noreferrer noopener" target="_blank">https://x.example/a?b=1</a></p>`,
		"[this](/incidents/INC-000001)":  `<p><a href="/incidents/INC-000001" rel="nofollow noreferrer">this</a></p>`,
		"[x](javascript:alert(1))":       "<p>x</p>",
		"[x](data:text/html,x)":          "<p>x</p>",
	} {
		require.Equal(t, want, strings.TrimSpace(rendered(text)), text)
	}
	long := strings.Repeat("<b>", maxMarkdown)
	require.True(t, strings.HasPrefix(rendered(long), "<pre>&lt;b&gt;"), "a long text stays as it is")
}

// tags finds every tag with its attributes.
var (
	tags    = regexp.MustCompile(`<[^>]*>`)
	allowed = regexp.MustCompile(`^</?(?:p|br|hr|strong|em|del|code|pre|blockquote|ul|ol|li|table|thead|tbody|tr|th|td)>$` +
		`|^</a>$|^<ol start="\d+">$|^<a href="[^"<>]*" rel="[a-z ]+"(?: target="_blank")?>$`)
)

func TestNoTextMakesMoreThanItMay(t *testing.T) {
	t.Parallel()
	parts := rapid.SampledFrom([]string{
		"<script>", "</script>", "<img src=x onerror=alert(1)>", "![", "](", ")", "[", "javascript:", "data:", "https://x.example", "\"", "'", "onclick=x",
		"`", "*", "_", "#", "> ", "- ", "\n", "\n\n", "|", "<", ">", "&lt;", "&#x3c;", "<!--", "-->", "<![CDATA[", "\x00", "a", " ", "<style>", "style=x", "é",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(parts, 0, 20).Draw(t, "parts"), "")
		html := rendered(text)
		for _, tag := range tags.FindAllString(html, -1) {
			require.Regexp(t, allowed, tag, "of %q", text)
			require.NotRegexp(t, `(?i)href="\s*(?:javascript|data|vbscript):`, tag)
		}
	})
}
