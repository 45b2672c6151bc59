package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Temporal says where the engine is, and what lets this process in there. The variables of the environment are those of
// Temporal's own programs.
type Temporal struct {
	Address       string `name:"temporal-address" env:"TEMPORAL_ADDRESS" config:"" placeholder:"HOST:PORT" group:"Temporal" help:"Temporal's frontend."`
	Namespace     string `name:"temporal-namespace" env:"TEMPORAL_NAMESPACE" config:"" default:"holdfast" group:"Temporal" help:"Temporal's namespace that holds the records' processes."`
	TemporalFiles `embed:""`
	ServerName    string `name:"temporal-tls-server-name" env:"TEMPORAL_TLS_SERVER_NAME" config:"" placeholder:"NAME" group:"Temporal" help:"Name that Temporal's certificate must hold; the host of the address where not set."`
	APIKey        string `name:"temporal-api-key" env:"TEMPORAL_API_KEY" config:"" secret:"all" placeholder:"KEY" group:"Temporal" help:"API key to show to Temporal."`
}

// TemporalFiles are what each side of a connection to Temporal is known by. In JSON they are part of the ready files of
// holdfast-engine and of holdfast up.
type TemporalFiles struct {
	CA   string `json:"temporal_tls_ca,omitempty" name:"temporal-tls-ca" env:"TEMPORAL_TLS_CA,TEMPORAL_TLS_SERVER_CA_CERT_PATH" config:"" placeholder:"FILE" group:"Temporal" help:"Authority that Temporal's certificate is signed by, as PEM; the system's where not set."`
	Cert string `json:"temporal_tls_cert,omitempty" name:"temporal-tls-cert" env:"TEMPORAL_TLS_CERT,TEMPORAL_TLS_CLIENT_CERT_PATH" config:"" placeholder:"FILE" group:"Temporal" help:"Certificate to show to Temporal, as PEM."`
	Key  string `json:"temporal_tls_key,omitempty" name:"temporal-tls-key" env:"TEMPORAL_TLS_KEY,TEMPORAL_TLS_CLIENT_KEY_PATH" config:"" placeholder:"FILE" group:"Temporal" help:"Key of that certificate, as PEM."`
}

// TLS secures connections to Temporal; nil, which is plain text, where none of the files, the server's name and the API key
// is set. The certificate and its key are read again for each connection, so that new ones in their place are taken up. An
// error is one line that names the setting.
func (t Temporal) TLS() (*tls.Config, error) {
	if t.TemporalFiles == (TemporalFiles{}) && t.ServerName == "" && t.APIKey == "" {
		return nil, nil
	}
	secured := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("--temporal-tls-ca: %w", err)
		}
		if secured.RootCAs = x509.NewCertPool(); !secured.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--temporal-tls-ca: %s holds no certificate in PEM", t.CA)
		}
	}
	if t.Cert == "" && t.Key == "" {
		return secured, nil
	}
	if t.Cert == "" || t.Key == "" {
		return nil, errors.New("--temporal-tls-cert and --temporal-tls-key need each other")
	}
	if _, err := t.certificate(); err != nil {
		return nil, err
	}
	secured.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.certificate() }
	return secured, nil
}

func (t Temporal) certificate() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("--temporal-tls-cert and --temporal-tls-key: %s, %s: %w", t.Cert, t.Key, err)
	}
	return &pair, nil
}
