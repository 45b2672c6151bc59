package web

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
)

type askedLanguage struct{}

// inLanguage notes which language the browser asks for, for those who chose none.
func inLanguage(c *gin.Context) {
	asked := app.LanguageAsked(c.GetHeader("Accept-Language"))
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), askedLanguage{}, asked))
}

// languageOf is the language of the pages of whoever asks. All moments and numbers on pages are written by it, here and, with
// scripts, by the lang of the page that it sets.
func languageOf(ctx context.Context) app.Language {
	if who, err := app.PrincipalFrom(ctx); err == nil && who.Language != "" {
		chosen, _ := app.LanguageOf(who.Language) // of a language that there is not any more, the first stands in
		return chosen
	}
	if asked, noted := ctx.Value(askedLanguage{}).(app.Language); noted {
		return asked
	}
	return app.Languages[0]
}

// zoneOf is the viewer's time zone, as their profile has it; UTC for whoever has not signed in.
func zoneOf(ctx context.Context) string {
	who, err := app.PrincipalFrom(ctx)
	if err != nil || who.Zone == "" {
		return "UTC"
	}
	return who.Zone
}

// zoneIn is the same, to reckon in.
func zoneIn(ctx context.Context) *time.Location { return placeNamed(zoneOf(ctx)) }

// shown is an instant in the viewer's zone and language. The page's script writes it shorter.
func shown(ctx context.Context, at time.Time) string {
	return languageOf(ctx).Moment(at.In(zoneIn(ctx)))
}

// places are the zones that were asked for, by their names: each is read from a file once, and not for every instant of a page.
var places sync.Map

// placeNamed is a zone of this machine's tables; UTC where they do not have it.
func placeNamed(name string) *time.Location {
	if place, known := places.Load(name); known {
		return place.(*time.Location)
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // not kept: names that stand for nothing would have no end
	}
	places.Store(name, place)
	return place
}

// numeral is a quantity. What only numbers things, such as versions and lines, is written as it is.
func numeral(ctx context.Context, n int) string { return languageOf(ctx).Number(n) }

func count(ctx context.Context, n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return numeral(ctx, n) + " " + many
}

// size words a number of bytes.
func size(ctx context.Context, bytes int64) string {
	switch {
	case bytes < 1<<10:
		return strconv.FormatInt(bytes, 10) + " bytes"
	case bytes < 1<<20:
		return languageOf(ctx).Decimal(float64(bytes)/(1<<10)) + " KiB"
	}
	return languageOf(ctx).Decimal(float64(bytes)/(1<<20)) + " MiB"
}

// languageChoices are the languages there are, after the one that the browser asks for.
func languageChoices() []choice {
	choices := []choice{{"", "As my browser asks"}}
	for _, one := range app.Languages {
		choices = append(choices, choice{one.Tag, one.Name})
	}
	return choices
}
