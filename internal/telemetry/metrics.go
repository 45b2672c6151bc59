package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures about Holdfast's own work. Labels hold names from fixed sets only, never ids or people.
type Metrics struct {
	commands *prometheus.CounterVec
	apply    *prometheus.HistogramVec
	lateness prometheus.Histogram
	relayed  *prometheus.CounterVec
	live     prometheus.Gauge
	sent     *prometheus.CounterVec
}

// NewMetrics registers the figures in the process's registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	metrics := &Metrics{
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_commands_total",
			Help: "Commands that were decided, by practice, command and outcome (applied, repeated, refused, failed).",
		}, []string{"practice", "command", "outcome"}),
		apply: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "holdfast_apply_seconds",
			Help:    "Time of the one transaction that decides and writes a command.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"practice"}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "holdfast_deadline_lateness_seconds",
			Help:    "Time from the moment a deadline was due to the commit that handled it.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300, 3600},
		}),
		relayed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_relayed_total",
			Help: "Rows that the relay carried on, by kind (message) and outcome (delivered, refused, dropped, postponed, failed).",
		}, []string{"kind", "outcome"}),
		live: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_live_connections",
			Help: "Connections over which browsers are told of changes just now; a browser has one for all its pages.",
		}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_deliveries_total",
			Help: "Deliveries to the outside, by channel and outcome (sent, failed, dead, dropped, postponed).",
		}, []string{"channel", "outcome"}),
	}
	registry.MustRegister(metrics.commands, metrics.apply, metrics.lateness, metrics.relayed, metrics.live, metrics.sent)
	return metrics
}

// Decided counts a command and the time that its transaction took.
func (m *Metrics) Decided(practice, command, outcome string, took time.Duration) {
	m.commands.WithLabelValues(practice, command, outcome).Inc()
	m.apply.WithLabelValues(practice).Observe(took.Seconds())
}

// DeadlineHandled notes how late a deadline was handled.
func (m *Metrics) DeadlineHandled(late time.Duration) { m.lateness.Observe(late.Seconds()) }

// Relayed counts a row that the relay carried on, or could not.
func (m *Metrics) Relayed(kind, outcome string) { m.relayed.WithLabelValues(kind, outcome).Inc() }

// LiveBegan counts a browser's live connection in, LiveEnded counts it out.
func (m *Metrics) LiveBegan() { m.live.Inc() }

// LiveEnded counts a browser's live connection out.
func (m *Metrics) LiveEnded() { m.live.Dec() }

// Delivered counts what became of deliveries.
func (m *Metrics) Delivered(channel, outcome string, count int) {
	m.sent.WithLabelValues(channel, outcome).Add(float64(count))
}
