package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// maxKeySetBytes bounds the JSON of a key set. Real ones have a few kilobytes.
const maxKeySetBytes = 1 << 20

// A key verifies tokens of the methods that fit it.
type key struct {
	id       string      // "kid"; empty outside a key set
	only     string      // the one method the key set names for it ("alg"), or empty
	material sealed[any] // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

func (k *key) fits(method string) bool {
	return (k.only == "" || k.only == method) && fits(method, k.material())
}

// defaultMethod is the method that the key set names, or the usual one.
func (k *key) defaultMethod() string {
	if k.only != "" {
		return k.only
	}
	return defaultMethod(k.material())
}

// parsePublicKey reads one public key or certificate in PEM.
func parsePublicKey(text []byte) (any, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, fmt.Errorf("token: public key: %w", err)
	}
	var material any
	switch block.Type {
	case "PUBLIC KEY":
		material, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		material, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			material = certificate.PublicKey
		}
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		err = errors.New("this is a private key; verifying needs only the public one")
	default:
		err = fmt.Errorf("unsupported PEM block %q", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("token: public key: %w", err)
	}
	if defaultMethod(material) == "" {
		return nil, fmt.Errorf("token: public key: unsupported kind %T", material)
	}
	return material, nil
}

// parsePrivateKey reads one private key in PEM. Its errors quote nothing of it.
func parsePrivateKey(text []byte) (crypto.Signer, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, fmt.Errorf("token: private key: %w", err)
	}
	var private any
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, errors.New("token: private key: the PEM block is not a private key without a passphrase (PKCS #8, PKCS #1 or SEC 1)")
	}
	if err != nil {
		return nil, errors.New("token: private key: the PEM block cannot be parsed")
	}
	switch k := private.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, fmt.Errorf("token: private key: unsupported kind %T", private)
}

func onlyBlock(text []byte) (*pem.Block, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block found")
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, errors.New("more than one PEM block; give several keys as a JSON Web Key Set")
	}
	return block, nil
}

// parseKeySet reads the public keys of a JSON Web Key Set (RFC 7517) that can
// verify a signature. Keys for other uses and of unknown kinds are skipped, as
// section 5 asks. With more than one key left, each needs an own "kid".
func parseKeySet(text []byte) ([]*key, error) {
	if len(text) > maxKeySetBytes {
		return nil, fmt.Errorf("token: the key set has %d bytes, more than %d", len(text), maxKeySetBytes)
	}
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("token: the key set is not a JSON Web Key Set: %w", err)
	}
	var keys []*key
	for i, entry := range set.Keys {
		k, err := parseSetKey(entry)
		if err != nil {
			return nil, fmt.Errorf("token: key %d of the key set: %w", i+1, err)
		}
		if k != nil {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("token: the key set has no key that can verify a signature")
	}
	return keys, checkKeyIDs(keys)
}

// parseSetKey returns nil for a key that is to be skipped.
func parseSetKey(entry jwkset.JWKMarshal) (*key, error) {
	if entry.USE != "" && entry.USE != jwkset.UseSig {
		return nil, nil
	}
	if len(entry.KEYOPS) > 0 && !slices.Contains(entry.KEYOPS, jwkset.KeyOpsVerify) {
		return nil, nil
	}
	if entry.KTY == jwkset.KtyOct {
		return nil, errors.New("a symmetric key does not belong in a key set; give it as the secret")
	}
	// A certificate chain or its address in the entry is not consulted: the
	// key set itself is what the operator trusts.
	entry.X5C, entry.X5U, entry.X5T, entry.X5TS256 = nil, "", "", ""
	parsed, err := jwkset.NewJWKFromMarshal(entry, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipKeyOps: true})
	if errors.Is(err, jwkset.ErrUnsupportedKey) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	k := &key{id: entry.KID, only: entry.ALG.String(), material: seal(parsed.Key())}
	if !k.fits(k.defaultMethod()) {
		return nil, nil
	}
	return k, nil
}

func checkKeyIDs(keys []*key) error {
	seen := make(map[string]bool)
	for _, k := range keys {
		if k.id == "" && len(keys) > 1 {
			return errors.New(`token: a key set with several keys needs a "kid" for each`)
		}
		if seen[k.id] {
			return fmt.Errorf("token: the key set has the kid %q twice", k.id)
		}
		seen[k.id] = true
	}
	return nil
}
