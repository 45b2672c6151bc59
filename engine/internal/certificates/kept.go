package certificates

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-itsm/holdfast/engine/internal/folder"
)

// Files are what lets a client in, as PEM. Whoever can read the key is a client.
type Files struct {
	CA          string // what the server is known by
	Certificate string // what the client shows
	Key         string // of the certificate
}

const (
	privateKey  = "PRIVATE KEY"
	certificate = "CERTIFICATE"
)

// Keep reads the authority and a client's certificate from a folder, which only this process's user enters, and makes what
// is missing. Keys are made once and stay. A certificate that does not belong to its key, or has little life left, is signed
// again with the same key: clients that know the old one go on.
func Keep(path string, now time.Time) (*Authority, Files, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, Files{}, fmt.Errorf("make the folder of certificates: %w", err)
	}
	in := func(name string) string { return filepath.Join(path, name) }
	files := Files{CA: in("ca.pem"), Certificate: in("client.pem"), Key: in("client.key")}
	key, err := keepKey(in("ca.key"))
	if err != nil {
		return nil, Files{}, err
	}
	own, err := keepCertificate(files.CA, key, now, func(*x509.Certificate) bool { return true }, func() ([]byte, error) {
		return signAuthority(key, now)
	})
	if err != nil {
		return nil, Files{}, err
	}
	authority := &Authority{key: key, certificate: own}
	client, err := keepKey(files.Key)
	if err != nil {
		return nil, Files{}, err
	}
	signed := func(found *x509.Certificate) bool { return found.CheckSignatureFrom(own) == nil }
	_, err = keepCertificate(files.Certificate, client, now, signed, func() ([]byte, error) {
		return authority.sign(client, now, x509.ExtKeyUsageClientAuth)
	})
	if err != nil {
		return nil, Files{}, err
	}
	return authority, files, nil
}

// keepKey reads a key, or makes it where there is none.
func keepKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil && block.Type == privateKey {
		if found, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, is := found.(crypto.Signer); is {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("%s holds no key that an engine wrote; without its folder all in it is made anew", path)
}

func makeKey(path string) (crypto.Signer, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	return key, keep(path, privateKey, encoded)
}

// keepCertificate reads the certificate of a key and has it signed where it is missing or not good any more.
func keepCertificate(path string, key crypto.Signer, now time.Time, good func(*x509.Certificate) bool, sign func() ([]byte, error),
) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil && block.Type == certificate {
		if found, err := x509.ParseCertificate(block.Bytes); err == nil && belongs(found, key) && lives(found, now) && good(found) {
			return found, nil
		}
	}
	encoded, err := sign()
	if err != nil {
		return nil, err
	}
	if err := keep(path, certificate, encoded); err != nil {
		return nil, err
	}
	made, err := x509.ParseCertificate(encoded)
	if err != nil {
		return nil, fmt.Errorf("read the new certificate: %w", err)
	}
	return made, nil
}

func belongs(found *x509.Certificate, key crypto.Signer) bool {
	theirs, theirErr := x509.MarshalPKIXPublicKey(found.PublicKey)
	ours, err := x509.MarshalPKIXPublicKey(key.Public())
	return theirErr == nil && err == nil && bytes.Equal(theirs, ours)
}

func lives(found *x509.Certificate, now time.Time) bool {
	return !now.Before(found.NotBefore) && now.Add(spare).Before(found.NotAfter)
}

func keep(path, kind string, encoded []byte) error {
	return folder.WriteWhole(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: encoded}))
}
