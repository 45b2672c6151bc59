// Command program makes its own context.
package main

import "context"

func main() { _ = context.Background() }
