package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime of every certificate: a test cluster lives for hours, and a machine left on lives for months.
const lifetime = 365 * 24 * time.Hour

// identity is one certificate to issue: who it names (O is the RBAC group) and where it may serve.
type identity struct {
	Name   string   `json:"name"`
	Group  string   `json:"group"`
	Common string   `json:"common"`
	DNS    []string `json:"dns"`
	IPs    []net.IP `json:"ips"`
}

// pki writes ca.crt, a service-account key pair (sa.key, sa.pub) and NAME.crt with NAME.key for each identity of the
// JSON list on stdin into the folder named as argument. Elliptic keys take milliseconds where RSA takes seconds.
func pki() int {
	if err := issueAll(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, "pki:", err)
		return 1
	}
	return 0
}

func issueAll(dir string) error {
	var wanted []identity
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		return fmt.Errorf("identities on stdin: %w", err)
	}
	authority, authorityKey, err := newAuthority(dir)
	if err != nil {
		return err
	}
	for _, one := range wanted {
		if err := issue(dir, one, authority, authorityKey); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return serviceAccountKeys(dir)
}

func newAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	template := certificate("understudy-test-ca", "")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return template, key, sign(dir, "ca", template, template, key, key)
}

func issue(dir string, who identity, authority *x509.Certificate, authorityKey *ecdsa.PrivateKey) error {
	template := certificate(who.Common, who.Group)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames, template.IPAddresses = who.DNS, who.IPs
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return sign(dir, who.Name, template, authority, key, authorityKey)
}

func certificate(common, group string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	subject := pkix.Name{CommonName: common}
	if group != "" {
		subject.Organization = []string{group}
	}
	// An hour back, so that a clock that is corrected after a suspend does not reject what was just issued.
	start := time.Now().Add(-time.Hour)
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: start, NotAfter: start.Add(lifetime)}
}

func sign(dir, name string, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, name+".key"), key)
}

func serviceAccountKeys(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, "sa.key"), key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
