package policy

// KindCadence are documents of what comes again and again.
const KindCadence = "Cadence"
