// Package commonthings is badly named.
package commonthings

import "context"

var root = context.Background()
