package conformance

const (
	noJWT       = "the good token is no JSON Web Token"
	notMinted   = "no such token was made"
	noPublicKey = "the good token is not signed with a private key that the target file names, so there is no public key to be taken for a secret"
)

// tokenChecks are about JSON Web Tokens that are not to be taken.
var tokenChecks = []Check{
	{
		ID: "auth.jwt.signature", Level: Must, Clause: "RFC 7519 7.2, RFC 6750 3.1", Exchange: "forged",
		Require: "A token whose signature does not fit is answered with 401 and the error code invalid_token.",
		Why:     "Otherwise everybody is whoever they say, and without the code clients do not know to fetch a new token.",
		Fix:     "Verify the signature before reading a claim.",
		Judge: func(t *Transcript) Verdict {
			v := refuses("signature-", noJWT)(t)
			if v.met == isMet {
				v = refuses("claims-", noJWT)(t)
			}
			if v.met != isMet {
				return v
			}
			switch c := t.named("signature-changed"); {
			case c.Status != 401:
				return missed("status %d", c.Status).as(Should).expect("status 401").show(c.headEvidence())
			case t.Facts.TokenSent == "bearer" && c.errorCode() != "invalid_token":
				return missed("401 without the error code invalid_token in WWW-Authenticate").as(Should).show(c.headEvidence())
			}
			return v
		},
	},
	{
		ID: "auth.jwt.alg-none", Level: Must, Clause: "RFC 8725 2.1, 3.1", Exchange: "forged",
		Require: "A token without a signature is refused, however its header spells the method none.",
		Why:     "Everybody can write one.",
		Fix:     "Accept the methods that you sign with, by a list, and no other.",
		Judge:   refuses("none-", noJWT),
	},
	{
		ID: "auth.jwt.alg-confusion", Level: Must, Clause: "RFC 8725 2.1, 3.1", Exchange: "forged",
		Require: "A token that is signed with the public key as if that were a secret is refused.",
		Why:     "Everybody knows the public key, and so could sign.",
		Fix:     "Let each key verify the methods of its own kind alone; never choose by the token's header.",
		Judge:   refuses("confused-", noPublicKey),
	},
	{
		ID: "auth.jwt.exp", Level: Must, Clause: "RFC 7519 4.1.4", Exchange: "forged",
		Needs:   []Capability{HasTokenOf(RoleExpired)},
		Require: "A token that has expired is refused.",
		Why:     "A token that was lost would be good for ever.",
		Fix:     "Compare exp with the clock, with a leeway of a minute at most.",
		Judge:   refuses("expired", notMinted),
	},
	{
		ID: "auth.jwt.nbf", Level: Must, Clause: "RFC 7519 4.1.5", Exchange: "forged", Needs: []Capability{CanMint},
		Require: "A token that is valid from a later time on is refused.",
		Why:     "Its issuer has said that it is not to be taken yet.",
		Fix:     "Compare nbf with the clock.",
		Judge:   refusesMinted("not-yet", notMinted),
	},
	{
		ID: "auth.jwt.iss-aud", Level: Must, Clause: "RFC 7519 4.1.1, 4.1.3, RFC 8725 3.8, 3.9", Exchange: "forged", Needs: []Capability{CanMint},
		Require: "A token of another issuer or for another audience is refused.",
		Why:     "A token that was made for another service of the same issuer would open streams here.",
		Fix:     "Compare iss and aud with what is configured.",
		Judge:   refusesMinted("wrong-", "the good token names neither an issuer nor an audience, so nothing says which are right"),
	},
	{
		ID: "auth.jwt.exp-required", Level: Should, Clause: "practice (Mercure)", Exchange: "forged", Needs: []Capability{CanMint},
		Require: "A token without an expiry is refused, or its stream ends.",
		Why:     "The stream would stay open for as long as the process lives, whatever becomes of its user.",
		Fix:     "Demand exp, or bound the life of such streams.",
		Judge: mintable(guarded(func(t *Transcript) Verdict {
			c, kept := t.named("eternal"), t.named("eternal-kept")
			switch {
			case c == nil || c.Responded == 0:
				return t.unmet(notMinted + because(c))
			case !c.isStream():
				return passed("refused")
			case kept != nil && kept.End.byPeer():
				return passed("accepted for a while")
			}
			return missed("a token without exp opens a stream that stays open").show(c.headEvidence())
		})),
	},
	{
		ID: "auth.jwt.crit-typ", Level: Should, Clause: "RFC 7515 4.1.11, RFC 8725 3.11", Exchange: "forged", Needs: []Capability{CanMint},
		Require: "A token with a critical header that nobody knows is refused.",
		Why:     "Its issuer has said that it must not be taken by those who do not understand it.",
		Fix:     "Refuse tokens with crit unless all that it lists is implemented.",
		Judge: func(t *Transcript) Verdict {
			v := refusesMinted("critical", notMinted)(t)
			if c := t.named("typed"); v.met == isMet && c != nil {
				v.Branch += "; the type logout+jwt is refused"
				if c.isStream() {
					v.Branch = v.Branch[:len(v.Branch)-len("refused")] + "taken"
				}
			}
			return v
		},
	},
}
