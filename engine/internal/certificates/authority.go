// Package certificates tells the engine's clients from everybody else on the machine: an authority of the engine's own, kept
// in the data folder, and what it signs.
package certificates

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"time"
)

const (
	life = 10 * 365 * 24 * time.Hour
	// spare is how much life a kept certificate must have left at a start: an engine may run for years.
	spare = 2 * 365 * 24 * time.Hour
	// early makes a certificate good before it was made, for clocks that are set back a little.
	early = 24 * time.Hour
)

// Authority signs the certificates of both sides of a connection on loopback, and trusts no others.
type Authority struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// New makes an authority that nothing outside this process ever sees.
func New(now time.Time) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	encoded, err := signAuthority(key, now)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(encoded)
	if err != nil {
		return nil, fmt.Errorf("read the new authority's certificate: %w", err)
	}
	return &Authority{key: key, certificate: certificate}, nil
}

// Server is for a listener on loopback: it lets in whoever shows a client's certificate of this authority, and nobody else.
func (a *Authority) Server(now time.Time) (*tls.Config, error) {
	certificate, err := a.issue(now, x509.ExtKeyUsageServerAuth)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool(),
	}, nil
}

// Client is for connections to such a listener.
func (a *Authority) Client(now time.Time) (*tls.Config, error) {
	certificate, err := a.issue(now, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}, RootCAs: a.pool()}, nil
}

// issue signs a certificate whose key lives in this process alone.
func (a *Authority) issue(now time.Time, usage x509.ExtKeyUsage) (tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	encoded, err := a.sign(key, now, usage)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: key}, nil
}

func (a *Authority) sign(key crypto.Signer, now time.Time, usage x509.ExtKeyUsage) ([]byte, error) {
	encoded, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		Subject:   pkix.Name{CommonName: "holdfast-engine"},
		NotBefore: now.Add(-early), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	return encoded, nil
}

func (a *Authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func signAuthority(key crypto.Signer, now time.Time) ([]byte, error) {
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "holdfast-engine authority"},
		NotBefore: now.Add(-early), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the authority's certificate: %w", err)
	}
	return encoded, nil
}

func newKey() (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}
