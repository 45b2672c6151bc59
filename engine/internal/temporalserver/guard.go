package temporalserver

import (
	"crypto/tls"
	"fmt"
	"time"

	"go.temporal.io/server/common/rpc/encryption"

	"github.com/holdfast-itsm/holdfast/engine/internal/certificates"
)

// guarded keeps other users of the machine out: loopback is open to all of them, and Temporal takes any caller's word. The
// front end opens to the certificates in the data folder. The services behind it open to each other alone.
type guarded struct{ frontend, internal sides }

// sides are both ends of one kind of connection.
type sides struct{ server, client *tls.Config }

var _ encryption.TLSConfigProvider = (*guarded)(nil)

// guard signs the certificates of this run. The authority inside is forgotten with the process, so that nobody can have
// anything to show there.
func guard(clients *certificates.Authority) (*guarded, error) {
	now := time.Now()
	inside, err := certificates.New(now)
	if err != nil {
		return nil, err
	}
	g := &guarded{}
	for authority, both := range map[*certificates.Authority]*sides{clients: &g.frontend, inside: &g.internal} {
		if both.server, err = authority.Server(now); err != nil {
			return nil, err
		}
		if both.client, err = authority.Client(now); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// GetFrontendServerConfig is for the listener that clients come to.
func (g *guarded) GetFrontendServerConfig() (*tls.Config, error) { return g.frontend.server, nil }

// GetFrontendClientConfig is for the server's own workers, which come to the front end like any client.
func (g *guarded) GetFrontendClientConfig() (*tls.Config, error) { return g.frontend.client, nil }

// GetInternodeServerConfig is for the listeners of history, matching and worker.
func (g *guarded) GetInternodeServerConfig() (*tls.Config, error) { return g.internal.server, nil }

// GetInternodeClientConfig is for connections between the services.
func (g *guarded) GetInternodeClientConfig() (*tls.Config, error) { return g.internal.client, nil }

// GetRemoteClusterClientConfig is an error: there is one cluster.
func (g *guarded) GetRemoteClusterClientConfig(host string) (*tls.Config, error) {
	return nil, fmt.Errorf("there is no other cluster at %s", host)
}

// GetExpiringCerts lists none: the certificates are of this run, and live for years.
func (g *guarded) GetExpiringCerts(time.Duration) (expiring, expired encryption.CertExpirationMap, err error) {
	return nil, nil, nil
}
