// Package domain holds what Holdfast means: records, commands, events, deadlines and lifecycles.
//
// It is the functional core. It imports the standard library only, reads no clock, does no I/O, starts no goroutine and
// loads no time zone, so the same rules run in the product, in policy tests, in property tests and in what-if simulation.
// Each practice has a package below this one with its table of commands, a pure Decide and a pure Deadlines.
package domain
