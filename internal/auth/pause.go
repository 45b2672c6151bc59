package auth

import "time"

// Limit says how many attempts are free and how long the pauses after them become: one second, doubling.
type Limit struct {
	Free    int
	Longest time.Duration
}

// The limits of signing in, by what an attempt is counted under. No pause lasts. The second and third are for those who come from
// where the account never signed in before; so guessing from elsewhere does not delay an account's owner where they usually are.
var (
	// PerPair counts attempts at one account from one address.
	PerPair = Limit{Free: 5, Longest: 5 * time.Minute}
	// PerAddress counts attempts from one address at whatever account.
	PerAddress = Limit{Free: 30, Longest: 5 * time.Minute}
	// PerAccount counts attempts at one account from wherever.
	PerAccount = Limit{Free: 30, Longest: time.Minute}
)

// Forgotten is after how long all free attempts are free again; one by one, they are sooner.
const Forgotten = time.Hour

// Left is what is left of a count some time after the last attempt.
func (l Limit) Left(failures int, since time.Duration) int {
	return max(0, failures-int(max(0, since)/(Forgotten/time.Duration(l.Free))))
}

// Pause is how long nobody may try again after so many attempts that failed.
func (l Limit) Pause(failures int) time.Duration {
	if failures < l.Free {
		return 0
	}
	return min(time.Second<<min(failures-l.Free, 30), l.Longest)
}
