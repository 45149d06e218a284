package main

// What one code is and does, one operation after the other.
//
//	absent --generate--> open --redeem--> used
//	                      |                 |
//	                      +-----revoke------+--> revoked
//
// redeem succeeds only while open, and hands out a token that is active exactly while the code is used. A refusal needs
// a code that is used or revoked: nobody can know a code before its generation was answered, so that a refusal of an
// absent one means a lost generation. revoke succeeds always, and changes nothing a second time. What is repeated with
// the Idempotency-Key of an operation that took effect changes nothing, and gets its answer again (replayed); of
// generate and redeem, which hand out secrets, that answer is withdrawn once the code is revoked.

type status uint8

const (
	absent status = iota
	open
	used
	revoked
)

var states = map[string]status{"absent": absent, "open": open, "used": used, "revoked": revoked}

// code is the state of one code. It can be compared with ==.
type code struct {
	status                         status
	generatedBy, usedBy, revokedBy string // Idempotency-Keys; empty: without
	token                          string // what the redemption handed out; empty: nobody was told
}

// effect says of an operation without answer whether it would change anything now.
func (c code) effect(o *Operation) (code, bool) {
	switch {
	case o.Op == "generate" && c.status == absent:
		return code{status: open, generatedBy: o.Key}, true
	case o.Op == "redeem" && c.status == open:
		c.status, c.usedBy, c.token = used, o.Key, o.Token
		return c, true
	case o.Op == "revoke" && (c.status == open || c.status == used):
		c.status, c.revokedBy = revoked, o.Key
		return c, true
	}
	return c, false
}

// step says whether the operation could have been answered like this now, and what the code is then.
func (c code) step(o *Operation) (code, bool) {
	again := func(by string) bool { return o.Key != "" && by == o.Key }
	switch o.Op {
	case "generate":
		if o.Outcome == "withdrawn" {
			return c, again(c.generatedBy) && c.status == revoked
		}
		if o.Replayed {
			return c, again(c.generatedBy) && (c.status == open || c.status == used)
		}
		return c.effect(o)
	case "redeem":
		switch o.Outcome {
		case "refused":
			return c, (c.status == used || c.status == revoked) && !again(c.usedBy)
		case "withdrawn":
			return c, again(c.usedBy) && c.status == revoked
		}
		if o.Replayed {
			return c, again(c.usedBy) && c.status == used && c.token == o.Token
		}
		return c.effect(o)
	case "revoke":
		if o.Replayed {
			return c, again(c.revokedBy)
		}
		if c.status == absent || again(c.revokedBy) {
			return c, false
		}
		next, _ := c.effect(o)
		return next, true
	case "lookup":
		return c, c.status == states[o.State]
	case "introspect":
		return c, *o.Active == (c.status == used && c.token == o.Token)
	}
	return c, false
}
