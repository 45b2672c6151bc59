// Package ports finds TCP ports on loopback that nobody uses.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"syscall"
)

// Ports below every system's range for outgoing connections: one of those may be anybody's for a while, which would keep a
// server from coming back on its own port.
const (
	first = 20_000
	last  = 32_767

	tries = 1000
)

// Address is a port on loopback.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Check tells why a port cannot be listened on; nil where it can.
func Check(port int) error {
	listener, err := net.Listen("tcp", Address(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return errors.New("it is taken by another program")
	case errors.Is(err, syscall.EACCES):
		return errors.New("this user may not listen on it")
	case err != nil:
		return err
	}
	return listener.Close()
}

// Free finds different ports that nobody listens on now, and that are not promised to somebody yet.
func Free(count int, promised ...int) ([]int, error) {
	var found []int
	for range tries {
		if len(found) == count {
			return found, nil
		}
		port := first + rand.IntN(last-first+1)
		if !slices.Contains(found, port) && !slices.Contains(promised, port) && Check(port) == nil {
			found = append(found, port)
		}
	}
	return nil, fmt.Errorf("no free port found between %d and %d", first, last)
}
