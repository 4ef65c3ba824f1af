package conformance

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
)

// A parsedToken is a JSON Web Token in its compact form (RFC 7515 section 7.1),
// taken apart. Nothing of it is verified: it is what wrong tokens are made from.
type parsedToken struct {
	header, claims       map[string]any
	first, second, third string // its parts as they were
}

// parseToken reports false for a token of another kind.
func parseToken(s Secret) (p parsedToken, ok bool) {
	parts := strings.Split(s.Reveal(), ".")
	if len(parts) != 3 {
		return p, false
	}
	p.first, p.second, p.third = parts[0], parts[1], parts[2]
	for _, part := range []struct {
		text string
		into *map[string]any
	}{{p.first, &p.header}, {p.second, &p.claims}} {
		text, err := base64.RawURLEncoding.DecodeString(part.text)
		if err != nil || json.Unmarshal(text, part.into) != nil || *part.into == nil {
			return p, false
		}
	}
	return p, true
}

// joined is the token of three parts.
func joined(first, second, third string) Secret { return Secret(first + "." + second + "." + third) }

// headed is the first part with a header field changed; nil takes it out.
func (p parsedToken) headed(name string, value any) string {
	header := maps.Clone(p.header)
	override(header, map[string]any{name: value})
	return encodePart(header)
}

// A forgery is a token that a target must refuse, and what it is called.
type forgery struct {
	name  string
	token Secret
}

// unsigned are the token with a signature that is not its own.
func (p parsedToken) unsigned() []forgery {
	claims := maps.Clone(p.claims)
	claims["ssegauge"] = true
	return []forgery{
		{"signature-changed", joined(p.first, p.second, garbled(p.third))},
		{"signature-missing", joined(p.first, p.second, "")},
		{"claims-changed", joined(p.first, encodePart(claims), p.third)},
	}
}

// garbled is a base64 text with other bits in the middle: those at its end may
// stand for nothing.
func garbled(text string) string {
	at, other := len(text)/2, "A"
	if text[at:min(at+1, len(text))] == other {
		other = "B"
	}
	return text[:at] + other + text[min(at+1, len(text)):]
}

// noMethods are spellings of the method that is none (RFC 8725 section 2.1).
var noMethods = []string{"none", "None", "NONE", ""}

// unprotected are the token without a signature, as its header then says.
func (p parsedToken) unprotected() []forgery {
	var list []forgery
	for _, method := range noMethods {
		name := method
		if name == "" {
			name = "empty"
		}
		list = append(list, forgery{"none-" + name, joined(p.headed("alg", method), p.second, "")})
	}
	return append(list, forgery{"none-missing", joined(p.headed("alg", nil), p.second, "")})
}

// confused are the token signed with the public key as if that were a secret
// (RFC 8725 section 2.1), in every form in which a target may hold it.
func (p parsedToken) confused(public any) []forgery {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	forms := []struct {
		name string
		key  []byte
	}{
		{"pem", text}, {"pem-trimmed", []byte(strings.TrimSpace(string(text)))}, {"der", der},
	}
	switch k := public.(type) {
	case ed25519.PublicKey:
		forms = append(forms, struct {
			name string
			key  []byte
		}{"raw", k})
	case *rsa.PublicKey:
		forms = append(forms, struct {
			name string
			key  []byte
		}{"pkcs1", pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(k)})})
	}
	var list []forgery
	first := p.headed("alg", "HS256")
	for _, form := range forms {
		mac := hmac.New(sha256.New, form.key)
		mac.Write([]byte(first + "." + p.second))
		list = append(list, forgery{"confused-" + form.name, joined(first, p.second, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))})
	}
	return list
}

// publicKey is that of the key that signs the target's tokens, nil if they are
// signed with a secret or nobody knows how.
func (t *Tokens) publicKey() any {
	if t.JWT == nil || t.Mint != nil || strings.HasPrefix(t.JWT.method(), "HS") {
		return nil
	}
	key, err := t.JWT.privateKey()
	if err != nil {
		return nil
	}
	return key.Public()
}

// spoiled is a token that is good no longer: its signature is not its own, or
// it is of another kind and another one.
func spoiled(s Secret) Secret {
	if p, ok := parseToken(s); ok {
		return joined(p.first, p.second, garbled(p.third))
	}
	return Secret(garbled(s.Reveal()))
}
