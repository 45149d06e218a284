package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Operation is one request and its answer: a line of the history.
//
//	op          outcome                               answer
//	generate    ok, withdrawn, unknown
//	redeem      ok, refused, withdrawn, unknown       token
//	revoke      ok, unknown
//	lookup      ok, unknown                           state: absent, open, used or revoked
//	introspect  ok, unknown                           active; token is what was asked about
//
// Call and Return are nanoseconds of one monotonic clock. An operation without answer (unknown) has no Return, and may
// take effect at any time from its call on, or never. Key names the Idempotency-Key, Replayed that the answer was
// marked as a repeated one. Token is the id of a token, never the token.
//
// A Stale read came from a replica that may be behind. It is held to one thing: that it is not older than the
// operation After (an Id), whose position was its Countersign-Min-Position; without After, to nothing but that it was
// true at some time.
type Operation struct {
	ID       int    `json:"id"`
	Client   int    `json:"client"`
	Op       string `json:"op"`
	Code     string `json:"code"`
	Key      string `json:"key,omitempty"`
	Call     int64  `json:"call"`
	Return   int64  `json:"return,omitempty"`
	Outcome  string `json:"outcome"`
	Token    string `json:"token,omitempty"`
	Replayed bool   `json:"replayed,omitempty"`
	State    string `json:"state,omitempty"`
	Active   *bool  `json:"active,omitempty"`
	Stale    bool   `json:"stale,omitempty"`
	After    int    `json:"after,omitempty"`
}

const mostLineBytes = 1 << 16

var outcomes = map[string]map[string]bool{
	"generate":   {"ok": true, "withdrawn": true, "unknown": true},
	"redeem":     {"ok": true, "refused": true, "withdrawn": true, "unknown": true},
	"revoke":     {"ok": true, "unknown": true},
	"lookup":     {"ok": true, "unknown": true},
	"introspect": {"ok": true, "unknown": true},
}

func (o *Operation) isRead() bool { return o.Op == "lookup" || o.Op == "introspect" }

// valid says what of the line makes no sense.
func (o *Operation) valid() error {
	_, isState := states[o.State]
	answered := o.Outcome == "ok"
	switch {
	case o.ID <= 0:
		return errors.New("id is not positive")
	case o.Code == "":
		return errors.New("no code")
	case !outcomes[o.Op][o.Outcome]:
		return fmt.Errorf("%q can't end %q", o.Op, o.Outcome)
	case o.Call <= 0, o.Outcome != "unknown" && o.Return < o.Call, o.Outcome == "unknown" && o.Return != 0:
		return errors.New("call and return don't fit")
	case o.Op == "lookup" && answered && !isState, o.Op != "lookup" && o.State != "":
		return fmt.Errorf("state %q", o.State)
	case (o.Op == "introspect" && answered) != (o.Active != nil):
		return errors.New("active belongs to the answer of introspect")
	case (o.Op == "introspect" || o.Op == "redeem" && answered) != (o.Token != ""):
		return errors.New("token belongs to introspect and to the answer of redeem")
	case o.Stale && !o.isRead(), o.After != 0 && !o.Stale:
		return errors.New("only reads are stale, and only stale ones have after")
	case o.Replayed && (o.isRead() || !answered || o.Key == ""):
		return errors.New("only what has a key is answered again")
	case o.Outcome == "withdrawn" && o.Key == "":
		return errors.New("only what has a key is withdrawn")
	}
	return nil
}

// readHistory reads all lines; what isn't a whole history of this form is an error.
func readHistory(in io.Reader) ([]*Operation, error) {
	var history []*Operation
	byID := map[int]*Operation{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, mostLineBytes)
	number := 0
	for lines.Scan() {
		number++
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		operation := &Operation{}
		if err := decoder.Decode(operation); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if decoder.More() {
			return nil, fmt.Errorf("line %d: more than one operation", number)
		}
		if err := operation.valid(); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if byID[operation.ID] != nil {
			return nil, fmt.Errorf("line %d: id %d stands twice", number, operation.ID)
		}
		byID[operation.ID] = operation
		history = append(history, operation)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	if len(history) == 0 {
		return nil, errors.New("the history is empty")
	}
	for _, operation := range history {
		if operation.After == 0 {
			continue
		}
		after := byID[operation.After]
		if after == nil || after.Code != operation.Code || after.Outcome == "unknown" || after.Return > operation.Call {
			return nil, fmt.Errorf("operation %d: after names no operation on the same code that was answered before", operation.ID)
		}
	}
	return history, nil
}
