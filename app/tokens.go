package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// secretPrefix marks our tokens, so that scanners of leaked secrets can find them.
const secretPrefix = "hf_"

// NewSecret makes a token's secret of 256 random bits, and the hash to keep.
func NewSecret() (secret, hash string) {
	var bits [32]byte
	rand.Read(bits[:]) // never fails
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(bits[:])
	return secret, HashSecret(secret)
}

// HashSecret is what is kept of a secret.
func HashSecret(secret string) string { return domain.SecretHash(secret) }

// Tokens lists a person's tokens, never their secrets.
func (a *App) Tokens(ctx context.Context, person string) ([]Token, error) {
	_, person, err := a.tokenOwner(ctx, person, "list tokens")
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ReadTokens(ctx, a.DB, person)
	tokens := make([]Token, len(rows))
	for i, row := range rows {
		tokens[i] = tokenOf(row)
	}
	return tokens, a.fault(ctx, "listing tokens", err)
}

func tokenOf(row schemas.TokenRow) Token {
	return Token{
		ID: row.ID, Person: row.Person, Name: row.Name, Permissions: append([]string{}, row.Permissions...), CreatedBy: row.CreatedBy,
		CreatedByToken: row.CreatedByToken, CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(), RevokedAt: row.RevokedAt,
	}
}

// tokenOwner says whose tokens are meant and checks that the principal may handle them. A refused attempt at those of
// somebody else is written down.
func (a *App) tokenOwner(ctx context.Context, person, action string) (Principal, string, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, "", err
	}
	if person == "" || person == "me" || person == principal.Handle {
		return principal, principal.Handle, principal.mayAnywhere(PermissionTokenOwn)
	}
	_, err = a.govern(ctx, PermissionTokenWrite, action, person)
	return principal, person, err
}

// tokenEnder finds who ends a token or a session, and whose it must be: "" for an administrator, who ends anybody's.
func tokenEnder(ctx context.Context) (Principal, string, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, "", err
	}
	if principal.mayAnywhere(PermissionTokenWrite) == nil {
		return principal, "", nil
	}
	return principal, principal.Handle, principal.mayAnywhere(PermissionTokenOwn)
}

const (
	defaultTokenDays = 90
	maxTokenDays     = 3650
	// maxTokens bounds how many live tokens a person has.
	maxTokens = 100
)

// CreateToken makes a token; its secret is in the answer and nowhere else. A token cannot make one that may more than itself
// or lives longer, and ends what it made when it is revoked. One that is made for somebody else is written down.
//
// The same idempotency key makes one token. No secret is kept to be answered again, so whoever asks again within ten minutes gets
// a new secret for it, and the one before works no more: of two answers the last one counts. Later it is a conflict.
func (a *App) CreateToken(ctx context.Context, key string, body TokenBody) (NewToken, error) {
	principal, person, err := a.tokenOwner(ctx, body.Person, "make token")
	if err != nil {
		return NewToken{}, err
	}
	if err := validToken(&body, principal); err != nil {
		return NewToken{}, err
	}
	if _, err := a.person(ctx, person); err != nil {
		return NewToken{}, err
	}
	secret, hash := NewSecret()
	now := a.now()
	row := schemas.TokenRow{
		ID: keyedID("token", principal, key), Person: person, Name: body.Name, Hash: hash, Permissions: append([]string{}, body.Permissions...),
		CreatedBy: principal.Handle, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, body.Days),
	}
	if err := a.storeToken(ctx, principal, &row); err != nil {
		return NewToken{}, err
	}
	return NewToken{Token: tokenOf(row), Secret: secret}, nil
}

// keyedID is the same for what one principal asks of a kind under one key.
func keyedID(kind string, principal Principal, key string) string {
	if key == "" {
		return uuid.Must(uuid.NewV7()).String()
	}
	return domain.NewID(kind + "/" + principal.Handle + "/" + key)
}

// secretAgain is how long a token's secret can be had anew under the key that made it.
const secretAgain = 10 * time.Minute

func (a *App) storeToken(ctx context.Context, principal Principal, row *schemas.TokenRow) error {
	err := a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		made, found, err := schemas.MadeToken(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		if found {
			return a.renewToken(ctx, tx, principal, row, made)
		}
		live, err := schemas.CountTokens(ctx, tx, row.Person, row.CreatedAt)
		if err != nil {
			return err
		}
		if live >= maxTokens {
			return domain.Invalid("person", "%s has %d live tokens, which is the most; revoke one first", row.Person, live)
		}
		if err := bindToMaker(ctx, tx, row, principal.TokenID); err != nil {
			return err
		}
		// One's own, made with a token, ends with that and needs no line; one made in a session stands for itself.
		if err := schemas.AddToken(ctx, tx, *row); err != nil || row.Person == principal.Handle && principal.SessionID == "" {
			return err
		}
		detail := row.ID + " for " + row.Person + " until " + row.ExpiresAt.Format(time.RFC3339)
		return a.auditIn(ctx, tx, a.line(principal, "make token", "done", detail))
	})
	return a.fault(ctx, "making a token", err)
}

// renewToken gives a token that was made a moment ago the secret that is about to be answered, and makes row the one that is kept.
func (a *App) renewToken(ctx context.Context, tx bun.Tx, principal Principal, row *schemas.TokenRow, made schemas.TokenRow) error {
	switch {
	case made.Person != row.Person || made.Name != row.Name || !slices.Equal(made.Permissions, row.Permissions) || made.CreatedByToken != principal.TokenID:
		return domain.OtherBody()
	case made.RevokedAt != nil || row.CreatedAt.Sub(made.CreatedAt) > secretAgain:
		return domain.Errorf(domain.CodeConflict, "this made the token %q before, and its secret was shown then; make another one", made.Name)
	case made.ExpiresAt.After(row.ExpiresAt) || principal.TokenID == "" && row.ExpiresAt.Sub(made.ExpiresAt) > secretAgain:
		return domain.OtherBody()
	}
	made.Hash = row.Hash
	*row = made
	if err := schemas.ChangeTokenHash(ctx, tx, row.ID, row.Hash); err != nil {
		return err
	}
	return a.auditIn(ctx, tx, a.line(principal, "make token", "done", row.ID+" for "+row.Person+" again, with a new secret"))
}

// bindToMaker lets a token live no longer than the one that makes it. The installation makes tokens without one.
func bindToMaker(ctx context.Context, tx bun.Tx, row *schemas.TokenRow, maker string) error {
	if maker == "" {
		return nil
	}
	found, live, err := schemas.ReadToken(ctx, tx, maker, row.CreatedAt)
	if err != nil {
		return err
	}
	if !live {
		return unknownToken()
	}
	row.CreatedByToken = found.Token.ID
	if found.Token.ExpiresAt.Before(row.ExpiresAt) {
		row.ExpiresAt = found.Token.ExpiresAt
	}
	return nil
}

func unknownToken() error {
	return domain.Errorf(domain.CodeUnauthenticated, "the token is not valid: unknown, expired or revoked")
}

// validToken refuses a token that cannot be made, or not by this principal, and fills in what was left out.
func validToken(body *TokenBody, principal Principal) error {
	if err := validName(body.Name); err != nil {
		return err
	}
	if body.Days == 0 {
		body.Days = defaultTokenDays
	}
	if body.Days < 1 || body.Days > maxTokenDays {
		return domain.Invalid("days", "must be 1 to %d", maxTokenDays)
	}
	if len(body.Permissions) == 0 {
		body.Permissions = principal.Permissions
	}
	for _, permission := range body.Permissions {
		if _, known := permissions[Permission(permission)]; !known {
			return domain.Invalid("permissions", "%q is not a permission", permission)
		}
		if len(principal.Permissions) > 0 && !slices.Contains(principal.Permissions, permission) {
			return domain.Errorf(domain.CodeForbidden, "this token does not carry the permission %s", permission)
		}
	}
	return nil
}

// RevokeToken ends a token at once, with all that it made: one's own, or, for an administrator, anybody's. It is written down;
// one that has ended stays so.
func (a *App) RevokeToken(ctx context.Context, id string) error {
	principal, person, err := tokenEnder(ctx)
	if err != nil {
		return err
	}
	missing := domain.Errorf(domain.CodeNotFound, "no token %s that could be revoked", id)
	if !schemas.IsID(id) {
		return missing
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		ended, err := schemas.RevokeToken(ctx, tx, id, person, a.now())
		if err != nil {
			return err
		}
		if ended == 0 {
			made, found, err := schemas.MadeToken(ctx, tx, id)
			if err == nil && (!found || person != "" && made.Person != person) {
				return missing
			}
			return err // it has ended before
		}
		detail := id
		if ended > 1 {
			detail += " and " + strconv.Itoa(ended-1) + " that it made"
		}
		return a.auditIn(ctx, tx, a.line(principal, "revoke token", "done", detail))
	})
	return a.fault(ctx, "revoking a token", err)
}
