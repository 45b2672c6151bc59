package auth

import "time"

// Limit says how many attempts are free and how long the pauses after them become: one second, doubling.
type Limit struct {
	Free    int
	Longest time.Duration
}

// The limits of signing in, by what an attempt is counted under. No pause lasts, so nobody is locked out for ever: somebody else's
// guessing can delay the owner of an account by a minute, never more, and only after thirty attempts within an hour.
var (
	// PerPair counts attempts at one account from one address.
	PerPair = Limit{Free: 5, Longest: 5 * time.Minute}
	// PerAddress counts attempts from one address at whatever account.
	PerAddress = Limit{Free: 30, Longest: 5 * time.Minute}
	// PerAccount counts attempts at one account from wherever.
	PerAccount = Limit{Free: 30, Longest: time.Minute}
)

// Forget is after how long without an attempt the count begins anew.
const Forget = time.Hour

// Pause is how long nobody may try again after so many attempts that failed.
func (l Limit) Pause(failures int) time.Duration {
	if failures < l.Free {
		return 0
	}
	return min(time.Second<<min(failures-l.Free, 30), l.Longest)
}
