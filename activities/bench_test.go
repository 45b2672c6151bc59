package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// BenchmarkApply measures decisions without Temporal, by eight at once on different records.
func BenchmarkApply(b *testing.B) {
	b.Run("log", func(b *testing.B) {
		d := setup(b)
		b.SetParallelism(4)
		pool, err := pg.Open(d.db.URL, pg.Worker, 8)
		require.NoError(b, err)
		defer pool.Close()
		over := d.over(pool)
		b.ResetTimer()
		b.RunParallel(func(next *testing.PB) {
			for next.Next() {
				if _, err := over.Apply(b.Context(), d.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "low", "service": "mail"})); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("assign", func(b *testing.B) {
		d := setup(b)
		b.SetParallelism(4)
		pool, err := pg.Open(d.db.URL, pg.Worker, 8)
		require.NoError(b, err)
		defer pool.Close()
		over := d.over(pool)
		b.ResetTimer()
		b.RunParallel(func(next *testing.PB) {
			id, people := d.log(), []string{"ana", "bo"}
			for i := 0; next.Next(); i++ {
				if _, err := over.Apply(b.Context(), d.command(agent, "assign", id, body{"assignee": people[i%2]})); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
