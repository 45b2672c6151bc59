package server

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve answers with what became of reading the body; done is told when the request is over.
func serve(t *testing.T, limit time.Duration, patience bool) (address string, read <-chan error) {
	t.Helper()
	ends := make(chan error, 1)
	faces := httptest.NewServer(within(limit, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if patience {
			body = Patient(body, http.NewResponseController(w).SetReadDeadline)
		}
		_, err := io.Copy(io.Discard, body)
		if err == nil {
			select { // what comes after the body takes its time
			case <-r.Context().Done():
				err = r.Context().Err()
			case <-time.After(2 * limit):
			}
		}
		ends <- err
	})))
	t.Cleanup(faces.Close)
	return strings.TrimPrefix(faces.URL, "http://"), ends
}

// begin sends a request of which one byte is missing.
func begin(t *testing.T, address string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	_, err = io.WriteString(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
	require.NoError(t, err)
	return connection
}

const short = 50 * time.Millisecond

func TestABodyComesInTime(t *testing.T) {
	t.Parallel()
	address, read := serve(t, short, false)
	begin(t, address)
	require.ErrorIs(t, <-read, os.ErrDeadlineExceeded)
}

func TestABodyThatCameLeavesTimeForTheRest(t *testing.T) {
	t.Parallel()
	address, read := serve(t, short, false)
	response, err := http.Post("http://"+address, "text/plain", strings.NewReader("xy"))
	require.NoError(t, err)
	defer response.Body.Close()
	require.NoError(t, <-read)
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestAFileHasMoreTime(t *testing.T) {
	t.Parallel()
	address, read := serve(t, short, true)
	connection := begin(t, address)
	select {
	case err := <-read:
		require.FailNow(t, "it was not waited for", err)
	case <-time.After(4 * short):
	}
	_, err := io.WriteString(connection, "y")
	require.NoError(t, err)
	require.NoError(t, <-read)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}
